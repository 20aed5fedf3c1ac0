// What has the focus now: where it is in the document, and whether that is to be
// seen. seen is the look of what surrounds it with the focus, and without.
() => {
  const element = document.activeElement;
  if (!element || element === document.body || element === document.documentElement) return { nowhere: true };
  const looks = () => {
    const said = [];
    for (let e = element, n = 0; e && n < 4; e = e.parentElement, n++) {
      for (const pseudo of [null, "::before", "::after"]) {
        const s = getComputedStyle(e, pseudo);
        said.push(s.outlineStyle === "none" || parseFloat(s.outlineWidth) === 0 ? "" : s.outlineWidth + s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor, s.textDecorationLine, s.stroke, s.strokeWidth);
      }
    }
    return said.join(" ");
  };
  const last = window.auditedFocus;
  if (!last) window.firstFocus = element;
  else if (element === window.firstFocus) return { nowhere: true }; // round again
  window.auditedFocus = element;
  const before = looks();
  const box = element.getBoundingClientRect();
  element.blur();
  const visible = looks() !== before;
  element.focus({ focusVisible: true, preventScroll: true });
  return {
    what: element.outerHTML.slice(0, 120),
    visible,
    backward: Boolean(last?.isConnected) && Boolean(last.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING),
    outside: box.width > 0 && (box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth),
  };
}
