// Keys for whoever works cases, and a count of ticked rows. Every page reads and submits without it.
"use strict";

(() => {
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const boxes = () => all("input[form=ticked][type=checkbox]");
  const chosen = () => find("table[data-list] tr.chosen");

  // ---- ticked rows

  const note = find("#ticked-count");
  const first = note ? note.textContent : "";
  const whole = find("#tick-all");

  function counted() {
    if (!note) return;
    const n = boxes().filter((box) => box.checked).length;
    note.textContent = n ? note.dataset.words.replace("%n%", n) : first;
    whole.checked = n > 0 && n === boxes().length;
    whole.indeterminate = n > 0 && !whole.checked;
  }

  if (note) {
    whole.hidden = false;
    whole.addEventListener("change", () => { for (const box of boxes()) box.checked = whole.checked; counted(); });
    document.addEventListener("change", counted);
    counted();
    // Enter in a field of the bar presses the button beside it, not the first of the form.
    for (const field of all("#ticked .group input")) {
      field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
        event.preventDefault();
        find("button", field.closest(".group")).click();
      });
    }
  }

  // ---- on paper

  for (const button of all("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // ---- one case

  function verdict(n) {
    const choice = all("#close [name=verdict]")[n];
    if (!choice) return;
    choice.checked = true;
    find("#close [name=why]").focus();
  }

  function send(selector) {
    const form = find(selector);
    if (form) form.requestSubmit();
  }

  function toMe() {
    const row = chosen();
    if (row && !boxes().some((box) => box.checked)) find("input[form=ticked]", row).checked = true;
    if (boxes().some((box) => box.checked)) send("#ticked");
  }

  function go(selector) {
    const link = find(selector);
    if (link) link.click();
  }

  const comment = find("#note");
  if (comment) {
    comment.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) comment.form.requestSubmit();
    });
  }

  if (document.documentElement.dataset.keys !== "on") return;
  document.addEventListener("keydown", (event) => {
    // An input method that is composing Chinese sends keys that are not commands.
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.repeat) return;
    // What a radio or a checkbox has the focus for is no text: commands work there, too.
    const field = event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]");
    const help = find("#help");
    if (field || (help && help.open)) return;
    switch (event.key) {
      case "x": {
        const row = chosen();
        const box = row && find("input[form=ticked]", row);
        if (box) { box.checked = !box.checked; counted(); }
        break;
      }
      case "a": if (note) toMe(); else { const take = find("#take"); if (take) take.form.requestSubmit(); } break;
      case "c": if (comment) { comment.focus(); event.preventDefault(); } break;
      case "1": case "2": case "3": verdict(Number(event.key) - 1); event.preventDefault(); break;
      case "n": send("#take-next"); break;
      case "[": go("#previous"); break;
      case "]": go("#following"); break;
    }
  });
})();
