// @ts-check
// Shows the outputs of a run: pictures and tables that the kernel made, with the value under the mouse or chosen by
// arrow keys, a choice of views, and downloads.

import { breakable, button, follow, make, save } from "./dom.js";
import { framed, offerEnlarging } from "./enlarging.js";

/**
 * A place in a picture, in fractions of its size, and the text of its tooltip.
 *
 * @typedef {{ left: number, top: number, width: number, height: number, text: string }} Spot
 */
/**
 * The places of a picture, found by position (mouse) or direction (arrow keys).
 *
 * @template Place
 * @typedef {object} Places
 * @property {Place} first
 * @property {(x: number, y: number) => Place | null} under
 * @property {(place: Place, dx: number, dy: number) => Place} next
 * @property {(place: Place) => Spot} at
 */
/**
 * Cells of even size; `box` is left, top, width and height.
 *
 * @typedef {object} GridHover
 * @property {"grid"} kind
 * @property {[number, number, number, number]} box
 * @property {number} rows
 * @property {number} columns
 * @property {string} values row by row, each in a line
 * @property {string[]} row_captions
 * @property {string[]} column_captions
 */
/** @typedef {{ kind: "points", points: [x: number, y: number, text: string][] }} PointsHover */
/**
 * A number that the reader may change.
 *
 * @typedef {{ key: string, label: string, low: number, high: number, step: number, value: number,
 *   plays: boolean }} Control
 */
/**
 * @typedef {object} Output
 * @property {string} name
 * @property {string} facts
 * @property {string[]} views
 * @property {string} view the one shown
 * @property {[form: string, label: string][]} downloads
 * @property {Control[]} controls
 * @property {string} html
 * @property {boolean[]} tips for each picture whether tooltips follow
 * @property {boolean[]} natives for each picture whether the kernel has its pixels
 */
/**
 * What follows the pictures of an output.
 *
 * @typedef {{ numbers: string, hovers: (GridHover | PointsHover | null)[] }} Rest `numbers` is HTML, or empty;
 *   there is one item of `hovers` for each picture
 */
/** @typedef {{ title?: string, number?: number | null, outputs?: Output[] }} Shown nothing at first */
/** @typedef {{ shown: Shown, rest: Rest[], title: string, remark: string }} Traits */
/**
 * @typedef {{ kind: "view", output: number, view: string }
 *   | { kind: "setting", output: number, key: string, value: number }
 *   | { kind: "download", output: number, form: string }
 *   | { kind: "picture", output: number, place: number }} Sent
 */
/** @typedef {import("./dom.js").Model<Traits, Sent>} Model */
/** @typedef {{ node: HTMLElement, update: (output: Output) => void, complete: (rest: Rest) => void }} Section */

/** @typedef {{ node: HTMLElement, arrived: () => void }} Slider told when its picture has arrived */

// Milliseconds between two frames of a film.
const FRAME_TIME = 100;
/** @type {Record<string, [dx: number, dy: number]>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param {number} fraction */
const percent = (fraction) => `${100 * fraction}%`;

/**
 * Puts a tooltip to the right of a place, or to the left of it, where it is not cut off.
 *
 * @param {HTMLElement} tip
 * @param {HTMLElement} frame around the picture
 * @param {number} x of the place, as a fraction of the width
 */
function aside(tip, frame, x) {
  const room = (frame.closest(".hub-output-body") ?? frame).getBoundingClientRect();
  const box = frame.getBoundingClientRect();
  const place = box.left + x * box.width;
  const width = tip.offsetWidth;
  const shift = place + 10 + width <= room.right ? 10 : -10 - width;
  tip.style.setProperty("--x", `${Math.max(shift, room.left - place)}px`);
}

/**
 * Adds a tooltip with the value at a place to a picture.
 *
 * @template Place
 * @param {HTMLImageElement} picture
 * @param {HTMLElement} frame around it
 * @param {Places<Place>} places
 */
