// Sends files: hashes come from workers, only what the hub lacks travels, and what breaks off is tried again.
import { again } from "./upload-files.js";

const PARTS = 4, ATTEMPTS = 8, LONGEST_WAIT = 30_000;
const FOR_ALL = new Set([401, 403, 404, 413, 507]); // what stands against every file alike

// The hub's sentence; `again` where the same request may succeed later.
export class Refusal extends Error {
  constructor(status, detail, after = 0) {
    super(detail);
    this.status = status; this.after = after;
    this.again = status === 0 || status === 409 || status === 429 || status >= 500 && status !== 507;
  }
}
class Stopped extends Error {}

class Slots {
  constructor(count) { this.free = count; this.waiting = []; }
  async take() { if (this.free) this.free--; else await new Promise(resolve => this.waiting.push(resolve)); }
  give() { const next = this.waiting.shift(); if (next) next(); else this.free++; }
}

export class Sending {
  // `memory` finds, keeps and loses {sha256, sample} of large files; `changed` is told that there is something to show.
  constructor({ base, csrf, limits, script, texts, memory, changed }) {
    Object.assign(this, { base, csrf, limits, texts, memory, changed });
    this.items = []; this.small = []; this.big = []; this.begun = new Map();
    this.known = new Set();
    this.paused = false; this.cancelled = false; this.trouble = ""; this.problem = "";
    this.done = { files: 0, bytes: 0 }; this.total = { files: 0, bytes: 0 }; this.held = { files: 0, bytes: 0 };
    this.moved = 0; this.underway = new Map(); this.promised = 0;
    this.batches = 0; this.current = new Set(); this.failed = this.failures = 0;
    this.slots = new Slots(PARTS);
    this.stop = new AbortController();
    const count = Math.min(4, Math.max(2, navigator.hardwareConcurrency || 2));
    this.workers = Array.from({ length: count }, () => ({ script, busy: false, large: false }));
  }

  get arriving() { return [...this.underway.values()].reduce((sum, one) => sum + one.bytes, 0); }
  get there() { return this.done.bytes + this.arriving + [...this.current].reduce((sum, item) => sum + (item.state === "sending" ? item.sent : 0), 0); }
  get active() { return this.done.files + this.failed < this.total.files; }
  get finished() { return this.total.files > 0 && this.done.files === this.total.files; }

  add(items) {
    for (const item of items) {
      this.items.push(item);
      this.total.files++; this.total.bytes += item.file.size;
      this.queue(item);
    }
    this.pump();
  }

  queue(item) {
    item.state = "waiting"; item.error = ""; item.read = item.sent = 0; item.size = item.file.size;
    (item.size < this.limits.large ? this.small : this.big).push(item);
  }

  remove(items) {
    const gone = new Set(items);
    for (const item of gone) {
      this.total.files--; this.total.bytes -= item.size;
      if (item.state === "done") { this.done.files--; this.done.bytes -= item.size; }
      if (item.state === "failed") this.failed--;
      if (item.state === "done" && item.held) { this.held.files--; this.held.bytes -= item.size; }
      item.state = "removed"; item.stop?.abort();
      this.abandon(item);
    }
    for (const list of ["items", "small", "big"]) this[list] = this[list].filter(item => !gone.has(item));
    this.changed();
  }

  pause() { this.paused = true; this.interrupt(); this.changed(); }
  interrupt() { this.stop.abort(); this.stop = new AbortController(); }

  resume() {
    this.paused = false; this.problem = this.trouble = "";
    this.wake?.(); this.wake = null;
    this.pump(); this.changed();
  }

  // Something that stands against all: nothing is lost, and `resume` goes on.
  halt(sentence) { this.paused = true; this.problem = sentence; this.interrupt(); this.changed(); }

  async cancel() {
    this.cancelled = true; this.interrupt(); this.resume();
    for (const worker of this.workers) worker.thread?.terminate();
    await Promise.all([...this.begun.keys()].map(item => this.abandon(item)));
  }

  // The hub forgets by itself, some days later, what it is not told of.
  async abandon(item) {
    const id = this.begun.get(item);
    this.begun.delete(item);
    if (id) await this.ask("DELETE", `large/${id}`).catch(() => {});
  }

  async retry(items = this.items.filter(item => item.state === "failed")) {
    for (const item of items) {
      this.failed--;
      try {
        const file = await again(item);
        this.total.bytes += file.size - item.size;
        item.file = file;
        this.queue(item);
      } catch { this.fail(item, new Error(this.texts.changed)); }
    }
    this.pump(); this.changed();
  }

  // Give every idle worker something to hash, while what was hashed finds its way out.
  pump() {
    if (this.paused || this.cancelled) return;
    for (const worker of this.workers.filter(one => !one.busy)) {
      const hashing = this.workers.filter(one => one.large).length;
      const large = this.big.length && this.current.size < PARTS && (!this.small.length || hashing < this.workers.length - 1);
      if (large) {
        const item = this.big.shift();
        this.current.add(item);
        this.sendLarge(worker, item).finally(() => { this.current.delete(item); this.pump(); });
      } else if (this.small.length && this.batches < this.workers.length + 2) {
        this.batches++;
        this.sendSmall(worker, this.batch()).finally(() => { this.batches--; this.pump(); });
      }
    }
    this.changed();
  }

