// A rule, or bands, as they are written: problems while one types, rows without a round trip, and a session that ends in between.
// The page reads, checks and saves without it.
"use strict";

(() => {
  const form = document.getElementById("rule");
  if (!form) return;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = form) => Array.from(within.querySelectorAll(selector));
  const problems = document.getElementById("problems");
  const verdict = find(".verdict", problems);
  const list = find("ul", problems);
  const ended = document.getElementById("ended");
  let timer = null;
  let asked = 0;
  let composing = false;

  // ---- problems as one types

  function line(each) {
    const item = document.createElement("li");
    item.className = "break";
    item.textContent = "✗ " + each.problem;
    if (each.lang) item.lang = each.lang;
    if (each.remedy) {
      const remedy = document.createElement("span");
      remedy.className = "doc";
      remedy.textContent = each.remedy;
      item.append(remedy);
    }
    const text = document.getElementById("when");
    if (each.at && text) {
      // The place that a problem names is one click away.
      item.classList.add("place");
      item.addEventListener("click", () => { text.focus(); text.setSelectionRange(each.at - 1, each.at); });
    }
    return item;
  }

  // What is wrong with a row stands at the row.
  function tell(row, found) {
    const place = find(".row-told", row);
    place.replaceChildren(...found.map((each) => {
      const told = document.createElement("span");
      told.append(...line(each).childNodes);
      if (each.lang) told.lang = each.lang;
      return told;
    }));
    for (const input of all("input", row)) {
      if (found.length) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    }
  }

  function show(answer) {
    verdict.textContent = "";
    const word = document.createElement("span");
    const rows = answer.rows || {};
    word.className = answer.type ? "good" : Object.keys(rows).length ? "bad" : "muted";
    for (const row of all("[data-row]")) {
      if (find(".row-told", row)) tell(row, rows[all("input", row)[0].name.replace(/\.left$/, "")] || []);
    }
    word.textContent = (answer.type ? "✓ " : "") + answer.said;
    verdict.append(word);
    list.replaceChildren(...answer.problems.map(line));
    const written = document.getElementById("written");
    if (written) written.textContent = answer.text;
    const panel = document.getElementById("panel-line");
    if (panel && answer.panel) {
      const drawn = new DOMParser().parseFromString(answer.panel, "text/html").getElementById("panel-line");
      if (drawn) panel.replaceWith(document.importNode(drawn, true));
    }
  }

  // What the server says of the page's form; null when it could not be asked, or the session is over.
  async function ask() {
    const mine = ++asked;
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (!name.startsWith("case.")) body.append(name, value);
    let answer;
    try {
      answer = await fetch(form.dataset.check, { method: "POST", body, headers: { accept: "application/json" } });
    } catch { return null; }
    if (answer.status === 401) { ended.hidden = false; return null; }
    const said = await answer.json();
    if (answer.status === 403 && said.csrf) {
      // Signed in again in another tab: this page goes on with the new session.
      for (const field of document.querySelectorAll("input[name=csrf]")) field.value = said.csrf;
      return ask();
    }
    if (!answer.ok || mine !== asked) return null;
    ended.hidden = true;
    return said;
  }

  async function check() {
    const said = await ask();
    if (said) show(said);
  }

  function soon() {
    if (composing) return;
    clearTimeout(timer);
    timer = setTimeout(check, 350);
  }

  // Nothing is asked in the middle of what an input method composes.
  form.addEventListener("compositionstart", () => { composing = true; });
  form.addEventListener("compositionend", () => { composing = false; soon(); });
  form.addEventListener("input", (event) => {
    if (event.isComposing) return;
    if (event.target.closest("#condition")) soon();
  });
  form.addEventListener("change", (event) => { if (event.target.closest("#condition")) soon(); });

  // ---- a row that takes no value shows none

  const ALONE = ["is true", "is false", "missing", "not missing"];
  function fit(row) {
    const op = find("select", row).value;
    const right = all("input", row)[1];
    right.disabled = ALONE.includes(op);
    right.classList.toggle("away", right.disabled);
  }
  function fitAll() { for (const row of all("[data-row]")) fit(row); }
  form.addEventListener("change", (event) => {
    const row = event.target.closest("[data-row]");
    if (row) fit(row);
  });

  // ---- rows and groups without a round trip

  function renumber() {
    const top = document.getElementById("rows");
    if (!top) return;
    Array.from(top.children).forEach((item, n) => {
      if (item.dataset.group === undefined) { name(item, "p." + n, "drop." + n); return; }
      item.dataset.group = n;
      find("select", item).name = "p." + n + ".join";
      find("[data-add]", item).value = "add." + n;
      find("[data-drop-group]", item).value = "drop." + n;
      Array.from(find("ul", item).children).forEach((row, m) => name(row, "p." + n + "." + m, "drop." + n + "." + m));
    });
    fitAll();
    soon();
  }

  function name(row, prefix, drop) {
    const [left, right] = all("input", row);
    left.name = prefix + ".left";
    find("select", row).name = prefix + ".op";
    right.name = prefix + ".right";
    find(".drop", row).value = drop;
    find(".row-told", row).id = prefix + ".told";
    for (const input of [left, right]) input.setAttribute("aria-describedby", prefix + ".told");
  }

  function fresh(id) {
    return document.importNode(document.getElementById(id).content, true).firstElementChild;
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const rows = document.getElementById("rows");
    if (!rows) return;
    if (button.matches("[data-add]")) {
      const inner = button.closest("[data-group]");
      const row = fresh("row-template");
      (inner ? find("ul", inner) : rows).append(row);
      event.preventDefault();
      renumber();
      find("input", row).focus();
    } else if (button.matches("[data-group-add]")) {
      const group = fresh("group-template");
      find("ul", group).append(fresh("row-template"), fresh("row-template"));
      rows.append(group);
      event.preventDefault();
      renumber();
      find("input", group).focus();
    } else if (button.matches("[data-drop-group]")) {
      button.closest("[data-group]").remove();
      event.preventDefault();
      renumber();
    } else if (button.matches("[data-row] .drop")) {
      const row = button.closest("[data-row]");
      const inner = row.closest("[data-group]");
      row.remove();
      if (inner && !find("ul", inner).children.length) inner.remove();
      event.preventDefault();
      renumber();
    }
  });

  // ---- saving: asked first whether the session is still there, so that nothing that was typed leaves the page for nothing

  let sure = false;
  form.addEventListener("submit", async (event) => {
    if (sure) return;
    event.preventDefault();
    const button = event.submitter;
    const said = await ask();
    if (!said && !ended.hidden) { ended.scrollIntoView({ block: "nearest" }); return; }
    sure = true;
    form.requestSubmit(button);
    sure = false;
  });

  // Typed text that was not saved is not left without a word.
  let isTyped = form.dataset.typed === "yes";
  form.addEventListener("input", () => { isTyped = true; });
  form.addEventListener("submit", () => { if (sure) isTyped = false; });
  window.addEventListener("beforeunload", (event) => { if (isTyped) event.preventDefault(); });

  fitAll();
})();
