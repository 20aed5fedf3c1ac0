// The list keeps itself fresh: rows that changed are replaced where they
// stand. New rows come in at the top only while nobody is reading; otherwise a
// line says how many wait.

import { fetchPage, onChange, updateFoot } from "./live.mjs";
import { localise } from "./time.mjs";

const rowsOf = (root) => [...root.querySelectorAll("tr[data-trace]")];
const served = new Map(rowsOf(document).map((row) => [row.dataset.trace, row.outerHTML]));
localise(document);

const most = 500; // rows on the page, before new ones wait for a fresh one

/** What the search found; the search itself stays as it is being typed. */
const list = (root = document) => root.querySelector(".list");

/** Nobody points at the rows, has one in focus, has scrolled or selected text. */
function calm() {
  const body = document.querySelector("tbody");
  return scrollY < 8 && !body.matches(":hover") && !body.contains(document.activeElement)
    && getSelection().isCollapsed;
}

function announce(count, full) {
  const line = document.querySelector(".news");
  line.replaceChildren();
  if (count === 0) return;
  const link = document.createElement("a");
  link.href = list().dataset.newest;
  link.textContent = `${count}${full ? " or more" : ""} new ${count === 1 ? "trace" : "traces"}`;
  line.append(link);
}

/** Shows the list as it is now, in place of what is there. */
function replace(next) {
  served.clear();
  for (const row of rowsOf(next)) served.set(row.dataset.trace, row.outerHTML);
  localise(next);
  list().replaceWith(list(next));
}

async function refresh() {
  const next = await fetchPage(location.href);
  if (!next || !list(next)) return; // the agent is gone, or in trouble
  updateFoot(next);
  const body = document.querySelector("tbody");
  const fresh = rowsOf(next);
  if (!body) {
    const says = (root) => root.querySelector(".empty h2")?.textContent;
    if (fresh.length > 0 || says(next) !== says(document)) replace(next);
    return;
  }

  for (const row of rowsOf(body)) {
    const update = fresh.find((r) => r.dataset.trace === row.dataset.trace);
    if (!update || update.outerHTML === served.get(row.dataset.trace) || row.contains(document.activeElement)) continue;
    served.set(row.dataset.trace, update.outerHTML);
    localise(update);
    row.replaceWith(update);
  }

  if (!("first" in list().dataset)) return;
  const unseen = rowsOf(next).filter((row) => !served.has(row.dataset.trace));
  const gap = unseen.length === fresh.length; // more came than a page holds
  if (unseen.length === 0 || !calm() || rowsOf(body).length > most) {
    announce(unseen.length, gap);
  } else if (gap) {
    replace(next);
  } else {
    for (const row of unseen) served.set(row.dataset.trace, row.outerHTML);
    unseen.forEach(localise);
    body.prepend(...unseen);
    announce(0);
  }
}

// When the pointer leaves the rows, what waited may come in.
document.addEventListener("pointerout", (event) => {
  const body = document.querySelector("tbody");
  const waits = document.querySelector(".news")?.hasChildNodes();
  if (waits && body?.contains(event.target) && !body.contains(event.relatedTarget)) refresh();
});

onChange(null, refresh);
