// @ts-check
// Shows HTML of the kernel, in which elements with data-pick can be picked by mouse or keyboard.

import { around, follow, make } from "./dom.js";

/** @typedef {{ html: string }} Traits */
/** @typedef {{ kind: "pick", key: string }} Sent */

/** @param {import("./dom.js").View<Traits, Sent>} view */
function render({ model, el }) {
  const body = make("div", { className: "hub-picks" });
  el.append(body);

  /** @param {Event} event */
  function pick(event) {
    const picked = around(event, "[data-pick]");
    if (!(picked instanceof HTMLElement)) return;
    event.preventDefault();
    model.send({ kind: "pick", key: picked.dataset.pick ?? "" });
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    // A button sends a click of its own for Enter and Space.
    if ((event.key === "Enter" || event.key === " ") && !around(event, "button")) pick(event);
    else if (step) move(event, step);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {number} step
   */
  function move(event, step) {
    const rows = [...body.querySelectorAll("tr[data-pick]")];
    const at = rows.indexOf(/** @type {Element} */ (around(event, "tr[data-pick]")));
    const next = rows[at + step];
    if (at < 0 || !(next instanceof HTMLElement)) return;
    event.preventDefault();
    next.focus();
  }

  function draw() {
    const active = document.activeElement;
    const key = active instanceof HTMLElement && body.contains(active) ? active.dataset.pick : undefined;
    // The kernel has escaped what strangers chose.
    body.innerHTML = model.get("html");
    if (key === undefined) return;
    for (const element of body.querySelectorAll("[data-pick]")) {
      if (element instanceof HTMLElement && element.dataset.pick === key) element.focus();
    }
  }

  body.addEventListener("click", pick);
  body.addEventListener("keydown", onKey);
  draw();
  return follow(model, { "change:html": draw });
}

export default { render };
