// @ts-check
// Edits of the table of a form, on their way to the kernel.

/**
 * @typedef {{ kind: "edit", row: number, columns: number[], block: string[][] }
 *   | { kind: "insert", row: number } | { kind: "remove", row: number, count: number }
 *   | { kind: "clear" } | { kind: "box", box: number, text: string }} Edit
 */
/** @typedef {Edit & { view: string, number: number, drawing: number }} Sent */

// Milliseconds after which an edit has certainly arrived.
const LONGEST_WAY = 20_000;

/**
 * Makes a function that sends edits, and remembers the last ones.
 *
 * The messages of two widgets may overtake each other: a front end may give each a thread of the kernel. Hence a
 * run takes the last edits along, and the kernel knows by their numbers which of them it has seen.
 *
 * @param {import("./dom.js").Model<{ form: { drawing: number } }, Sent>} model
 */
export function makeTeller(model) {
  const view = Math.random().toString(36).slice(2);
  /** @type {{ at: number, sent: Sent }[]} */
  let last = [];
  let number = 0;

  function recent() {
    last = last.filter(({ at }) => performance.now() - at < LONGEST_WAY);
    return last.map(({ sent }) => sent);
  }

  /** @param {Edit} edit */
  function tell(edit) {
    number += 1;
    const sent = { ...edit, view, number, drawing: model.get("form").drawing };
    recent();
    last.push({ at: performance.now(), sent });
    model.send(sent);
  }

  return Object.assign(tell, { recent });
}
