// @ts-check
// Knows the panel around it: the keys that work anywhere in it, and whether its kernel is still there.

import { around, make } from "./dom.js";

const GONE =
  "The kernel of this panel is gone: it was restarted, or the notebook was opened without it. What you see is " +
  "the last state. Run the cell again to go on.";
const FIELD = ".hub-field textarea";

/** @typedef {{ kind: "ready" } | { kind: "run", texts: (string | null)[] }} Sent */

/** @param {import("./dom.js").View<object, Sent>} view */
function render({ model, el }) {
  const banner = make("div", { className: "hub-gone", role: "alert", hidden: true });
  el.append(banner);
  /** @type {HTMLElement | null} */
  let panel = null;

  // What was typed since goes along: ipywidgets holds it back while an earlier change is on its way, and a run
  // would overtake it. What was not typed is not sent, for the kernel may know better by now.
  /** @type {WeakSet<Element>} */
  let typed = new WeakSet();

  function run() {
    /** @type {Iterable<HTMLTextAreaElement>} */
    const fields = panel?.querySelectorAll(FIELD) ?? [];
    model.send({ kind: "run", texts: [...fields].map((field) => typed.has(field) ? field.value : null) });
    typed = new WeakSet();
  }

  /** @param {Event} event */
  function onInput(event) {
    const { target } = event;
    if (target instanceof Element && target.matches(FIELD)) typed.add(target);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.key === "Enter" && event.shiftKey && around(event, ".hub-try")) {
      event.preventDefault();
      event.stopPropagation();
      run();
    }
  }

  /** @param {MouseEvent} event */
  function onClick(event) {
    if (around(event, ".hub-run:not(:disabled)")) run();
    // Other buttons, and rows of the log, may put something else into the fields.
    else if (around(event, "button, .hub-log")) typed = new WeakSet();
  }

  function look() {
    const gone = panel !== null && panel.classList.contains("jupyter-widgets-disconnected");
    banner.hidden = !gone;
    banner.textContent = gone ? GONE : "";
    panel?.classList.toggle("hub-is-gone", gone);
  }

  // What ipywidgets leaves without a name for screen readers: the handle of a slider, and its number.
  function name() {
    for (const slider of panel?.querySelectorAll(".widget-hslider") ?? []) {
      const words = slider.querySelector(".widget-label")?.textContent ?? "";
      slider.querySelector(".noUi-handle")?.setAttribute("aria-label", words);
      slider.querySelector(".widget-readout")?.setAttribute("aria-label", `${words}, type a number`);
    }
  }

  // The view is put into the panel after it was made.
  const watch = new MutationObserver(look);
  const grown = new MutationObserver(name);
  let waiting = requestAnimationFrame(function attach() {
    panel = el.closest(".hubexplore-panel");
    if (panel === null) {
      waiting = requestAnimationFrame(attach);
      return;
    }
    // Keys in the panel are the panel's: JupyterLab would run or delete cells.
    panel.setAttribute("data-lm-suppress-shortcuts", "true");
    panel.addEventListener("keydown", onKey, true);
    panel.addEventListener("click", onClick, true);
    panel.addEventListener("input", onInput, true);
    watch.observe(panel, { attributes: true, attributeFilter: ["class"] });
    grown.observe(panel, { childList: true, subtree: true });
    look();
    name();
    model.send({ kind: "ready" });
  });

  return () => {
    cancelAnimationFrame(waiting);
    watch.disconnect();
    grown.disconnect();
    panel?.removeEventListener("keydown", onKey, true);
    panel?.removeEventListener("click", onClick, true);
    panel?.removeEventListener("input", onInput, true);
  };
}

export default { render };
