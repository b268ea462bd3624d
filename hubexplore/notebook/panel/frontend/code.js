// @ts-check
// The code for what is on screen, and a button that copies it.

import { button, follow, make, spoken } from "./dom.js";

/**
 * @typedef {object} Traits
 * @property {[name: string, code: string][]} codes
 */

/** @param {import("./dom.js").View<Traits>} view */
function render({ model, el }) {
  const kinds = make("select");
  const label = make("label", {}, "Copy as ", kinds);
  const copy = button("Copy", "Copy the code", onCopy);
  const said = spoken("span", "hub-said");
  const code = make("pre", { tabIndex: 0, "aria-label": "Code for what is on screen" });
  const box = make("div", { className: "hub-code" }, label, copy, said, code);
  el.append(box);

  function draw() {
    const all = model.get("codes");
    const chosen = kinds.value;
    kinds.replaceChildren(...all.map(([name]) => new Option(name, name)));
    kinds.value = all.some(([name]) => name === chosen) ? chosen : (all[0]?.[0] ?? "");
    show();
  }

  function show() {
    const found = model.get("codes").find(([name]) => name === kinds.value);
    code.textContent = found ? found[1] : "";
    box.hidden = !found;
    said.textContent = "";
  }

  async function onCopy() {
    try {
      await navigator.clipboard.writeText(code.textContent ?? "");
      said.textContent = "Copied";
    } catch {
      // Without the right to the clipboard (plain http) the code is marked, ready for Ctrl-C.
      getSelection()?.selectAllChildren(code);
      said.textContent = document.execCommand("copy") ? "Copied" : "Marked: press Ctrl-C";
    }
  }

  kinds.addEventListener("change", show);
  draw();
  return follow(model, { "change:codes": draw });
}

export default { render };
