// Texts that stand out too little from what they stand on, as WCAG 2.2 counts it
// (1.4.3): 4.5:1, or 3:1 where they are large.
() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  /** Any CSS colour as red, green, blue and alpha, each from 0 to 1. */
  const colour = (css) => {
    if (!known.has(css)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = css;
      canvas.fillRect(0, 0, 1, 1);
      known.set(css, [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255));
    }
    return known.get(css);
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const luminance = (c) => {
    const [r, g, b] = c.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };

  const page = matchMedia("(prefers-color-scheme: dark)").matches ? [0.07, 0.07, 0.07, 1] : [1, 1, 1, 1];
  /** What is to be seen of a text in a drawing: one within another cuts it off. */
  const visible = (text) => {
    const box = text.getBoundingClientRect(), inner = text.ownerSVGElement;
    if (!inner.ownerSVGElement || getComputedStyle(inner).overflow === "visible") return box;
    const left = Math.max(box.left, inner.getScreenCTM().e);
    const right = Math.min(box.right, inner.getScreenCTM().e + inner.width.baseVal.value);
    return new DOMRect(left, box.y, Math.max(0, right - left), box.height);
  };
  const outermost = (svg) => (svg.ownerSVGElement ? outermost(svg.ownerSVGElement) : svg);
  /** In a drawing, what is painted last before the text and lies below its middle. */
  const shape = (text) => {
    const box = visible(text);
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    let found;
    for (const other of outermost(text.ownerSVGElement).querySelectorAll("rect, path, circle, ellipse, polygon")) {
      if (!(other.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
      const at = other.getBoundingClientRect();
      if (at.left <= x && x <= at.right && at.top <= y && y <= at.bottom && getComputedStyle(other).fill !== "none") found = other;
    }
    return found;
  };
  /** What is asked of an element and of all around it, asked once. */
  const once = (ask, without) => {
    const answers = new Map();
    const answer = (element) => {
      if (!element) return without;
      if (!answers.has(element)) answers.set(element, ask(element, answer(element.parentElement)));
      return answers.get(element);
    };
    return answer;
  };
  /** What an element's content stands on, opacity left out. */
  const background = once((element, outer) => over(colour(getComputedStyle(element).backgroundColor), outer), page);
  const opacity = once((element, outer) => outer * Number(getComputedStyle(element).opacity), 1);
  const clipped = once((element, outer) => outer || getComputedStyle(element).clipPath.startsWith("inset(50%"), false);
  /**
   * Whether anything of an element is to be seen: some texts are for screen readers
   * alone, and rows that are out of sight may not be drawn.
   */
  const seen = (element) => {
    if (clipped(element) || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true })) return false;
    const box = element.ownerSVGElement ? visible(element) : element.getBoundingClientRect();
    return box.width > 0 && box.height > 0;
  };

  const wrong = new Set();
  const judge = (element, css, text, style = getComputedStyle(element)) => {
    const drawn = element.ownerSVGElement && shape(element);
    let below = background(drawn ? drawn.ownerSVGElement : element);
    if (drawn) {
      const fill = colour(getComputedStyle(drawn).fill);
      below = over([...fill.slice(0, 3), fill[3] * opacity(drawn)], below);
    }
    const top = colour(css);
    const got = ratio(over([...top.slice(0, 3), top[3] * opacity(element)], below), below);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (got < (large ? 3 : 4.5) - 0.005) {
      const name = element.tagName.toLowerCase() + [...element.classList].map((c) => `.${c}`).join("");
      wrong.add(`${got.toFixed(2)}:1 for ${JSON.stringify(text.trim().slice(0, 40))} in ${name}`);
    }
  };

  const most = 3000; // texts: the thousandth row of a table is like the first
  let judged = 0;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node && judged < most; node = texts.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style, noscript, title, desc, option, select") || !seen(element)) continue;
    judged++;
    const style = getComputedStyle(element);
    judge(element, element.ownerSVGElement ? style.fill : style.color, node.data);
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]), textarea, select")) {
    if (!seen(field) || field.disabled) continue;
    judge(field, getComputedStyle(field).color, field.value || field.id);
    if (field.placeholder) judge(field, getComputedStyle(field, "::placeholder").color, field.placeholder);
  }
  return [...wrong];
}
