// @ts-check
// Shared by the scripts of all widgets: how elements are made, and the types of the arguments of `render`.
// anywidget loads a script from a text, which cannot import files: browser_widgets.py puts this one before it.

/**
 * Values and messages that a script shares with its widget in the kernel.
 *
 * @template {object} Traits by name, as the class in Python declares them
 * @template {{ kind: string }} [Sent=never] the messages that the class in Python understands
 * @typedef {object} Model
 * @property {<Name extends keyof Traits>(name: Name) => Traits[Name]} get
 * @property {(message: Sent, callbacks?: undefined, buffers?: ArrayBuffer[]) => void} send
 * @property {(events: string, listener: (...values: never[]) => void) => void} on
 * @property {(events: string, listener: (...values: never[]) => void) => void} off
 */

/**
 * The argument of `render`: the model, and the element that the script fills.
 *
 * @template {object} Traits
 * @template {{ kind: string }} [Sent=never]
 * @typedef {{ model: Model<Traits, Sent>, el: HTMLElement }} View
 */

/** @typedef {keyof HTMLElementTagNameMap} Tag */

/**
 * Properties of an element, such as `className`, and attributes that have no property.
 *
 * @template {Tag} Name
 * @typedef {Partial<Omit<HTMLElementTagNameMap[Name], "children">>
 *   & { [attribute: `aria-${string}` | `data-${string}`]: string }} Properties
 */

/**
 * Makes an element.
 *
 * @template {Tag} Name
 * @param {Name} name
 * @param {Properties<Name>} [properties]
 * @param {...(Node | string)} children strings become text, never markup
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element) Reflect.set(element, key, value);
    else element.setAttribute(key, String(value));
  }
  element.append(...children);
  return element;
}

/**
 * A name that is broken between its words before it is broken within one.
 *
 * @param {string} name
 * @returns {(string | HTMLElement)[]}
 */
export function breakable(name) {
  return name.split(/(?<=[_./:-])/).flatMap((word, at) => at ? [make("wbr"), word] : [word]);
}

/**
 * Makes a small button.
 *
 * @param {string} text on the button
 * @param {string} label what it does, for screen readers
 * @param {() => void} act
 * @param {Properties<"button">} [properties]
 * @returns {HTMLButtonElement}
 */
export function button(text, label, act, properties = {}) {
  const element = make("button", {
    type: "button",
    className: "hub-small",
    textContent: text,
    "aria-label": label,
    ...properties,
  });
  element.addEventListener("click", act);
  return element;
}

/**
 * Makes an element whose text screen readers speak when it changes.
 *
 * @template {"span" | "div"} Name
 * @param {Name} name
 * @param {string} className
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function spoken(name, className) {
  const element = make(name);
  element.className = className;
  element.setAttribute("role", "status");
  return element;
}

/**
 * Registers listeners for events of the model.
 *
 * @param {{ on: Model<object>["on"], off: Model<object>["off"] }} model
 * @param {Record<string, (...values: never[]) => void>} listeners by event
 * @returns {() => void} removes the listeners
 */
export function follow(model, listeners) {
  for (const [events, listener] of Object.entries(listeners)) model.on(events, listener);
  return () => {
    for (const [events, listener] of Object.entries(listeners)) model.off(events, listener);
  };
}

/**
 * Returns the innermost element around the target of an event that matches a selector.
 *
 * @param {Event} event
 * @param {string} selector
 * @returns {Element | null}
 */
export function around(event, selector) {
  return event.target instanceof Element ? event.target.closest(selector) : null;
}

/** @typedef {{ kind: "begin", names: string[], sizes: number[] } | { kind: "piece", index: number } | { kind: "end" }} Piece */

// Bytes of one message: small enough for any proxy between the browser and the kernel.
const PIECE = 1 << 20;

/**
 * Sends files to the kernel in pieces, as `Upload` in upload.py takes them.
 *
 * @param {{ send: (message: Piece, callbacks?: undefined, buffers?: ArrayBuffer[]) => void }} model
 * @param {File[]} files
 * @param {(text: string) => void} say shows how far it is
 */
export async function sendFiles(model, files, say) {
  model.send({ kind: "begin", names: files.map((file) => file.name), sizes: files.map((file) => file.size) });
  for (const [index, file] of files.entries()) {
    say(`Sending ${file.name} ...`);
    // Read at once: between the pieces of a large file the browser would wait for the disk, each time anew.
    const content = await file.arrayBuffer();
    for (let start = 0; start < content.byteLength; start += PIECE) {
      model.send({ kind: "piece", index }, undefined, [content.slice(start, start + PIECE)]);
    }
  }
  model.send({ kind: "end" });
}

/**
 * Saves a file, as a click on a link to it would.
 *
 * @param {string} name
 * @param {string} type
 * @param {BlobPart} bytes
 */
export function save(name, type, bytes) {
  const link = make("a", { href: URL.createObjectURL(new Blob([bytes], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
