// The console's own script. Every page reads and submits without it; it adds live rows, fresh figures and keys.
"use strict";

const root = document.documentElement;
const find = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));

// ---- the live list --------------------------------------------------------------------------------------

function liveList(panel) {
  const part = (name) => find(`[data-part="${name}"]`, panel);
  const words = panel.dataset;
  const body = part("rows");
  const rowsMax = Number(words.rows);
  let last = Number(words.after);
  let held = [];
  let paused = false;
  let reading = false;
  let lastSign = Date.now();
  let lastAt = "";
  let state = "";

  function build(row) {
    const line = document.importNode(find("#live-row").content, true).firstElementChild;
    const [at, outcome, score, type, amount, rules] = line.children;
    const link = at.firstElementChild;
    link.href = "/console/decisions/" + encodeURIComponent(row.id);
    link.title = row.at_full;
    link.textContent = row.at;
    outcome.append(document.importNode(find("#mark-" + row.outcome).content, true));
    for (const trouble of ["degraded", "late"]) {
      if (row[trouble]) outcome.append(document.importNode(find("#badge-" + trouble).content, true));
    }
    score.textContent = row.score;
    type.textContent = row.type[words.lang];
    type.title = row.event_type;
    amount.textContent = row.amount ? row.amount[words.lang] : "";
    rules.textContent = row.rules[0] || "";
    if (row.rules.length > 1) {
      const more = document.createElement("span");
      more.className = "muted";
      more.textContent = " +" + (row.rules.length - 1);
      rules.append(more);
    }
    return line;
  }

  function show() {
    const holding = paused || reading;
    if (!holding && held.length) {
      body.prepend(...held.slice(-rowsMax).reverse().map(build));
      while (body.rows.length > rowsMax) body.lastElementChild.remove();
      held = [];
      part("empty").hidden = true;
    }
    const note = part("held");
    note.hidden = !held.length;
    note.textContent = held.length ? words.held.replace("%n%", held.length) : "";
  }

  function take(rows) {
    const fresh = rows.filter((row) => row.seq > last);
    if (!fresh.length) return;
    last = fresh[fresh.length - 1].seq;
    held = held.concat(fresh).slice(-500);
    show();
  }

  function say(next) {
    if (next === state && next !== "lost") return;
    state = next;
    part("status").textContent = next === "lost" ? words.lost.replace("%at%", lastAt || "–") : words[next];
  }

  function sign() {
    lastSign = Date.now();
    lastAt = new Date().toTimeString().slice(0, 8);
  }

  const button = part("pause");
  function toggle() {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    button.textContent = paused ? words.resume : words.pause;
    show();
  }
  button.hidden = false;
  button.addEventListener("click", toggle);
  const scroll = find(".scroll", panel);
  const leave = () => { reading = false; show(); };
  scroll.addEventListener("pointerenter", () => { reading = true; });
  scroll.addEventListener("pointerleave", leave);
  scroll.addEventListener("focusin", () => { reading = true; });
  scroll.addEventListener("focusout", leave);

  let polling = null;
  function poll() {
    if (polling) return;
    const ask = async () => {
      try {
        const answer = await fetch("/console/live.json?after=" + last, { headers: { accept: "application/json" } });
        if (answer.status === 401) { clearInterval(polling); say("ended"); return; }
        if (!answer.ok) throw new Error(String(answer.status));
        sign();
        say("polling");
        take(await answer.json());
      } catch { say("lost"); }
    };
    polling = setInterval(ask, 5000);
    ask();
  }

  function listen() {
    const worker = new SharedWorker(find('meta[name="live-worker"]').content);
    worker.onerror = poll;
    worker.port.onmessage = (event) => {
      const message = event.data;
      if (message.kind === "state") {
        if (message.state === "on") sign();
        // The worker is connecting when it says "lost" to a page that has just come: only time makes it a loss.
        if (message.state !== "lost") say(message.state);
      } else {
        sign();
        say("on");
        if (message.kind === "rows") take(message.rows);
      }
    };
    addEventListener("pagehide", () => worker.port.postMessage("bye"));
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
    setInterval(() => { if (state !== "ended" && Date.now() - lastSign > 4000) say("lost"); }, 1000);
  }
  if ("SharedWorker" in window) listen(); else poll();
  return toggle;
}

// ---- figures that refresh themselves --------------------------------------------------------------------

function refreshing(panel) {
  let busy = false;
  setInterval(async () => {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const answer = await fetch(panel.dataset.refresh, { headers: { accept: "text/html" } });
      if (answer.ok) {
        const open = new Set(all("details[open]", panel).map((details) => details.dataset.keep));
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const details of all("details", fresh)) details.open = open.has(details.dataset.keep);
        for (const part of all("[id^=panel-]", fresh)) {
          const shown = document.getElementById(part.id);
          // Nothing moves under the pointer or the focus: that part is left for the next time.
          if (!shown.matches(":hover, :focus-within")) shown.replaceChildren(...part.childNodes);
        }
      }
    } catch { /* the live list says that the connection is lost */ } finally { busy = false; }
  }, 5000);
}

