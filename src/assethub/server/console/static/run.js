// A run as it goes: its curves, its log, its stages, and what it uses of its machine.
import { Chart, bytes, panel, resettable, thinned, told } from "./curves.js";

const box = document.getElementById("charts"), run = document.getElementById("run");
const known = {}, drawn = {};

function addCurves(more, { replacing = false } = {}) {
  for (const [topic, names] of Object.entries(more)) {
    const curves = known[topic] ??= {};
    if (!drawn[topic]) {
      const place = panel(box, `chart-${topic}`, topic);
      place.dataset.step = box.dataset.step;
      drawn[topic] = resettable(place, new Chart(place, { zoom: range => closer(topic, range) }));
    }
    for (const [name, { x, t, at, mean, least = mean, most = mean }] of Object.entries(names)) {
      const curve = curves[name] ??= { x: [], t: [], at: [], mean: [], least: [], most: [] };
      for (const [column, values] of Object.entries({ x, t, at, mean, least, most })) for (const value of values) curve[column].push(value);
      curves[name] = thinned(curve);
      if (!drawn[topic].range) drawn[topic].set(name, curves[name]);
      const cell = document.querySelector(`[data-metric="${CSS.escape(name)}"]`), last = mean.at(-1);
      if (cell && last != null) cell.textContent = String(+last.toPrecision(4));
    }
    drawn[topic].redraw();
  }
}

// A part that was zoomed into is asked for again in finer buckets.
async function closer(topic, range) {
  const chart = drawn[topic], curves = known[topic];
  if (!range) { for (const [name, curve] of Object.entries(curves)) chart.set(name, curve); return chart.redraw(); }
  const all = Object.values(curves).flatMap(curve => { const along = chart.by === "time" ? curve.t : curve.x; return curve.at.filter((_, i) => along[i] >= range[0] && along[i] <= range[1]); });
  const spaced = Object.values(curves).some(curve => curve.least.some((value, i) => value !== curve.mean[i]));
  if (!spaced || all.length < 2) return;
  const answer = await fetch(`${run.dataset.url}/curves.json?start=${Math.min(...all)}&end=${Math.max(...all) + 1}`).catch(() => null);
  if (!answer?.ok || chart.range !== range) return;
  for (const [name, curve] of Object.entries((await answer.json())[topic] ?? {})) if (curves[name]) chart.set(name, { ...curve, least: curve.least ?? curve.mean, most: curve.most ?? curve.mean });
  chart.redraw();
}
if (box) box.replaceChildren();  // the room that was kept
if (box) addCurves(JSON.parse(box.dataset.charts));

// The log: which streams and levels are shown, whether it is followed to its end, and a link to each line.
const log = document.getElementById("log"), tools = document.querySelector("[data-log-tools]");
const LEVELS = { error: /(error|exception|traceback|fatal|critical|failed)\b/i, warning: /warn(ing)?\b/i };
export const level = text => LEVELS.error.test(text) ? "error" : LEVELS.warning.test(text) ? "warning" : "";
if (log) {
  for (const line of log.children) mark(line);
  const follow = tools?.querySelector("[data-follow]");
  if (tools) tools.hidden = false;
  const end = () => { log.scrollTop = log.scrollHeight; };
  const following = on => { if (follow) follow.setAttribute("aria-pressed", String(on)); if (on) end(); };
  const linked = location.hash.startsWith("#line-") && document.getElementById(location.hash.slice(1));
  if (linked) { linked.classList.add("linked"); linked.scrollIntoView({ block: "center" }); following(false); } else following(!log.classList.contains("page"));
  follow?.addEventListener("click", () => following(follow.getAttribute("aria-pressed") !== "true"));
  log.addEventListener("wheel", event => { if (event.deltaY < 0) following(false); }, { passive: true });
  tools?.querySelector("select")?.addEventListener("change", event => {
    log.dataset.show = event.target.value;
    if (follow?.getAttribute("aria-pressed") === "true") end();
  });
  log.followed = () => { if (follow?.getAttribute("aria-pressed") !== "false") end(); };
}
function mark(line) { const found = level(line.lastChild?.textContent ?? ""); if (found) line.classList.add(found); }

