// Files that are dropped onto an asset's files open its upload page, with them in it.
const link = document.querySelector("[data-upload]"), place = document.getElementById("content");
const files = event => event.dataTransfer.types.includes("Files");
let opened = false;

addEventListener("dragover", event => {
  if (opened || !files(event)) return;
  event.preventDefault();
  place.classList.add("drop-here");
});
addEventListener("dragleave", event => { if (!event.relatedTarget) place.classList.remove("drop-here"); });
addEventListener("drop", async event => {
  if (opened || !files(event)) return;
  event.preventDefault();
  opened = true;
  const entries = [...event.dataTransfer.items].map(item => item.webkitGetAsEntry()).filter(Boolean); // gone after the event
  const answer = await fetch(link.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page.getElementById("upload")) return location.assign(link.href); // it says why not
  document.head.append(document.querySelector("link[href*='/upload.css']"));
  place.classList.remove("drop-here");
  place.replaceChildren(...page.getElementById("content").childNodes);
  document.title = page.title;
  history.pushState(null, "", link.href);
  addEventListener("popstate", () => location.reload());
  const [{ page: upload }, { dropped }] = await Promise.all(["upload.js", "upload-files.js"].map(name => import(`./${name}`)));
  upload.take(dropped(entries));
});
