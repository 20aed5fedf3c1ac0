// Graphs over time: a crosshair shared by all graphs of the page, with the values under
// each title, and dragging to zoom into a time range. The values come from the tables.

const plots = () => [...document.querySelectorAll("[data-plot]")];
let zooms = 0; // zooms that Esc can undo
let drag; // its start, as a part of the plot's width

/** Returns the pointer's position as a part of the plot's width. */
function part(plot, event) {
  const box = plot.getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
}

/** Shows the values of a step in all graphs, or their summaries without one. */
function read(at) {
  for (const plot of plots()) {
    const chart = plot.closest(".chart");
    const line = chart.querySelector(".reading");
    const cross = plot.querySelector(".cross");
    const steps = Number(plot.dataset.steps);
    const step = Math.min(steps - 1, Math.floor(at * steps));
    const row = at === undefined ? undefined : chart.querySelectorAll(".as-table tbody tr")[step];
    chart.classList.toggle("pointed", row !== undefined);
    if (!row) {
      line.textContent = line.dataset.summary;
      continue;
    }
    const x = `${(100 * (step + 0.5)) / steps}%`;
    cross.setAttribute("x1", x);
    cross.setAttribute("x2", x);
    const names = [...chart.querySelectorAll(".as-table thead th")].slice(1);
    const values = [...row.children].slice(1).map((cell, i) => `${names[i].textContent} ${cell.textContent}`);
    line.textContent = `${row.children[0].textContent.trim()} · ${values.join(" · ")}`;
  }
}

/** Marks the time range that the reader drags over. */
function pick(from, to) {
  for (const plot of plots()) {
    const picked = plot.querySelector(".picked");
    picked.setAttribute("x", `${100 * Math.min(from, to)}%`);
    picked.setAttribute("width", `${100 * Math.abs(to - from)}%`);
  }
}

function zoom(plot, from, to) {
  const steps = Number(plot.dataset.steps);
  const step = BigInt(plot.dataset.step);
  const at = (x) => BigInt(plot.dataset.from) + (step * BigInt(Math.round(x * steps * 1000))) / 1000n;
  const url = new URL(location.href);
  for (const name of ["range", "before"]) url.searchParams.delete(name);
  url.searchParams.set("from", at(Math.min(from, to)));
  url.searchParams.set("to", at(Math.max(from, to)));
  sessionStorage.setItem("zooms", String(zooms + 1));
  location.assign(url);
}

addEventListener("pointerdown", (event) => {
  const plot = event.target.closest?.("[data-plot]");
  if (!plot || event.button !== 0 || event.pointerType === "touch") return;
  drag = { plot, from: part(plot, event) };
  plot.setPointerCapture(event.pointerId);
  event.preventDefault();
});
addEventListener("pointermove", (event) => {
  const plot = drag?.plot ?? event.target.closest?.("[data-plot]");
  if (!plot) return read();
  read(part(plot, event));
  if (drag) pick(drag.from, part(plot, event));
});
addEventListener("pointerup", (event) => {
  if (!drag) return;
  const { plot, from } = drag;
  const to = part(plot, event);
  drag = undefined;
  if (Math.abs(to - from) * plot.getBoundingClientRect().width > 6) zoom(plot, from, to);
  else pick(0, 0);
});
document.addEventListener("pointerleave", () => read());

zooms = Number(sessionStorage.getItem("zooms") ?? 0);
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (drag) {
    drag = undefined;
    pick(0, 0);
  } else if (zooms > 0 && new URL(location.href).searchParams.has("to")) {
    sessionStorage.setItem("zooms", String(zooms - 1));
    history.back();
  }
});
