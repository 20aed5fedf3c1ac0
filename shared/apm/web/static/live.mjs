// News from the server, and pages fetched again.

import { localise } from "./time.mjs";

/**
 * Calls changed() soon after a trace has changed, and whenever news may have
 * been missed, but not while the reader has paused the page. With a trace's ID,
 * after that trace has; with the kind "intake", after the intake has answered a
 * request. Refreshing takes at most a part of the page's time, however much
 * comes. A page in the background lets go of its connection: browsers allow only
 * a few. A page without the button is not live. While the page is paused,
 * whilePaused() is called instead, if there is such a thing. Either may ask for a
 * rest, in milliseconds, by what it returns.
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
  // One at a time: an answer may take longer than the next change.
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
 * The page at url as a document, also where its status says not found; null where
 * it cannot be had, or is not wanted any more. Of the list, part "rows" is its
 * rows alone.
 */
export async function fetchPage(url, { part = "page", signal } = {}) {
  try {
    const answer = await fetch(url, { signal, headers: { Accept: "text/html", "X-Refresh": part } });
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null; // the agent is gone; the light is out
  }
}

/** Takes the foot line over from a page fetched again. */
export function updateFoot(next) {
  const fresh = next.querySelector("footer");
  if (!fresh) return;
  localise(fresh);
  document.querySelector("footer").replaceWith(fresh);
}
