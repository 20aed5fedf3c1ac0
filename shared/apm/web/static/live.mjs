// News from the server, and pages fetched again.

/**
 * Calls changed() soon after a trace has changed, and whenever news may have
 * been missed. With a trace's ID, after that trace has; with the kind "intake",
 * after the intake has answered a request. A page in the background lets go of
 * its connection: browsers allow only a few.
 */
export function onChange(trace, changed, kind = "trace") {
  const url = `/api/events?kind=${kind}${trace ? `&trace=${encodeURIComponent(trace)}` : ""}`;
  const light = document.querySelector("[data-live]");
  let source, due, again;

  // One at a time: an answer may take longer than the next change.
  const soon = () => {
    again = true;
    due ??= setTimeout(async () => {
      again = false;
      try {
        await changed();
      } finally {
        due = undefined;
        if (again) soon();
      }
    }, 150);
  };
  const open = () => {
    source = new EventSource(url);
    source.onopen = () => { light.hidden = false; soon(); };
    source.addEventListener(kind, soon);
    source.onerror = () => { light.hidden = true; };
  };
  const follow = () => {
    if (document.hidden) {
      source?.close();
      source = undefined;
    } else if (!source) {
      open();
    }
  };
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => { source?.close(); source = undefined; });
  addEventListener("pageshow", follow);
  follow();
}

/** The page at url as a document, also where its status says not found; null where it cannot be had. */
export async function fetchPage(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html", "X-Refresh": "1" } });
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null; // the agent is gone; the light is out
  }
}

/** Takes the foot line over from a page fetched again. */
export function updateFoot(next) {
  const fresh = next.querySelector("footer");
  if (fresh) document.querySelector("footer").replaceWith(fresh);
}
