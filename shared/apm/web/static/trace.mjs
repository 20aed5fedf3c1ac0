// One trace: choosing a span and news of the trace both fetch the page again
// and put its content in place, without moving what the reader looks at.

import { fetchPage, onChange, updateFoot } from "./live.mjs";
import { localise } from "./time.mjs";

const main = () => document.querySelector("main");
let served = main().innerHTML;
let latest = 0;
localise(document);

async function show(url) {
  const mine = ++latest;
  const next = await fetchPage(url);
  if (!next || mine !== latest) return;
  updateFoot(next);
  const fresh = next.querySelector("main");
  if (!fresh || fresh.innerHTML === served) return;
  served = fresh.innerHTML;

  const focused = document.activeElement?.id;
  const { scrollX, scrollY } = window;
  document.title = next.title;
  localise(fresh);
  main().replaceWith(fresh);
  scrollTo(scrollX, scrollY);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Waits until the reader has let go of the text they are selecting. */
function unlessSelecting(then) {
  const selection = getSelection();
  if (selection.isCollapsed || !main().contains(selection.anchorNode)) return then();
  document.addEventListener("selectionchange", () => unlessSelecting(then), { once: true });
}

function go(href) {
  const url = new URL(href, location.href);
  url.hash = "";
  if (url.href !== location.href) history.pushState(null, "", url);
  show(url);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.span, a.close");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  link.focus({ preventScroll: true });
  go(link.href);
});

document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  const close = document.querySelector("a.close");
  if (event.key === "Escape" && close) return go(close.href);
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;

  // The arrows walk the spans from the one in focus, and take the panel along.
  const spans = [...document.querySelectorAll("a.span")];
  const at = spans.indexOf(document.activeElement);
  const to = spans[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (at < 0 || !to) return;
  event.preventDefault();
  to.focus();
  if (close) go(to.href);
});

addEventListener("popstate", () => show(location.href));
onChange(main().dataset.trace, () => unlessSelecting(() => show(location.href)));
