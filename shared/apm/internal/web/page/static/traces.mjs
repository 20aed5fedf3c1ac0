// The list refreshes itself: changed rows are replaced in place. New rows appear at the
// top only while the reader isn't reading; otherwise a line says how many wait. Older
// rows are loaded when the reader reaches the end.

import { fetchPage, onChange, updateFoot } from "./live.mjs";
import { localise } from "./time.mjs";

const most = 500; // rows on the page
const rest = 5000; // least time in ms between two refreshes of the graph and facets

const find = (what, root = document) => root.querySelector(what);
const rowsOf = (root) => [...root.querySelectorAll("tr[data-trace]")];
const body = () => find(".list tbody");
const isFirst = () => "first" in find(".list").dataset;

let served = new Map(); // the rows on the page as the server wrote them, by trace
let due = 0; // when the graph and facets may be refreshed again
let later; // the timer for that refresh
let watched = false; // the end of the list is observed
let waits = false; // new rows wait until the reader stops reading

/** Remembers rows that are about to be put into the page. */
function keep(rows) {
  for (const row of rows) {
    served.set(row.dataset.trace, row.outerHTML);
    localise(row);
  }
}

/** Reports whether the reader isn't reading: no hover, focus, scrolling or selection. */
function calm() {
  return scrollY < 8 && getSelection().isCollapsed && !find(".list tbody:hover") && !body()?.contains(document.activeElement);
}

/** Reports whether the reader isn't using a part of the page. */
const idle = (part) => !part.matches(":hover") && !part.contains(document.activeElement) && !find(".menu[open]", part);

function announce(unseen, of) {
  const line = find(".news");
  const count = unseen.length;
  const text = count ? `${count}${count === of.length ? " or more" : ""} new ${count === 1 ? "trace" : "traces"}` : "";
  waits = count > 0;
  if (line.textContent === text) return;
  line.replaceChildren();
  if (!count) return;
  const link = document.createElement("a");
  link.href = find(".list").dataset.newest;
  link.textContent = text;
  line.append(link);
}

/** Replaces a part of the page by that of a fetched page. */
function replace(what, next) {
  const old = find(what);
  const fresh = find(what, next);
  if (old.contains(body())) served = new Map();
  keep(rowsOf(fresh));
  localise(fresh);
  const scrolled = [...old.querySelectorAll(".scroll, .facets")].map((s) => [s.scrollLeft, s.scrollTop]);
  const boxes = [...old.querySelectorAll("#facets:checked")];
  old.replaceWith(fresh);
  fresh.querySelectorAll(".scroll, .facets").forEach((s, i) => s.scrollTo(...(scrolled[i] ?? [0, 0])));
  fold(fresh);
  for (const box of boxes) find(`#${box.id}`).checked = true;
  watchEnd();
}

/** Returns the names of the facets that the reader closed in this tab. */
const shut = () => JSON.parse(sessionStorage.getItem("shut") ?? "[]");

function fold(root) {
  for (const facet of root.querySelectorAll("details[data-facet]")) facet.open = !shut().includes(facet.dataset.facet);
}

document.addEventListener("toggle", ({ target }) => {
  const name = target.dataset.facet;
  if (name === undefined) return;
  const others = shut().filter((n) => n !== name);
  sessionStorage.setItem("shut", JSON.stringify(target.open ? others : [...others, name]));
}, { capture: true });

/** Replaces the graph and the facets, unless the reader is using them. */
function replaceAround(next) {
  for (const what of [".activity", ".facets"]) {
    if (find(what) && find(what, next) && idle(find(what))) replace(what, next);
  }
}

