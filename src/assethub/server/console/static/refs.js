// Branches, tags and commits are searched on the server while somebody types: in the selector, and in fields for a ref.

const WAIT = 120;

function later(work) {
  let timer;
  return (...given) => { clearTimeout(timer); timer = setTimeout(work, WAIT, ...given); };
}

/** Asks, and answers only if nothing newer was asked for meanwhile. */
function asker(address) {
  let latest = 0;
  return async search => {
    const turn = ++latest;
    const answer = await fetch(`${address}?search=${encodeURIComponent(search)}`).catch(() => null);
    return turn === latest && answer?.ok ? answer.json() : null;
  };
}

for (const menu of document.querySelectorAll("details.refs")) {
  const field = menu.querySelector("[data-ref-search]"), none = menu.querySelector(".refs-none"), ask = asker(menu.dataset.refs);
  const there = name => menu.dataset.there.replace("REF-HERE", () => encodeURIComponent(name));
  const part = kind => menu.querySelector(`section[data-kind=${kind}]`);
  const first = new Map([...menu.querySelectorAll("section")].map(one => [one, { items: [...one.querySelector("div").children], hidden: one.hidden }]));
  const items = () => [...menu.querySelectorAll("a.menu-item")].filter(one => one.offsetParent);
  field.hidden = false;
  menu.addEventListener("toggle", () => { if (menu.open) field.focus(); });

  function item(name, words) {
    const link = document.createElement("a"), text = document.createElement("span");
    link.className = "menu-item"; link.href = there(name); text.textContent = words; link.append(text);
    return link;
  }
  function fill(kind, links) {
    part(kind).querySelector("div").replaceChildren(...links);
    part(kind).hidden = !links.length;
  }
  const search = later(async () => {
    const words = field.value.trim();
    if (!words) {
      for (const [section, was] of first) { section.querySelector("div").replaceChildren(...was.items); section.hidden = was.hidden; }
      none.textContent = "";
      return;
    }
    const found = await ask(words);
    if (!found) return;
    fill("branches", found.branches.names.map(name => item(name, name)));
    fill("tags", found.tags.names.map(name => item(name, name)));
    fill("commits", found.commits.map(one => item(one.id, `${one.id.slice(0, 8)} ${one.title}`)));
    const count = found.branches.names.length + found.tags.names.length + found.commits.length;
    none.textContent = count ? "" : none.dataset.none;
    menu.dataset.shows = words;
  });
  field.addEventListener("input", search);
  menu.addEventListener("keydown", event => {
    const all = items(), at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: at < 0 ? null : 0, End: at < 0 ? null : all.length - 1 }[event.key];
    if (event.key === "Enter" && event.target === field) {
      event.preventDefault();
      const ready = field.value.trim() === (menu.dataset.shows ?? "") || !field.value.trim();
      if (ready && all.length) all[0].click();
    } else if (to != null) {
      event.preventDefault();
      (to < 0 ? field : all[Math.min(to, all.length - 1)])?.focus();
    }
  });
}

for (const field of document.querySelectorAll("[data-ref-pick]")) {
  const ask = asker(field.dataset.refPick);
  const offer = names => field.list.replaceChildren(...names.map(([value, label]) => {
    const option = document.createElement("option");
    option.value = value; if (label) option.label = label;
    return option;
  }));
  field.addEventListener("input", later(async () => {
    const found = await ask(field.value.trim());
    if (!found) return;
    const only = field.dataset.only;
    offer([
      ...(only === "tags" ? [] : found.branches.names.map(name => [name])),
      ...(only === "branches" ? [] : found.tags.names.map(name => [name])),
      ...(only ? [] : found.commits.map(one => [one.id, one.title])),
    ]);
  }));
  field.addEventListener("focus", () => field.select());
}
