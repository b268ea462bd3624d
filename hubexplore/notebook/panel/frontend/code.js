// @ts-check
// The code that repeats the last run, and a button that copies it and saves the files that it reads.

import { button, follow, make, spoken } from "./dom.js";

/**
 * @typedef {object} Traits
 * @property {[name: string, code: string, files: string][]} codes
 * @property {string} title
 */
/** @typedef {{ kind: "save", language: string }} Sent */

/** @param {import("./dom.js").View<Traits, Sent>} view */
function render({ model, el }) {
  const forms = make("select");
  const label = make("label", {}, "Copy as ", forms);
  const copy = button("Copy", "Copy the code", onCopy);
  const status = spoken("span", "hub-said");
  const code = make("pre", { tabIndex: 0, "aria-label": model.get("title") });
  const box = make("div", { className: "hub-code" }, label, copy, status, code);
  el.append(box);

  function draw() {
    const said = status.textContent;
    const codes = model.get("codes");
    const chosen = forms.value;
    forms.replaceChildren(...codes.map(([name]) => new Option(name, name)));
    forms.value = codes.some(([name]) => name === chosen) ? chosen : (codes[0]?.[0] ?? "");
    const before = code.textContent;
    show();
    // The same code again: what was said of it still holds.
    if (code.textContent === before) status.textContent = said;
  }

  const entry = () => model.get("codes").find(([name]) => name === forms.value);

  function show() {
    const shown = entry();
    code.textContent = shown ? shown[1] : "";
    box.hidden = !shown;
    status.textContent = "";
  }

  async function onCopy() {
    if (entry()?.[2]) model.send({ kind: "save", language: forms.value });
    try {
      await navigator.clipboard.writeText(code.textContent ?? "");
      status.textContent = "Copied";
    } catch {
      // Browsers grant the clipboard to https and localhost only. Elsewhere the code is selected, ready for Ctrl-C.
      getSelection()?.selectAllChildren(code);
      status.textContent = document.execCommand("copy") ? "Copied" : "Selected: press Ctrl-C";
    }
  }

  /** @param {{ kind: "saved", text: string }} message */
  function onMessage(message) {
    if (message.kind === "saved") status.textContent = `${status.textContent}. ${message.text}`;
  }

  forms.addEventListener("change", show);
  draw();
  return follow(model, { "change:codes": draw, "msg:custom": onMessage });
}

export default { render };
