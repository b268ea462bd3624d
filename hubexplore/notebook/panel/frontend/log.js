// @ts-check
// The table of runs: a row restores the inputs of its run, and two pinned runs are compared.

import { around, button, follow, make } from "./dom.js";

/**
 * @typedef {object} Run
 * @property {number} number
 * @property {string} signature
 * @property {string} inputs
 * @property {string} outputs
 * @property {string} time
 * @property {boolean} kept whether its values are still in memory
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
    const restore = button(
      `↺ ${number}`,
      `Run ${number}: restore its inputs`,
      () => model.send({ kind: "put", number }),
      { title: "Restore its inputs", disabled: !kept },
    );
    const pin = make("input", {
      type: "checkbox",
      checked: pinned.includes(number),
      disabled: !kept,
      "aria-label": `Pin run ${number} to compare it`,
    });
    pin.addEventListener("change", () => model.send({ kind: "pin", number, on: pin.checked }));
    const tableRow = make(
      "tr",
      { "data-number": String(number) },
      make("th", { scope: "row" }, restore),
      cell(run.signature),
      cell(run.inputs),
      cell(run.outputs),
      cell(run.time),
      make("td", {}, pin),
    );
    // A large target for the mouse; the keyboard has the button.
    tableRow.addEventListener("click", (event) => {
      if (kept && !around(event, "button, input")) restore.click();
    });
    return tableRow;
  }

  function draw() {
    const rows = model.get("rows");
    const pinned = model.get("pinned");
    const focused = document.activeElement?.closest("tr")?.dataset.number;
    const kind = document.activeElement?.tagName === "INPUT" ? "input" : "button";
    table.hidden = rows.length === 0;
    // Numbers count from 1 and the newest row comes first.
    const total = rows[0]?.number ?? 0;
    const count = total > rows.length
      ? `The last ${rows.length} of ${total} runs`
      : total === 1
      ? "1 run"
      : `${total} runs`;
    caption.textContent = `${count}: click a row to restore its inputs, pin two runs to compare them`;
    body.replaceChildren(...rows.map((run) => row(run, pinned)));
    // New rows replace the focused element; a keyboard user must not lose the place.
    if (focused && el.contains(table)) {
      /** @type {HTMLElement | null} */
      const successor = body.querySelector(`tr[data-number="${focused}"] ${kind}`);
      successor?.focus();
    }
  }

  draw();
  return follow(model, { "change:rows change:pinned": draw });
}

export default { render };
