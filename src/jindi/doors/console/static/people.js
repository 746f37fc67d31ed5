// Passkeys, and what is wrong with a new password while it is typed. All else on these pages works without a script.
"use strict";

(() => {
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const meta = document.querySelector('meta[name="csrf"]');
  const post = (address, fields) => {
    const body = new URLSearchParams(fields);
    if (meta) body.set("csrf", meta.content);
    return fetch(address, { method: "POST", body, headers: { accept: "application/json" } });
  };

  // Bytes travel as base64url without padding.
  const bytes = (text) => {
    const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, (one) => one.charCodeAt(0));
  };
  const text = (buffer) => {
    const raw = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function created(options) {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    return {
      id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {},
      response: {
        attestationObject: text(made.response.attestationObject),
        clientDataJSON: text(made.response.clientDataJSON),
      },
    };
  }

  async function shown(options) {
    const publicKey = {
      ...options, challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials),
    };
    const made = await navigator.credentials.get({ publicKey });
    return {
      id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {},
      response: {
        authenticatorData: text(made.response.authenticatorData),
        clientDataJSON: text(made.response.clientDataJSON),
        signature: text(made.response.signature),
        userHandle: made.response.userHandle ? text(made.response.userHandle) : null,
      },
    };
  }

  each("form[data-passkey]", (form) => {
    if (!("PublicKeyCredential" in window)) return;
    form.hidden = false;
    const note = form.querySelector("[data-note]");
    let isReady = false;
    form.addEventListener("submit", async (event) => {
      if (isReady) return;
      event.preventDefault();
      note.hidden = true;
      try {
        const answer = await post(form.action + "/options", {});
        if (!answer.ok) throw new Error(String(answer.status));
        const { handle, options } = await answer.json();
        const made = await (form.dataset.passkey === "create" ? created(options) : shown(options));
        form.elements.answer.value = JSON.stringify(made);
        if (form.elements.handle) form.elements.handle.value = handle;
        isReady = true;
        form.requestSubmit();
      } catch { note.hidden = false; }
    });
  });

  each("form[data-check]", (form) => {
    const rules = form.querySelectorAll("[data-trouble]");
    let waits = null;
    let asked = 0;
    form.elements.password.addEventListener("input", () => {
      clearTimeout(waits);
      waits = setTimeout(async () => {
        const mine = ++asked;
        const fields = { password: form.elements.password.value };
        if (form.elements.token) fields.token = form.elements.token.value;
        try {
          const answer = await post(form.dataset.check, fields);
          if (!answer.ok || mine !== asked) return;
          const troubles = await answer.json();
          for (const rule of rules) rule.dataset.state = troubles.includes(rule.dataset.trouble) ? "open" : "kept";
        } catch { /* the server says it again when the form is sent */ }
      }, 350);
    });
  });

  each("[data-copy]", (button) => {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      button.textContent = button.dataset.done;
    });
  });
})();
