// The flame graph: zooms, pans, moves between spans and shows hover texts. A scene draws
// it: as elements of the page (flame-svg.mjs) or, for very many spans, on a canvas
// (flame-canvas.mjs). A scene has
//
//   n, x, width, row, parent   of the boxes, parents first; x and width are parts of the whole
//   least                      the narrowest view that can be drawn
//   duration                   of the whole, in nanoseconds
//   chosen                     the index of the selected box, or -1
//   draw(window), mark(i)      show a part of the time; select another box
//   at(event)                  the box under the pointer, or -1
//   href(i), title(i), colour(i), dimmed(i), find(id)

import { Window } from "./flame-window.mjs";
import { svgScene } from "./flame-svg.mjs";
import { canvasScene } from "./flame-canvas.mjs";
import { Minimap } from "./minimap.mjs";
import { ticks } from "./duration.mjs";

export function mountFlame(element, page, before) {
  before?.leave();
  const flame = new Flame(element, page, before?.window);
  flame.open(false);
  return flame;
}

const rowHeight = 20;

class Flame {
  constructor(element, page, window) {
    this.element = element;
    this.page = page;
    this.before = window;
    this.window = window ?? new Window(1e-9);
    this.listening = new AbortController();
  }

  /** Draws at once, or as soon as the outline has arrived. */
  open(news) {
    this.scroll = this.element.querySelector(":scope > .flame-scroll");
    this.axis = this.element.querySelector(".flame-axis");
    const outline = this.element.dataset.outline;
    const ready = (scene) => {
      if (this.listening.signal.aborted || !scene) return;
      const first = !this.scene;
      this.scene = scene;
      // The page may have been fetched before this span was selected. An ID that isn't in
      // decimal is known to the server only.
      const id = new URLSearchParams(location.search).get("span");
      const box = id ? scene.find(id) : -1;
      scene.mark(id && box < 0 ? scene.chosen : box);
      this.window.least = scene.least;
      if (first) this.listen();
      this.minimap.of(scene);
      this.scroll.scrollTop = this.window.top;
      if (first && !this.before) this.seek(scene.chosen);
      this.draw();
    };
    if (outline) return canvasScene(this.element, this.scroll, news, ready);
    ready(svgScene(this.element));
  }

  leave() { this.listening.abort(); }

  /** Something has arrived. */
  async news() { if (this.element.dataset.outline) await this.open(true); }

  /** Selects another span. */
  choose(id, index) {
    if (index !== undefined) this.element.dataset.chosen = index;
    if (this.scene) this.mark(id ? this.scene.find(id) : -1, false);
  }

  listen() {
    const { signal } = this.listening;
    const on = (target, type, handle, options) => target.addEventListener(type, handle.bind(this), { signal, ...options });
    this.minimap = new Minimap(this.window, () => this.draw(), signal);
    this.element.prepend(this.minimap.element);
    this.element.append(this.buttons());
    signal.addEventListener("abort", () => this.tip.remove());
    this.tip = document.createElement("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    document.body.append(this.tip);

    on(this.scroll, "wheel", this.wheel, { passive: false });
    on(this.scroll, "pointerdown", this.drag);
    on(this.scroll, "click", this.click, { capture: true });
    on(this.scroll, "dblclick", () => { this.window.reset(); this.draw(); });
    on(this.scroll, "pointermove", this.tell);
    on(this.scroll, "pointerleave", () => { this.tip.hidden = true; });
    on(this.scroll, "scroll", () => { this.window.top = this.scroll.scrollTop; this.draw(); }, { passive: true });
    on(this.element, "keydown", this.key);
    on(matchMedia("(prefers-color-scheme: dark)"), "change", () => { this.minimap.of(this.scene); this.draw(); });
    const resized = new ResizeObserver(() => { this.minimap.of(this.scene); this.seekRow(this.scene.chosen); this.draw(); });
    resized.observe(this.scroll);
    signal.addEventListener("abort", () => resized.disconnect());
  }

  buttons() {
    const group = document.createElement("div");
    group.className = "zoom";
    const hint = document.createElement("span");
    hint.textContent = "Click a span for details · scroll to zoom · drag to pan · arrow keys to move ";
    group.append(hint);
    for (const [text, name, does] of [
      ["+", "Zoom in", () => this.window.zoom(2, 0.5)], ["−", "Zoom out", () => this.window.zoom(0.5, 0.5)], ["Reset zoom", "Reset zoom", () => this.window.reset()],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.setAttribute("aria-label", name);
      button.addEventListener("click", () => { does(); this.draw(); });
      group.append(button);
    }
    return group;
  }

  /** Draws at most once a frame. */
  draw() {
    this.due ??= requestAnimationFrame(() => {
      this.due = undefined;
      if (this.listening.signal.aborted) return;
      this.scene.draw(this.window);
      this.minimap.show(this.window);
      this.drawAxis();
      this.element.toggleAttribute("data-zoomed", !this.window.whole);
    });
  }

  drawAxis() {
    const { from, width } = this.window, all = this.scene.duration;
    if (!all) return;
    const pixels = this.scroll.clientWidth;
    const marks = ticks(from * all, (from + width) * all, pixels).flatMap(([at, text]) => {
      const x = ((at / all - from) / width) * pixels;
      const line = node("line", { x1: x, x2: x, y1: 16, y2: 20 });
      const label = node("text", { x, y: 13, "text-anchor": x < 24 ? "start" : x > pixels - 30 ? "end" : "middle" });
      label.textContent = text;
      return [line, label];
    });
    this.axis.replaceChildren(...marks);
  }

  /** Where the pointer is, as a part of the view. */
  across(event) {
    const box = this.scroll.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / this.scroll.clientWidth));
  }

