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
 * Returns pasted cells, and the columns that a heading names; null without a heading.
 *
 * Text of a spreadsheet has tabs. Commas separate cells only below a heading: texts have commas, too.
 *
 * @param {string} text
 * @param {string[]} names of all columns
 * @returns {{ block: string[][], columns: number[] | null }}
 */
export function pasted(text, names) {
  const places = new Map(names.map((name, index) => [folded(name), index]));
  for (const separator of ["\t", ","]) {
    const [heading = [], ...block] = parsed(text, separator);
    const isHeading = heading.length > 1 && heading.every((name) => name === "" || places.has(folded(name)));
    if (isHeading && block.length) {
      const found = heading.map((name, at) => ({ at, column: places.get(folded(name)) ?? -1 }));
      const used = found.filter(({ column }) => column >= 0);
      return {
        block: block.map((row) => used.map(({ at }) => row[at] ?? "")),
        columns: used.map(({ column }) => column),
      };
    }
  }
  return { block: parsed(text, "\t"), columns: null };
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
