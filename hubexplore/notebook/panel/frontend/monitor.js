// @ts-check
// Watches the panel around it: the keys that work anywhere in it, and the connection to its kernel.

import { around, make } from "./dom.js";

const DISCONNECTED =
  "This panel is disconnected: its kernel was restarted or shut down. You see its last state. " +
  "Run the cell again to continue.";
const FIELD = ".hub-field textarea";
const PANEL = ".hubexplore-panel";

// Front ends put each output into boxes of their own, whose padding would stay: those that are known go as well.
const BOXES = [".jp-OutputArea-child", ".output_area"];

/** @typedef {{ kind: "ready" } | { kind: "run" | "trust", texts: (string | null)[], edits: object[] }} Sent */
/** @typedef {{ picture: string }} Traits */

/** @param {import("./dom.js").View<Traits, Sent>} view */
function render({ model, el }) {
  const banner = make("div", { className: "hub-gone", role: "alert", hidden: true });
  el.append(banner, make("style", { textContent: hiding(model.get("picture")) }));
  /** @type {HTMLElement | null} */
  let panel = null;

  // A run takes the typed texts along: ipywidgets holds a change back while an earlier one is on its way, and
  // the message of the run would overtake it. Other texts are not sent, as the kernel may have newer ones.
  /** @type {WeakSet<Element>} */
  let typed = new WeakSet();

  // A panel may hold that of another module, which has a monitor of its own.
  /** @param {Event} event */
  function isOwn(event) {
    return event.composedPath().find((node) => node instanceof Element && node.matches(PANEL)) === panel;
  }

  /** @param {string} selector */
  function* ownElements(selector) {
    for (const node of panel?.querySelectorAll(selector) ?? []) {
      if (node.closest(PANEL) === panel) yield node;
    }
  }

  /** @param {"run" | "trust"} kind */
  function run(kind) {
    // The table adds its last edits, whose own messages may come later.
    /** @type {object[]} */
    const edits = [];
    for (const grid of ownElements(".hub-grid")) {
      grid.dispatchEvent(new CustomEvent("hub-commit", { detail: edits }));
    }
    const fields = /** @type {Iterable<HTMLTextAreaElement>} */ (ownElements(FIELD));
    model.send({ kind, texts: [...fields].map((field) => typed.has(field) ? field.value : null), edits });
    typed = new WeakSet();
  }

  /** @param {Event} event */
  function onInput(event) {
    const { target } = event;
    if (isOwn(event) && target instanceof Element && target.matches(FIELD)) typed.add(target);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.key === "Enter" && event.shiftKey && isOwn(event) && around(event, ".hub-try")) {
      event.preventDefault();
      event.stopPropagation();
      run("run");
    }
  }

  /** @param {MouseEvent} event */
  function onClick(event) {
    if (!isOwn(event)) return;
    const kind = around(event, ".hub-run:not(:disabled)")
      ? "run"
      : around(event, ".hub-trust:not(:disabled)")
      ? "trust"
      : null;
    if (kind) {
      // Else ipywidgets sends a message of its own, which nobody in the kernel waits for.
      event.stopPropagation();
      run(kind);
    } // Other buttons, and rows of the log, may change the fields, which then hold nothing typed any more.
    else if (around(event, "button, .hub-log")) typed = new WeakSet();
  }

  function showConnection() {
    const isDisconnected = panel !== null && panel.classList.contains("jupyter-widgets-disconnected");
    banner.hidden = !isDisconnected;
    banner.textContent = isDisconnected ? DISCONNECTED : "";
    panel?.classList.toggle("hub-is-gone", isDisconnected);
  }

  // ipywidgets gives neither the handle of a slider nor its number a name for screen readers.
  function labelSliders() {
    for (const slider of panel?.querySelectorAll(".widget-hslider") ?? []) {
      const label = slider.querySelector(".widget-label")?.textContent ?? "";
      slider.querySelector(".noUi-handle")?.setAttribute("aria-label", label);
      slider.querySelector(".widget-readout")?.setAttribute("aria-label", `${label}, type a number`);
    }
  }

  // Else JupyterLab takes keys for its own commands, which run or delete cells. The element itself needs the
  // attribute: the selectors of most shortcuts match what has the focus before its ancestors are asked.
  /** @param {FocusEvent} event */
  function keepKeys(event) {
    if (event.target instanceof Element) event.target.setAttribute("data-lm-suppress-shortcuts", "true");
  }

  const connection = new MutationObserver(showConnection);
  const content = new MutationObserver(labelSliders);
  // ipywidgets renders a view before it puts it into the panel.
  let waiting = requestAnimationFrame(function attach() {
    panel = el.closest(PANEL);
    if (panel === null) {
      waiting = requestAnimationFrame(attach);
      return;
    }
    panel.addEventListener("focusin", keepKeys);
    panel.addEventListener("keydown", onKey, true);
    panel.addEventListener("click", onClick, true);
    panel.addEventListener("input", onInput, true);
    connection.observe(panel, { attributes: true, attributeFilter: ["class"] });
    content.observe(panel, { childList: true, subtree: true });
    showConnection();
    labelSliders();
    model.send({ kind: "ready" });
  });

  return () => {
    cancelAnimationFrame(waiting);
    connection.disconnect();
    content.disconnect();
    panel?.removeEventListener("focusin", keepKeys);
    panel?.removeEventListener("keydown", onKey, true);
    panel?.removeEventListener("click", onClick, true);
    panel?.removeEventListener("input", onInput, true);
  };
}

// A style sheet, as it applies to pictures that come later, and goes when this view does: no front end has to be
// known, and no kernel has to answer.
/** @param {string} picture */
function hiding(picture) {
  if (!/^[\w-]+$/.test(picture)) return "";
  const boxes = BOXES.map((box) => `${box}:has(.${picture}):not(:has(.hubexplore-panel))`);
  return [`.${picture}`, ...boxes].map((hidden) => `${hidden} { display: none !important; }`).join("\n");
}

export default { render };
