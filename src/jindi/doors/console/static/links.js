// The picture of links by keys, and the days of its range as they are moved. Every page reads and submits without it.
"use strict";

(() => {
  const nodes = Array.from(document.querySelectorAll("#links-picture a.node"));
  const controls = document.querySelector("#links-controls");

  // ---- the range of days

  if (controls) {
    const day = (ordinal) => new Date((ordinal - 719163) * 86400000).toISOString().slice(0, 10);
    for (const field of controls.querySelectorAll("input[type=range]")) {
      const told = controls.querySelector(`[data-day-of=${field.name}]`);
      field.addEventListener("input", () => { told.textContent = day(Number(field.value)); });
      field.addEventListener("change", () => controls.requestSubmit());
    }
    const depth = controls.querySelector("[name=depth]");
    if (depth && depth.tagName === "SELECT") depth.addEventListener("change", () => controls.requestSubmit());
  }

  // ---- keys

  if (!nodes.length || document.documentElement.dataset.keys !== "on") return;
  const first = Math.max(nodes.findIndex((node) => node.hasAttribute("aria-current")), 0);
  const at = () => nodes.indexOf(document.activeElement);

  function move(step) {
    const here = at();
    const next = here < 0 ? first : (here + step + nodes.length) % nodes.length;
    nodes[next].focus({ preventScroll: true });
  }

  document.addEventListener("keydown", (event) => {
    // An input method that is composing Chinese sends keys that are not commands.
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    const help = document.querySelector("#help");
    if (help && help.open) return;
    switch (event.key) {
      case "j": move(1); break;
      case "k": move(-1); break;
      case "e": {
        const node = nodes[at()];
        const way = node ? node.dataset.expand : (document.querySelector("#expand") || {}).href;
        if (way) location.href = way;
        break;
      }
    }
  });
})();
