// @ts-check
// The boxes of a form: number boxes, check boxes and texts of the inputs with one value for all rows.

import { make } from "./dom.js";
import { isOn, markFault } from "./cells.js";

/**
 * Makes the element of all boxes.
 *
 * @param {(box: number, text: string, isTyping: boolean) => void} changed is called when a user changes a box
 */
export function makeBoxes(changed) {
  const element = make("div", {
    className: "hub-boxes",
    role: "group",
    "aria-label": "One value for all rows",
  });

  /** @param {Event} event */
  function onChange(event) {
    const field = event.target;
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
    const isChecked = field instanceof HTMLInputElement && field.checked;
    const text = field.type === "checkbox" ? String(isChecked) : field.value;
    changed(Number(field.dataset.box), text, event.type === "input");
  }

  element.addEventListener("input", onChange);
  element.addEventListener("change", onChange);

  /** @param {number} box @returns {HTMLElement | null} */
  const fieldOf = (box) => element.querySelector(`[data-box="${box}"]`);

  return {
    element,

    /**
     * @param {import("./cells.js").Column[]} columns
     * @param {string[]} texts
     * @param {(column: import("./cells.js").Column) => boolean} fits whether it is shown
     */
    draw(columns, texts, fits) {
      element.hidden = columns.length === 0;
      element.replaceChildren(...columns.map((column, index) => {
        const box = makeBox(column, index, texts[index] ?? "");
        box.hidden = !fits(column);
        return box;
      }));
    },

    /**
     * @param {number} box
     * @param {string} message empty for a box without a fault
     */
    mark(box, message) {
      const field = fieldOf(box);
      if (!field) return;
      markFault(field, message);
      const fault = field.parentElement?.querySelector(".hub-fault");
      if (!(fault instanceof HTMLElement)) return;
      // What is below must not move while a mouse button is pressed there.
      fault.style.visibility = message ? "visible" : "hidden";
      if (message) fault.textContent = message;
    },

    /** @param {number} box */
    focus(box) {
      fieldOf(box)?.focus();
    },
  };
}

/**
 * @param {import("./cells.js").Column} column
 * @param {number} index
 * @param {string} text
 */
function makeBox(column, index, text) {
  const { kind, label, type, hint } = column;
  // A number box of the browser shows neither infinity nor several numbers.
  const isNumber = kind === "number" && !/×/.test(type) && Number.isFinite(Number(text));
  const field = kind === "text"
    ? make("textarea", { rows: 1, value: text, placeholder: hint })
    : make("input", { type: kind === "flag" ? "checkbox" : isNumber ? "number" : "text" });
  field.dataset.box = String(index);
  if (field instanceof HTMLInputElement) {
    if (isNumber) field.step = column.whole ? "1" : "any";
    if (kind === "flag") field.checked = isOn(text);
    else Object.assign(field, { value: text, placeholder: hint });
  }
  const name = make("span", { className: "hub-box-name", title: `${label}: ${hint}` }, label);
  const dtype = make("span", { className: "hub-quiet" }, type);
  return make(
    "label",
    { className: `hub-box hub-box-${kind}` },
    ...(kind === "flag" ? [field, name, dtype] : [name, dtype, field]),
    make("span", { className: "hub-fault" }),
  );
}
