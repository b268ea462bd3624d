// @ts-check
// What stands around the table of a form: the filter above it, and the buttons below it.

import { button, make } from "./dom.js";

/**
 * Makes a filter of inputs by name.
 *
 * @param {() => void} changed is called when the words change
 */
export function makeFilter(changed) {
  const label = "Filter inputs by name";
  const search = make("input", { type: "search", placeholder: label, "aria-label": label });
  search.addEventListener("input", changed);
  return {
    element: make("div", { className: "hub-grid-bar" }, search),

    /** @param {string} name */
    fits(name) {
      return name.toLowerCase().includes(search.value.trim().toLowerCase());
    },

    clear() {
      search.value = "";
    },
  };
}

/**
 * Makes the buttons for rows.
 *
 * @param {{ add: () => void, remove: () => void, clear: () => void, wrap: (isOn: boolean) => void }} actions
 */
export function makeToolbar(actions) {
  const add = button("Add row", "Add a row below the current one", actions.add);
  const remove = button("Remove row", "Remove the selected rows", actions.remove);
  const clear = button("Clear", "Empty the table", actions.clear);
  const wrap = make("input", { type: "checkbox" });
  const title = "Continue the columns below, so that all are on screen";
  const wrapLabel = make("label", { title }, wrap, "Wrap columns");
  const count = make("span", { className: "hub-quiet" });
  wrap.addEventListener("change", () => actions.wrap(wrap.checked));
  return {
    element: make("div", { className: "hub-grid-bar" }, add, remove, clear, wrapLabel, count),

    canAdd() {
      return !add.disabled && !add.hidden;
    },

    /**
     * @param {boolean} isNeeded whether not all columns fit side by side
     * @param {boolean} isChecked
     */
    showWrap(isNeeded, isChecked) {
      wrapLabel.hidden = !isNeeded;
      wrap.checked = isChecked;
    },

    /**
     * @param {object} state
     * @param {number} state.rows on screen
     * @param {number} state.total with those that are not
     * @param {number} state.most maximum number of rows
     * @param {boolean} state.isHeld whether rows cannot be edited
     */
    show({ rows, total, most, isHeld }) {
      add.disabled = isHeld || rows >= most;
      remove.disabled = isHeld || rows < 2;
      add.hidden = remove.hidden = most === 1;
      const all = isHeld ? total : rows;
      const part = all > rows ? `, the first ${rows} shown; Clear to type others` : "";
      count.textContent = `${all.toLocaleString("en")} ${all === 1 ? "row" : "rows"}${part}`;
    },
  };
}

/**
 * Hands files that are dropped on the table to the field for files below it.
 *
 * @param {HTMLElement} root
 */
export function takeDrops(root) {
  root.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    root.classList.add("hub-over");
  });
  root.addEventListener("dragleave", () => root.classList.remove("hub-over"));
  root.addEventListener("drop", (event) => {
    root.classList.remove("hub-over");
    const field = root.closest(".hub-table")?.querySelector("input[type=file]");
    const files = event.dataTransfer?.files;
    if (!(field instanceof HTMLInputElement) || !files?.length) return;
    event.preventDefault();
    event.stopPropagation();
    field.files = files;
    field.dispatchEvent(new Event("change"));
  });
}
