// Reads a chosen CSV file into the lines of the form, and says how many lines there are. Without it they are pasted.
"use strict";

const lines = document.querySelector("textarea[data-lines]");
if (lines) {
  const said = document.createElement("span");
  said.className = "doc";
  said.setAttribute("role", "status");
  lines.after(said);
  const tell = () => {
    const count = lines.value.split("\n").filter((each) => each.trim()).length;
    said.textContent = count ? lines.dataset.lines.replace("%n%", String(count)) : "";
  };
  lines.addEventListener("input", tell);
  tell();
  const file = document.querySelector("[data-into]");
  if (file) {
    file.closest("label").hidden = false;
    file.addEventListener("change", async () => {
      if (file.files.length === 0) return;
      lines.value = (await file.files[0].text()).replace(/^\ufeff/, "");
      file.value = "";
      tell();
    });
  }
}
