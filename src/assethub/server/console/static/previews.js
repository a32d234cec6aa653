// Sharpens previews: lines are chosen by click and shift-click, their address is copied, long lines may wrap.
const lines = document.querySelector("[data-lines]");

function chosen() {
  const match = /^#L(\d+)(?:-L?(\d+))?$/.exec(location.hash);
  if (!match) return null;
  const ends = [Number(match[1]), Number(match[2] ?? match[1])];
  return [Math.min(...ends), Math.max(...ends)];
}

function mark() {
  const range = chosen();
  for (const row of lines.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
  if (!range) return;
  const rows = lines.querySelectorAll("tr[id]"), first = Number(rows[0]?.id.slice(1));
  for (let at = Math.max(range[0] - first, 0); at <= Math.min(range[1] - first, rows.length - 1); at++) rows[at].classList.add("chosen");
}

if (lines) {
  lines.classList.add("live");
  lines.addEventListener("click", event => {
    const link = event.target.closest(".ln a");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const number = Number(link.textContent), range = event.shiftKey && chosen();
    const from = range ? (number < range[0] ? range[1] : range[0]) : number;
    const [low, high] = [Math.min(from, number), Math.max(from, number)];
    history.replaceState(null, "", low === high ? `#L${low}` : `#L${low}-L${high}`);
    mark();
  });
  addEventListener("hashchange", mark);
  mark();
  lines.querySelector("tr.chosen")?.scrollIntoView({ block: "center" });

  const permalink = document.querySelector("[data-permalink]");
  if (permalink) permalink.hidden = false;
  permalink?.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.origin + permalink.dataset.permalink + (chosen() ? location.hash : ""));
    const label = permalink.querySelector("span"), before = label.textContent;
    label.textContent = permalink.dataset.copied;
    setTimeout(() => { label.textContent = before; }, 1500);
  });

  const wrap = document.querySelector("[data-wrap]");
  wrap.checked = localStorage.getItem("wrap-lines") === "1";
  wrap.addEventListener("change", () => localStorage.setItem("wrap-lines", wrap.checked ? "1" : "0"));
}

// Small pictures are enlarged dot by dot.
for (const picture of document.querySelectorAll(".picture img, .gallery img")) {
  const look = () => picture.classList.toggle("pixels", picture.naturalWidth > 0 && picture.naturalWidth <= 128);
  picture.addEventListener("load", look);
  look();
}
