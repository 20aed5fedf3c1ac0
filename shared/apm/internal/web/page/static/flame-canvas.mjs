// A flame graph of very many spans, as a picture: only what is in view is
// drawn, and of what is thinner than a pixel one box a pixel.

import { formatDuration } from "./duration.mjs";
import { leastLabelled } from "./flame-svg.mjs";

const rowHeight = 20;
const outlines = new Map(); // one, by its address

/**
 * Calls ready(scene), at once where the outline is here already, and again when a
 * newer one is, which the promise waits for.
 */
export function canvasScene(element, scroll, news, ready) {
  const address = element.dataset.outline;
  const wait = element.querySelector("[data-wait]");
  const kept = outlines.get(address);
  if (kept) ready(makeScene(element, scroll, kept));
  if (kept && !news) return Promise.resolve();
  if (!kept) wait.hidden = false;
  return fetch(address).then((answer) => {
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer.json();
  }).then((outline) => {
    wait.hidden = true;
    outlines.clear();
    outlines.set(address, outline);
    ready(makeScene(element, scroll, outline));
  }).catch(() => {
    wait.textContent = "The flame graph could not be loaded. Reload the page, or open the Span List.";
  });
}

function makeScene(element, scroll, outline) {
  const { spans, services, names, labels } = outline;
  const n = spans.span_id.length, all = Math.max(1, outline.duration);
  const x = Float64Array.from(spans.start, (start) => start / all);
  const width = Float64Array.from(spans.duration, (duration) => duration / all);
  const dimmed = new Uint8Array(n);
  if (outline.found) {
    dimmed.fill(1);
    for (const i of outline.found) dimmed[i] = 0;
  }
  const rows = sortedRows(outline.rows, spans.row, x);
  const canvas = place(element, scroll, outline.rows);
  const scene = {
    n, x, width, rows: outline.rows, row: spans.row, parent: spans.parent, duration: outline.duration,
    least: Math.min(1, 100 / all), // a hundred nanoseconds
    chosen: Number(element.dataset.chosen),
    href(i) {
      const url = new URL(location.href);
      url.searchParams.set("span", spans.span_id[i]);
      return url.pathname + url.search;
    },
    title(i) {
      const share = outline.exec_time ? (100 * spans.exec_time[i]) / outline.exec_time : 0;
      return `${labels[spans.label[i]]}\n${spans.error[i] ? "Error · " : ""}${services[spans.service[i]].service} · ${names[spans.name[i]]}\n` +
        `${formatDuration(spans.duration[i])} · exec time ${formatDuration(spans.exec_time[i])} (${share.toFixed(1)} %)`;
    },
    colour: (i) => services[spans.service[i]].colour,
    dimmed: (i) => dimmed[i] === 1,
    hit: (i) => Boolean(outline.found) && dimmed[i] === 0,
    failed: (i) => spans.error[i] === 1,
    find: (id) => spans.span_id.indexOf(id),
    mark(i) { this.chosen = i; },
  };

  let last; // the window that was drawn
  scene.at = (event) => {
    if (!last) return -1;
    const box = scroll.getBoundingClientRect(), pixel = last.width / scroll.clientWidth;
    const row = rows[Math.floor((event.clientY - box.top + scroll.scrollTop) / rowHeight)];
    const at = last.from + (event.clientX - box.left) * pixel;
    if (!row || event.clientX - box.left > scroll.clientWidth) return -1;
    for (let k = after(row, x, at + pixel) - 1; k >= 0; k--) {
      const i = row[k];
      if (x[i] + Math.max(width[i], 1.5 * pixel) >= at) return i;
      if (x[i] + width[i] < at) return -1; // no box overlaps another
    }
    return -1;
  };
  scene.draw = (view) => {
    last = { from: view.from, width: view.width };
    paint(canvas, scroll, scene, rows, outline, view);
  };
  return scene;
}

/** For each row its boxes, in order of start. */
function sortedRows(count, row, x) {
  const rows = Array.from({ length: count }, () => []);
  row.forEach((at, i) => rows[at].push(i));
  for (const boxes of rows) boxes.sort((a, b) => x[a] - x[b]);
  return rows;
}

/** The first place in a row whose box begins after a moment. */
function after(row, x, moment) {
  let low = 0, high = row.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[row[middle]] > moment) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A canvas that keeps to what is in view of a sheet as high as all rows. */
function place(element, scroll, rows) {
  let canvas = scroll.querySelector("canvas");
  if (!canvas) {
    const sheet = document.createElement("div");
    sheet.className = "sheet";
    canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    sheet.append(canvas);
    scroll.append(sheet);
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "group");
    scroll.setAttribute("aria-describedby", "flame-table");
    scroll.hidden = false;
  }
  canvas.setAttribute("aria-label", element.dataset.label);
  scroll.setAttribute("aria-label", `${element.dataset.label}. Use the arrow keys to move to the parent, a sibling or a child.`);
  canvas.parentNode.style.height = `${rows * rowHeight}px`;
  return canvas;
}