async function refresh() {
  const whole = performance.now() >= due;
  const began = performance.now();
  const next = await fetchPage(location.href, { part: whole ? "page" : "rows" });
  if (!next || !find(".list", next)) return; // the agent does not respond, or failed
  updateFoot(next);
  if (whole) due = performance.now() + Math.max(rest, 20 * (performance.now() - began));
  else later ??= setTimeout(() => { later = undefined; if (!paused()) refresh(); }, due - performance.now());

  const fresh = rowsOf(next);
  if (!body() || fresh.length === 0) {
    const says = (root) => find(".empty h2", root)?.textContent;
    const same = says(next) === says(document) && (fresh.length > 0) === Boolean(body());
    if (same || !calm()) return;
    if (whole) return replace(".results", next);
    due = 0; // replace the whole page
    return refresh();
  }
  if (whole) replaceAround(next);

  const unseen = fresh.filter((row) => !served.has(row.dataset.trace));
  const comes = isFirst() && unseen.length > 0 && calm();
  if (comes && (unseen.length === fresh.length || served.size + unseen.length > most)) {
    replace(".list", next);
    announce([], fresh);
    return 1000; // faster is unreadable
  }
  const now = new Map(fresh.map((row) => [row.dataset.trace, row]));
  for (const row of rowsOf(body())) {
    const update = now.get(row.dataset.trace);
    const held = row.contains(document.activeElement) || getSelection().containsNode(row, true);
    if (!update || held || update.outerHTML === served.get(row.dataset.trace)) continue;
    keep([update]);
    row.replaceWith(update);
  }
  if (comes) {
    keep(unseen);
    body().prepend(...unseen);
  }
  if (isFirst()) announce(comes ? [] : unseen, fresh);
}

/** Only counts new traces while the page is paused. */
async function count() {
  const next = isFirst() && await fetchPage(location.href, { part: "rows" });
  if (!next || !find(".list", next)) return;
  const fresh = rowsOf(next);
  announce(fresh.filter((row) => !served.has(row.dataset.trace)), fresh);
}

/**
 * Adds the next page's rows when the reader reaches the end. The first page grows only
 * if the reader has left its top, since new rows appear there.
 */
const end = new IntersectionObserver(async ([entry]) => {
  const link = find(".older a");
  if (!entry.isIntersecting || !link || served.size >= most) return;
  end.disconnect();
  watched = false;
  const next = await fetchPage(link.href, { part: "rows" });
  const rows = next ? rowsOf(next).filter((row) => !served.has(row.dataset.trace)) : [];
  if (rows.length === 0 || !link.isConnected) return;
  keep(rows);
  body().append(...rows);
  const older = find(".older", next);
  if (older) find(".older").replaceWith(older);
  else find(".older").remove();
  watchEnd();
}, { rootMargin: "600px" });

function watchEnd() {
  const older = find(".older");
  watched = older !== null && (scrollY >= 8 || !isFirst());
  if (watched) end.observe(older);
  else end.disconnect();
}

keep(rowsOf(document));
localise(document);
fold(document);
// A facet is a link to another page: the panel stays where it was there.
find(".facets")?.scrollTo(0, Number(sessionStorage.getItem("facets") ?? 0));
addEventListener("pagehide", () => sessionStorage.setItem("facets", String(find(".facets")?.scrollTop ?? 0)));
due = performance.now() + rest;
watchEnd();

// Waiting rows appear when the reader stops reading.
const turn = () => { if (waits && !paused() && calm()) refresh(); };
const paused = () => find("[data-live]").getAttribute("aria-pressed") === "false";
document.addEventListener("scroll", () => { if (!watched) watchEnd(); }, { passive: true });
for (const event of ["pointerout", "focusout", "selectionchange", "scroll"]) document.addEventListener(event, turn);

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !body()?.contains(document.activeElement)) return;
  document.activeElement.blur();
  event.stopImmediatePropagation();
}, { capture: true });

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  // Browsers allow writing to the clipboard only on localhost and HTTPS.
  await navigator.clipboard?.writeText(button.dataset.copy);
  button.textContent = navigator.clipboard ? "Copied" : "Select the command above to copy it";
});

onChange(null, refresh, "trace", count);
