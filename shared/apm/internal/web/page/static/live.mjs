// Live updates: events from the server, and fetching pages again.
// See decisions/nothing-moves.md.

import { localise } from "./time.mjs";

/**
 * Calls changed() soon after a trace changed, and whenever events may have been
 * missed, but not while the reader paused the page. With a trace's ID it reacts to
 * that trace only; with the kind "intake", to requests to the intake. However many
 * events arrive, refreshing takes only a part of the page's time. A page in the
 * background closes its connection, since browsers allow only a few. A page without
 * the button is not live. While the page is paused, it calls whilePaused() instead, if
 * given. Either may return how long to rest, in milliseconds.
 */
export function onChange(trace, changed, kind = "trace", whilePaused) {
  const url = `/api/events?kind=${kind}${trace ? `&trace=${encodeURIComponent(trace)}` : ""}`;
  const button = document.querySelector("[data-live]");
  if (!button) return;
  let source, due, again, rest = 150, paused = false;

  const label = () => {
    button.textContent = paused ? "Paused" : "Live";
    button.title = paused ? "Resume live updates" : "Pause live updates";
  };
  // One at a time: a response may take longer than the next change.
  const soon = () => {
    again = true;
    if (paused && !whilePaused) return;
    due ??= setTimeout(async () => {
      again = false;
      const began = performance.now();
      let asked;
      try {
        asked = await (paused ? whilePaused ?? (() => { again = true; }) : changed)();
      } finally {
        rest = Math.min(5000, Math.max(150, asked ?? 0, 4 * (performance.now() - began)));
        due = undefined;
        if (again) soon();
      }
    }, rest);
  };
  const open = () => {
    source = new EventSource(url);
    source.onopen = () => { button.hidden = false; button.classList.remove("gone"); label(); soon(); };
    source.addEventListener(kind, soon);
    source.onerror = () => {
      button.classList.add("gone");
      button.textContent = "Disconnected – retrying";
      button.title = "The agent does not respond. Live updates resume when it does.";
    };
  };
  const follow = () => {
    if (document.hidden) {
      source?.close();
      source = undefined;
    } else if (!source) {
      open();
    }
  };
  button.addEventListener("click", () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(!paused));
    label();
    if (!paused) soon();
  });
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => { source?.close(); source = undefined; });
  addEventListener("pageshow", follow);
  follow();
}

/**
 * Fetches the page at url as a document, also with the status 404. Returns null if the
 * request fails or is aborted. The part "rows" fetches only the rows of the list.
 */
export async function fetchPage(url, { part = "page", signal } = {}) {
  try {
    const answer = await fetch(url, { signal, headers: { Accept: "text/html", "X-Refresh": part } });
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null; // the agent does not respond
  }
}

/** Replaces the footer by that of a page fetched again. */
export function updateFoot(next) {
  const fresh = next.querySelector("footer");
  if (!fresh) return;
  localise(fresh);
  document.querySelector("footer").replaceWith(fresh);
}