function addLine([time, stream, text, rank, number]) {
  const line = document.createElement("div"), stamp = document.createElement("time"), at = document.createElement("a");
  line.className = `log-${stream}`; line.id = `line-${number}`;
  at.className = "at"; at.href = `${log.dataset.url}?after=${Math.max(0, number - 20)}#line-${number}`; at.textContent = number; at.setAttribute("aria-label", `${log.dataset.line} ${number}`);
  stamp.textContent = time; line.append(at, stamp);
  if (rank != null) { const who = document.createElement("span"); who.className = "rank"; who.textContent = rank; line.append(who); }
  line.append(text); mark(line); log.append(line);
}

// A run that ends shows its page anew, but never in the way of somebody who is going elsewhere.
let leaving = 0;
addEventListener("beforeunload", () => { leaving = Date.now(); });
function anew() { if (Date.now() - leaving < 5000) setTimeout(anew, 1000); else location.reload(); }

// A live run: the browser reconnects by itself and says which news it had last.
if (run?.dataset.events) {
  const badge = document.querySelector("[data-state]");
  let state = badge.dataset.state || badge.className.split(" ").at(-1);
  const source = new EventSource(`${run.dataset.events}?lines=${run.dataset.last}&points=${run.dataset.points}`);
  source.addEventListener("news", event => {
    const news = JSON.parse(event.data);
    for (const line of news.lines) addLine(line);
    while (log.childElementCount > 5000) log.firstElementChild.remove();
    if (news.lines.length) log.followed();
    addCurves(news.charts);
    if (!news.ended && news.state !== state) { state = news.state; refresh("[data-state]", "#stages"); }
  });
  source.addEventListener("end", () => { source.close(); anew(); });
}

async function refresh(...parts) {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of parts) { const fresh = page.querySelector(part); if (fresh) document.querySelector(part)?.replaceWith(fresh); }
}
const since = () => { // the stage under way grows
  for (const one of document.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.round((Date.now() - Date.parse(one.dataset.since)) / 1000));
    const parts = [[Math.floor(seconds / 3600), "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]];
    one.textContent = parts.filter(([count]) => count).map(part => part.join(" ")).join(" ") || "0 s";
  }
};
setInterval(since, 1000);

// What it uses of its machine.
const system = document.getElementById("system");
if (system) {
  const FORMS = { memory: bytes, disk: bytes, gpu_memory: bytes, gpu: value => value == null ? "–" : `${Math.round(value * 100)} %`, cpu: told };
  const titles = JSON.parse(system.dataset.titles), series = {}, plots = {};
  const ask = async () => {
    const first = Object.keys(series).length === 0, last = Math.max(0, ...Object.values(series).map(one => one.time.at(-1)));
    const answer = await fetch(`${run.dataset.url}/system.json${first ? "" : `?after=${last}`}`).catch(() => null);
    if (answer?.ok) for (const [name, { time, values }] of Object.entries(await answer.json())) {
      const one = series[name] ??= { time: [], values: [] };
      one.time.push(...time); one.values.push(...values);
      const place = document.getElementById(`system-${name}`) ?? cell(name);
      const plot = plots[name] ??= new Chart(place, { axis: "time", format: FORMS[name] ?? told, legend: false, min: 0, height: 130 });
      const start = one.time[0];
      place.hidden = one.time.length < 2;
      plot.set(name, { x: one.time, t: one.time.map(at => at - start), mean: one.values });
      plot.redraw();
      place.previousElementSibling.querySelector("b").textContent = (FORMS[name] ?? told)(one.values.at(-1));
    }
    system.closest(".panel").hidden = Object.keys(series).length === 0;
    if (run.dataset.events) setTimeout(ask, 4000);
  };
  function cell(name) {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption"), value = document.createElement("b"), place = document.createElement("div");
    caption.textContent = `${titles[name] ?? name} `; caption.append(value); place.id = `system-${name}`;
    figure.append(caption, place); system.append(figure);
    return place;
  }
  ask();
}