function addHover(picture, frame, places) {
  const tip = make("span", { className: "hub-tip", hidden: true, "aria-live": "polite" });
  const mark = make("span", { className: "hub-mark", hidden: true });
  frame.append(mark, tip);
  /** @type {Place | null} */
  let at = null;

  /** @param {Place | null} place */
  function show(place) {
    at = place;
    mark.hidden = tip.hidden = place === null;
    if (place === null) return;
    const { left, top, width, height, text } = places.at(place);
    Object.assign(mark.style, {
      left: percent(left),
      top: percent(top),
      width: percent(width),
      height: percent(height),
    });
    tip.textContent = text;
    tip.style.left = percent(Math.min(left + width / 2, 0.98));
    // Above the place. At the top of the picture that would be cut off: then below the place, or inside of a
    // place that is a whole column.
    const below = top < 0.12;
    tip.style.top = percent(below && height < 0.3 ? top + height : top);
    aside(tip, frame, Math.min(left + width / 2, 0.98));
    tip.classList.toggle("hub-tip-below", below);
  }

  frame.addEventListener("mousemove", (event) => {
    const box = picture.getBoundingClientRect();
    show(places.under((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
  });
  frame.addEventListener("mouseleave", () => show(null));
  frame.addEventListener("blur", () => show(null));
  frame.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show(null);
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    show(at === null ? places.first : places.next(at, ...step));
  });
}

/**
 * @param {GridHover} hover
 * @returns {Places<[column: number, row: number]>}
 */
function grid(hover) {
  const [left, top, width, height] = hover.box;
  const { rows, columns } = hover;
  /** @type {string[] | null} not before the first tooltip */
  let values = null;
  /** @type {(value: number, end: number) => number} */
  const clamp = (value, end) => Math.min(Math.max(value, 0), end - 1);
  return {
    first: [0, 0],
    under(x, y) {
      const column = Math.floor(((x - left) / width) * columns);
      const row = Math.floor(((y - top) / height) * rows);
      return column >= 0 && column < columns && row >= 0 && row < rows ? [column, row] : null;
    },
    next: ([column, row], dx, dy) => [clamp(column + dx, columns), clamp(row + dy, rows)],
    at([column, row]) {
      values ??= hover.values.split("\n");
      return {
        left: left + (width * column) / columns,
        top: top + (height * row) / rows,
        width: width / columns,
        height: height / rows,
        text: [
          [hover.row_captions[row], hover.column_captions[column]].filter(Boolean).join(" · "),
          values[row * columns + column],
        ].filter(Boolean).join(": "),
      };
    },
  };
}

/**
 * @param {PointsHover} hover
 * @returns {Places<number>}
 */
function points(hover) {
  const size = 0.03;
  const all = hover.points;
  return {
    first: 0,
    under(x, y) {
      /** @type {number | null} */
      let best = null;
      let nearest = 0.05;
      for (const [index, [px, py]] of all.entries()) {
        const distance = Math.hypot(px - x, py - y);
        if (distance < nearest) [best, nearest] = [index, distance];
      }
      return best;
    },
    next: (index, dx, dy) => (index + all.length + (dx + dy)) % all.length,
    at(index) {
      const [x, y, text] = all[index] ?? [0, 0, ""];
      return { left: x - size / 2, top: y - size / 2, width: size, height: size, text };
    },
  };
}

/**
 * A slider whose value is sent while it moves, the last one in any case.
 *
 * @param {Control} control
 * @param {(value: number) => void} send
 * @returns {Slider}
 */
function slider(control, send) {
  const input = make("input", {
    type: "range",
    min: String(control.low),
    max: String(control.high),
    step: String(control.step),
    value: String(control.value),
  });
  const shown = make("output", { textContent: String(control.value) });
  let waiting = false;
  let isChanged = false;

  function later() {
    waiting = false;
    if (isChanged) change();
  }

  // At most ten messages in a second: the kernel draws a picture for each.
  function change() {
    isChanged = waiting;
    if (waiting) return;
    waiting = true;
    send(Number(input.value));
    setTimeout(later, 100);
  }

  input.addEventListener("input", () => {
    shown.textContent = input.value;
    change();
  });
  const node = make("label", { className: "hub-slider" }, `${control.label} `, input, shown);
  return control.plays ? player(control, node, input) : { node, arrived() {} };
}

/**
 * A slider with a button that goes through all its values, over and over.
 *
 * @param {Control} control
 * @param {HTMLElement} label
 * @param {HTMLInputElement} input
 * @returns {Slider}
 */
function player(control, label, input) {
  let isPlaying = false;
  let last = 0;
  const play = button("▶", `Play: ${control.label}`, () => {
    set(!isPlaying);
    if (isPlaying) next();
  });

  /** @param {boolean} on */
  function set(on) {
    isPlaying = on;
    play.textContent = on ? "❚❚" : "▶";
    play.setAttribute("aria-label", `${on ? "Pause" : "Play"}: ${control.label}`);
  }

  function next() {
    if (!isPlaying || !input.isConnected) return set(false);
    last = performance.now();
    const value = Number(input.value) + control.step;
    input.value = String(value > control.high ? control.low : value);
    input.dispatchEvent(new Event("input"));
  }

  // The next frame waits for this one: a slow kernel plays slowly, and the button stops it at once.
  function arrived() {
    if (isPlaying) setTimeout(next, Math.max(0, FRAME_TIME - (performance.now() - last)));
  }

  return { node: make("span", { className: "hub-slider" }, play, label), arrived };
}

/**
 * @param {Model} model
 * @param {Output} output
 * @param {number} index
 * @param {(style: HTMLStyleElement) => void} keepStyle
 * @returns {Section}
 */
function section(model, output, index, keepStyle) {
  const views = make(
    "select",
    {},
    ...output.views.map((view) => make("option", { value: view, textContent: view })),
  );
  views.addEventListener("change", () => model.send({ kind: "view", output: index, view: views.value }));
  const label = make("label", { className: "hub-view" }, "View ", views);
  const downloads = output.downloads.map(([form, text]) =>
    button(
      text,
      `Download ${output.name} as ${text}`,
      () => model.send({ kind: "download", output: index, form }),
    )
  );
  const facts = make("span", { className: "hub-facts" });
  const sliders = make("span", { className: "hub-controls" });
  let ranges = "";
  let isComplete = false;
  /** @type {Slider[]} */
  let moved = [];
  const head = make(
    "div",
    { className: "hub-output-head" },
    make("strong", {}, ...breakable(output.name)),
    facts,
    make("span", { className: "hub-tools" }, sliders, label, ...downloads),
  );
  const body = make("div", { className: "hub-output-body" });
  const node = make("section", { className: "hub-output", "aria-label": output.name }, head, body);

  /** @param {Control[]} controls */
  function arrange(controls) {
    const now = JSON.stringify(
      controls.map(({ key, label, low, high, step }) => [key, label, low, high, step]),
    );
    // A new slider would take the one that the user moves out of their hand.
    if (now === ranges) return;
    ranges = now;
    moved = controls.map((control) =>
      slider(control, (value) => model.send({ kind: "setting", output: index, key: control.key, value }))
    );
    sliders.replaceChildren(...moved.map((one) => one.node));
  }

  /** @param {Output} next */
  function update(next) {
    arrange(next.controls);
    facts.textContent = next.facts;
    views.value = next.view;
    label.hidden = next.views.length < 2;
    // Made by the kernel, which escapes every name in it. It is complete before it is on the page, which the
    // browser would lay out again after each change.
    const { content } = make("template", { innerHTML: next.html });
    content.querySelectorAll("style").forEach(keepStyle);
    content.querySelectorAll("img").forEach((picture, place) => {
      if (next.tips[place]) framed(picture, "Arrow keys read the values.").classList.add("hub-hover");
      if (picture.closest(".keys, table")) return; // a sign beside a word
      const name = `${output.name.replaceAll(/[^\w-]+/g, "_")}.png`;
      const askNative = next.natives[place]
        ? () => model.send({ kind: "picture", output: index, place })
        : null;
      offerEnlarging(picture, { host: node, name, askNative });
    });
    body.replaceChildren(content);
    isComplete = false;
    moved.forEach((one) => one.arrived());
  }

  /** @param {Rest} rest */
  function complete({ numbers, hovers }) {
    if (isComplete) return;
    isComplete = true;
    // Before the numbers, which may have pictures of their own.
    const pictures = body.querySelectorAll("img");
    hovers.forEach((hover, place) => {
      const picture = pictures[place];
      const frame = picture?.closest(".hub-hover");
      if (!hover || !picture || !(frame instanceof HTMLElement)) return;
      if (hover.kind === "grid") addHover(picture, frame, grid(hover));
      else addHover(picture, frame, points(hover));
    });
    const folded = body.querySelector("details > div:empty");
    if (folded && numbers) folded.innerHTML = numbers;
  }

  return { node, update, complete };
}

/** @type {(output: Output, index: number) => string} */
const keyOf = (output, index) =>
  JSON.stringify([
    index,
    output.name,
    output.views,
    output.downloads,
  ]);

/** @param {import("./dom.js").View<Traits, Sent>} view */
function render({ model, el }) {
  const title = make("div", { className: "hub-results-title", "aria-live": "polite" });
  const list = make("div");
  const region = make(
    "div",
    { className: "hub-results", role: "region", "aria-label": model.get("title") },
    title,
    list,
  );
  el.append(region);
  /** @type {Map<string, Section>} */
  let sections = new Map();
  /** @type {Set<string>} */
  const styles = new Set();

  // Every output brings its style sheets. One that comes or goes makes the browser style the whole page again, so
  // that each is put in once and stays.
  /** @param {HTMLStyleElement} style */
  function keepStyle(style) {
    const text = style.textContent ?? "";
    if (styles.has(text)) return style.remove();
    styles.add(text);
    region.before(style);
  }

  function entitle() {
    title.textContent = [model.get("shown").title, model.get("remark")].filter(Boolean).join(" · ");
  }

  function draw() {
    const shown = model.get("shown");
    entitle();
    /** @type {typeof sections} */
    const next = new Map();
    for (const [index, output] of (shown.outputs ?? []).entries()) {
      const key = keyOf(output, index);
      const part = sections.get(key) ?? section(model, output, index, keepStyle);
      part.update(output);
      next.set(key, part);
    }
    sections = next;
    const nodes = [...sections.values()].map(({ node }) => node);
    // A node that is put back where it is loses the focus, and a slider its grip.
    if (nodes.length !== list.children.length || nodes.some((node, at) => node !== list.children[at])) {
      list.replaceChildren(...nodes);
    }
    complete();
    const pictures = [...list.querySelectorAll("img")].map((picture) => picture.decode().catch(() => {}));
    Promise.all(pictures).then(() =>
      requestAnimationFrame(() => {
        region.dataset.painted = String(shown.number ?? "");
      })
    );
  }

  function complete() {
    [...sections.values()].forEach((part, index) => {
      const rest = model.get("rest")[index];
      if (rest) part.complete(rest);
    });
  }

  /**
   * @param {{ kind: "file", name: string, type: string }} message
   * @param {DataView<ArrayBuffer>[]} buffers
   */
  function onMessage(message, buffers) {
    if (message.kind === "file" && buffers[0]) save(message.name, message.type, buffers[0]);
  }

  draw();
  return follow(model, {
    "change:shown": draw,
    "change:rest": complete,
    "change:remark": entitle,
    "msg:custom": onMessage,
  });
}

export default { render };
