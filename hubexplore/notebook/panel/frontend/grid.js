// @ts-check
// The table of a form: a column for each input, a row for each row, moved through as in a spreadsheet; and the
// boxes of inputs with a single value. Every edit is one message; the kernel sends all cells only when it has
// changed them itself.

import { follow, make, spoken } from "./dom.js";
import { makeFilter, makeToolbar, takeDrops } from "./toolbar.js";
import { fillCell, isOn, makeBand, makeCell, markFault, movedFaults } from "./cells.js";
import { makeBoxes } from "./boxes.js";
import { copied, filled, pasted } from "./clipboard.js";
import { makeTeller } from "./edits.js";
import { along, arranged, between, COLUMN_WIDTH, limited, moved } from "./moves.js";

/** @typedef {import("./cells.js").Form} Form */
/** @typedef {import("./cells.js").Column} Column */
/** @typedef {import("./cells.js").Fault} Fault */
/** @typedef {{ form: Form, faults: { number: number, cells: Fault[] }, eager: boolean }} Traits */
/** @typedef {import("./edits.js").Sent} Sent */
/** @typedef {import("./moves.js").Spot} Spot */

const HELP = "Arrow keys move, Enter or typing edits, Tab goes on, Escape leaves the table. " +
  "Ctrl+C and Ctrl+V exchange cells with a spreadsheet.";

