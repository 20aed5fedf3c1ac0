// What a screen reader or a keyboard finds its way by, and is missing or wrong.
() => {
  const wrong = [];
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const show = (element) => element.outerHTML.slice(0, 120);
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });

  if (!document.documentElement.lang) wrong.push("the page has no language");
  if (!document.title.trim()) wrong.push("the page has no title");
  if (all("main").length !== 1) wrong.push(`the page has ${all("main").length} main elements, not one`);

  const headings = all("h1, h2, h3, h4, h5, h6, [role=heading]").filter(shown);
  const level = (heading) => Number(heading.getAttribute("aria-level") ?? heading.tagName[1]);
  const first = headings.filter((heading) => level(heading) === 1).length;
  if (first !== 1) wrong.push(`the page has ${first} headings of level 1, not one`);
  headings.reduce((before, heading) => {
    if (level(heading) > before + 1) wrong.push(`a heading of level ${level(heading)} follows one of level ${before}: ${show(heading)}`);
    if (!heading.textContent.trim()) wrong.push(`a heading is empty: ${show(heading)}`);
    return level(heading);
  }, 0);

  const ids = new Set();
  for (const { id } of all("[id]")) {
    if (ids.has(id)) wrong.push(`two elements have the ID ${id}`);
    ids.add(id);
  }
  for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "aria-details", "aria-activedescendant", "aria-errormessage", "for", "list", "form"]) {
    for (const element of all(`[${name}]`)) {
      for (const id of element.getAttribute(name).split(/\s+/).filter(Boolean)) {
        if (!ids.has(id)) wrong.push(`${name} names ${id}, which is not here: ${show(element)}`);
      }
    }
  }
  for (const link of all("a[href*='#']")) {
    const to = new URL(link.href);
    const hash = decodeURIComponent(to.hash.slice(1));
    if (to.href.split("#")[0] === location.href.split("#")[0] && hash && !ids.has(hash)) wrong.push(`a link goes to #${hash}, which is not here: ${show(link)}`);
  }

  for (const table of all("table").filter(shown)) {
    if (all("th", table).length === 0) wrong.push(`a table has no headings: ${show(table)}`);
    for (const heading of all("th:not([scope])", table)) wrong.push(`a table's heading has no scope: ${show(heading)}`);
  }
  for (const image of all("img:not([alt])")) wrong.push(`a picture has no text: ${show(image)}`);
  for (const drawing of all("svg").filter((svg) => !svg.parentElement.closest("svg") && !svg.closest("[aria-hidden=true]") && svg.getAttribute("role") !== "img" && !svg.closest("[role=img]"))) {
    const groupsLinks = drawing.matches("[role=group][aria-label]") && drawing.querySelector("a[href]");
    if (!groupsLinks) wrong.push(`a drawing is neither an image with a name, nor a group of links with one, nor hidden: ${show(drawing)}`);
  }
  for (const element of all("[tabindex]").filter((e) => e.tabIndex > 0)) wrong.push(`an element is out of the order of focus: ${show(element)}`);
  for (const element of all("[aria-hidden=true]")) {
    const within = all("a[href], button, input, select, textarea, summary, [tabindex='0']", element).filter(shown)[0];
    if (within) wrong.push(`what is hidden from screen readers can be focused: ${show(within)}`);
  }
  for (const inside of all("a[href] a[href], a[href] button, button a[href], summary a[href], summary button")) wrong.push(`a control is within another: ${show(inside)}`);
  for (const list of all("ul, ol")) {
    const other = [...list.children].find((child) => !["LI", "TEMPLATE", "SCRIPT"].includes(child.tagName));
    if (other && !list.hasAttribute("role")) wrong.push(`a list has a child that is no item: ${show(other)}`);
  }
  return wrong;
}
