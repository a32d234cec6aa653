// The keyboard: shortcuts that the page declares as data-keys ("g h": one after the other), and menus by arrows.
const dialog = document.getElementById("shortcuts");
const PAUSE = 1200;
let typed = "", forget;

const writing = target => target.closest("input, textarea, select, [contenteditable=true]");
const declared = () => [...document.querySelectorAll("[data-keys]")].filter(one => !one.closest("[hidden], details:not([open]) > :not(summary)"));
const nameOf = one => one.dataset.keysName || one.ariaLabel || one.labels?.[0]?.textContent || one.textContent.trim();

function keysOf(keys) {
  return keys.split(" ").flatMap((key, at) => {
    const one = document.createElement("kbd");
    one.textContent = key;
    return at ? [" ", one] : [one];
  });
}

function show() {
  const list = dialog.querySelector("dl");
  list.replaceChildren(...[["?", dialog.dataset.name], ...declared().map(one => [one.dataset.keys, nameOf(one)]), ...[...document.querySelectorAll("[data-keys-told]")].map(one => [one.dataset.keysTold, one.dataset.keysName])].flatMap(([keys, name]) => {
    const term = document.createElement("dt"), said = document.createElement("dd");
    term.append(...keysOf(keys)); said.textContent = name;
    return [term, said];
  }));
  dialog.showModal();
}

function act(one) {
  if (writing(one)) { one.focus(); one.select?.(); } else one.click();
}

document.addEventListener("keydown", event => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || writing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?" && dialog) { event.preventDefault(); return show(); }
  if (event.key.length > 1) return;
  clearTimeout(forget);
  for (const keys of [`${typed} ${event.key}`.trim(), event.key]) {
    const found = declared().find(one => one.dataset.keys === keys);
    if (found) { typed = ""; event.preventDefault(); return act(found); }
    if (declared().some(one => one.dataset.keys.startsWith(`${keys} `))) {
      typed = keys; forget = setTimeout(() => { typed = ""; }, PAUSE);
      return;
    }
  }
  typed = "";
});

// Up and down go through an open menu and around its ends; down opens it, Home and End lead to its ends.
document.addEventListener("keydown", event => {
  const menu = event.target.closest("details.menu"), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!menu || (!step && !["Home", "End"].includes(event.key)) || event.target.matches("textarea, select")) return;
  if (!step && (writing(event.target) || !menu.open)) return;
  event.preventDefault();
  menu.open = true;
  const items = [...menu.querySelectorAll("a[href], button, input:not([type=hidden])")].filter(one => one.checkVisibility());
  const at = items.indexOf(event.target);
  const next = event.key === "Home" ? 0 : event.key === "End" ? items.length - 1 : at < 0 ? (step > 0 ? 0 : items.length - 1) : (at + step + items.length) % items.length;
  items[next]?.focus();
});
