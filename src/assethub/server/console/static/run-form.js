// The form that starts a run: suggestions of assets, versions and revisions, rows of datasets, the number of runs.
const form = document.querySelector("form.form"), tag = document.querySelector("script[data-tags]").dataset.tags;
const ask = async address => { const answer = await fetch(address).catch(() => null); return answer?.ok ? answer.json() : null; };
const fill = (list, options) => list?.replaceChildren(...options.map(([value, label]) => { const one = document.createElement("option"); one.value = value; if (label) one.label = label; return one; }));
const later = (work, wait = 200) => { let waiting; return (...given) => { clearTimeout(waiting); waiting = setTimeout(work, wait, ...given); }; };

async function suggestAssets(field) {
  const [asset, ref] = field.value.split(":");
  if (ref !== undefined) return suggestRefs(asset, field.list, `${asset}:`);
  const found = await ask(`/-/assets.json?kind=${field.dataset.assets}&search_for=${encodeURIComponent(field.value)}`);
  const own = field.dataset.refsOf ? await ask(`/-/refs.json?asset=${encodeURIComponent(field.dataset.refsOf)}`) ?? [] : [];
  if (found) fill(field.list, [...own.map(one => [one.name, one.kind]), ...found.map(one => [one.path, one.title])]);
}
async function suggestRefs(asset, list, before = "") {
  const found = asset.trim() ? await ask(`/-/refs.json?asset=${encodeURIComponent(asset.trim())}`) : [];
  fill(list, (found ?? []).map(one => [before + one.name, one.kind]));
}
const suggest = later(suggestAssets);
form.addEventListener("input", event => { if (event.target.matches("[data-assets]")) suggest(event.target); count(); });
form.addEventListener("focusin", event => {
  if (event.target.matches("[data-refs]")) suggestRefs(event.target.closest("[data-row]").querySelector("[data-assets]").value, event.target.list);
});

// Rows of datasets: the spare one is there for those without a script.
const rows = document.getElementById("datasets"), add = rows.querySelector("[data-add]");
let made = 100;
rows.querySelector("[data-spare]")?.remove();
add.hidden = false;
function shown() { const all = rows.querySelectorAll("[data-row]"); for (const row of all) row.querySelector("[data-remove]").hidden = all.length < 2; }
add.addEventListener("click", () => {
  const row = rows.querySelector("[data-row]").cloneNode(true);
  made += 1;
  for (const field of row.querySelectorAll("input")) {
    const list = row.querySelector(`#${CSS.escape(field.getAttribute("list"))}`);
    field.value = ""; list.replaceChildren(); list.id = `${list.id}-${made}`; field.setAttribute("list", list.id);
  }
  add.before(row); shown(); row.querySelector("input").focus();
});
rows.addEventListener("click", event => { const remove = event.target.closest("[data-remove]"); if (remove) { remove.closest("[data-row]").remove(); shown(); } });
shown();

// The branches and tags of the repository.
const git = form.elements.git, told = document.getElementById("revisions-told");
let asked = null;
async function revisions() {
  const address = git.value.trim();
  if (!address || address === asked) return;
  asked = address;
  told.textContent = "…";
  const found = await ask(`${git.dataset.revisions}?git=${encodeURIComponent(address)}`);
  if (asked !== address) return;
  told.textContent = found?.problem ? found.problem : "";
  fill(document.getElementById("revisions"), [...(found?.branches ?? []).map(name => [name, ""]), ...(found?.tags ?? []).map(name => [name, tag])]);
  if (found?.default) form.elements.revision.placeholder = found.default;
}
git.addEventListener("change", revisions);
revisions();

// How many runs the values of a sweep come to.
function count() {
  const place = form.querySelector("[data-count]");
  if (!place) return;
  const several = [...form.querySelectorAll("[data-several]")].filter(field => field.value.trim());
  if (several.length || place.dataset.counted) { place.dataset.counted = "yes"; place.textContent = several.reduce((all, field) => all * field.value.split(",").filter(part => part.trim()).length, several.length ? 1 : +place.dataset.count); }
}
