// Differences: those that were left out are loaded in place, pictures are laid over one another, ids are copied.

async function load(link) {
  link.setAttribute("aria-busy", "true");
  const answer = await fetch(link.href).catch(() => null);
  if (!answer?.ok) { location.href = link.href; return; }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#difference");
  const box = link.closest(".diff");
  if (!fresh || !box) { location.href = link.href; return; }
  const summary = box.querySelector(":scope > summary");
  fresh.querySelector("summary").remove();
  box.replaceChildren(...(summary ? [summary] : []), ...document.adoptNode(fresh).childNodes);
  begin(box);
  (summary ?? box).focus?.();
}

function pictures(box) {
  const modes = box.querySelector(".picture-modes");
  const told = image => {
    const words = image.closest("figure").querySelector("[data-pixels]");
    if (image.naturalWidth) words.textContent = `${image.naturalWidth} × ${image.naturalHeight} · `;
  };
  for (const image of box.querySelectorAll("img")) {
    if (image.complete) told(image); else image.addEventListener("load", () => told(image));
  }
  if (!modes) return;
  const slide = modes.querySelector(".slide"), range = slide.querySelector("input"), after = box.querySelector(".after img");
  const show = () => {
    const mode = box.dataset.mode;
    after.style.clipPath = mode === "swipe" ? `inset(0 0 0 ${100 - range.value}%)` : "";
    after.style.opacity = mode === "onion" ? range.value / 100 : "";
  };
  modes.hidden = false;
  range.addEventListener("input", show);
  for (const button of modes.querySelectorAll("button")) button.addEventListener("click", () => {
    box.dataset.mode = button.dataset.mode;
    for (const one of modes.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button));
    slide.hidden = box.dataset.mode === "beside";
    show();
  });
}

function begin(within) {
  for (const link of within.querySelectorAll("a[data-load]")) link.addEventListener("click", event => { event.preventDefault(); load(link); });
  for (const box of within.querySelectorAll("[data-pictures]")) pictures(box);
}
begin(document);

// `j` and `k` lead to the next and the previous file.
document.addEventListener("keydown", event => {
  if (!["j", "k"].includes(event.key) || document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const heads = [...document.querySelectorAll("details.diff > summary")];
  const at = heads.indexOf(document.activeElement), to = heads[at + (event.key === "j" ? 1 : -1)];
  if (to) { to.focus(); to.scrollIntoView({ block: "start" }); }
});
