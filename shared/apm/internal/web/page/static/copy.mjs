// Adds a Copy button to each value with data-copy.

export function offerCopies(root) {
  for (const value of root.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => copy(value, button));
    const link = value.nextElementSibling;
    (link?.matches(".same") ? link : value).after(button);
  }
}

async function copy(value, button) {
  try {
    await navigator.clipboard.writeText(value.textContent);
    button.textContent = "Copied";
  } catch { // not allowed: select the value, so that the reader can copy it
    getSelection().selectAllChildren(value);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}
