// Sharpens pages that work without it: menus, filters, what changes meanwhile.
// What goes on elsewhere is looked at again until it has ended.
async function poll(id) {
  const answer = await fetch(location.href).catch(() => null);
  if (answer?.ok) {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
    if (!fresh) return document.getElementById(id).remove();
    document.getElementById(id).replaceWith(fresh);
  }
  if (document.getElementById(id).hasAttribute("data-poll")) setTimeout(poll, 1000, id);
}
for (const box of document.querySelectorAll("[data-poll]")) setTimeout(poll, 500, box.id);

// A part of a form that the hub fills from other fields, once they are known and whenever they change.
for (const part of document.querySelectorAll("[data-ask]")) {
  const form = part.closest("form"), fields = part.dataset.askedBy.split(" ").map(name => form.elements[name]);
  let latest = 0;
  const ask = async () => {
    if (!fields[0].value.trim()) return;
    const turn = ++latest;
    part.setAttribute("aria-busy", "true");
    const answer = await fetch(part.dataset.ask, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
    if (turn !== latest) return;
    part.removeAttribute("aria-busy");
    if (answer?.ok) part.innerHTML = await answer.text();
  };
  for (const field of fields) field.addEventListener("change", ask);
  if (!part.hasAttribute("data-asked")) ask();
}

// Menus close on a click elsewhere and on Escape; their filter appears where there is a script to run it.
document.addEventListener("click", event => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", event => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
});
for (const filter of document.querySelectorAll("[data-filter]")) {
  filter.hidden = false;
  filter.addEventListener("input", () => {
    for (const item of filter.parentElement.querySelectorAll("[data-name]")) item.hidden = !item.dataset.name.toLowerCase().includes(filter.value.toLowerCase());
  });
}
for (const all of document.querySelectorAll("[data-all]")) {
  all.hidden = false;
  all.addEventListener("change", () => { for (const one of all.closest("form").querySelectorAll(`input[name="${all.dataset.all}"]`)) one.checked = all.checked; });
}
for (const select of document.querySelectorAll("select[data-submit]")) select.addEventListener("change", () => select.form.submit());
document.addEventListener("click", event => {
  const button = event.target.closest("[data-confirm]");
  if (button && !confirm(button.dataset.confirm)) event.preventDefault();
});

// Names of users and groups are suggested while somebody types.
for (const field of document.querySelectorAll("[data-owners]")) {
  let waiting;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const answer = await fetch(`/-/owners?search=${encodeURIComponent(field.value)}`).catch(() => null);
      if (!answer?.ok) return;
      field.list.replaceChildren(...(await answer.json()).map(one => {
        const option = document.createElement("option");
        option.value = one.name; option.label = one.title; return option;
      }));
    }, 150);
  });
}

// What scrolls sideways and holds nothing to tab to can be tabbed to itself.
{
  const boxes = ".scroll:not([role]), .message, .pad > pre";
  const within = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  const sizes = new ResizeObserver(seen => {
    for (const { target } of seen) {
      const box = target.closest(boxes);
      if (!box) continue;
      if (box.scrollWidth > box.clientWidth && !box.querySelector(within)) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  });
  const look = () => { for (const box of document.querySelectorAll(boxes)) for (const one of [box, ...box.children]) sizes.observe(one); };
  look();
  new MutationObserver(look).observe(document.getElementById("content"), { childList: true, subtree: true });
}

// A graph that is wider than its place shows what it is about.
for (const graph of document.querySelectorAll(".lineage")) {
  const box = graph.querySelector("[aria-current]")?.getBBox();
  if (box) graph.scrollLeft = box.x + (box.width - graph.clientWidth) / 2;
}