  batch() {
    let bytes = 0, count = 0;
    while (count < this.small.length && count < this.limits.frames && (!count || bytes + this.small[count].size <= this.limits.batch))
      bytes += this.small[count++].size;
    return this.small.splice(0, count);
  }

  hash(worker, message, reading) {
    worker.thread ??= new Worker(worker.script);
    worker.busy = true; worker.large = "large" in message;
    return new Promise((resolve, reject) => {
      const end = act => { worker.busy = worker.large = false; act(); this.pump(); };
      worker.thread.onmessage = ({ data }) => "read" in data ? reading?.(data.read)
        : end(() => "failed" in data ? reject(this.unread(data.failed)) : resolve(data.small ?? data.large));
      worker.thread.onerror = event => { worker.thread = null; end(() => reject(new Error(event.message || this.texts.worker))); };
      worker.thread.postMessage(message);
    });
  }

  async sendSmall(worker, items) {
    try {
      for (const item of items) item.state = "reading";
      const found = await this.hash(worker, { small: items.map(item => item.file) });
      const read = [];
      items.forEach((item, at) => {
        if (found[at].error) return this.fail(item, this.unread(found[at].error));
        item.sha256 = found[at].sha256;
        read.push([item, found[at].bytes]);
      });
      await this.deliver(read);
    } catch (error) { this.giveUp(items, error); }
  }

  unread(told) { return new Error(told.includes(":") ? told : this.texts.changed); }

  // Contents that may be refused for what they are: halves of the batch find which.
  async deliver(read) {
    if (!read.length) return;
    try {
      const bodies = new Map(read.filter(([item]) => !this.known.has(item.sha256)).map(([item, bytes]) => [item.sha256, bytes]));
      const missing = await this.missing([...bodies].map(([sha256, bytes]) => [sha256, bytes.byteLength]));
      for (const [item] of read) { enter(item, "sending"); item.held = !missing.has(item.sha256); }
      const parts = [], size = [...missing].reduce((sum, sha256) => sum + bodies.get(sha256).byteLength, 0);
      for (const sha256 of missing) parts.push(header(sha256, bodies.get(sha256).byteLength), bodies.get(sha256));
      if (parts.length) await this.counted(size, () => this.persist(signal => this.send("POST", "small", new Blob(parts), size, signal, read[0][0])));
      for (const [item] of read) this.finish(item);
    } catch (error) {
      if (read.length === 1 || !(error instanceof Refusal) || ![410, 422].includes(error.status)) throw error;
      await this.deliver(read.slice(0, read.length >> 1));
      await this.deliver(read.slice(read.length >> 1));
    }
  }

  async sendLarge(worker, item) {
    try {
      item.state = "reading";
      const found = await this.hash(worker, { large: item.file, known: this.memory.find(item) }, read => { item.read = read; this.changed(); });
      if (item.state === "removed") return;
      this.memory.keep(item, found);
      item.sha256 = found.sha256; item.stop = new AbortController();
      enter(item, "sending");
      if (item.size > this.limits.parted) await this.sendParts(item);
      else {
        item.held = this.known.has(item.sha256) || !(await this.missing([[item.sha256, item.size]])).size;
        if (!item.held) await this.slot(() => this.counted(item.size, () => this.persist(signal => this.send("PUT", `whole/${item.sha256}`, item.file, item.size, signal, item))));
      }
      this.finish(item);
    } catch (error) {
      if (error.status === 422) this.memory.lose(item); // it is not what it was hashed as
      this.giveUp([item], error);
    }
  }

  async sendParts(item) {
    const info = await this.persist(() => this.ask("POST", "large", { sha256: item.sha256, size: item.size }));
    if (info.held) { item.held = true; return; }
    this.begun.set(item, info.id);
    const there = new Set(info.parts), span = n => [n * info.part_size, Math.min((n + 1) * info.part_size, item.size)];
    item.before = [...there].reduce((sum, n) => sum + span(n)[1] - span(n)[0], 0);
    item.sent = item.before;
    const left = Array.from({ length: Math.ceil(item.size / info.part_size) }, (_, n) => n).filter(n => !there.has(n));
    const sent = left.map(number => this.slot(async () => {
      const [start, end] = span(number);
      await this.persist(signal => this.send("PUT", `large/${info.id}/${number}`, item.file.slice(start, end), end - start, signal, item));
      item.sent += end - start;
    }));
    const failure = (await Promise.allSettled(sent)).find(one => one.status === "rejected");
    if (failure) throw failure.reason;
    while (!(await this.persist(() => this.ask("POST", `large/${info.id}/finish`)).catch(error => this.kept(item, error))).held);
    this.begun.delete(item);
  }

  // The answer that the whole is kept may have been lost on its way; then there is nothing more to finish.
  async kept(item, error) {
    const state = error.status === 404 && await this.persist(() => this.ask("POST", "large", { sha256: item.sha256, size: item.size }));
    if (!state?.held) throw error;
    return state;
  }

