// A page that refreshes itself, and pauses while the reader hovers, selects or types.
// data-news names the kind of events that it reacts to, if not traces.

import { fetchPage, onChange, updateFoot } from "./live.mjs";
import { localise } from "./time.mjs";

const main = () => document.querySelector("main");
let served = main().innerHTML;
let waits = false;
localise(document);

/** Reports whether the reader hovers over figures, selects text or types. */
const reading = () => document.querySelector("main :is(table, .plot):hover") !== null
  || !getSelection().isCollapsed || document.activeElement?.matches("main input");

/** Replaces the page's content by that of a fetched page. */
function put(next) {
  const fresh = next.querySelector("main");
  if (!fresh || fresh.innerHTML === served) return;
  served = fresh.innerHTML;
  updateFoot(next);
  localise(fresh);

  // Keep what the reader opened, scrolled to or focused.
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
