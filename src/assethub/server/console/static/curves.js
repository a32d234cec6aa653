// Curves, drawn by uPlot: smoothing, a logarithmic scale, steps or time, zoom, a legend that tells values and hides curves.
const COLOURS = ["#4263eb", "#e8590c", "#2f9e44", "#9c36b5", "#0c8599", "#e03131"];
const MOST = 4000, JOINED = 8, GRID = 600, HEIGHT = 230, WHOLE = [1, 2, 5].flatMap(n => [...Array(9).keys()].map(e => n * 10 ** e)).sort((a, b) => a - b);
const dark = () => document.documentElement.dataset.bsTheme === "dark" || (document.documentElement.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
export const colour = at => at < COLOURS.length ? COLOURS[at] : `hsl(${Math.round(at * 137.5) % 360} 62% ${dark() ? 64 : 42}%)`;

export function told(value) {
  if (value == null) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(3) : String(+value.toPrecision(5));
}
export function bytes(value) {
  if (value == null) return "–";
  const unit = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(value, 1)) / 3)));
  return `${+(value / 1000 ** unit).toPrecision(3)} ${["B", "kB", "MB", "GB", "TB"][unit]}`;
}
export function lasting(seconds) {
  if (seconds == null) return "–";
  const whole = Math.round(seconds), parts = [[Math.floor(whole / 3600), "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  return seconds < 10 && seconds % 1 ? `${+seconds.toFixed(1)} s` : parts.filter(([count]) => count).map(part => part.join(" ")).join(" ") || "0 s";
}

// What the reader chose for all charts of the page.
export const view = { smooth: 0, log: false, axis: "step" };
const charts = new Set();
const tools = document.querySelector("[data-curve-tools]");
if (tools) {
  tools.hidden = false;
  const choose = () => {
    view.smooth = +tools.elements.smooth.value; view.log = tools.elements.log.checked; view.axis = tools.elements.axis.value;
    tools.querySelector("output").textContent = view.smooth ? view.smooth.toFixed(2) : "0";
    for (const chart of charts) chart.redraw();
  };
  tools.addEventListener("input", choose);
  tools.addEventListener("submit", event => event.preventDefault());
  choose();
}

function smoothed(values, weight) {
  if (!weight) return values;
  let last = 0, seen = 0;
  return values.map(value => {
    if (value == null) return null;
    last = last * weight + (1 - weight) * value; seen += 1;
    return last / (1 - weight ** seen); // as far as there was something before
  });
}

// Values of a curve at the places of a grid, between its points in a straight line.
function between(x, values, grid) {
  const points = x.map((at, i) => [at, values[i]]).filter(point => point[1] != null);
  let next = 0;
  return grid.map(at => {
    while (next < points.length && points[next][0] < at) next += 1;
    if (next === points.length || (next === 0 && points[0][0] > at)) return null;
    const [right, value] = points[next];
    if (right === at || next === 0) return value;
    const [left, before] = points[next - 1];
    return before + (value - before) * (at - left) / (right - left);
  });
}

export class Chart {
  constructor(box, { axis = null, format = told, legend = true, min = null, zoom = null, height = HEIGHT } = {}) {
    Object.assign(this, { box, axis, format, height, least: min, zoomed: zoom });
    this.curves = new Map(); this.hidden = new Set(); this.range = null;
    this.canvas = document.createElement("div"); this.canvas.className = "chart";
    this.legend = document.createElement("ul"); this.legend.className = "curve-legend"; this.legend.hidden = !legend;
    this.where = document.createElement("p"); this.where.className = "curve-where"; this.where.setAttribute("aria-hidden", "true");
    box.replaceChildren(this.canvas, this.where, this.legend);
    charts.add(this);
    new ResizeObserver(() => this.fit()).observe(this.canvas);
    box.closest(".panel")?.addEventListener("fullscreenchange", () => this.fit());
  }

  get by() { return this.axis ?? view.axis; }
  fit() {
    const full = document.fullscreenElement?.contains(this.box);
    this.plot?.setSize({ width: this.canvas.clientWidth, height: full ? Math.max(HEIGHT, innerHeight - 190) : this.height });
  }

  // A curve {x, t, mean, least, most} under a name; `colour` and `link` are of its place in the legend.
  set(name, curve, more = {}) { this.curves.set(name, { colour: colour(this.curves.size), ...this.curves.get(name), ...more, ...curve }); }

  columns() {
    const many = this.curves.size > JOINED, found = [];
    for (const [name, curve] of this.curves) {
      let order = curve.x.map((_, i) => i);
      const along = this.by === "time" ? curve.t : curve.x;
      order = order.filter(i => along[i] != null);
      if (order.some((i, at) => at && along[order[at - 1]] >= along[i])) {
        const last = new Map(order.map(i => [along[i], i])); // of several at one place the last
        order = [...last.entries()].sort((a, b) => a[0] - b[0]).map(pair => pair[1]);
      }
      const pick = column => order.map(i => column?.[i] ?? null);
      const mean = pick(curve.mean);
      found.push({ name, curve, x: pick(along), raw: mean, mean: smoothed(mean, view.smooth), least: pick(curve.least ?? curve.mean), most: pick(curve.most ?? curve.mean) });
    }
    const all = new Set(many ? [] : found.flatMap(one => one.x));
    let grid = [...all].sort((a, b) => a - b);
    if (many || grid.length > 4 * MOST) {
      const ends = found.flatMap(one => one.x.length ? [one.x[0], one.x.at(-1)] : []);
      const [start, end] = this.range ?? [Math.min(...ends), Math.max(...ends)];
      grid = Array.from({ length: GRID }, (_, i) => start + (end - start) * i / (GRID - 1));
      return { many: true, grid, found, column: (one, of) => between(one.x, one[of], grid) };
    }
    return { many: false, grid, found, column: (one, of) => { const at = new Map(one.x.map((x, i) => [x, one[of][i]])); return grid.map(x => at.get(x) ?? null); } };
  }

  redraw() {
    if (!this.curves.size) return;
    const { many, grid, found, column } = this.columns();
    const plain = !many && !view.smooth, spread = plain && found.some(one => one.least.some((value, i) => value !== one.most[i]));
    const raw = !many && view.smooth > 0, positive = values => view.log ? values.map(value => value > 0 ? value : null) : values;
    const data = [grid, ...found.map(one => positive(column(one, "mean")))];
    const series = found.map(({ name, curve }) => ({
      label: name, stroke: curve.colour, width: many ? 1.3 : 1.8, spanGaps: true, show: !this.hidden.has(name),
      points: { show: grid.length < 30, size: 6, fill: curve.colour } }));
    const ghost = ({ name }, stroke, width) => ({ label: name, stroke, width, spanGaps: true, show: !this.hidden.has(name), points: { show: false } });
    const bands = [];
    if (raw) for (const one of found) { data.push(positive(column(one, "raw"))); series.push(ghost(one, one.curve.colour + (one.curve.colour.startsWith("#") ? "40" : ""), 1)); }
    if (spread) found.forEach((one, i) => {
      data.push(positive(column(one, "least")), positive(column(one, "most")));
      series.push(ghost(one, "transparent", 0), ghost(one, "transparent", 0));
      bands.push({ series: [1 + found.length + 2 * i + 1, 1 + found.length + 2 * i], fill: one.curve.colour + "2e" });
    });
    const shape = [this.by, view.log, series.map(one => one.label + one.width).join("\n"), grid.length < 30, many].join("|");
    if (this.plot && this.shape === shape) this.plot.setData(data, !this.range);
    else { this.plot?.destroy(); this.shape = shape; this.plot = new uPlot(this.options(series, bands, grid), data, this.canvas); }
    if (this.range) this.plot.setScale("x", { min: this.range[0], max: this.range[1] });
    this.found = found;
    this.write();
  }

  options(series, bands, grid) {
    const style = getComputedStyle(document.body), faint = style.getPropertyValue("--faint"), line = style.getPropertyValue("--line");
    const axis = { stroke: faint, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px Inter, sans-serif" };
    const time = this.by === "time", whole = !time && grid.every(Number.isInteger);
    const along = time ? { values: (_, at) => at.map(lasting), incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800], space: 80 } : whole ? { incrs: WHOLE } : {};
    const up = this.format === told ? {} : { values: (_, at) => at.map(this.format) };
    return {
      width: this.canvas.clientWidth, height: this.height, padding: [12, 20, 0, 0], legend: { show: false }, bands,
      scales: { x: { time: false }, y: { distr: view.log ? 3 : 1, ...(this.least != null && !view.log ? { range: (_, least, most) => [Math.min(this.least, least ?? 0), Math.max((most ?? 1) * 1.08, 1e-9)] } : {}) } },
      cursor: { drag: { x: true, y: false, setScale: false }, focus: { prox: 24 } }, focus: { alpha: series.length > JOINED ? .22 : 1 },
      series: [{ label: "x" }, ...series], axes: [{ ...axis, size: 34, ...along }, { ...axis, ...up, size: this.format === told ? 60 : 70 }],
      hooks: {
        setCursor: [plot => this.tell(plot.cursor.idx)],
        setSelect: [plot => {
          if (plot.select.width < 5) return;
          this.zoom([plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x")]);
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        }],
        ready: [plot => plot.over.addEventListener("dblclick", () => this.zoom(null))],
      },
    };
  }

  zoom(range) {
    this.range = range;
    const reset = this.box.closest(".panel")?.querySelector("[data-reset]");
    if (reset) reset.hidden = !range;
    if (!range) this.plot.setScale("x", { min: null, max: null });
    this.redraw();
    this.zoomed?.(range);
  }

  write() {
    const names = [...this.curves.keys()];
    if (this.legend.dataset.names !== names.join("\n")) {
      this.legend.dataset.names = names.join("\n");
      this.legend.replaceChildren(...names.map(name => {
        const item = document.createElement("li"), button = document.createElement("button"), swatch = document.createElement("span"), text = document.createElement("span"), value = document.createElement("b");
        const { colour, label, link } = this.curves.get(name);
        button.type = "button"; button.setAttribute("aria-pressed", String(!this.hidden.has(name)));
        swatch.className = "swatch"; swatch.style.background = colour; text.textContent = label ?? name; value.dataset.value = name;
        button.append(swatch, text, value);
        button.addEventListener("click", () => this.toggle(name));
        button.addEventListener("dblclick", () => this.alone(name));
        item.append(button);
        if (link) { const open = document.createElement("a"); open.href = link; open.textContent = "↗"; open.setAttribute("aria-label", label ?? name); item.append(open); }
        return item;
      }));
    }
    this.tell(null);
  }

  toggle(name) { this.hidden.has(name) ? this.hidden.delete(name) : this.hidden.add(name); this.show(); }
  alone(name) { const only = this.hidden.size < this.curves.size - 1; this.hidden = new Set(only ? [...this.curves.keys()].filter(one => one !== name) : []); this.show(); }
  show() {
    for (const button of this.legend.querySelectorAll("button")) button.setAttribute("aria-pressed", String(!this.hidden.has(button.querySelector("b").dataset.value)));
    this.plot.batch(() => this.plot.series.forEach((one, at) => { if (at) this.plot.setSeries(at, { show: !this.hidden.has(one.label) }); }));
  }

  // The values under the pointer, else the last ones.
  tell(at) {
    if (!this.found) return;
    const cells = new Map([...this.legend.querySelectorAll("b")].map(cell => [cell.dataset.value, cell]));
    this.found.forEach((one, i) => {
      const value = at == null ? one.mean.findLast(value => value != null) : this.plot.data[i + 1][at];
      const cell = cells.get(one.name);
      if (cell) cell.textContent = this.format(value);
    });
    const place = at == null ? null : this.plot.data[0][at];
    this.where.textContent = place == null ? "" : this.by === "time" ? lasting(place) : `${this.box.dataset.step ?? ""} ${told(place)}`;
  }
}

// A panel for a chart, from the template of the page.
export function panel(into, id, title) {
  const made = document.getElementById("curve-panel").content.firstElementChild.cloneNode(true);
  made.querySelector("h2").textContent = title;
  const box = made.querySelector("[data-curves]");
  box.id = id;
  into.append(made);
  made.querySelector("[data-full]").addEventListener("click", () => document.fullscreenElement ? document.exitFullscreen() : made.requestFullscreen());
  made.querySelector("[data-full]").hidden = !document.fullscreenEnabled;
  return box;
}
export function resettable(box, chart) { box.closest(".panel").querySelector("[data-reset]").addEventListener("click", () => chart.zoom(null)); return chart; }

// Half as many points, where there are more than a chart has room for.
export function thinned(curve) {
  if (curve.x.length <= MOST) return curve;
  const half = { x: [], t: [], at: [], mean: [], least: [], most: [] };
  for (let i = 0; i < curve.x.length; i += 2) {
    const of = column => curve[column].slice(i, i + 2).filter(value => value != null), mean = of("mean");
    half.x.push(curve.x[i]); half.t.push(curve.t[i]); half.at.push(curve.at[i]);
    half.mean.push(mean.length ? mean.reduce((a, b) => a + b) / mean.length : null);
    half.least.push(of("least").length ? Math.min(...of("least")) : null);
    half.most.push(of("most").length ? Math.max(...of("most")) : null);
  }
  return half;
}

// Scores by version: an x axis of names.
for (const box of document.querySelectorAll("[data-chart]")) {
  const { x, ticks, series } = JSON.parse(box.dataset.chart);
  const chart = new Chart(box, { axis: "step" });
  for (const one of series) chart.set(one.label, { x, t: x, mean: one.values });
  const options = chart.options.bind(chart);
  chart.options = (...given) => { const made = options(...given); made.axes[0] = { ...made.axes[0], values: (_, at) => at.map(v => ticks[v] ?? ""), incrs: [1, 2, 5, 10, 50], space: 70 }; made.padding[1] = 46; return made; };
  const tell = chart.tell.bind(chart);
  chart.tell = at => { tell(at); if (at != null) chart.where.textContent = ticks[at] ?? ""; };
  chart.redraw();
}
