// @ts-check
// How keys move through the table of a form, whose columns continue in further bands below each other.

/** @typedef {{ row: number, place: number }} Spot a row, and a place among the columns on screen */
/**
 * @typedef {object} Size
 * @property {number} rows
 * @property {number} places number of columns on screen
 * @property {number} perBand number of columns side by side
 */

const PAGE = 10;
// More rows are easier to read in columns that scroll than in bands.
const WRAPPED_ROWS = 5;
export const COLUMN_WIDTH = 90;
const HEAD_WIDTH = 40;

/**
 * Returns how many columns stand side by side.
 *
 * @param {number} columns
 * @param {number} rows
 * @param {number} width of the table in pixels
 * @param {boolean | null} wraps whether the user wants bands; null to decide by the number of rows
 */
export function arranged(columns, rows, width, wraps) {
  const fitting = Math.max(1, Math.floor((width - HEAD_WIDTH) / COLUMN_WIDTH));
  const isWrapped = wraps ?? rows <= WRAPPED_ROWS;
  const overflows = columns > fitting;
  const bands = overflows && isWrapped ? Math.ceil(columns / fitting) : 1;
  return { perBand: Math.max(1, Math.ceil(columns / bands)), overflows, isWrapped };
}

/**
 * Returns the rows and columns of the rectangle with two corners.
 *
 * @param {Spot} first
 * @param {Spot} second
 * @param {number[]} shown the columns on screen
 */
export function between(first, second, shown) {
  const [top, bottom] = [Math.min(first.row, second.row), Math.max(first.row, second.row)];
  const [left, right] = [Math.min(first.place, second.place), Math.max(first.place, second.place)];
  return { top, bottom, left, right, columns: shown.slice(left, right + 1) };
}

/**
 * Returns the nearest spot in the table.
 *
 * @param {Spot} spot
 * @param {Size} size
 * @returns {Spot}
 */
export function limited({ row, place }, { rows, places }) {
  return { row: Math.max(0, Math.min(row, rows - 1)), place: Math.max(0, Math.min(place, places - 1)) };
}

/**
 * Returns where a key leads to; undefined for other keys.
 *
 * @param {string} key
 * @param {Spot} spot
 * @param {Size} size
 * @param {boolean} isFar whether Ctrl is held
 * @returns {Spot | undefined}
 */
export function moved(key, { row, place }, size, isFar) {
  const [lastRow, lastPlace] = [size.rows - 1, size.places - 1];
  /** @type {Record<string, Spot>} */
  const targets = {
    ArrowDown: isFar ? { row: lastRow, place } : vertical({ row, place }, 1, size),
    ArrowUp: isFar ? { row: 0, place } : vertical({ row, place }, -1, size),
    ArrowLeft: { row, place: isFar ? 0 : place - 1 },
    ArrowRight: { row, place: isFar ? lastPlace : place + 1 },
    Home: { row: isFar ? 0 : row, place: 0 },
    End: { row: isFar ? lastRow : row, place: lastPlace },
    PageDown: { row: row + PAGE, place },
    PageUp: { row: row - PAGE, place },
  };
  const target = targets[key];
  return target && limited(target, size);
}

/**
 * By rows; from the last row of a band to the first of the next one.
 *
 * @param {Spot} spot
 * @param {1 | -1} step
 * @param {Size} size
 */
function vertical({ row, place }, step, { rows, places, perBand }) {
  if (step === 1 && row + 1 >= rows && place + perBand < places) return { row: 0, place: place + perBand };
  if (step === -1 && row === 0 && place >= perBand) return { row: rows - 1, place: place - perBand };
  return { row: row + step, place };
}

/**
 * By cells, through all rows; null beyond the first or last one.
 *
 * @param {Spot} spot
 * @param {1 | -1} step
 * @param {Size} size
 * @returns {Spot | null}
 */
export function along({ row, place }, step, { rows, places }) {
  if (place + step >= 0 && place + step < places) return { row, place: place + step };
  if (row + step < 0 || row + step >= rows) return null;
  return { row: row + step, place: step > 0 ? 0 : places - 1 };
}
