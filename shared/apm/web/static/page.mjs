// A page that keeps itself fresh, but not under its reader. What brings it news,
// other than a trace, is its data-news.

import { fetchPage, onChange, updateFoot } from "./live.mjs";
import { localise } from "./time.mjs";

const main = () => document.querySelector("main");
let served = main().innerHTML;
let waits = false;
localise(document);

/** Somebody points at figures, has selected text, or is typing. */
const reading = () => document.querySelector("main :is(table, .plot):hover") !== null
  || !getSelection().isCollapsed || document.activeElement?.matches("main input");

/** Puts a page that was fetched in the place of what is there. */
function put(next) {
  const fresh = next.querySelector("main");
  if (!fresh || fresh.innerHTML === served) return;
  served = fresh.innerHTML;
  updateFoot(next);
  localise(fresh);

  // What the reader has opened, scrolled to or has in focus stays so.
  const open = [...main().querySelectorAll("details")].map((d) => d.open);
  const scrolled = [...main().querySelectorAll(".scroll")].map((s) => s.scrollLeft);
  const focused = document.activeElement?.closest("main a")?.getAttribute("href");
  const { scrollX, scrollY } = window;
  main().replaceWith(fresh);
  fresh.querySelectorAll("details").forEach((d, i) => { d.open = open[i] ?? d.open; });
  fresh.querySelectorAll(".scroll").forEach((s, i) => { s.scrollLeft = scrolled[i] ?? 0; });
  scrollTo(scrollX, scrollY);
  if (focused) [...fresh.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus({ preventScroll: true });
  dispatchEvent(new Event("page"));
}

async function refresh() {
  waits = reading();
  if (waits) return;
  const next = await fetchPage(location.href);
  waits = reading();
  if (next && !waits) put(next);
}

for (const event of ["pointerout", "selectionchange", "focusout"]) {
  document.addEventListener(event, () => { if (waits && !reading()) refresh(); });
}

onChange(null, refresh, main().dataset.news);
