// Sharpens pages that work without it: charts, live runs, menus, filters.
const COLOURS = ["#4263eb", "#e8590c", "#2f9e44", "#9c36b5", "#0c8599", "#e03131"];

function options(box, labels, x, extra) {
  const style = getComputedStyle(document.body);
  const faint = style.getPropertyValue("--faint"), line = style.getPropertyValue("--line");
  const axis = { stroke: faint, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px Inter, sans-serif" };
  return {
    width: box.clientWidth, height: 230, padding: [12, 46, 0, 0], scales: { x: { time: false } }, legend: { live: false },
    series: [{ label: x }, ...labels.map((label, i) => ({
      label, stroke: COLOURS[i % COLOURS.length], width: 1.8, spanGaps: true,
      points: { show: extra.points, size: 7, fill: COLOURS[i % COLOURS.length] } }))],
    axes: [{ ...axis, ...extra.axis }, { ...axis, size: 60 }],
  };
}

function draw(box, labels, data, x, extra = {}) {
  const plot = new uPlot(options(box, labels, x, extra), data, box);
  new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: 230 })).observe(box);
  return plot;
}

// Scores by version: an x axis of names.
for (const box of document.querySelectorAll("[data-chart]")) {
  const { x, ticks, series, points } = JSON.parse(box.dataset.chart);
  const axis = { values: (_, at) => at.map(v => ticks[v] ?? ""), incrs: [1, 2, 5, 10, 50], space: 70 };
  draw(box, series.map(s => s.label), [x, ...series.map(s => s.values)], box.dataset.x, { points, axis });
}

// Curves of a run: {topic: {name: [[step, value], …]}}, more of the same as it goes.
const charts = document.getElementById("charts");
const curves = {}, plots = {};

function addCurves(more) {
  for (const [topic, names] of Object.entries(more)) {
    const known = curves[topic] ??= {};
    for (const [name, points] of Object.entries(names)) (known[name] ??= []).push(...points);
    const labels = Object.keys(known);
    const steps = [...new Set(labels.flatMap(name => known[name].map(p => p[0])))].sort((a, b) => a - b);
    const data = [steps, ...labels.map(name => { const at = new Map(known[name]); return steps.map(s => at.get(s) ?? null); })];
    const plot = plots[topic];
    if (plot && plot.series.length === labels.length + 1) { plot.setData(data); continue; }
    plot?.destroy();
    const axis = steps.every(Number.isInteger) ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7] } : {};
    plots[topic] = draw(panel(topic), labels, data, charts.dataset.step, { points: steps.length < 30, axis });
  }
  for (const names of Object.values(more))
    for (const [name, points] of Object.entries(names)) {
      const cell = document.querySelector(`[data-metric="${CSS.escape(name)}"]`);
      const last = points.at(-1)?.[1];
      if (cell && last != null) cell.textContent = String(+last.toPrecision(4));
    }
}

function panel(topic) {
  const id = `chart-${topic}`;
  let box = document.getElementById(id);
  if (!box) {
    const section = document.createElement("section"), header = document.createElement("header"), title = document.createElement("h2");
    section.className = "panel"; title.textContent = topic; header.append(title);
    box = document.createElement("div"); box.id = id; box.className = "pad chart";
    section.append(header, box); charts.append(section);
  }
  return box;
}

if (charts) addCurves(JSON.parse(charts.dataset.charts));

// A live run: the browser reconnects by itself and says which news it had last.
const run = document.querySelector("#run[data-events]"), log = document.getElementById("log");
if (log) log.scrollTop = log.scrollHeight;
if (run) {
  const state = document.querySelector("[data-state]"), first = state.className;
  const source = new EventSource(`${run.dataset.events}?lines=${run.dataset.last}&points=${run.dataset.points}`);
  source.addEventListener("news", event => {
    const news = JSON.parse(event.data);
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    for (const [time, stream, text] of news.lines) {
      const line = document.createElement("div"), stamp = document.createElement("time");
      line.className = `log-${stream}`; stamp.textContent = time; line.append(stamp, text); log.append(line);
    }
    if (atEnd) log.scrollTop = log.scrollHeight;
    addCurves(news.charts);
    if (!news.ended && !first.endsWith(news.state) && !state.classList.contains(news.state)) refreshState(state);
  });
  source.addEventListener("end", () => { source.close(); location.reload(); });
}

async function refreshState(badge) {
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  const fresh = page.querySelector("[data-state]");
  if (fresh) { badge.className = fresh.className; badge.textContent = fresh.textContent; }
}

// What goes on elsewhere is looked at again until it has ended.
async function poll(id) {
  const answer = await fetch(location.href).catch(() => null);
  const fresh = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(id);
  if (fresh) document.getElementById(id).replaceWith(fresh);
  if (document.getElementById(id).hasAttribute("data-poll")) setTimeout(poll, 1000, id);
}
for (const box of document.querySelectorAll("[data-poll]")) setTimeout(poll, 500, box.id);

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
for (const select of document.querySelectorAll("select[data-submit]")) select.addEventListener("change", () => select.form.submit());
for (const button of document.querySelectorAll("[data-confirm]")) button.addEventListener("click", event => { if (!confirm(button.dataset.confirm)) event.preventDefault(); });
