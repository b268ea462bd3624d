// @ts-check
// Cells that are exchanged with spreadsheets, as text in the clipboard.

/**
 * The rows of a text: separators between cells, quotes around cells with line breaks.
 *
 * @param {string} text
 * @param {string} separator
 */
function parsed(text, separator) {
  /** @type {string[][]} */
  const rows = [];
  /** @type {string[]} */
  const row = [];
  let cell = "";
  let isQuoted = false;
  const source = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  for (let at = 0; at < source.length; at++) {
    const character = source[at] ?? "";
    if (isQuoted && character === '"' && source[at + 1] === '"') {
      cell += character;
      at++;
    } else if (character === '"' && (isQuoted || cell === "")) isQuoted = !isQuoted;
    else if (!isQuoted && (character === separator || character === "\n")) {
      row.push(cell);
      cell = "";
      if (character === "\n") rows.push(row.splice(0));
    } else cell += character;
  }
  row.push(cell);
  return [...rows, row];
}

/** @param {string} name */
const folded = (name) => name.toLowerCase().replace(/\s+/g, "");

/**
 * Returns pasted cells, the columns that they are for, and what is left out.
 *
 * Text of a spreadsheet has tabs. Commas separate cells only below a heading: texts have commas, too.
 *
 * @param {string} text
 * @param {string[]} names of all columns
 * @param {{ top: number, bottom: number, columns: number[] }} selection
 * @param {number[]} following columns from the first selected one on
 * @param {number} room maximum number of rows from the first selected one on
 * @returns {{ block: string[][], columns: number[], note: string }}
 */
export function pasted(text, names, { top, bottom, columns }, following, room) {
  const places = new Map(names.map((name, index) => [folded(name), index]));
  for (const separator of ["\t", ","]) {
    const [heading = [], ...block] = parsed(text, separator);
    const titles = heading.filter((name) => name !== "");
    const unknown = titles.filter((name) => !places.has(folded(name)));
    // A heading of a larger table has names of other columns, too; most of a row of values are no names.
    const isHeading = titles.length - unknown.length > 1 && unknown.length <= titles.length / 2;
    if (isHeading && block.length) {
      const found = heading.map((name, at) => ({ at, column: places.get(folded(name)) ?? -1 }));
      const used = found.filter(({ column }) => column >= 0);
      return {
        block: block.slice(0, room).map((row) => used.map(({ at }) => row[at] ?? "")),
        columns: used.map(({ column }) => column),
        note: [
          unknown.length ? `Not pasted: ${unknown.join(", ")}. The table has no such input.` : "",
          rowsLeft(block.length, room),
        ].filter(Boolean).join(" "),
      };
    }
  }
  const block = parsed(text, "\t");
  const width = Math.max(...block.map((row) => row.length));
  const [[only = ""] = []] = block;
  // One cell fills the whole selection.
  if (block.length === 1 && width === 1) {
    return { block: filled(bottom - top + 1, columns.length, only), columns, note: "" };
  }
  const taken = following.slice(0, width);
  const columnsLeft = width > taken.length
    ? `Only ${taken.length} of ${width} columns were pasted: the table ends there.`
    : "";
  return {
    block: block.slice(0, room).map((row) => row.slice(0, taken.length)),
    columns: taken,
    note: [columnsLeft, rowsLeft(block.length, room)].filter(Boolean).join(" "),
  };
}

/**
 * @param {number} rows
 * @param {number} room
 */
function rowsLeft(rows, room) {
  if (rows <= room) return "";
  return `Only ${room} of ${rows} rows ${room === 1 ? "was" : "were"} pasted: the table can have no more.`;
}

/**
 * A block of equal cells.
 *
 * @param {number} rows
 * @param {number} columns
 * @param {string} text
 */
export function filled(rows, columns, text) {
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => text));
}

/**
 * The text of cells, as spreadsheets take it.
 *
 * @param {string[][]} rows
 */
export function copied(rows) {
  const quoted = (/** @type {string} */ cell) =>
    /["\n\t]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return rows.map((row) => row.map(quoted).join("\t")).join("\n");
}
