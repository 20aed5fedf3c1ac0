// The lesson keeps itself fresh: what runs, the checklist and the answers come
// again from the server, part by part, and stay where they are otherwise.

import { offerCopies } from "../copy.mjs";
import { fetchPage, onChange, updateFoot } from "../live.mjs";
import { localise } from "../time.mjs";

const parts = (root) => root.querySelectorAll("[data-part]");
const served = new Map();
for (const part of parts(document)) served.set(part.id, part.outerHTML);
localise(document);
offerCopies(document);

const focusable = (root) => [...root.querySelectorAll("a, button, summary")];

/** What in a part is being read or written, and is not to be taken away. */
const selected = (part) => !getSelection().isCollapsed && getSelection().containsNode(part, true);

let puts = 0;

/** Puts what is new on a page that was fetched in the place of what is there. */
function put(next) {
  puts++;
  let changed = false;
  for (const fresh of parts(next)) {
    const part = document.getElementById(fresh.id);
    if (!part || fresh.outerHTML === served.get(fresh.id) || selected(part)) continue;
    changed = true;
    served.set(fresh.id, fresh.outerHTML);
    // What its reader has folded, or has in focus, stays so, as far as it is there.
    const folded = new Map([...part.querySelectorAll("details")].map((d) => [titleOf(d), d.open]));
    const focused = focusable(part).indexOf(document.activeElement);
    localise(fresh);
    part.className = fresh.className;
    part.replaceChildren(...fresh.childNodes);
    for (const d of part.querySelectorAll("details")) d.open = folded.get(titleOf(d)) ?? d.open;
    offerCopies(part);
    if (focused >= 0) focusable(part)[focused]?.focus({ preventScroll: true });
  }
  if (changed) updateFoot(next);
}

/** Which of a part's folds it is. */
const titleOf = (fold) => fold.querySelector("summary").textContent;

async function refresh() {
  const before = puts;
  const next = await fetchPage(location.href);
  if (puts !== before) return refresh(); // what was put meanwhile may be newer
  if (next) put(next);
}

/** Says below a form why what it asked for was not done. */
function refused(form, why) {
  const note = document.createElement("p");
  note.className = "note";
  note.role = "alert";
  note.textContent = why ?? "The workshop does not answer. Does it still run?";
  form.after(note);
}

// A form is sent without leaving the page: what it changes appears in place.
document.querySelector("main").addEventListener("submit", async (event) => {
  const { target: form, submitter: button } = event;
  event.preventDefault();
  if (form.ariaBusy === "true") return;
  const body = new URLSearchParams(new FormData(form, button));
  form.ariaBusy = "true";
  if (form.nextElementSibling?.matches(".note[role=alert]")) form.nextElementSibling.remove();
  const says = button.textContent;
  if (says === "Run") button.textContent = "Running";
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok) put(next);
    else refused(form, next.querySelector("main p")?.textContent);
  } catch {
    refused(form);
  } finally {
    form.ariaBusy = null;
    if (button.textContent === "Running") button.textContent = says;
  }
});

onChange(null, refresh, document.querySelector("main").dataset.news);
