// One trace: selecting, searching and changes of the trace all fetch the page again and
// replace the parts that changed, without moving what the reader looks at.

import { fetchPage, onChange, updateFoot } from "./live.mjs";
import { localise } from "./time.mjs";
import { offerCopies } from "./copy.mjs";
import { mountFlame } from "./flame.mjs";

const main = () => document.querySelector("main");
const part = (root, name) => root.querySelector(`[data-part="${name}"]`);
const names = ["head", "tools", "view", "panel"];
const served = new Map(); // HTML as it was served, by part
let flame, wanted, busy, shown = "";

/** Returns a flame graph's HTML without the selected span, which doesn't change the drawing. */
const drawing = (html) => html.replace(/ aria-current="true"| data-chosen="[^"]*"|\s*<noscript>[^]*<\/noscript>/g, "");

function dress(root) {
  // Of a page that was fetched they are elements, with the IDs of those that count.
  for (const element of root.querySelectorAll("noscript")) element.remove();
  localise(root);
  offerCopies(root);
}

function remember(root) {
  for (const name of names) served.set(name, part(root, name)?.innerHTML);
}

const page = {
  /** Shows the page at an address; walking adds no history entries. */
  go(href, walking = false) {
    const url = new URL(href, location.href);
    url.hash = "";
    if (url.href !== location.href) history[walking ? "replaceState" : "pushState"](null, "", url);
    return show(url);
  },
  announce(text) { document.querySelector("[data-announce]").textContent = text; },
};

function mount() {
  const element = document.querySelector("[data-flame]");
  flame = element ? mountFlame(element, page, flame) : flame?.leave();
}

/**
 * Shows what is at an address, as soon as what is under way is done: who walks
 * quickly has not each step worked out by the server, but the last one.
 */
function show(url, news = false) {
  wanted = { url, news: news || wanted?.news };
  busy ??= (async () => {
    try {
      while (wanted) {
        const { url, news } = wanted;
        wanted = undefined;
        await take(url, news);
      }
    } finally {
      busy = undefined;
    }
  })();
  return busy;
}

async function take(url, news) {
  const next = await fetchPage(url, { signal: AbortSignal.timeout(20_000) });
  if (wanted) wanted.news ||= news;
  if (!next || wanted) return;
  updateFoot(next);
  document.title = next.title;
  const fresh = next.querySelector("main");
  if (!fresh) return;
  if (!part(fresh, "head") || !part(main(), "head")) {
    if (fresh.innerHTML === shown) return;
    shown = fresh.innerHTML;
    remember(fresh);
    dress(fresh);
    main().replaceWith(fresh);
    return mount();
  }
  let changed;
  keepInPlace(() => { changed = names.filter((name) => replace(name, part(fresh, name))); });
  // Whatever else has changed would be seen in what stands above.
  if (news && changed.some((name) => name !== "panel")) await flame?.news();
}

/** Takes over a part of the page; tells whether it has changed. */
function replace(name, fresh) {
  const html = fresh.innerHTML, before = served.get(name);
  const old = part(main(), name);
  if (html === before) return false;
  served.set(name, html);
  const graph = fresh.querySelector("[data-flame]");
  if (graph && flame && drawing(html) === drawing(before)) {
    flame.choose(new URLSearchParams(location.search).get("span"), graph.dataset.chosen);
    return false;
  }
  dress(fresh);
  const typed = old.querySelector("#query");
  if (typed && typed === document.activeElement) {
    replaceAround(typed, old, fresh);
    return true;
  }
  old.replaceWith(fresh);
  if (name === "view") mount();
  return true;
}

/** Leaves the field as it is that is being typed into. */
function replaceAround(field, old, fresh) {
  const form = field.form, next = fresh.querySelector("form");
  form.querySelector(".hits").replaceWith(next.querySelector(".hits"));
  for (const other of form.querySelectorAll("input[type=hidden]")) other.remove();
  form.prepend(...next.querySelectorAll("input[type=hidden]"));
  for (const selector of [".tabs", ".only", ".legend"]) {
    const from = old.querySelector(selector), to = fresh.querySelector(selector);
    if (from && to) from.replaceWith(to);
  }
}

/** Changes the page, and leaves what is looked at and what is focused where it is. */
function keepInPlace(change) {
  const focused = document.activeElement?.id;
  const row = [...document.querySelectorAll(".rows > li")].find((each) => each.getBoundingClientRect().bottom > 0);
  const at = row?.getBoundingClientRect().top;
  const { scrollX, scrollY } = window;
  change();
  const same = row && scrollY > 0 && document.getElementById(row.id);
  if (same) scrollBy(0, same.getBoundingClientRect().top - at);
  else scrollTo(scrollX, scrollY);
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Waits until the reader has let go of the text they are selecting. */
function unlessSelecting(then) {
  const selection = getSelection();
  if (selection.isCollapsed || !main().contains(selection.anchorNode)) return then();
  document.addEventListener("selectionchange", () => unlessSelecting(then), { once: true });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a.choose, a.box, a.node, a.fold, a.close, a.go, .listed a, .trace-tools a");
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  link.focus({ preventScroll: true });
  page.go(link.getAttribute("href"));
});

const found = (step) => document.querySelector(`[data-step="${step}"]`);
let typing;
document.addEventListener("input", (event) => {
  if (event.target.id !== "query") return;
  clearTimeout(typing);
  typing = setTimeout(() => search(event.target), 200);
});
document.addEventListener("submit", async (event) => {
  if (!event.target.matches(".finding")) return;
  event.preventDefault();
  clearTimeout(typing);
  const field = event.target.querySelector("#query");
  if ((new URLSearchParams(location.search).get("find") ?? "") !== field.value) await search(field);
  if (found("next")) page.go(found("next").getAttribute("href"), true);
});

function search(field) {
  const url = new URL(location.href);
  if (field.value) url.searchParams.set("find", field.value);
  else url.searchParams.delete("find");
  return page.go(url, true);
}

document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
  const writing = event.target.closest?.("input, select, textarea");
  const close = document.querySelector("a.close");
  if (writing) return;
  if (event.key === "Escape" && close) return page.go(close.getAttribute("href"));
  walkRows(event);
});

/** The arrows walk the waterfall from the row in focus, and take the panel along. */
function walkRows(event) {
  const row = document.activeElement?.closest(".rows > li");
  if (!row) return;
  const fold = row.querySelector("a.fold");
  const open = fold?.textContent === "▾";
  if (fold && (event.key === "ArrowLeft" && open || event.key === "ArrowRight" && !open)) {
    event.preventDefault();
    return page.go(fold.getAttribute("href"));
  }
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const to = step && row[step]?.querySelector("a.choose, a.fold");
  if (!to) return;
  event.preventDefault();
  to.focus();
  if (to.matches(".choose") && document.querySelector("a.close")) page.go(to.getAttribute("href"), true);
}

addEventListener("popstate", () => show(location.href));
remember(document);
shown = main().innerHTML;
dress(document);
mount();
onChange(main().dataset.trace, () => unlessSelecting(() => show(location.href, true)));
