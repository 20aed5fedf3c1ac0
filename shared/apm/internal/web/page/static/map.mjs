// A map: who points at a service, or has it in focus, sees its calls alone.

let lit;

/** Shows the calls of one node, or of all for none. */
function light(node) {
  if (node === lit) return;
  lit = node;
  for (const map of document.querySelectorAll(".map")) {
    const id = map.contains(node) ? node.dataset.node : null;
    const kept = new Set([id]);
    map.classList.toggle("lit", id !== null);
    for (const edge of map.querySelectorAll(".edge")) {
      const { from, to } = edge.dataset;
      const own = from === id || to === id;
      if (own) kept.add(from).add(to);
      edge.classList.toggle("kept", own);
    }
    for (const other of map.querySelectorAll(".node")) other.classList.toggle("kept", kept.has(other.dataset.node));
  }
}

const nodeOf = (target) => target?.closest?.("[data-node]") ?? null;
document.addEventListener("pointerover", (event) => light(nodeOf(event.target) ?? nodeOf(document.activeElement)));
document.addEventListener("focusin", (event) => light(nodeOf(event.target)));
document.addEventListener("focusout", () => light(null));
addEventListener("page", () => { lit = undefined; light(nodeOf(document.activeElement)); });
