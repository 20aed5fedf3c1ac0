// A flame graph of elements that the server has drawn.

export const leastLabelled = 24; // pixels: of a narrower box's label too little is left

export function svgScene(element) {
  const graph = element.querySelector(".flame-graph"), zoomed = graph.querySelector("[data-zoom]");
  const boxes = [...zoomed.querySelectorAll(":scope > .box")];
  const rects = boxes.map((box) => box.querySelector("rect"));
  const part = (name) => Float64Array.from(rects, (rect) => parseFloat(rect.getAttribute(name)) / 100);
  const scene = {
    n: boxes.length,
    x: part("x"), width: part("width"),
    row: Int32Array.from(rects, (rect) => rect.getAttribute("y") / 20),
    parent: Int32Array.from(boxes, (box) => box.dataset.parent),
    rows: graph.getAttribute("height") / 20,
    least: Math.min(1, 100 / Number(element.dataset.duration)), // a hundred nanoseconds
    duration: Number(element.dataset.duration),
    chosen: boxes.findIndex((box) => box.hasAttribute("aria-current")),
    href: (i) => boxes[i].getAttribute("href"),
    title: (i) => boxes[i].getAttribute("aria-label"),
    colour: (i) => rects[i].getAttribute("fill"),
    dimmed: (i) => boxes[i].classList.contains("dimmed"),
    failed: (i) => boxes[i].classList.contains("failed"),
    find: (id) => boxes.findIndex((box) => box.id === `b${id}`),
    at: (event) => boxes.indexOf(event.target.closest?.(".box")),
  };
  // The tip tells what titles do, and there is one stop for the tab key.
  for (const box of boxes) {
    const title = box.querySelector("title");
    if (title) {
      box.setAttribute("aria-label", title.textContent);
      title.remove();
    }
  }
  const stop = () => boxes.forEach((box, i) => { box.tabIndex = i === Math.max(0, scene.chosen) ? 0 : -1; });
  stop();

  scene.mark = (i) => {
    const focused = boxes.includes(document.activeElement);
    boxes[scene.chosen]?.removeAttribute("aria-current");
    scene.chosen = i;
    boxes[i]?.setAttribute("aria-current", "true");
    stop();
    if (focused) boxes[i]?.focus({ preventScroll: true });
  };

  // The elements stay where they are, on a sheet that is moved and stretched;
  // where that is beyond the precision of coordinates, each is placed by itself.
  const [lines, labels, hits] = ["line", "svg", ".hit"].map((part) => boxes.map((box) => box.querySelector(part)));
  let placed = false;
  const place = (i, left, width, unit) => {
    for (const [element, names] of [[rects[i], ["x"]], [labels[i], ["x"]], [hits[i], ["x"]], [lines[i], ["x1", "x2"]]]) {
      for (const name of names) element?.setAttribute(name, left + unit);
    }
    for (const element of [rects[i], labels[i], hits[i]]) element?.setAttribute("width", width + unit);
  };
  const placeAll = ({ from, width }) => {
    const room = graph.clientWidth, beyond = 4; // pixels
    for (let i = 0; i < scene.n; i++) {
      const at = (moment) => Math.min(room + beyond, Math.max(-beyond, ((moment - from) / width) * room));
      const left = at(scene.x[i]);
      place(i, left, at(scene.x[i] + scene.width[i]) - left, "");
    }
  };

  let moved = []; // texts whose box begins before the view
  scene.draw = (view) => {
    const { from, width } = view, fine = width < 1 / 1000, room = graph.clientWidth;
    zoomed.setAttribute("x", fine ? 0 : `${(-from / width) * 100}%`);
    zoomed.setAttribute("width", fine ? "100%" : `${100 / width}%`);
    if (fine) placeAll(view);
    else if (placed) for (let i = 0; i < scene.n; i++) place(i, scene.x[i] * 100, scene.width[i] * 100, "%");
    placed = fine;
    for (const text of moved) text.setAttribute("x", 0);
    moved = [];
    for (let i = 0; i < scene.n; i++) {
      boxes[i].classList.toggle("thin", scene.width[i] / width < 0.003);
      boxes[i].classList.toggle("small", (scene.width[i] / width) * room < leastLabelled);
      if (!fine && scene.x[i] < from && scene.x[i] + scene.width[i] > from) {
        const text = boxes[i].querySelector("text");
        text.setAttribute("x", `${((from - scene.x[i]) / scene.width[i]) * 100}%`);
        moved.push(text);
      }
    }
  };
  return scene;
}
