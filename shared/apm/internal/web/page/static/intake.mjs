// Deletes all traces after a confirmation. The page may be replaced at any time, except
// for the dialog.

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