/** Colours as the page has them now. */
function inks(scroll) {
  const probe = document.createElement("i");
  scroll.append(probe);
  const ink = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = { page: ink("page"), text: ink("text"), quiet: ink("quiet"), error: ink("error") };
  probe.remove();
  return colours;
}

function paint(canvas, scroll, scene, rows, outline, { from, width: span }) {
  const ratio = devicePixelRatio || 1, wide = scroll.clientWidth, high = scroll.clientHeight, top = scroll.scrollTop;
  if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(high * ratio);
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${high}px`;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, wide, high);
  pen.font = `12px ${getComputedStyle(scroll).fontFamily}`;
  const colours = inks(scroll);
  const scale = wide / span, { x, width } = scene;
  const last = Math.min(rows.length, Math.ceil((top + high) / rowHeight));

  for (let r = Math.floor(top / rowHeight); r < last; r++) {
    const row = rows[r], y = r * rowHeight - top;
    if (r === outline.orphans_row) drawOrphans(pen, colours, y, wide);
    for (let k = Math.max(0, after(row, x, from) - 1); k < row.length;) {
      const i = row[k], left = (x[i] - from) * scale, right = left + width[i] * scale;
      if (left > wide) break;
      if (right < 0 && k + 1 < row.length && width[i] * scale >= 1) { k++; continue; }
      if (right - left >= 1.5) {
        drawBox(pen, colours, scene, outline, i, Math.max(left, -4), Math.min(right, wide + 4), y);
        k++;
        continue;
      }
      // All that begin within the pixel are one, and what matters of them shows.
      const next = Math.max(k + 1, after(row, x, from + (left + 1) / scale));
      let shown = i;
      for (let j = k; j < next && j < k + 200; j++) {
        if (scene.failed(row[j]) || scene.dimmed(shown) && !scene.dimmed(row[j])) shown = row[j];
        if (scene.failed(shown)) break;
      }
      pen.globalAlpha = scene.dimmed(shown) ? 0.25 : 1;
      pen.fillStyle = scene.failed(shown) ? colours.error : scene.colour(shown);
      pen.fillRect(left, y, 1, rowHeight - 1);
      if (scene.hit(shown)) drawHit(pen, colours, left, left + 1, y);
      k = next;
    }
  }
  pen.globalAlpha = 1;
  drawChosen(pen, colours, scene, from, scale, top);
}

function drawBox(pen, colours, scene, outline, i, left, right, y) {
  pen.globalAlpha = scene.dimmed(i) ? 0.25 : 1;
  pen.fillStyle = scene.colour(i);
  const gap = right - left > 3 ? 1 : 0;
  pen.fillRect(left, y, right - left - gap, rowHeight - 1);
  if (scene.failed(i)) {
    pen.fillStyle = pen.strokeStyle = colours.error;
    pen.fillRect(left, y, Math.min(4, right - left), rowHeight - 1);
    if (right - left > 4) pen.strokeRect(left + 0.5, y + 0.5, right - left - gap - 1, rowHeight - 2);
  }
  if (scene.hit(i)) drawHit(pen, colours, left, right - gap, y);
  if (right - left < leastLabelled) return;
  const start = Math.max(left, 0);
  pen.save();
  pen.beginPath();
  pen.rect(start, y, right - start - 3, rowHeight);
  pen.clip();
  pen.fillStyle = outline.services[outline.spans.service[i]].dark_text ? "#000" : "#fff";
  pen.fillText(outline.labels[outline.spans.label[i]], start + 6, y + 14);
  pen.restore();
}

/** The mark of what was found, which is never too narrow to be seen. */
function drawHit(pen, colours, left, right, y) {
  pen.fillStyle = colours.text;
  pen.fillRect(left - 1, y + rowHeight - 4, right - left + 2, 3);
}

function drawChosen(pen, colours, scene, from, scale, top) {
  const i = scene.chosen;
  if (!(i >= 0 && i < scene.n)) return;
  pen.strokeStyle = colours.text;
  pen.lineWidth = 2;
  pen.strokeRect((scene.x[i] - from) * scale, scene.row[i] * rowHeight - top, Math.max(2, scene.width[i] * scale - 1), rowHeight - 1);
  pen.lineWidth = 1;
}

function drawOrphans(pen, colours, y, wide) {
  pen.strokeStyle = pen.fillStyle = colours.quiet;
  pen.setLineDash([4, 4]);
  pen.beginPath();
  pen.moveTo(0, y + 1);
  pen.lineTo(wide, y + 1);
  pen.stroke();
  pen.setLineDash([]);
  pen.fillText("The parent of the spans below has not arrived", 6, y + 15);
}
