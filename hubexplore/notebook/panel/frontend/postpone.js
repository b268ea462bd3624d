// @ts-check
// Postpones the drawing of a new selection on the point map until its rows are listed, where drawing is slow.
// Without a graphics card, 200,000 points keep the browser busy for longer than everything else takes together.

import { follow } from "./dom.js";

/**
 * The parts of a scatter plot of regl-scatterplot that are used here. All plots of a page share one renderer.
 *
 * @typedef {object} Plot
 * @property {(name: string) => any} get
 * @property {(event: string, listener: () => void) => void} subscribe
 * @property {() => void} redraw
 */

/**
 * @typedef {object} Pace
 * @property {Set<unknown>} held canvases that are not drawn for now
 * @property {WeakMap<WeakKey, number>} took milliseconds that the last drawing of each canvas took
 */

/** @typedef {{ answers: number }} Traits */

// Milliseconds: a drawing that takes no longer delays nothing that a user would notice.
const QUICK = 30;
// Milliseconds: the kernel may be busy, and a user also waits for the selection.
const PATIENCE = 500;
const PACE = Symbol.for("hubexplore.pace");

/**
 * Returns the pace of a renderer, whose method it replaces at the first call.
 *
 * @param {any} renderer
 * @returns {Pace}
 */
function paceOf(renderer) {
  if (!renderer[PACE]) {
    /** @type {Pace} */
    const pace = renderer[PACE] = { held: new Set(), took: new WeakMap() };
    const { render } = renderer;
    renderer.render = (/** @type {() => void} */ draw, /** @type {HTMLCanvasElement} */ canvas) => {
      if (pace.held.has(canvas)) return;
      const start = performance.now();
      render.call(renderer, draw, canvas);
      pace.took.set(canvas, performance.now() - start);
    };
  }
  return renderer[PACE];
}

/** @param {import("./dom.js").View<Traits>} view */
function render({ model, el }) {
  /** @type {WeakSet<Plot>} */
  const known = new WeakSet();
  let resume = () => {};

  // jupyter-scatter makes its plot at some later time, but before anyone can touch it.
  /** @param {Event} event */
  function onPointer(event) {
    const path = /** @type {any[]} */ (event.composedPath());
    if (!path.some((node) => node.classList?.contains("hub-map") && node.contains(el))) return;
    const plot = path.find((node) => node.api?.subscribe)?.api;
    if (plot && !known.has(plot)) adopt(plot);
  }

  /** @param {Plot} plot */
  function adopt(plot) {
    const [renderer, canvas] = [plot.get("renderer"), plot.get("canvas")];
    if (!renderer?.render || !canvas) return;
    known.add(plot);
    const pace = paceOf(renderer);

    function hold() {
      if (pace.held.has(canvas) || (pace.took.get(canvas) ?? Infinity) < QUICK) return;
      pace.held.add(canvas);
      const timer = setTimeout(() => resume(), PATIENCE);
      resume = () => {
        clearTimeout(timer);
        resume = () => {};
        pace.held.delete(canvas);
        plot.redraw();
      };
    }

    plot.subscribe("select", hold);
    plot.subscribe("deselect", hold);
  }

  // The rows are in the page by then. They are painted at the end of the next frame.
  function onAnswer() {
    requestAnimationFrame(() => requestAnimationFrame(() => resume()));
  }

  addEventListener("pointerdown", onPointer, true);
  const unfollow = follow(model, { "change:answers": onAnswer });
  return () => {
    removeEventListener("pointerdown", onPointer, true);
    unfollow();
    resume();
  };
}

export default { render };