  async slot(act) {
    await this.slots.take();
    try { return await act(); } finally { this.slots.give(); }
  }

  // Room that was promised counts until the bytes are there, since the hub knows nothing of them before.
  async counted(size, act) {
    this.promised += size;
    try { return await act(); } finally { this.promised -= size; }
  }

  async missing(sizes) {
    if (!sizes.length) return new Set();
    const body = { objects: sizes.map(one => one[0]), sizes: sizes.map(one => one[1]), before: this.promised };
    return new Set((await this.persist(() => this.ask("POST", "missing", body))).missing);
  }

  finish(item) {
    if (item.state === "removed") return;
    item.state = "done"; this.known.add(item.sha256);
    this.done.files++; this.done.bytes += item.size;
    if (item.held) { this.held.files++; this.held.bytes += item.size; }
    this.changed();
  }

  fail(item, error) {
    if (item.state === "removed") return;
    item.state = "failed"; item.error = error.message; item.sent = 0;
    this.failed++; this.failures++; this.changed();
  }

  giveUp(items, error) {
    if (error instanceof Stopped) return;
    const left = items.filter(item => !["done", "failed", "removed"].includes(item.state));
    if (error instanceof Refusal && (FOR_ALL.has(error.status) || error.again)) {
      for (const item of left) this.queue(item);
      return this.halt(error.status === 401 ? `${error.message} ${this.texts.signIn}` : error.message);
    }
    for (const item of left) this.fail(item, error);
  }

  // Until it succeeds, is refused for good, or was tried often enough; a pause interrupts and counts as no attempt.
  async persist(act) {
    for (let attempt = 1; ;) {
      while (this.paused && !this.cancelled) await new Promise(resolve => { const before = this.wake; this.wake = () => { before?.(); resolve(); }; });
      if (this.cancelled) throw new Stopped();
      try {
        const answer = await act(this.stop.signal);
        if (this.trouble) { this.trouble = ""; this.changed(); }
        return answer;
      } catch (error) {
        if (error instanceof Stopped) throw error;
        if (error.name === "AbortError") continue;
        if (!(error instanceof Refusal) || !error.again || attempt++ >= ATTEMPTS) throw error;
        this.trouble = error.message; this.changed();
        await this.wait(error.after * 1000 || Math.min(LONGEST_WAIT, 250 * 2 ** attempt) * (0.5 + Math.random() / 2));
      }
    }
  }

  // Until it is time, or the browser is online again.
  wait(time) {
    return new Promise(resolve => { setTimeout(resolve, time); addEventListener("online", resolve, { once: true }); });
  }

  async ask(method, what, body) {
    const headers = { "X-CSRF-Token": this.csrf, ...(body && { "Content-Type": "application/json" }) };
    const answer = await fetch(`${this.base}/${what}`, { method, headers, body: body && JSON.stringify(body), redirect: "error" })
      .catch(() => { throw new Refusal(0, this.texts.offline); });
    if (!answer.ok) throw refusal(answer.status, await answer.text(), answer.headers.get("Retry-After"), this.texts);
    return answer.status === 204 ? null : answer.json();
  }

  // Bytes, with what has left counted as it goes: fetch tells nothing of that.
  send(method, what, body, size, signal, item) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest(), key = {};
      const abort = () => request.abort();
      const end = () => { this.underway.delete(key); signal.removeEventListener("abort", abort); item.stop?.signal.removeEventListener("abort", abort); this.changed(); };
      request.open(method, `${this.base}/${what}`);
      request.setRequestHeader("X-CSRF-Token", this.csrf);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = event => { this.underway.set(key, { item, bytes: Math.min(event.loaded, size) }); this.changed(); };
      request.onload = () => {
        end();
        if (request.status >= 300) return reject(refusal(request.status, request.responseText, request.getResponseHeader("Retry-After"), this.texts));
        this.moved += size;
        resolve();
      };
      request.onerror = async () => { end(); reject(await unreadable(body) ? new Error(this.texts.changed) : new Refusal(0, this.texts.offline)); };
      request.onabort = () => { end(); reject(item.state === "removed" ? new Stopped() : new DOMException("paused", "AbortError")); };
      signal.addEventListener("abort", abort);
      item.stop?.signal.addEventListener("abort", abort);
      request.send(body);
    });
  }
}

const enter = (item, state) => { if (item.state !== "removed") item.state = state; };

function refusal(status, text, after, texts) {
  let detail = `${texts.refused} (${status})`;
  try { detail = JSON.parse(text).detail || detail; } catch { /* not the hub's own answer, so it has no sentence */ }
  return new Refusal(status, detail, Number(after) || 0);
}

// A file that changed or went away breaks a request off just as the network does.
const unreadable = body => body.slice(0, 1).arrayBuffer().then(() => false, () => true);

function header(sha256, size) {
  const text = new TextEncoder().encode(JSON.stringify({ sha256, size })), head = new Uint8Array(4 + text.length);
  new DataView(head.buffer).setUint32(0, text.length);
  head.set(text, 4);
  return head;
}
