// @ts-check
// Paper to draw on with the mouse, a pen or a finger. The kernel gets what was drawn as PNG, ink on white paper.

import { button, follow, make } from "./dom.js";

/**
 * @typedef {object} Traits
 * @property {number} width of the picture in its own pixels
 * @property {number} height
 * @property {boolean} dark whether the module takes bright ink on dark paper, which is how it is shown
 * @property {string} label
 */
/** @typedef {{ kind: "drawn" | "cleared" }} Sent */
/** @typedef {[x: number, y: number][]} Stroke in pixels of the canvas */

// Pixels of the longer side of the canvas.
const SIDE = 280;
// Milliseconds between two messages while a stroke is drawn, so that a live run follows the pen.
const PAUSE = 150;

/** @param {import("./dom.js").View<Traits, Sent>} view */
function render({ model, el }) {
  const scale = SIDE / Math.max(model.get("width"), model.get("height"));
  const canvas = make("canvas", {
    className: "hub-paper",
    width: Math.round(scale * model.get("width")),
    height: Math.round(scale * model.get("height")),
    tabIndex: 0,
    role: "img",
    "aria-label": model.get("label"),
  });
  const undo = button("Undo", "Remove the last stroke", () => change(strokes.slice(0, -1)));
  const clear = button("Clear", "Remove all strokes", () => change([]));
  const said = make("span", {
    className: "hub-said",
    textContent: "Draw here with the mouse, a pen or a finger.",
  });
  const tools = make("div", { className: "hub-sketch-tools" }, said, make("div", {}, undo, " ", clear));
  el.append(make("div", { className: "hub-sketch" }, canvas, tools));
  const pen = canvas.getContext("2d");
  /** @type {Stroke[]} */
  let strokes = [];
  /** @type {Stroke | null} */
  let current = null;
  let timer = 0;

  function draw() {
    canvas.classList.toggle("hub-dark-paper", model.get("dark"));
    undo.disabled = clear.disabled = strokes.length === 0;
    if (!pen) return;
    pen.fillStyle = "white";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = "black";
    pen.lineCap = pen.lineJoin = "round";
    // As thick as the strokes of the digits that most models were trained on: two of 28 pixels.
    pen.lineWidth = SIDE / 13;
    for (const stroke of strokes) {
      pen.beginPath();
      for (const [x, y] of stroke) pen.lineTo(x, y);
      // A point is a line of no length, which is drawn only if it is one.
      if (stroke.length === 1 && stroke[0]) pen.lineTo(stroke[0][0], stroke[0][1]);
      pen.stroke();
    }
  }

  /** @param {Stroke[]} next */
  function change(next) {
    strokes = next;
    draw();
    send();
  }

  function send() {
    clearTimeout(timer);
    timer = 0;
    if (strokes.length === 0) return model.send({ kind: "cleared" });
    canvas.toBlob(async (content) => {
      if (content) model.send({ kind: "drawn" }, undefined, [await content.arrayBuffer()]);
    }, "image/png");
  }

  /** @param {PointerEvent} event */
  function add(event) {
    const box = canvas.getBoundingClientRect();
    current?.push([
      (event.clientX - box.left) * canvas.width / box.width,
      (event.clientY - box.top) * canvas.height / box.height,
    ]);
    draw();
    if (!timer) timer = setTimeout(send, PAUSE);
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    canvas.focus();
    canvas.setPointerCapture(event.pointerId);
    current = [];
    strokes = [...strokes, current];
    add(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (current) add(event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      if (!current) return;
      current = null;
      send();
    });
  }
  canvas.addEventListener("keydown", (event) => {
    const isUndo = (event.ctrlKey || event.metaKey) && event.key === "z";
    if (isUndo || event.key === "Backspace") change(strokes.slice(0, -1));
    else if (event.key === "Delete") change([]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  /** @param {{ kind: "forget" }} message */
  function onMessage(message) {
    if (message.kind !== "forget") return;
    strokes = [];
    draw();
  }

  draw();
  const unfollow = follow(model, { "change:dark": draw, "msg:custom": onMessage });
  return () => {
    clearTimeout(timer);
    unfollow();
  };
}

export default { render };
