// @ts-check
// The diagram of a graph: boxes unfold and open, by mouse and by keys. Boxes and groups are numbers here, so that
// no name a stranger chose becomes part of a selector or of markup.

import { around, button, follow, make, spoken } from "./dom.js";

const SMALLEST = 0.25;
const LARGEST = 3;
const STEPS = [SMALLEST, 0.35, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, LARGEST];

/**
 * @typedef {object} Shown
 * @property {number} number of the drawing
 * @property {string} svg empty where there is no program that draws
 * @property {string} problem
 * @property {{ text: string, folded: boolean }[]} boxes
 * @property {string[]} groups
 * @property {string[]} crumbs
 * @property {string[]} warnings
 * @property {["box" | "group", number] | null} focus
 * @property {number | null} selected
 */
/**
 * @typedef {object} Traits
 * @property {Shown | Record<string, never>} shown empty at first
 * @property {string[]} matches
 * @property {string} status
 */
/**
 * @typedef {{ kind: "open", box: number } | { kind: "fold", group: number } | { kind: "up", crumb: number }
 *   | { kind: "search", text: string } | { kind: "find", result: number }} Sent
 */
/** @typedef {HTMLElement | SVGElement} Shape */
/** @typedef {{ node: Shape, act: () => void, top: number, left: number }} Item */

/** @type {Record<string, number>} */
const ARROWS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/** @type {(shown: Traits["shown"]) => shown is Shown} */
const isDrawn = (shown) => shown.boxes !== undefined;

/** @type {(node: Element) => node is Shape} */
const isShape = (node) => node instanceof HTMLElement || node instanceof SVGElement;

/** @type {(words: string, label: string, act: () => void) => HTMLButtonElement} */
const tool = (words, label, act) => button(words, label, act, { title: label });

/**
 * How far to scroll so that something is in the middle; what is larger than the view shows its beginning.
 *
 * @param {number} distance from the beginning of the view
 * @param {number} size
 * @param {number} room
 */
const shift = (distance, size, room) => size > room ? distance - 8 : distance + size / 2 - room / 2;

