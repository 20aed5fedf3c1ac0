// Keeps the page up to date: fetches it again when something changes, and replaces
// the parts that differ.

import { offerCopies } from "../copy.mjs";
import { fetchPage, onChange, updateFoot } from "../live.mjs";
import { localise } from "../time.mjs";

const parts = (root) => root.querySelectorAll("[data-part]");
const served = new Map();
for (const part of parts(document)) served.set(part.id, part.outerHTML);
localise(document);
offerCopies(document);

const focusable = (root) => [...root.querySelectorAll("a, button, summary")];

/** Reports whether the reader has selected text in a part. It isn't replaced then. */
const selected = (part) => !getSelection().isCollapsed && getSelection().containsNode(part, true);

let puts = 0;

/** Replaces the parts that differ on a fetched page. */
function put(next) {
  puts++;
  let changed = false;
  for (const fresh of parts(next)) {
    const part = document.getElementById(fresh.id);
    if (!part || fresh.outerHTML === served.get(fresh.id) || selected(part)) continue;
    changed = true;
    served.set(fresh.id, fresh.outerHTML);
    // Folds and focus stay as the reader left them.
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

/** Identifies a fold within its part. */
const titleOf = (fold) => fold.querySelector("summary").textContent;

async function refresh() {
  const before = puts;
  const next = await fetchPage(location.href);
  if (puts !== before) return refresh(); // a newer page may have arrived meanwhile
  if (next) put(next);
}

/** Shows below a form why it failed. */
function refused(form, why) {
  const note = document.createElement("p");
  note.className = "note";
  note.role = "alert";
  note.textContent = why ?? "The workshop isn’t responding. Check in its terminal that it is running, then try again.";
  form.after(note);
}

// Forms are sent without leaving the page.
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