/** @param {import("./dom.js").View<Traits, Sent>} view */
function render({ model, el }) {
  let form = model.get("form");
  /** @type {string[][]} */
  let rows = [];
  /** @type {number[]} indexes of the columns that the filter lets through */
  let shown = [];
  /** @type {Map<string, HTMLTableCellElement>} */
  const cells = new Map();
  /** @type {Map<string, string>} */
  let faults = new Map();
  /** @type {Spot} */
  let active = { row: 0, place: 0 };
  /** @type {Spot} */
  let anchor = active;
  /** @type {{ area: HTMLTextAreaElement, before: string, typed: boolean } | null} */
  let editor = null;
  /** @type {{ row: number, columns: number[], block: string[][] }[]} */
  let undone = [];
  /** @type {boolean | null} null until the user has chosen */
  let wraps = null;
  let perBand = 1;
  let width = 0;
  let faultNumber = model.get("faults").number;
  const tell = makeTeller(model);

  const boxes = makeBoxes((box, text, isTyping) => {
    if (form.texts[box] === text || (isTyping && !model.get("eager"))) return;
    form.texts[box] = text;
    faults.delete(`-1:${box}`);
    boxes.mark(box, "");
    tell({ kind: "box", box, text });
  });
  const table = make("table", {
    role: "grid",
    className: "hub-cells",
    "aria-label": "Inputs, a column for each",
    "aria-description": HELP,
  });
  table.style.setProperty("--hub-column", `${COLUMN_WIDTH}px`);
  const sheet = make("div", { className: "hub-sheet" }, table);
  const note = spoken("div", "hub-grid-note");
  note.tabIndex = -1;
  const tools = makeToolbar({
    add: () => insert(),
    remove: () => removeRows(),
    clear: () => tell({ kind: "clear" }),
    wrap: (isChosen) => {
      wraps = isChosen;
      drawTable();
    },
  });
  const filter = makeFilter(() => draw());
  const root = make(
    "div",
    { className: "hub-grid" },
    filter.element,
    boxes.element,
    sheet,
    note,
    tools.element,
  );
  el.append(root);
  takeDrops(root);

  // ---- where things are

  const size = () => ({ rows: rows.length, places: shown.length, perBand });
  const columnAt = (/** @type {number} */ place) => shown[place] ?? 0;
  const isHeld = (/** @type {number} */ column) => form.held.includes(column);
  const textOf = (/** @type {Spot} */ spot) => rows[spot.row]?.[columnAt(spot.place)] ?? "";
  const cellOf = (/** @type {Spot} */ spot) => cells.get(`${spot.row}:${columnAt(spot.place)}`);

  /** @param {EventTarget | null} target @returns {Spot | null} */
  function spotOf(target) {
    const cell = target instanceof Element ? target.closest("td[data-row]") : null;
    if (!(cell instanceof HTMLElement)) return null;
    return { row: Number(cell.dataset.row), place: shown.indexOf(Number(cell.dataset.column)) };
  }

  const selection = () => between(active, anchor, shown);

  // ---- drawing

  function draw() {
    editor = null;
    const fits = (/** @type {Column} */ column) => filter.fits(column.label);
    shown = form.columns.flatMap((column, index) => fits(column) ? [index] : []);
    filter.element.hidden = !form.filtered;
    boxes.draw(form.boxes, form.texts, fits);
    sheet.hidden = tools.element.hidden = form.columns.length === 0;
    drawTable();
    // Inputs with fields of their own, below this widget.
    for (const field of el.closest(".hub-form")?.querySelectorAll(".hub-field") ?? []) {
      const name = field.querySelector("strong")?.textContent ?? "";
      field.classList.toggle("hub-filtered", !filter.fits(name));
    }
  }

  function drawTable() {
    cells.clear();
    // Off screen it has no width: it is drawn when it gets one, and not twice.
    width = sheet.clientWidth;
    if (width === 0) return;
    const fitted = arranged(shown.length, rows.length, width, wraps);
    perBand = fitted.perBand;
    tools.showWrap(fitted.overflows, fitted.isWrapped);
    table.classList.toggle("hub-wide", fitted.overflows && !fitted.isWrapped);
    table.setAttribute("aria-rowcount", String(form.total + 1));
    table.setAttribute("aria-colcount", String(form.columns.length + 1));
    const bodies = [];
    for (let first = 0; first < Math.max(shown.length, 1); first += perBand) {
      bodies.push(makeBand(shown.slice(first, first + perBand), form.columns, rows.length, newCell));
    }
    table.replaceChildren(...bodies);
    active = limited(active, size());
    anchor = limited(anchor, size());
    drawSelection();
    drawState();
  }

  /** @param {number} row @param {number} column */
  function newCell(row, column) {
    const cell = makeCell(row, column, isHeld(column));
    cells.set(`${row}:${column}`, cell);
    fill(row, column);
    return cell;
  }

  /** @param {number} row @param {number} column */
  function fill(row, column) {
    const cell = cells.get(`${row}:${column}`);
    const described = form.columns[column];
    if (cell && described) {
      fillCell(cell, described, rows[row]?.[column] ?? "", faults.get(`${row}:${column}`) ?? "");
    }
  }

  function drawSelection() {
    const { top, bottom, columns } = selection();
    const isSeveral = top !== bottom || columns.length > 1;
    for (const cell of table.querySelectorAll(".hub-selected, .hub-active")) {
      cell.classList.remove("hub-selected", "hub-active");
      if (cell instanceof HTMLElement) cell.tabIndex = -1;
    }
    for (let row = top; isSeveral && row <= bottom; row++) {
      for (const column of columns) cells.get(`${row}:${column}`)?.classList.add("hub-selected");
    }
    const cell = cellOf(active);
    cell?.classList.add("hub-active");
    if (cell) cell.tabIndex = 0;
  }

  /** What the table says of itself. */
  function drawState() {
    tools.show({
      rows: rows.length,
      total: form.total,
      most: form.most ?? Infinity,
      isHeld: form.held.length > 0,
    });
    note.title = note.textContent = faults.get(`${active.row}:${columnAt(active.place)}`) ?? "";
  }

  // ---- moving

  /** @param {Spot} spot @param {boolean} [extends_] whether the selection grows to it */
  function go(spot, extends_ = false) {
    active = limited(spot, size());
    if (!extends_) anchor = active;
    drawSelection();
    drawState();
    cellOf(active)?.focus();
  }

  function down() {
    const isLast = active.row === rows.length - 1 && perBand >= shown.length;
    if (isLast && tools.canAdd()) insert();
    else move("ArrowDown", false, false);
  }

  // ---- editing

  /**
   * Writes a block of cells here and in the kernel.
   *
   * @param {number} row
   * @param {number[]} columns
   * @param {string[][]} block
   * @param {boolean} [isUndo]
   */
  function write(row, columns, block, isUndo = false) {
    const open = columns.map((column, at) => ({ column, at })).filter(({ column }) => !isHeld(column));
    const height = Math.min(block.length, (form.most ?? Infinity) - row);
    if (open.length === 0 || height <= 0) return;
    const written = block.slice(0, height).map((line) => open.map(({ at }) => line[at] ?? ""));
    const taken = open.map(({ column }) => column);
    if (!isUndo) {
      const before = written.map((_, at) => taken.map((column) => rows[row + at]?.[column] ?? ""));
      undone.push({ row, columns: taken, block: before });
    }
    const grows = row + height > rows.length;
    while (rows.length < row + height) rows.push(form.columns.map(() => ""));
    written.forEach((line, at) =>
      taken.forEach((column, place) => {
        const text = line[place] ?? "";
        /** @type {string[]} */ (rows[row + at])[column] = text;
        faults.delete(`${row + at}:${column}`);
        if (!grows) fill(row + at, column);
      })
    );
    tell({ kind: "edit", row, columns: taken, block: written });
    if (grows) drawTable();
    else {
      drawSelection();
      drawState();
    }
  }

  /** @param {boolean} typed whether what is typed replaces the cell */
  function edit(typed) {
    const cell = cellOf(active);
    const { row } = active;
    const column = columnAt(active.place);
    if (!cell || editor || isHeld(column) || form.columns[column]?.kind === "flag") return;
    const before = textOf(active);
    const area = make("textarea", {
      className: "hub-editor",
      rows: 1,
      value: typed ? "" : before,
      "aria-label": `${form.columns[column]?.label}, row ${row + 1}`,
    });
    editor = { area, before, typed };
    cell.classList.add("hub-editing");
    cell.replaceChildren(area);
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
    area.addEventListener("blur", () => commit());
    area.addEventListener("input", () => {
      if (model.get("eager")) tell({ kind: "edit", row, columns: [column], block: [[area.value]] });
    });
  }

  /** @param {boolean} [keep] whether what was typed counts */
  function commit(keep = true) {
    if (!editor) return;
    const { area, before } = editor;
    editor = null;
    const text = keep ? area.value : before;
    const column = columnAt(active.place);
    const isSent = model.get("eager") && area.value !== before;
    if (text !== before || isSent) write(active.row, [column], [[text]]);
    else {
      fill(active.row, column);
      drawSelection();
    }
  }

  function toggle() {
    write(active.row, [columnAt(active.place)], [[isOn(textOf(active)) ? "false" : "true"]]);
  }

  function insert() {
    commit();
    const row = rows.length === 0 ? 0 : active.row + 1;
    rows.splice(row, 0, form.columns.map(() => ""));
    tell({ kind: "insert", row });
    showMoved(row, 1);
  }

  function removeRows() {
    commit();
    const { top, bottom } = selection();
    const removed = Math.min(bottom - top + 1, rows.length);
    rows.splice(top, removed);
    if (rows.length === 0) rows.push(form.columns.map(() => ""));
    tell({ kind: "remove", row: top, count: removed });
    showMoved(top, -removed);
  }

  /** @param {number} row @param {number} by */
  function showMoved(row, by) {
    undone = [];
    faults = movedFaults(faults, row, by);
    drawTable();
    go({ row, place: active.place });
  }

  /** @param {string} text */
  function paste(text) {
    const area = selection();
    const names = form.columns.map(({ id }) => id);
    const room = (form.most ?? Infinity) - area.top;
    const { block, columns, note: left } = pasted(text, names, area, shown.slice(area.left), room);
    write(area.top, columns, block);
    anchor = { row: area.top, place: shown.indexOf(columns[0] ?? 0) };
    go({ row: area.top + block.length - 1, place: shown.indexOf(columns.at(-1) ?? 0) }, true);
    if (left) note.title = note.textContent = left;
  }

  function empty() {
    const { top, bottom, columns } = selection();
    write(top, columns, filled(bottom - top + 1, columns.length, ""));
  }

  // ---- keys and mouse

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (spotOf(event.target) === null || event.isComposing) return;
    if (editor ? onEditorKey(event) : onCellKey(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it was for the table */
  function onEditorKey({ key, shiftKey, altKey }) {
    if (key === "Escape") {
      commit(false);
      go(active);
    } else if (key === "Enter" && !shiftKey && !altKey) {
      commit();
      down();
    } else if (key === "Tab") {
      commit();
      const next = along(active, shiftKey ? -1 : 1, size());
      go(next ?? active);
    } else if (editor?.typed && /^Arrow/.test(key)) {
      commit();
      move(key, false, false);
    } else return false;
    return true;
  }

  /** @param {KeyboardEvent} event @returns {boolean} */
  function onCellKey(event) {
    const { key, shiftKey, altKey } = event;
    const isControl = event.ctrlKey || event.metaKey;
    const isFlag = form.columns[columnAt(active.place)]?.kind === "flag";
    if (key === "Tab") {
      const next = along(active, shiftKey ? -1 : 1, size());
      if (next) go(next);
      return next !== null;
    }
    if (move(key, shiftKey, isControl)) return true;
    if (key === "Escape") note.focus();
    else if (isFlag && (key === " " || key === "Enter")) toggle();
    else if (key === "Enter" || key === "F2") edit(false);
    else if (key === "Delete" || key === "Backspace") empty();
    else if (isControl && key.toLowerCase() === "a") {
      anchor = { row: 0, place: 0 };
      go({ row: rows.length - 1, place: shown.length - 1 }, true);
    } else if (isControl && key.toLowerCase() === "z") {
      const last = undone.pop();
      if (last) write(last.row, last.columns, last.block, true);
    } else {
      // The key itself goes into the field, which has the focus by then.
      if (key.length === 1 && !isControl && !altKey) edit(true);
      return false;
    }
    return true;
  }

  /** @param {string} key @param {boolean} extends_ @param {boolean} isFar @returns {boolean} whether it moves */
  function move(key, extends_, isFar) {
    const target = moved(key, active, size(), isFar);
    if (target) go(target, extends_);
    return Boolean(target);
  }

  /** @param {MouseEvent} event */
  function onMouse(event) {
    const spot = spotOf(event.target);
    if (!spot || event.button !== 0 || event.target === editor?.area) return;
    const isBox = event.target instanceof HTMLInputElement;
    // The field would lose the focus after the cell has got it.
    if (!isBox) event.preventDefault();
    commit();
    go(spot, event.shiftKey);
  }

  /** @param {MouseEvent} event */
  function onDrag(event) {
    const spot = spotOf(event.target);
    // Scrolling moves cells below a mouse that stands still.
    if (!event.movementX && !event.movementY) return;
    if (spot && event.buttons === 1 && !editor && (spot.row !== active.row || spot.place !== active.place)) {
      go(spot, true);
    }
  }

  /** @param {ClipboardEvent} event */
  function onClipboard(event) {
    if (editor || spotOf(event.target) === null || !event.clipboardData) return;
    if (event.clipboardData.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.type === "paste") {
      paste(event.clipboardData.getData("text/plain"));
      return;
    }
    const { top, bottom, columns } = selection();
    const lines = rows.slice(top, bottom + 1).map((row) => columns.map((column) => row[column] ?? ""));
    event.clipboardData.setData("text/plain", copied(lines));
    if (event.type === "cut") empty();
  }

  // ---- what the kernel says

  function onForm() {
    form = model.get("form");
    rows = form.rows.map((row) => [...row]);
    faults = new Map();
    undone = [];
    draw();
  }

  function onFaults() {
    const { number, cells: faulty } = model.get("faults");
    faults = new Map(faulty.map(([row, column, message]) => [`${row}:${column}`, message]));
    for (const [key, cell] of cells) markFault(cell, faults.get(key) ?? "");
    form.boxes.forEach((_, box) => boxes.mark(box, faults.get(`-1:${box}`) ?? ""));
    drawState();
    const [first] = faulty;
    if (!first || number === faultNumber) return;
    faultNumber = number;
    filter.clear();
    if (shown.length < form.columns.length) draw();
    const [row, column] = first;
    if (row < 0) boxes.focus(column);
    else go({ row, place: shown.indexOf(column) });
  }

  table.addEventListener("keydown", onKey);
  table.addEventListener("focusin", (event) => {
    const spot = spotOf(event.target);
    if (spot && !editor && cellOf(spot) !== cellOf(active)) go(spot);
  });
  table.addEventListener("mousedown", onMouse);
  table.addEventListener("mouseover", onDrag);
  table.addEventListener("dblclick", () => edit(false));
  table.addEventListener("change", (event) => {
    const spot = event.target instanceof HTMLInputElement ? spotOf(event.target) : null;
    if (spot) {
      active = anchor = spot;
      toggle();
      cellOf(active)?.focus();
    }
  });
  for (const name of /** @type {const} */ (["paste", "copy", "cut"])) {
    table.addEventListener(name, onClipboard);
  }
  // A run takes what is being typed along, and so does the filter.
  root.addEventListener("hub-commit", (event) => {
    if (editor) {
      commit();
      cellOf(active)?.focus();
    }
    if (event instanceof CustomEvent) event.detail.push(...tell.recent());
  });

  const resizing = new ResizeObserver(() => {
    if (sheet.clientWidth && sheet.clientWidth !== width && !editor) drawTable();
  });
  onForm();
  resizing.observe(sheet);
  const unfollow = follow(model, { "change:form": onForm, "change:faults": onFaults });
  return () => {
    resizing.disconnect();
    unfollow();
  };
}

export default { render };
