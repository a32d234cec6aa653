// Curves of several runs over one another: which metrics and which runs are shown, and each run's colour in the table.
import { Chart, colour, panel, resettable } from "./curves.js";

const box = document.getElementById("overlay"), chosen = document.querySelector("[data-metrics]");
if (box) {
  const runs = JSON.parse(box.dataset.runs), charts = new Map(), MOST = 4;
  runs.forEach((one, at) => { for (const cell of document.querySelectorAll(`[data-run="${one.number}"]`)) cell.style.background = colour(at); });
  const show = async names => {
    for (const [name, chart] of charts) chart.box.closest(".panel").hidden = !names.includes(name);
    const missing = names.filter(name => !charts.has(name));
    if (!missing.length && charts.size) return;
    box.setAttribute("aria-busy", "true");
    const query = new URLSearchParams([...runs.map(one => ["run", one.number]), ...missing.map(name => ["name", name])]);
    const answer = await fetch(`/runs/overlay.json?${query}`).catch(() => null);
    box.removeAttribute("aria-busy");
    if (!answer?.ok) return;
    const { charts: curves } = await answer.json();
    box.querySelector(".chart-room")?.remove();
    for (const [name, of] of Object.entries(curves)) {
      const place = panel(box, `overlay-${name}`, name);
      place.dataset.step = box.dataset.step;
      const chart = resettable(place, new Chart(place));
      runs.forEach((one, at) => { if (of[one.number]) chart.set(String(one.number), of[one.number], { colour: colour(at), label: one.label, link: `/runs/${one.number}` }); });
      for (const hidden of off()) chart.hidden.add(hidden);
      charts.set(name, chart);
      chart.redraw();
    }
  };
  const off = () => [...document.querySelectorAll("[data-shown]:not(:checked)")].map(one => one.value);
  const ticked = () => [...chosen.querySelectorAll("input:checked")].map(one => one.value);
  chosen?.addEventListener("change", event => {
    if (ticked().length > MOST) event.target.checked = false;
    show(ticked());
  });
  document.addEventListener("change", event => {
    if (!event.target.matches("[data-shown]")) return;
    for (const chart of charts.values()) { chart.hidden = new Set(off()); chart.show(); }
  });
  show(chosen ? ticked() : []);
}
