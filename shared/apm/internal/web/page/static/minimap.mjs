// The whole trace, small, with what of it is in view. A drag within the view
// moves it; one beside it makes another.

const height = 36;

export class Minimap {
  constructor(window, changed, signal) {
    this.window = window;
    this.changed = changed;
    this.element = document.createElement("div");
    this.element.className = "minimap";
    this.element.setAttribute("aria-hidden", "true"); // the keys do the same
    this.canvas = document.createElement("canvas");
    this.view = document.createElement("div");
    this.view.className = "in-view";
    this.element.append(this.canvas, this.view);
    this.element.addEventListener("pointerdown", (event) => this.drag(event), { signal });
  }

  /** Draws a scene's boxes. */
  of(scene) {
    const wide = this.element.clientWidth, ratio = devicePixelRatio || 1;
    if (!wide) return;
    this.canvas.width = wide * ratio;
    this.canvas.height = height * ratio;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const row = Math.min(4, height / scene.rows), thick = Math.max(0.75, row - (row > 3 ? 1 : 0));
    const drawn = new Float64Array(height * 4).fill(-1); // how far each line is drawn
    for (let i = 0; i < scene.n; i++) {
      const y = scene.row[i] * row, left = scene.x[i] * wide, right = left + Math.max(0.75, scene.width[i] * wide);
      const line = Math.floor(y * 4);
      if (right <= drawn[line] && row < 1) continue;
      drawn[line] = Math.max(drawn[line], right);
      pen.globalAlpha = scene.dimmed(i) ? 0.25 : 1;
      pen.fillStyle = scene.colour(i);
      pen.fillRect(left, y, right - left, thick);
    }
  }

  show({ from, width }) {
    this.view.style.left = `${100 * from}%`;
    this.view.style.width = `${100 * width}%`;
  }

  drag(down) {
    if (down.button !== 0) return;
    down.preventDefault();
    const box = this.element.getBoundingClientRect(), part = (event) => (event.clientX - box.left) / box.width;
    const start = part(down), { from, width, whole } = this.window;
    const within = !whole && start >= from && start <= from + width;
    this.element.setPointerCapture(down.pointerId);
    const move = (event) => {
      const now = part(event);
      if (within) this.window.show(from + now - start);
      else if (Math.abs(now - start) > 0.005) this.window.show(Math.max(0, Math.min(now, start)), Math.abs(now - start));
      else if (!whole) this.window.show(now - width / 2, width);
      this.changed();
    };
    const end = () => {
      this.element.removeEventListener("pointermove", move);
      for (const type of ["pointerup", "pointercancel"]) this.element.removeEventListener(type, end);
    };
    this.element.addEventListener("pointermove", move);
    for (const type of ["pointerup", "pointercancel"]) this.element.addEventListener(type, end);
  }
}
