// @ts-check
// The cells and headings of the table of a form, and what cells and boxes share.

import { breakable, make } from "./dom.js";

// Longer texts may not fit into a cell.
const SHORT = 8;

/**
 * @typedef {object} Column
 * @property {string} id the name of the input or feature
 * @property {string} label the name as it is shown
 * @property {string} type dtype and number of values
 * @property {string} hint what a cell takes
 * @property {"number" | "text" | "flag"} kind
 * @property {boolean} whole whether only whole numbers fit
 * @property {string} usual what an empty cell stands for
 */
/**
 * @typedef {object} Form
 * @property {Column[]} columns
 * @property {Column[]} boxes
 * @property {string[][]} rows
 * @property {string[]} texts of the boxes
 * @property {number[]} held columns whose cells cannot be edited
 * @property {number} total number of rows, with those that are not shown
 * @property {number | null} most maximum number of rows
 * @property {number} drawing counts what the kernel has drawn
 * @property {boolean} filtered whether there are inputs enough for a filter
 */
/** @typedef {[row: number, column: number, message: string]} Fault `row` is -1 for a box */

/** @param {string} text */
export function isOn(text) {
  return /^\s*(true|yes|1)\s*$/i.test(text);
}

/**
 * Marks an element as faulty.
 *
 * @param {HTMLElement} element
 * @param {string} message why; empty for an element without a fault
 */
export function markFault(element, message) {
  element.classList.toggle("hub-faulty", message !== "");
  element.title = message;
  if (message) element.setAttribute("aria-invalid", "true");
  else element.removeAttribute("aria-invalid");
}

/**
 * @param {Column} column
 * @param {number} index
 */
function makeHeading(column, index) {
  const usual = column.usual ? `; empty: ${column.usual}` : "";
  return make(
    "th",
    {
      scope: "col",
      role: "columnheader",
      title: `${column.label} (${column.type}): ${column.hint}${usual}`,
      "aria-colindex": String(index + 2),
    },
    make("span", { className: "hub-column-name" }, ...breakable(column.label)),
    make("span", { className: "hub-quiet" }, column.type),
  );
}

/**
 * Makes an empty cell.
 *
 * @param {number} row
 * @param {number} index of the column
 * @param {boolean} isHeld whether it cannot be edited
 */
export function makeCell(row, index, isHeld) {
  const cell = document.createElement("td");
  cell.dataset.row = String(row);
  cell.dataset.column = String(index);
  cell.tabIndex = -1;
  cell.setAttribute("role", "gridcell");
  cell.setAttribute("aria-colindex", String(index + 2));
  if (isHeld) cell.setAttribute("aria-readonly", "true");
  return cell;
}

/**
 * Shows a text in a cell.
 *
 * @param {HTMLTableCellElement} cell
 * @param {Column} column
 * @param {string} text
 * @param {string} fault
 */
export function fillCell(cell, { kind, label, usual }, text, fault) {
  cell.className = `hub-${kind}`;
  if (kind === "flag") {
    const box = make("input", {
      type: "checkbox",
      checked: isOn(text),
      tabIndex: -1,
      "aria-label": `${label}, row ${Number(cell.dataset.row) + 1}`,
      disabled: cell.ariaReadOnly === "true",
    });
    cell.replaceChildren(box);
  } else {
    cell.textContent = text;
    if (text === "" && usual) cell.dataset.usual = usual;
    else delete cell.dataset.usual;
  }
  markFault(cell, fault);
  if (!fault && text.length > SHORT) cell.title = text;
}

/**
 * Makes columns that stand side by side, with their headings and all rows.
 *
 * @param {number[]} indexes of the columns
 * @param {Column[]} columns all of them
 * @param {number} rows
 * @param {(row: number, index: number) => HTMLTableCellElement} cellOf
 */
export function makeBand(indexes, columns, rows, cellOf) {
  const corner = make("th", { scope: "col", "aria-label": "Row" });
  const headings = indexes.flatMap((index) => columns[index] ? [makeHeading(columns[index], index)] : []);
  const lines = Array.from({ length: rows }, (_, row) => {
    const head = make("th", { scope: "row", role: "rowheader" }, String(row + 1));
    const line = make("tr", { role: "row", "aria-rowindex": String(row + 2) }, head);
    line.append(...indexes.map((index) => cellOf(row, index)));
    return line;
  });
  return make("tbody", { role: "rowgroup" }, make("tr", { role: "row" }, corner, ...headings), ...lines);
}

/**
 * Returns the faults of cells after rows have been inserted or removed.
 *
 * @param {Map<string, string>} faults messages by "row:column"
 * @param {number} from the first row that moves
 * @param {number} by how far; negative for removed rows
 * @returns {Map<string, string>}
 */
export function movedFaults(faults, from, by) {
  return new Map([...faults].flatMap(([key, message]) => {
    const [row = 0, column = 0] = key.split(":").map(Number);
    if (row < from) return [[key, message]];
    return row + by < from ? [] : [[`${row + by}:${column}`, message]];
  }));
}
