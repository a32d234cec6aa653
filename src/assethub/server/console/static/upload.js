// The page of an upload: takes files, shows how far they are, and commits them. The sending is upload-sending.js.
import { chosen, dropped, rubbish } from "./upload-files.js";
import { Sending } from "./upload-sending.js";

const SHOWN = 50, TOLD_EVERY = 10_000, LOOK_BACK = 8_000;

// What is remembered of an unfinished upload on this machine: what was chosen, and the hashes of its large files.
class Memory {
  constructor(asset) { this.key = `upload:${asset}`; try { this.kept = JSON.parse(localStorage.getItem(this.key)) ?? {}; } catch { this.kept = {}; } }
  name(item) { return `${item.path}\n${item.file.size}\n${item.file.lastModified}`; }
  find(item) { return this.kept.hashes?.[this.name(item)]; }
  keep(item, found) { (this.kept.hashes ??= {})[this.name(item)] = found; this.save(); }
  lose(item) { delete this.kept.hashes?.[this.name(item)]; this.save(); }
  note(about) { this.kept.about = about; this.save(); }
  save() { try { localStorage.setItem(this.key, JSON.stringify(this.kept)); } catch { this.kept.hashes = {}; } } // full: files are hashed again, no more
  forget() { this.kept = {}; localStorage.removeItem(this.key); }
}

class UploadPage {
  constructor(root) {
    this.root = root;
    this.texts = JSON.parse(root.dataset.texts);
    this.memory = new Memory(root.dataset.asset);
    this.form = this.part("form");
    this.numbers = new Intl.NumberFormat(root.dataset.language);
    this.begin();
    this.wire();
    this.part("drop").hidden = false;
    const about = this.memory.kept.about;
    if (about) this.say("unfinished", this.text("again", { ...about, files: this.files(about.files), size: this.size(about.bytes) }));
  }

  part(name) { return this.root.querySelector(`[data-${name}]`); }
  text(name, values = {}) { return this.texts[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole); }
  files(count) { return count === 1 ? this.texts.file : this.text("files", { count: this.numbers.format(count) }); }
  say(name, sentence) {
    const box = this.part(name), place = box.querySelector(":scope > span") ?? box;
    if (place.textContent !== sentence) place.textContent = sentence;
    box.hidden = !sentence;
  }

  size(bytes) {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let at = 0;
    while (bytes >= 1000 && at < 4) { bytes /= 1000; at++; }
    return `${new Intl.NumberFormat(this.root.dataset.language, { maximumFractionDigits: at ? 1 : 0 }).format(bytes)} ${units[at]}`;
  }

