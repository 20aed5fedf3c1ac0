// The lesson keeps itself fresh: what runs, the checklist and the answers come
// again from the server, part by part, and stay where they are otherwise.

import { offerCopies } from "../copy.mjs";
import { fetchPage, onChange, updateFoot } from "../live.mjs";
import { localise } from "../time.mjs";

const parts = (root) => root.querySelectorAll("[data-part]");
const served = new Map();
const enliven = (root) => { localise(root); offerCopies(root); };
for (const part of parts(document)) served.set(part.id, part.outerHTML);
enliven(document);

const focusable = (root) => [...root.querySelectorAll("a, button, summary")];

/** What in a part is being read or written, and is not to be taken away. */
const selected = (part) => !getSelection().isCollapsed && getSelection().containsNode(part, true);

/** Puts what is new on a page that was fetched in the place of what is there. */
function put(next) {
  for (const fresh of parts(next)) {
    const part = document.getElementById(fresh.id);
    if (!part || fresh.outerHTML === served.get(fresh.id) || selected(part)) continue;
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
  updateFoot(next);
}

/** Which of a part's folds it is. */
const titleOf = (fold) => fold.querySelector("summary").textContent;

async function refresh() {
  const next = await fetchPage(location.href);
  if (next) put(next);
}

/** Says below a form why what it asked for was not done. */
function refused(form, why) {
  const note = document.createElement("p");
  note.className = "note";
  note.role = "alert";
  note.textContent = why ?? "The agent did not take this. Its log says why.";
  if (form.nextElementSibling?.matches(".note[role=alert]")) form.nextElementSibling.remove();
  form.after(note);
}

// A form is sent without leaving the page: what it changes appears in place.
document.querySelector("main").addEventListener("submit", async (event) => {
  const { target: form, submitter: button } = event;
  event.preventDefault();
  if (form.ariaBusy === "true") return;
  const body = new URLSearchParams(new FormData(form, button));
  form.ariaBusy = "true";
  const says = button.textContent;
  if (says === "Run") button.textContent = "Running";
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.ok) put(next);
    else refused(form, next.querySelector("main p")?.textContent);
  } catch {
    // The agent is gone; the light is out.
  } finally {
    form.ariaBusy = null;
    if (button.textContent === "Running") button.textContent = says;
  }
});

onChange(null, refresh, document.querySelector("main").dataset.news);
