// Finding things: suggestions as one types, keys, stars, copying, snippets in tabs.
(() => {
  const within = event => event.target.closest("input, textarea, select, [contenteditable]");
  const modified = event => event.ctrlKey || event.metaKey || event.altKey;

  function tell(text) {
    const line = document.createElement("div");
    line.className = "toast-line"; line.setAttribute("role", "status"); line.textContent = text;
    document.body.append(line);
    setTimeout(() => line.remove(), 2500);
  }

  // The header's field is a combobox: the list follows what is typed, arrows choose, Enter goes there.
  const field = document.querySelector("[data-suggest]");
  if (field) {
    const kinds = JSON.parse(field.dataset.kinds), list = document.createElement("ul");
    list.className = "suggestions"; list.id = "suggestions"; list.hidden = true;
    list.setAttribute("role", "listbox"); list.setAttribute("aria-label", field.dataset.label);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]]) field.setAttribute(name, value);
    field.form.append(list);
    let chosen = -1, waiting, asked = "", turn = 0;

    const show = open => {
      list.hidden = !open; field.setAttribute("aria-expanded", String(open));
      if (!open) choose(-1);
    };
    const choose = at => {
      chosen = at;
      [...list.children].forEach((one, number) => one.setAttribute("aria-selected", String(number === at)));
      const one = list.children[at];
      if (one) { field.setAttribute("aria-activedescendant", one.id); one.scrollIntoView({ block: "nearest" }); }
      else field.removeAttribute("aria-activedescendant");
    };
    const option = (number, url, parts) => {
      const item = document.createElement("li");
      item.id = `suggestion-${number}`; item.setAttribute("role", "option"); item.setAttribute("aria-selected", "false"); item.dataset.url = url;
      for (const [name, text] of parts) { const span = document.createElement("span"); span.className = name; span.textContent = text; item.append(span); }
      return item;
    };
    const ask = async () => {
      const words = field.value.trim(), mine = ++turn;
      asked = words;
      if (!words) return show(false);
      const answer = await fetch(`${field.dataset.suggest}?q=${encodeURIComponent(words)}`).catch(() => null);
      if (mine !== turn || !answer?.ok || document.activeElement !== field) return;
      const found = (await answer.json()).map((one, number) => option(number, one.url, [["name", one.name], ["more", one.more], ["tag", kinds[one.kind]]]));
      const all = option(found.length, `/search?q=${encodeURIComponent(words)}`, [["more", `${field.dataset.all} “${words}”`]]);
      all.classList.add("all");
      list.replaceChildren(...found, all);
      show(true); choose(-1);
    };
    field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 120); });
    field.addEventListener("focus", () => { if (list.childElementCount && asked && asked === field.value.trim()) show(true); });
    field.addEventListener("blur", () => { turn++; show(false); });
    field.addEventListener("keydown", event => {
      const count = list.childElementCount;
      if (event.key === "Escape") { if (!list.hidden) { event.preventDefault(); event.stopPropagation(); show(false); } else field.blur(); return; }
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (!count) return;
        event.preventDefault(); show(true);
        choose((chosen + (event.key === "ArrowDown" ? 1 : -1) + count + (chosen < 0 && event.key === "ArrowUp" ? 1 : 0)) % count);
      }
      if (event.key === "Enter" && !list.hidden && chosen >= 0) { event.preventDefault(); location.assign(list.children[chosen].dataset.url); }
    });
    list.addEventListener("mousedown", event => {
      const item = event.target.closest("li");
      if (!item) return;
      event.preventDefault();
      if (event.button === 0) location.assign(item.dataset.url);
    });
  }

  // `y`: this page at its commit, for good. `t`: find a file.
  const asset = document.querySelector("[data-asset]");
  document.addEventListener("keydown", event => {
    if (!asset || modified(event) || within(event) || document.querySelector("dialog[open]")) return;
    const address = new URL(location.href);
    if (event.key === "y") {
      if (address.searchParams.get("ref") === asset.dataset.commit || /\/-\/(commit|settings|refs|compare)(\/|$)/.test(address.pathname)) return;
      address.searchParams.set("ref", asset.dataset.commit);
      history.replaceState(null, "", address); tell(address.pathname + address.search);
    } else if (event.key === "t") {
      event.preventDefault();
      const ref = asset.dataset.ref === "main" ? "" : `?ref=${encodeURIComponent(asset.dataset.ref)}`;
      location.assign(`${asset.dataset.asset}/-/find${ref}`);
    }
  });

  // Files whose paths have what was typed, as it is typed.
  const find = document.querySelector("[data-find]");
  if (find) {
    const rows = document.querySelector("#found tbody");
    let waiting, turn = 0;
    const ask = async () => {
      const mine = ++turn, address = new URL(location.href);
      address.searchParams.set("q", find.value);
      const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
      if (mine !== turn || !answer?.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#found tbody");
      if (mine !== turn || !fresh) return;
      rows.replaceChildren(...fresh.children);
      history.replaceState(null, "", address);
    };
    find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 150); });
    find.addEventListener("keydown", event => {
      if (event.key === "ArrowDown") { event.preventDefault(); rows.querySelector("a")?.focus(); }
      if (event.key === "Enter") { const first = rows.querySelector("a"); if (first && find.value && asked()) { event.preventDefault(); location.assign(first.href); } }
    });
    const asked = () => new URL(location.href).searchParams.get("q") === find.value;
    rows.addEventListener("keydown", event => {
      const row = event.target.closest("tr"), next = { ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling }[event.key];
      if (event.key === "ArrowUp" && row && !next) { event.preventDefault(); find.focus(); }
      if (next) { event.preventDefault(); next.querySelector("a")?.focus(); }
    });
  }

  // Stars without a new page.
  document.addEventListener("submit", async event => {
    const form = event.target.closest("form[data-star]");
    if (!form) return;
    event.preventDefault();
    const answer = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(new FormData(form)) }).catch(() => null);
    if (!answer?.ok || !answer.headers.get("content-type")?.includes("json")) return form.submit();
    const { stars, starred } = await answer.json(), button = form.querySelector("button");
    form.elements.star.value = starred ? "no" : "yes";
    button.classList.toggle("on", starred); button.setAttribute("aria-pressed", String(starred));
    form.querySelector("[data-count]").textContent = stars;
  });

  // What can be copied: a text, or what another element shows.
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const from = button.dataset.copy, text = from.startsWith("#") ? document.querySelector(from).textContent : from;
      await navigator.clipboard.writeText(text);
      const icon = button.querySelector("svg"), before = icon.style.color;
      button.classList.add("done"); icon.style.color = "var(--good)";
      setTimeout(() => { button.classList.remove("done"); icon.style.color = before; }, 1500);
    });
  }

  // Sections one at a time, chosen by tabs.
  for (const box of document.querySelectorAll("[data-tabs]")) {
    const sections = [...box.querySelectorAll("[data-tab]")], bar = document.createElement("div");
    bar.className = "tabs"; bar.setAttribute("role", "tablist");
    const pick = (at, focus) => sections.forEach((section, number) => {
      const tab = bar.children[number], on = number === at;
      section.hidden = !on; tab.setAttribute("aria-selected", String(on)); tab.tabIndex = on ? 0 : -1;
      if (on && focus) { tab.focus(); history.replaceState(null, "", `#${section.id}`); }
    });
    sections.forEach((section, number) => {
      const tab = document.createElement("button");
      tab.type = "button"; tab.id = `tab-${section.id}`; tab.textContent = section.dataset.tab;
      tab.setAttribute("role", "tab"); tab.setAttribute("aria-controls", section.id);
      section.setAttribute("role", "tabpanel"); section.setAttribute("aria-labelledby", tab.id);
      tab.addEventListener("click", () => pick(number, true));
      bar.append(tab);
    });
    bar.addEventListener("keydown", event => {
      const at = [...bar.children].indexOf(document.activeElement), last = sections.length - 1;
      const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[event.key];
      if (to !== undefined) { event.preventDefault(); pick(to, true); }
    });
    box.prepend(bar);
    pick(Math.max(0, sections.findIndex(section => `#${section.id}` === location.hash)), false);
  }

  // What takes the hub a while to count comes behind the page.
  for (const box of document.querySelectorAll("[data-fetch]")) {
    fetch(box.dataset.fetch).then(async answer => {
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(box.id);
      if (fresh) box.replaceChildren(...fresh.children);
    }).catch(() => null);
  }
})();
