// @ts-check
// The runs so far: a row each, to put its inputs back or to pin it beside another one.

import { around, button, follow, make } from "./dom.js";

/**
 * @typedef {object} Run
 * @property {number} number
 * @property {string} signature
 * @property {string} inputs
 * @property {string} outputs
 * @property {string} time
 * @property {boolean} kept whether its values are still there
 */
/** @typedef {{ rows: Run[], pinned: number[] }} Traits */
/** @typedef {{ kind: "put", number: number } | { kind: "pin", number: number, on: boolean }} Sent */

/** @param {string} textContent */
const cell = (textContent) => make("td", { textContent });

/** @param {import("./dom.js").View<Traits, Sent>} view */
function render({ model, el }) {
  const headings = ["Run", "Signature", "Inputs", "Outputs", "Time", "Pin"].map(
    (textContent) => make("th", { textContent, scope: "col" }),
  );
  const caption = make("caption");
  const body = make("tbody");
  const table = make(
    "table",
    { className: "hub-log" },
    caption,
    make("thead", {}, make("tr", {}, ...headings)),
    body,
  );
  el.append(table);

  /**
   * @param {Run} run
   * @param {number[]} pinned
   */
  function row(run, pinned) {
    const { number, kept } = run;
    const back = button(
      `↺ ${number}`,
      `Run ${number}: put its inputs back`,
      () => model.send({ kind: "put", number }),
      { title: "Put its inputs back", disabled: !kept },
    );
    const pin = make("input", {
      type: "checkbox",
      checked: pinned.includes(number),
      disabled: !kept,
      "aria-label": `Pin run ${number} to compare it`,
    });
    pin.addEventListener("change", () => model.send({ kind: "pin", number, on: pin.checked }));
    const line = make(
      "tr",
      { "data-number": String(number) },
      make("th", { scope: "row" }, back),
      cell(run.signature),
      cell(run.inputs),
      cell(run.outputs),
      cell(run.time),
      make("td", {}, pin),
    );
    // A click anywhere in a row does what its button does; keys have the button.
    line.addEventListener("click", (event) => {
      if (kept && !around(event, "button, input")) back.click();
    });
    return line;
  }

  function draw() {
    const rows = model.get("rows");
    const pinned = model.get("pinned");
    const focused = document.activeElement?.closest("tr")?.dataset.number;
    const kind = document.activeElement?.tagName === "INPUT" ? "input" : "button";
    table.hidden = rows.length === 0;
    const all = rows[0]?.number ?? 0;
    const shown = all > rows.length
      ? `the last ${rows.length} of ${all} runs`
      : all === 1
      ? "1 run"
      : `${all} runs`;
    caption.textContent = `${shown}: click a row to put its inputs back, pin two to compare them`;
    body.replaceChildren(...rows.map((run) => row(run, pinned)));
    // Drawing anew must not lose the place of who uses the keyboard.
    if (focused && el.contains(table)) {
      /** @type {HTMLElement | null} */
      const again = body.querySelector(`tr[data-number="${focused}"] ${kind}`);
      again?.focus();
    }
  }

  draw();
  return follow(model, { "change:rows change:pinned": draw });
}

export default { render };