  wheel(event) {
    if (event.ctrlKey || event.metaKey) return; // the browser's own
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
    if (sideways) {
      if (this.window.whole) return;
      this.window.show(this.window.from + (sideways / this.scroll.clientWidth) * this.window.width);
    } else {
      if (this.window.whole && event.deltaY > 0) return; // the page's
      this.window.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), this.across(event));
    }
    event.preventDefault();
    this.draw();
  }

  drag(down) {
    this.dragged = false;
    if (down.button !== 0 || down.offsetX > this.scroll.clientWidth) return;
    const { from } = this.window, top = this.scroll.scrollTop;
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, this.listening.signal]);
    addEventListener("pointermove", (event) => {
      const dx = event.clientX - down.clientX, dy = event.clientY - down.clientY;
      if (!this.dragged && Math.hypot(dx, dy) < 4) return;
      this.dragged = true;
      this.tip.hidden = true;
      this.window.show(from - (dx / this.scroll.clientWidth) * this.window.width);
      if (down.pointerType === "mouse") this.scroll.scrollTop = top - dy;
      this.draw();
    }, { signal });
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => done.abort(), { signal });
  }

  click(event) {
    const box = this.scene.at(event);
    if (this.dragged) {
      event.preventDefault();
      event.stopPropagation();
    } else if (box >= 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)) {
      event.preventDefault();
      this.mark(box, false);
      this.page.go(this.scene.href(box));
    }
  }

  tell(event) {
    const box = event.buttons ? -1 : this.scene.at(event);
    this.tip.hidden = box < 0;
    if (box < 0) return;
    this.tip.textContent = this.scene.title(box);
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const below = event.clientY + 18 + height < innerHeight;
    this.tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - width - 4))}px`;
    this.tip.style.top = `${below ? event.clientY + 18 : event.clientY - height - 8}px`;
  }

  key(event) {
    if (event.metaKey || event.ctrlKey || event.altKey || event.target.closest("button")) return;
    const to = this.walk(event.key);
    if (to >= 0) {
      this.mark(to, true);
      this.page.go(this.scene.href(to), true);
    } else if (event.key === "+" || event.key === "=") {
      this.window.zoom(1.5, this.middle());
    } else if (event.key === "-") {
      this.window.zoom(1 / 1.5, this.middle());
    } else if (event.key === "0") {
      this.window.reset();
    } else if (!event.key.startsWith("Arrow")) {
      return;
    }
    event.preventDefault();
    this.draw();
  }

  /** The chosen box's middle, as a part of the view, if it is there. */
  middle() {
    const i = this.scene.chosen;
    if (i < 0) return 0.5;
    const at = (this.scene.x[i] + this.scene.width[i] / 2 - this.window.from) / this.window.width;
    return at >= 0 && at <= 1 ? at : 0.5;
  }

  /** The box that a key leads to: parent, first child, the siblings; -1 for none. */
  walk(key) {
    const { parent, n, chosen } = this.scene;
    if (!key.startsWith("Arrow") || n === 0) return -1;
    if (chosen < 0) return 0;
    if (key === "ArrowUp") return parent[chosen];
    if (key === "ArrowDown") return chosen + 1 < n && parent[chosen + 1] === chosen ? chosen + 1 : -1;
    const step = key === "ArrowRight" ? 1 : -1;
    for (let i = chosen + step; i >= 0 && i < n; i += step) if (parent[i] === parent[chosen]) return i;
    return -1;
  }

  mark(box, walking) {
    this.scene.mark(box);
    this.seek(box);
    if (box >= 0 && walking) this.page.announce(this.scene.title(box));
    this.draw();
  }

  /** Has a box in view, within the graph: the page stays where it is. */
  seek(box) {
    if (box < 0) return;
    this.window.reveal(this.scene.x[box], this.scene.width[box]);
    this.seekRow(box);
  }

  seekRow(box) {
    if (box < 0) return;
    const top = this.scene.row[box] * rowHeight, room = this.scroll.clientHeight - rowHeight;
    this.scroll.scrollTop = Math.min(top, Math.max(this.scroll.scrollTop, top - room));
  }
}

function node(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
