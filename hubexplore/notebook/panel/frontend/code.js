// @ts-check
// The code that repeats the last run, and a button that copies it.

import { button, follow, make, spoken } from "./dom.js";

/**
 * @typedef {object} Traits
 * @property {[name: string, code: string][]} codes
 */

/** @param {import("./dom.js").View<Traits>} view */
function render({ model, el }) {
  const forms = make("select");
  const label = make("label", {}, "Copy as ", forms);
  const copy = button("Copy", "Copy the code", onCopy);
  const status = spoken("span", "hub-said");
  const code = make("pre", { tabIndex: 0, "aria-label": "Code of the last run" });
  const box = make("div", { className: "hub-code" }, label, copy, status, code);
  el.append(box);

  function draw() {
    const codes = model.get("codes");
    const chosen = forms.value;
    forms.replaceChildren(...codes.map(([name]) => new Option(name, name)));
    forms.value = codes.some(([name]) => name === chosen) ? chosen : (codes[0]?.[0] ?? "");
    show();
  }

  function show() {
    const entry = model.get("codes").find(([name]) => name === forms.value);
    code.textContent = entry ? entry[1] : "";
    box.hidden = !entry;
    status.textContent = "";
  }

  async function onCopy() {
    try {
      await navigator.clipboard.writeText(code.textContent ?? "");
      status.textContent = "Copied";
    } catch {
      // Browsers grant the clipboard to https and localhost only. Elsewhere the code is selected, ready for Ctrl-C.
      getSelection()?.selectAllChildren(code);
      status.textContent = document.execCommand("copy") ? "Copied" : "Selected: press Ctrl-C";
    }
  }

  forms.addEventListener("change", show);
  draw();
  return follow(model, { "change:codes": draw });
}

export default { render };