/** @param {import("./dom.js").View<Traits, Sent>} view */
function render({ model, el }) {
  const search = make("input", { type: "search", className: "hub-graph-search", placeholder: "name or op" });
  const searching = make("label", {}, "Search ", search);
  const results = make("ul", {
    className: "hub-graph-found",
    hidden: true,
    role: "listbox",
    "aria-label": "Search results",
  });
  const crumbs = make("nav", { className: "hub-graph-crumbs", "aria-label": "Path to the selected box" });
  const tools = make(
    "span",
    { className: "hub-tools" },
    tool("−", "Zoom out", () => zoom(-1)),
    tool("+", "Zoom in", () => zoom(1)),
    tool("1:1", "Original size", () => scaleTo(1)),
    tool("Fit", "Fit to width", () => fit()),
  );
  const stage = make("div", {
    className: "hub-graph",
    role: "group",
    "aria-label": "Graph. Arrow keys move between boxes, Enter unfolds or selects, Escape goes up.",
  });
  const notes = make("div", { className: "hub-graph-notes" });
  const status = spoken("div", "hub-graph-said");
  const head = make("div", { className: "hub-graph-head" }, crumbs, searching, tools);
  el.append(make("div", { className: "hub-graph-box" }, head, results, stage, notes, status));

  let scale = 1;
  let fitted = true;
  /** @type {[width: number, height: number]} */
  let natural = [0, 0];
  /** @type {Item[]} what the arrow keys go through, in reading order */
  let items = [];
  let at = 0;

  // Size.

  /** @param {number} next */
  function scaleTo(next) {
    fitted = false;
    apply(next);
  }

  /**
   * @param {number} next
   * @param {SVGSVGElement | null} [picture] the one on screen, or that which follows it
   */
  function apply(next, picture = stage.querySelector("svg")) {
    if (!picture) return;
    scale = Math.min(Math.max(next, SMALLEST), LARGEST);
    picture.style.width = `${natural[0] * scale}px`;
    picture.style.height = `${natural[1] * scale}px`;
  }

  /** @param {1 | -1} direction */
  function zoom(direction) {
    const next = direction > 0
      ? STEPS.find((step) => step > scale + 0.01)
      : STEPS.findLast((step) => step < scale - 0.01);
    if (next) scaleTo(next);
  }

  /** @param {SVGSVGElement | null} [picture] as for `apply` */
  function fit(picture) {
    fitted = true;
    apply(Math.min(1, (stage.clientWidth - 4) / natural[0]), picture);
  }

  // Boxes.

  // Complete before it is on the page: each change there, and each size that is read after it, would have the
  // browser lay out the page once more.
  /**
   * Makes the picture or the list, with `items` in the order in which they were drawn.
   *
   * @param {Shown} shown
   * @returns {DocumentFragment}
   */
  function build(shown) {
    // Made by the kernel, which escapes all text: shapes, text and numbers as attributes, nothing else.
    const drawing = make("template", { innerHTML: shown.svg }).content;
    if (!shown.svg) drawing.append(list(shown));
    const picture = drawing.querySelector("svg");
    if (picture) {
      // `dot` measures in points: 4/3 of a CSS pixel.
      const box = picture.viewBox.baseVal;
      natural = box ? [box.width * 4 / 3, box.height * 4 / 3] : [600, 400];
      picture.removeAttribute("role");
      picture.removeAttribute("width");
      picture.removeAttribute("height");
      if (fitted) fit(picture);
      else apply(scale, picture);
    }
    items = [];
    for (const node of shapes("[data-group]", drawing)) {
      const group = Number(node.dataset.group);
      dress(
        node,
        `${shown.groups[group]}, unfolded. Enter folds it.`,
        () => model.send({ kind: "fold", group }),
      );
      node.classList.add("hub-group");
    }
    for (const node of shapes("[data-box]", drawing)) {
      const box = Number(node.dataset.box);
      const { text, folded } = shown.boxes[box] ?? { text: "", folded: false };
      dress(node, text + (folded ? ". Enter unfolds it." : ""), () => model.send({ kind: "open", box }));
      node.classList.toggle("hub-folded", folded);
      if (box === shown.selected) {
        node.classList.add("hub-selected");
        node.setAttribute("aria-current", "true");
        node.setAttribute("aria-label", `${text}, selected`);
      }
    }
    return drawing;
  }

  // In reading order, which is that of the arrow keys.
  function arrange() {
    for (const item of items) {
      const { top, left } = (item.node.querySelector("polygon, path, ellipse, rect") ?? item.node)
        .getBoundingClientRect();
      Object.assign(item, { top: Math.round(top / 8), left });
    }
    items.sort((a, b) => a.top - b.top || a.left - b.left);
  }

  function draw() {
    const shown = model.get("shown");
    if (!isDrawn(shown)) return;
    const hadFocus = stage.contains(document.activeElement);
    const { scrollTop, scrollLeft } = stage;
    stage.replaceChildren(build(shown));
    arrange();
    if (stage.scrollTop !== scrollTop || stage.scrollLeft !== scrollLeft) {
      stage.scrollTo(scrollLeft, scrollTop);
    }
    const focus = shown.focus && shapes(`[data-${shown.focus[0]}="${shown.focus[1]}"]`)[0];
    at = Math.max(0, items.findIndex(({ node }) => node === focus));
    keepOneTabStop();
    if (focus) {
      into(focus);
      if (hadFocus) focus.focus({ preventScroll: true });
    }
    crumbs.replaceChildren(...shown.crumbs.flatMap((words, index) => [
      index ? " › " : "",
      tool(words, `Up to ${words}`, () => model.send({ kind: "up", crumb: index })),
    ]));
    notes.replaceChildren(
      ...[shown.problem, ...shown.warnings].filter(Boolean).map((text) => make("p", { textContent: text })),
    );
    requestAnimationFrame(() => {
      stage.dataset.painted = String(shown.number);
    });
  }

  /** @type {(selector: string, root?: ParentNode) => Shape[]} */
  const shapes = (selector, root = stage) => [...root.querySelectorAll(selector)].filter(isShape);

  // A single tab stop, as ARIA prescribes for composite widgets: nobody has to tab through a thousand boxes.
  function keepOneTabStop() {
    items.forEach(({ node }, index) => node.setAttribute("tabindex", index === at ? "0" : "-1"));
  }

  /**
   * Makes a shape a button.
   *
   * @param {Shape} node
   * @param {string} words
   * @param {() => void} act
   */
  function dress(node, words, act) {
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", words);
    const title = node.querySelector(":scope > title");
    if (title) title.textContent = words;
    items.push({ node, act, top: 0, left: 0 });
    node.addEventListener("click", (event) => {
      if (moved) return;
      event.stopPropagation();
      node.focus({ preventScroll: true });
      act();
    });
  }

  // Without the program that draws: the same boxes as a list of buttons.
  /** @param {Shown} shown */
  function list(shown) {
    return make(
      "ul",
      {},
      ...shown.groups.map((words, index) => entry(words + "/", "group", index)),
      ...shown.boxes.map(({ text }, index) => entry(text, "box", index)),
    );
  }

  /**
   * @param {string} textContent
   * @param {"box" | "group"} kind
   * @param {number} index
   */
  function entry(textContent, kind, index) {
    const properties = {
      type: "button",
      className: "hub-small",
      textContent,
      [`data-${kind}`]: String(index),
    };
    return make(
      "li",
      {},
      make("button", /** @type {import("./dom.js").Properties<"button">} */ (properties)),
    );
  }

  // Scrolls a box into view. Not by scrollIntoView, which would move the page as well.
  /** @param {Shape} node */
  function into(node) {
    const inner = node.getBoundingClientRect();
    const outer = stage.getBoundingClientRect();
    if (inner.top < outer.top || inner.bottom > outer.bottom) {
      stage.scrollTop += shift(inner.top - outer.top, inner.height, outer.height);
    }
    if (inner.left < outer.left || inner.right > outer.right) {
      stage.scrollLeft += shift(inner.left - outer.left, inner.width, outer.width);
    }
  }

  /** @param {number} step */
  function go(step) {
    const next = Math.min(Math.max(at + step, 0), items.length - 1);
    const item = items[next];
    if (!item) return;
    at = next;
    keepOneTabStop();
    item.node.focus({ preventScroll: true });
    into(item.node);
  }

  stage.addEventListener("focusin", (event) => {
    const shape = around(event, "[data-box], [data-group]");
    const index = items.findIndex(({ node }) => node === shape);
    if (index >= 0) at = index;
  });
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = ARROWS[event.key];
    if (step) go(step);
    else if (event.key === "Enter" || event.key === " ") items[at]?.act();
    else if (event.key === "Escape") up();
    else if (event.key === "+" || event.key === "=") zoom(1);
    else if (event.key === "-") zoom(-1);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // a wheel alone scrolls the page
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1 : -1);
  }, { passive: false });

  function up() {
    const shown = model.get("shown");
    if (isDrawn(shown)) model.send({ kind: "up", crumb: Math.max(0, shown.crumbs.length - 2) });
  }

  // Dragging pans.
  /** @type {{ x: number, y: number, left: number, top: number } | null} */
  let from = null;
  let moved = false;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = { x: event.clientX, y: event.clientY, left: stage.scrollLeft, top: stage.scrollTop };
    moved = false;
  });
  /** @param {PointerEvent} event */
  const onMove = (event) => {
    if (from === null) return;
    const dx = event.clientX - from.x;
    const dy = event.clientY - from.y;
    moved ||= Math.hypot(dx, dy) > 4;
    if (moved) stage.scrollTo(from.left - dx, from.top - dy);
  };
  const onUp = () => {
    from = null;
  };
  addEventListener("pointermove", onMove);
  addEventListener("pointerup", onUp);

  // Search.
  let chosen = 0;
  let waiting = 0;

  /** @param {number} index */
  function choose(index) {
    const options = [...results.children];
    chosen = Math.min(Math.max(index, 0), options.length - 1);
    options.forEach((option, place) => option.setAttribute("aria-selected", String(place === chosen)));
    options[chosen]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} index */
  function find(index) {
    model.send({ kind: "find", result: index });
    results.hidden = true;
  }

  function drawMatches() {
    const matches = model.get("matches");
    results.replaceChildren(...matches.map((textContent, index) => {
      const option = make("li", { textContent, role: "option" });
      option.addEventListener("mousedown", (event) => {
        event.preventDefault();
        find(index);
      });
      return option;
    }));
    results.hidden = matches.length === 0;
    choose(0);
  }

  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => model.send({ kind: "search", text: search.value }), 120);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter" && !results.hidden) find(chosen);
    else if (event.key === "Escape") results.hidden = true;
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  search.addEventListener("blur", () => {
    results.hidden = true;
  });

  const showStatus = () => {
    status.textContent = model.get("status");
  };
  // A hidden tab has no size: fitting waits until it is on screen.
  const sized = new ResizeObserver(() => {
    if (fitted && stage.clientWidth) fit();
  });
  sized.observe(stage);
  draw();
  showStatus();
  const unfollow = follow(model, {
    "change:shown": draw,
    "change:matches": drawMatches,
    "change:status": showStatus,
  });
  return () => {
    sized.disconnect();
    clearTimeout(waiting);
    removeEventListener("pointermove", onMove);
    removeEventListener("pointerup", onUp);
    unfollow();
  };
}

export default { render };