  time(seconds) {
    const whole = Math.ceil(seconds), parts = [[Math.floor(whole / 3600), "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]].filter(one => one[0]);
    return parts.slice(0, 2).map(one => one.join(" ")).join(" ") || "0 s";
  }

  begin() {
    const { base, csrf, limits, worker } = this.root.dataset;
    this.sending = new Sending({ base, csrf, limits: JSON.parse(limits), script: worker, texts: this.texts, memory: this.memory, changed: () => this.changed() });
    this.byPath = new Map(); this.tops = new Map(); this.leftOut = new Set(); this.looking = 0; this.wanted = false; this.complaint = "";
    this.rates = []; this.toldAt = 0; this.announced = "";
  }

  wire() {
    for (const kind of ["files", "folder"]) {
      const input = this.root.querySelector(`[data-input=${kind}]`);
      this.root.querySelector(`[data-choose=${kind}]`).addEventListener("click", () => input.click());
      input.addEventListener("change", async () => { await this.take(chosen([...input.files])); input.value = ""; });
    }
    addEventListener("dragover", event => { if (event.dataTransfer.types.includes("Files")) { event.preventDefault(); this.root.classList.add("over"); } });
    addEventListener("dragleave", event => { if (!event.relatedTarget) this.root.classList.remove("over"); });
    addEventListener("drop", event => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault(); this.root.classList.remove("over");
      this.take(dropped([...event.dataTransfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean)));
    });
    this.part("pause").addEventListener("click", () => this.sending.paused ? this.goOn() : this.sending.pause());
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.part("retry").addEventListener("click", () => this.sending.retry());
    this.part("unfinished").querySelector("button").addEventListener("click", () => { this.memory.forget(); this.say("unfinished", ""); });
    this.form.addEventListener("submit", event => { event.preventDefault(); this.wanted = !this.wanted || this.sending.finished; this.show(); });
    this.form.addEventListener("input", () => this.shape());
    addEventListener("beforeunload", event => { if (this.sending.items.length && !this.leaving) event.preventDefault(); });
  }

  // The page's secret changes when somebody signs in again.
  async goOn() {
    const answer = await fetch(location.href).catch(() => null);
    if (answer?.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("upload");
      if (fresh) this.sending.csrf = fresh.dataset.csrf;
    }
    this.sending.resume();
  }

  async take(found) {
    if (this.ended) return;
    this.looking++; this.complaint = "";
    this.changed();
    try {
      let some = [];
      for await (const one of found) {
        const what = rubbish(one.path);
        if (what) this.leftOut.add(what);
        else some.push(one);
        if (some.length === 1000) { this.add(some); some = []; }
      }
      this.add(some);
    } catch (error) {
      this.complaint = this.text("unreadable", { error: error.message });
    } finally {
      this.looking--;
      this.changed();
    }
  }

  add(items) {
    this.sending.remove(items.map(item => this.byPath.get(item.path)).filter(Boolean)); // chosen again: as it is now
    for (const item of items) {
      this.byPath.set(item.path, item);
      const name = item.path.split("/")[0];
      if (!this.tops.has(name)) this.tops.set(name, { folder: item.path.includes("/") });
    }
    this.sending.add(items);
    this.remember(); this.shape();
  }

  remember() {
    const names = [...this.tops.keys()], { files, bytes } = this.sending.total;
    if (files) this.memory.note({ names: names.slice(0, 3).join(", ") + (names.length > 3 ? ", …" : ""), files, bytes });
  }

  async cancel() {
    if (this.sending.moved && !confirm(this.texts.cancel)) return;
    const old = this.sending;
    this.memory.forget();
    this.begin(); this.root.classList.remove("busy");
    for (const name of ["unfinished", "refused", "problem"]) this.say(name, "");
    this.show();
    this.root.querySelector("[data-choose=files]").focus();
    await old.cancel();
  }

  // Many changes make one picture.
  changed() {
    this.drawing ??= setTimeout(() => { this.drawing = null; this.show(); }, 100);
  }

  show() {
    if (this.ended) return;
    const { sending, texts } = this, { total, done, held, paused, problem } = sending, busy = total.files > 0 || this.looking > 0;
    this.part("progress").hidden = this.form.hidden = !busy;
    this.root.classList.toggle("busy", busy);
    if (!busy) { this.part("failed").hidden = true; return; }
    const there = sending.there, state = this.looking ? this.text("found", { files: this.files(total.files) })
      : problem ? texts.stopped : paused ? texts.paused : sending.finished ? texts.done : sending.active ? (done.bytes || there ? texts.sending : texts.reading) : this.text("failed", { files: this.files(sending.failed) });
    this.part("state").textContent = state;
    const bar = this.root.querySelector("progress");
    bar.value = total.bytes ? Math.min(1, there / total.bytes) : sending.finished ? 1 : 0;
    this.part("facts").replaceChildren(...this.facts(there).map(text => { const one = document.createElement("span"); one.textContent = text; return one; }));
    this.part("pause").hidden = sending.finished || !sending.active;
    this.part("pause").classList.toggle("off", paused);
    this.part("pause").querySelector("[data-label]").textContent = paused ? texts.resume : texts.pause;
    this.say("problem", problem || this.complaint); this.say("trouble", sending.trouble);
    this.say("held", held.files ? this.text("held", { files: this.files(held.files), size: this.size(held.bytes) }) : "");
    const names = [...this.leftOut].slice(0, SHOWN).join(", ");
    this.say("left-out", names && this.text("leftOut", { names }));
    this.showTops(); this.showLarge(); this.showFailed();
    this.tell(state);
    const button = this.part("commit");
    button.querySelector("span").textContent = this.committing ? texts.committing : this.form.act.value === "stage" ? texts.stage : texts.commit;
    button.setAttribute("aria-pressed", String(this.wanted && !sending.finished));
    this.part("later").textContent = this.wanted && sending.failed && !sending.active ? texts.bad : this.wanted && !sending.finished ? texts.later : "";
    if (this.wanted && sending.finished && !this.looking && !this.committing) this.commit();
    if (sending.active && !paused) this.changed();
  }

  facts(there) {
    const { total, done, moved, arriving, active, paused } = this.sending, now = performance.now();
    this.rates.push([now, moved + arriving, there]);
    while (this.rates.length > 2 && this.rates[0][0] < now - LOOK_BACK) this.rates.shift();
    const [since, sent, before] = this.rates[0], passed = (now - since) / 1000, rate = (moved + arriving - sent) / passed, pace = (there - before) / passed;
    const facts = [this.text("of", { done: this.numbers.format(done.files), total: this.files(total.files) }), this.text("of", { done: this.size(there), total: this.size(total.bytes) })];
    if (active && !paused && passed > 1 && rate > 0) facts.push(this.text("rate", { rate: this.size(rate) }));
    if (active && !paused && !this.looking && passed > 1 && pace > 0) facts.push(this.text("left", { time: this.time((total.bytes - there) / pace) }));
    return facts;
  }

  // Screen readers hear of changes of state at once, and of progress now and then.
  tell(state) {
    const now = performance.now(), sentence = this.sending.finished ? this.texts.all : this.sending.problem || state;
    if (sentence === this.announced && (now - this.toldAt < TOLD_EVERY || !this.sending.active)) return;
    this.announced = sentence; this.toldAt = now;
    this.part("told").textContent = this.sending.active ? `${sentence}. ${this.part("facts").innerText}` : sentence;
  }

  row(...cells) {
    const row = document.createElement("tr");
    row.append(...cells.map(([kind, ...inside]) => { const cell = document.createElement("td"); cell.className = kind; cell.append(...inside); return cell; }));
    return row;
  }

  icon(name) { return this.part("icons").content.querySelector(`[data-name=${name}]`).firstElementChild.cloneNode(true); }

  showTops() {
    const seen = `${this.sending.items.length} ${this.tops.size}`;
    if (seen === this.topsSeen) return;
    this.topsSeen = seen;
    const sums = new Map([...this.tops.keys()].map(name => [name, { files: 0, bytes: 0 }]));
    for (const item of this.sending.items) { const sum = sums.get(item.path.split("/")[0]); sum.files++; sum.bytes += item.size; }
    const rows = [...sums].slice(0, SHOWN).map(([name, sum]) => {
      const { folder } = this.tops.get(name), all = () => this.sending.items.filter(item => item.path === name || item.path.startsWith(`${name}/`));
      const out = this.outButton(name, () => this.leave(all()));
      return this.row(["name", this.icon(folder ? "folder" : "file"), name], ["num faint", folder ? this.files(sum.files) : ""], ["num", this.size(sum.bytes)], ["num", out]);
    });
    if (sums.size > SHOWN) rows.push(this.row(["faint", this.text("more", { count: this.numbers.format(sums.size - SHOWN) })]));
    this.part("tops").replaceChildren(...rows);
  }

  outButton(name, act) {
    const button = document.createElement("button");
    button.type = "button"; button.className = "btn btn-sm"; button.title = this.text("remove", { name }); button.setAttribute("aria-label", button.title);
    button.append(this.icon("x"));
    button.addEventListener("click", act);
    return button;
  }

  leave(items) {
    for (const item of items) this.byPath.delete(item.path);
    this.sending.remove(items);
    const left = new Set(this.sending.items.map(item => item.path.split("/")[0]));
    for (const name of this.tops.keys()) if (!left.has(name)) this.tops.delete(name);
    this.shape(); this.remember();
    if (!this.sending.items.length) this.cancel();
    else this.part("tops").querySelector("button")?.focus();
  }

  showLarge() {
    const current = [...this.sending.current].filter(item => item.state !== "waiting"), table = this.part("large");
    table.hidden = !current.length;
    const arriving = new Map();
    for (const { item, bytes } of this.sending.underway.values()) arriving.set(item, (arriving.get(item) ?? 0) + bytes);
    const rows = this.rows ??= new Map();
    for (const [item, row] of rows) if (!current.includes(item)) { row.remove(); rows.delete(item); }
    for (const item of current) {
      if (!rows.has(item)) {
        const bar = document.createElement("progress");
        bar.className = "w-100"; bar.setAttribute("aria-label", item.path);
        rows.set(item, this.row(["name", item.path], ["faint", ""], ["meter", bar]));
        table.tBodies[0].append(rows.get(item));
      }
      const row = rows.get(item), bar = row.querySelector("progress");
      row.cells[1].textContent = this.texts[item.state] ?? "";
      bar.max = item.size || 1; bar.value = item.state === "reading" ? item.read : item.sent + (arriving.get(item) ?? 0);
    }
  }

  showFailed() {
    const { failed, items } = this.sending, box = this.part("failed");
    box.hidden = !failed;
    const seen = `${failed} ${this.sending.failures}`;
    if (!failed || seen === this.failedSeen) return;
    this.failedSeen = seen;
    box.querySelector("h2").textContent = this.text("failed", { files: this.files(failed) });
    const found = items.filter(item => item.state === "failed");
    const rows = found.slice(0, SHOWN).map(item => this.row(["name", item.path], ["why", item.error], ["num", this.outButton(item.path, () => this.leave([item]))]));
    if (found.length > SHOWN) rows.push(this.row(["faint", this.text("more", { count: this.numbers.format(found.length - SHOWN) })]));
    box.querySelector("tbody").replaceChildren(...rows);
  }

  // What the form says of the paths and the branch.
  shape() {
    const { form } = this, names = [...this.tops], single = names.length === 1 && names[0][1].folder ? names[0][0] : "";
    this.part("inside").hidden = !single;
    if (single) this.say("inside", this.text("inside", { name: single }));
    else form.inside.checked = false;
    const first = this.sending.items[0];
    this.part("example").textContent = first ? `→ ${this.where(first)}` : "";
    const fresh = this.part("new-branch");
    if (fresh) { fresh.hidden = form.branch.value !== ""; form.new_branch.required = !fresh.hidden; }
    form.message.placeholder = this.text("message", { files: this.files(this.sending.total.files) });
    this.changed();
  }

  where(item) {
    const target = this.form.target.value.replace(/^\/+|\/+$/g, "").trim(), below = this.form.inside.checked ? item.path.slice(item.path.indexOf("/") + 1) : item.path;
    return target ? `${target}/${below}` : below;
  }

  async commit() {
    const { form, sending } = this, fresh = form.branch.value === "", stage = form.act.value === "stage", branch = fresh ? form.new_branch.value.trim() : form.branch.value;
    this.wanted = false; this.committing = true;
    this.say("refused", ""); this.show();
    try {
      const add = sending.items.map(item => ({ path: this.where(item), sha256: item.sha256, size: item.size, mtime: new Date(item.file.lastModified).toISOString() }));
      const answer = await sending.ask("POST", "commit", { add, branch, source: fresh ? form.dataset.source : null, message: form.message.value.trim() || form.message.placeholder, stage });
      this.memory.forget(); this.leaving = true;
      if (!stage && answer.made) return location.assign(answer.url);
      this.finish(answer, branch);
    } catch (error) {
      this.say("refused", error.status === 401 ? `${error.message} ${this.texts.signIn}` : error.message);
    } finally {
      this.committing = false; this.changed();
    }
  }

  // Nothing leads further by itself: say what was done, and where to look.
  finish(answer, branch) {
    this.ended = true;
    const told = document.createElement("div"), link = document.createElement("a"), sentence = document.createElement("p");
    told.className = "panel pad"; told.setAttribute("role", "status"); told.tabIndex = -1;
    sentence.textContent = answer.staged ? this.text("staged", { files: this.files(answer.staged), branch, command: `ah commit ${this.root.dataset.asset}:${branch} --staged -m "…"` }) : this.texts.nothing;
    link.href = answer.url; link.className = "btn"; link.textContent = this.root.dataset.asset;
    told.append(sentence, link);
    this.form.replaceWith(told);
    told.focus();
  }
}

const root = document.getElementById("upload");
export const page = root && new UploadPage(root);
