// The part of a trace's time that is in view.

export class Window {
  from = 0; // of the whole, which is 1
  width = 1;
  top = 0; // how far the graph is scrolled, in pixels

  constructor(least) { this.least = least; }

  get whole() { return this.width >= 1; }

  /** Makes the view so much narrower; what is at that part of it stays there. */
  zoom(factor, at) {
    const width = Math.min(1, Math.max(this.least, this.width / factor));
    this.show(this.from + at * (this.width - width), width);
  }

  show(from, width = this.width) {
    this.width = Math.min(1, Math.max(this.least, width));
    this.from = Math.min(1 - this.width, Math.max(0, from));
  }

  reset() { this.show(0, 1); }

  /** Moves as far as it takes to have something of a box in view. */
  reveal(x, width) {
    if (x + width > this.from + this.width * 0.02 && x < this.from + this.width * 0.98) return;
    this.show(x + width / 2 - this.width / 2);
  }
}
