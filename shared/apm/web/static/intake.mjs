// The intake page keeps itself fresh, except while somebody reads: then it
// waits until the pointer has left the tables and no text is selected.

import { fetchPage, onChange, updateFoot } from "./live.mjs";
import { localise } from "./time.mjs";

const main = () => document.querySelector("main");
let served = main().innerHTML;
let waits = false;
localise(document);

const reading = () => document.querySelector("main table:hover") !== null || !getSelection().isCollapsed;

async function refresh() {
  const next = await fetchPage("/intake");
  const fresh = next?.querySelector("main.intake");
  waits = reading();
  if (!fresh || waits || fresh.innerHTML === served) return;
  served = fresh.innerHTML;
  updateFoot(next);
  localise(fresh);

  // Tables stay where they have been scrolled to.
  const scrolled = [...main().querySelectorAll(".scroll")].map((table) => table.scrollLeft);
  const same = fresh.querySelectorAll(".scroll").length === scrolled.length;
  main().replaceWith(fresh);
  if (same) fresh.querySelectorAll(".scroll").forEach((table, i) => { table.scrollLeft = scrolled[i]; });
}

document.addEventListener("pointerout", () => { if (waits && !reading()) refresh(); });
document.addEventListener("selectionchange", () => { if (waits && !reading()) refresh(); });

// The page may be replaced at any time, but for the dialog.
const dialog = document.querySelector("#clear");
const sorry = dialog.querySelector("[role=alert]");
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-clear]")) return;
  sorry.hidden = true;
  dialog.returnValue = "";
  dialog.showModal();
});
dialog.addEventListener("close", async () => {
  if (dialog.returnValue !== "clear") return;
  const answer = await fetch("/api/traces", { method: "DELETE" }).catch(() => undefined);
  if (answer?.ok) return location.reload();
  sorry.hidden = false;
  dialog.returnValue = "";
  dialog.showModal();
});

onChange(null, refresh, "intake");
