// The bar and footer of every page: keys, menus, and times in the reader's time zone.

import { localise } from "./time.mjs";

for (const part of [".bar", "footer"]) localise(document.querySelector(part));

const typing = (event) => event.target.closest?.("input:not([type=checkbox]):not([type=radio]), select, textarea");
const dialog = document.querySelector("#keys");
const listKeys = () => { if (!dialog.open) dialog.showModal(); };

const button = document.querySelector("[data-keys]");
button.hidden = false;
button.addEventListener("click", listKeys);

/** Moves the focus by rows of the page's tables, or to the first row. */
function walk(step) {
  const rows = [...document.querySelectorAll("main a.row")].filter((row) => row.getClientRects().length > 0);
  const at = rows.findIndex((row) => row.closest("tr")?.contains(document.activeElement));
  const to = rows[at < 0 ? 0 : at + step];
  to?.focus();
  to?.scrollIntoView({ block: "nearest" });
}

let went = 0; // when g was pressed

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || dialog.open) return;
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.stopImmediatePropagation();
    } else if (typing(event)) {
      event.preventDefault(); // the default empties a search field
      event.target.blur();
      event.stopImmediatePropagation();
    }
    return;
  }
  if (typing(event)) return;
  const page = [...document.querySelectorAll(".bar nav a")].find((a) => a.textContent[0].toLowerCase() === event.key);
  const goes = event.timeStamp - went < 1000 && page;
  went = event.key === "g" ? event.timeStamp : -1000;
  if (goes) return page.click();
  switch (event.key) {
    case "/": {
      const field = document.querySelector("#query");
      if (!field) return;
      event.preventDefault();
      field.focus();
      field.select();
      break;
    }
    case "j": walk(1); break;
    case "k": walk(-1); break;
    case "p": document.querySelector("[data-live]:not([hidden])")?.click(); break;
    case "?": listKeys(); break;
  }
}, { capture: true });

// A click outside a menu closes it.
addEventListener("pointerdown", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// Input fields show times in the reader's time zone, and send them in UTC.
const local = (at) => new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
for (const form of document.querySelectorAll("[data-times]")) {
  for (const zone of form.querySelectorAll(".zone")) zone.remove();
  for (const field of form.querySelectorAll("[data-at]")) field.value = local(new Date(field.dataset.at));
  form.addEventListener("formdata", (event) => {
    for (const { name } of form.querySelectorAll("[type=datetime-local]")) {
      const text = event.formData.get(name);
      if (text) event.formData.set(name, new Date(text).toISOString());
      else event.formData.delete(name);
    }
  });
}
