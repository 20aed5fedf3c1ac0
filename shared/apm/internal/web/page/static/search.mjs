// The search field. It is a plain form; this saves its users some keys.

const field = document.querySelector("#query");

if (matchMedia("(hover: hover)").matches) field.placeholder = field.placeholder.replace("Search", "Search ( / )");

document.querySelector("#scope").addEventListener("change", () => field.form.requestSubmit());

// The cursor goes to where the query is wrong. The server counts characters,
// the field UTF-16 units.
const wrong = document.querySelector("#wrong");
if (wrong) {
  const before = [...field.value].slice(0, Number(wrong.dataset.offset)).join("").length;
  field.focus();
  field.setSelectionRange(before, before);
}
