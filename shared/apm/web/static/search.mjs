// The search field. It is a plain form; this saves its users some keys.

const field = document.querySelector("#query");

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea");
  if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || typing) return;
  event.preventDefault();
  field.focus();
  field.select();
});

document.querySelector("#scope").addEventListener("change", () => field.form.requestSubmit());
