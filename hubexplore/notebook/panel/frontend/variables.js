// @ts-check
// The list of variables: the kernel filters it while the user types, a click or Enter opens a variable.

import { around, button, follow, make, spoken } from "./dom.js";

/**
 * @typedef {object} Row
 * @property {number} number index of the variable
 * @property {string} name
 * @property {string} type
 * @property {string} shape
 * @property {string} parameters
 * @property {string} size
 * @property {string} products multiply-adds of the op that reads it, for one row
 * @property {string} remark how it compares with another module
 */
/** @typedef {{ text?: string, rows?: Row[], found?: number, total?: number }} Shown */
/** @typedef {{ shown: Shown, selected: number, said: string }} Traits said: of the variable that was opened */
/** @typedef {{ kind: "filter", text: string } | { kind: "more" } | { kind: "open", number: number }} Sent */

/** Milliseconds without a key after which the filter is sent. */
const PAUSE = 120;

/** @param {import("./dom.js").View<Traits, Sent>} view */
function render({ model, el }) {
  const search = make("input", {
    type: "search",
    className: "hub-filter",
    placeholder: "part of a name, or a pattern with * and ?",
    "aria-label": "Filter by name",
    value: model.get("shown").text ?? "",
  });
  const count = spoken("span", "hub-said");
  const said = spoken("span", "hub-spoken");
  const products = make("th", {
    textContent: "Multiply-adds",
    className: "hub-number",
    scope: "col",
    title: "Of the op that reads it, for one row",
  });
  const remarks = make("th", { textContent: "Compared", scope: "col" });
  const headings = ["Name", "Type", "Shape", "Parameters", "Size"].map((textContent) =>
    make("th", { textContent, scope: "col" })
  );
  const body = make("tbody");
  const table = make(
    "table",
    { className: "hub-log hub-variables", "aria-label": "Variables" },
    make("thead", {}, make("tr", {}, ...headings, products, remarks)),
    body,
  );
  const more = button("Show more", "Show more variables", () => model.send({ kind: "more" }));
  const list = make("div", { className: "hub-variable-list" }, table, more);
  el.append(
    make(
      "div",
      { className: "hub-variables-head" },
      make("label", {}, "Filter by name ", search),
      count,
      said,
    ),
    list,
  );

  // The filter that the kernel has not answered yet: one at a time, the last one in any case.
  /** @type {string | null} */
  let asked = null;
  // Whether Enter was pressed before the rows of the filter are there.
  let opensFirst = false;
  /** @type {number | undefined} */
  let timer;

  function send() {
    clearTimeout(timer);
    if (asked !== null || search.value === (model.get("shown").text ?? "")) return;
    asked = search.value;
    model.send({ kind: "filter", text: asked });
  }

  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(send, PAUSE);
  });

  /** @param {Row} row */
  function line(row) {
    const open = button(row.name, `${row.name}: show its values`, () => {
      model.send({ kind: "open", number: row.number });
    }, { className: "hub-link", tabIndex: -1, title: row.name });
    const cells = [row.type, row.shape, row.parameters, row.size].map((textContent) =>
      make("td", { textContent })
    );
    const node = make(
      "tr",
      { "data-number": String(row.number) },
      make("th", { scope: "row" }, open),
      ...cells,
    );
    if (!products.hidden) node.append(make("td", { textContent: row.products, className: "hub-number" }));
    if (!remarks.hidden) node.append(make("td", { textContent: row.remark }));
    // A large target for the mouse; the keyboard has the button.
    node.addEventListener("click", (event) => {
      if (!around(event, "button")) open.click();
    });
    return node;
  }

  /** @returns {HTMLElement[]} */
  const links = () => [...body.querySelectorAll("button")];

  /** @param {HTMLElement | undefined} link the only one that Tab reaches */
  function reach(link) {
    for (const other of links()) other.tabIndex = other === link ? 0 : -1;
  }

  function mark() {
    for (const row of body.querySelectorAll("tr")) {
      const isSelected = row.dataset.number === String(model.get("selected"));
      row.classList.toggle("hub-chosen", isSelected);
      const link = row.querySelector("button");
      if (isSelected) link?.setAttribute("aria-current", "true");
      else link?.removeAttribute("aria-current");
    }
  }

  function draw() {
    const { rows = [], found = 0, total = 0, text = "" } = model.get("shown");
    const focused = document.activeElement?.closest("tr")?.dataset.number;
    const hadFocus = body.contains(document.activeElement);
    products.hidden = rows.every(({ products }) => !products);
    remarks.hidden = rows.every(({ remark }) => !remark);
    body.replaceChildren(...rows.map(line));
    const all = `${total.toLocaleString("en")} ${total === 1 ? "variable" : "variables"}`;
    count.textContent = text.trim() ? `${found.toLocaleString("en")} of ${all}` : all;
    table.hidden = rows.length === 0;
    more.hidden = rows.length >= found;
    more.textContent = `Show more of ${(found - rows.length).toLocaleString("en")} others`;
    const successor = links().find((link) => link.closest("tr")?.dataset.number === focused);
    reach(successor ?? links()[0]);
    // New rows replace the focused element; a keyboard user must not lose the place.
    if (hadFocus) (successor ?? links()[0] ?? search).focus();
    mark();
    table.dataset.filter = text;
    if (asked !== null && asked === text) {
      asked = null;
      send();
    }
    if (opensFirst && asked === null) openFirst();
  }

  function openFirst() {
    opensFirst = search.value !== (model.get("shown").text ?? "");
    if (opensFirst) send();
    else links()[0]?.click();
  }

  /** @type {Record<string, (at: number, last: number) => number>} */
  const STEPS = {
    ArrowDown: (at, last) => Math.min(at + 1, last),
    ArrowUp: (at) => at - 1,
    Home: () => 0,
    End: (_, last) => last,
  };

  list.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const all = links();
    const at = all.findIndex((link) => link === document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    // JupyterLab would move to another cell.
    event.stopPropagation();
    const next = step(at, all.length - 1);
    const link = all[next];
    // Above the first row is the filter.
    if (!link) return search.focus();
    reach(link);
    link.focus();
  });

  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && links().length) {
      event.preventDefault();
      event.stopPropagation();
      links()[0]?.focus();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      openFirst();
    }
  });

  function speak() {
    said.textContent = model.get("said");
  }

  draw();
  return follow(model, { "change:shown": draw, "change:selected": mark, "change:said": speak });
}

export default { render };