// ---- parts that scroll -------------------------------------------------------------------------------------

// What shows only a part of what it holds is a stop of the Tab key, so that the arrows can move it; what shows all, or
// holds something to stop at, is none. (Some browsers do so by themselves, not all.)
const stops = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";

function reach(part) {
  const hides = part.scrollWidth > part.clientWidth || part.scrollHeight > part.clientHeight;
  if (!hides || find(stops, part)) { part.removeAttribute("tabindex"); return; }
  part.tabIndex = 0;
  if (part.hasAttribute("aria-label")) return;
  // (A list is a list, also when it scrolls.)
  if (part.localName !== "ul") part.setAttribute("role", "group");
  const within = part.closest("details, section, form, main") || root;
  part.setAttribute("aria-label", (find("summary, h1, h2, h3", within) || find("h1") || part).textContent.trim());
}

function reaching() {
  const scrolls = ".scroll, .diff, .evidence, .tabs, .names";
  const sized = new ResizeObserver((seen) => {
    for (const part of new Set(seen.map(({ target }) => target.closest(scrolls)))) if (part) reach(part);
  });
  const watch = (part) => { sized.observe(part); for (const held of part.children) sized.observe(held); };
  all(scrolls).forEach(watch);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        if (node.nodeType !== 1) continue;
        if (node.matches(scrolls)) watch(node);
        all(scrolls, node).forEach(watch);
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
}

// ---- a page that is not over yet ---------------------------------------------------------------------------

function again(part) {
  setTimeout(() => { if (!document.hidden) location.reload(); else again(part); }, Number(part.dataset.again));
}

// ---- a decision's rules ---------------------------------------------------------------------------------

function onlyHits(button) {
  const card = button.closest(".rules");
  button.hidden = false;
  button.addEventListener("click", () => {
    const on = card.classList.toggle("only-hits");
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? button.dataset.on : button.dataset.off;
  });
}

// ---- keys -----------------------------------------------------------------------------------------------

function keys(togglePause) {
  let chosen = -1;
  let prefix = "";
  const goes = { o: "/console", d: "/console/decisions", p: "/console/policies" };
  const rows = () => all("table[data-list] tbody tr, .live-rows tbody tr");

  function choose(step) {
    const lines = rows();
    if (!lines.length) return;
    chosen = Math.max(0, Math.min(lines.length - 1, chosen + step));
    lines.forEach((line, n) => line.classList.toggle("chosen", n === chosen));
    const link = find("a", lines[chosen]);
    link.focus({ preventScroll: true });
    lines[chosen].scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    // An input method that is composing Chinese sends keys that are not commands.
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const help = find("#help");
    if (help && help.open && event.key !== "?") return;
    const was = prefix;
    prefix = "";
    if (was === "g" && goes[event.key]) { location.href = goes[event.key]; return; }
    switch (event.key) {
      case "/": { const search = find("#search"); if (search) { search.focus(); search.select(); event.preventDefault(); } break; }
      case "j": choose(1); break;
      case "k": choose(-1); break;
      case "o": { const line = rows()[chosen]; if (line) find("a", line).click(); break; }
      case "g": prefix = "g"; break;
      case "p": if (togglePause) togglePause(); break;
      case "?": if (help) { if (help.open) help.close(); else help.showModal(); } break;
    }
  });
}

// ---- clear text, for a while ------------------------------------------------------------------------------

function concealing(note) {
  const until = Date.now() + 1000 * Number(note.dataset.conceal);
  function conceal() {
    for (const value of all("[data-clear]")) value.replaceWith("••••••");
    note.textContent = note.dataset.over;
  }
  // A timer sleeps with the machine: the clock is asked again whenever the page is looked at.
  const timer = setInterval(() => { if (Date.now() >= until) { conceal(); clearInterval(timer); } }, 500);
  document.addEventListener("visibilitychange", () => { if (Date.now() >= until) conceal(); });
  // Nothing of it may come back with the page from the browser's own memory of pages.
  window.addEventListener("pagehide", conceal);
  window.addEventListener("pageshow", (event) => { if (event.persisted) conceal(); });
}

const live = find("#live");
all("[data-conceal]").forEach(concealing);
const togglePause = live ? liveList(live) : null;
all("[data-refresh]").forEach(refreshing);
reaching();
all("[data-again]").forEach(again);
all("[data-only-hits]").forEach(onlyHits);
if (root.dataset.keys === "on") keys(togglePause);
// What a form was refused for is looked at, also where it stands further down.
const refusal = find("form .refused[role=alert], main .refused[role=alert]");
if (refusal) refusal.scrollIntoView({ block: "center" });
// A menu closes when one looks elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
// Escape closes the menu that one is in, and leads back to what opened it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  const nav = event.target.closest(".side");
  const open = event.target.closest("details.menu[open]") || (nav && nav.querySelector(".nav-switch[open]"));
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
