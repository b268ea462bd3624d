// @ts-check
// Draws the panel in a front end that has anywidget but none of the widgets of ipywidgets, such as marimo: elements
// with the classes that ipywidgets gives them, of the kinds that the panel uses.

import { follow, make } from "./dom.js";

const TOO_OLD =
  "This front end is too old to show the panel. Update it, or call the panel's method run(...).";
const DARK = '.dark, .dark-theme, [data-theme="dark"], [theme="dark"]';

/**
 * A model of ipywidgets or anywidget; what its values are depends on its kind.
 *
 * @typedef {object} Control
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(message: object) => void} send
 * @property {(events: string, listener: (...values: never[]) => void) => void} on
 * @property {(events: string, listener: (...values: never[]) => void) => void} off
 * @property {{ get_model: (id: string) => Promise<Control> }} widget_manager
 */
/** @typedef {{ render: (view: { el: HTMLElement, signal: AbortSignal }) => Promise<void> }} Inner */
/** @typedef {{ getWidget: (reference: string) => Promise<Inner> }} Host */
/** @typedef {{ element: HTMLElement, update?: () => void, end?: () => void }} Drawn */
/** @typedef {(model: Control, host: Host, id: string) => Drawn} Kind */

/** @param {{ model: Control, el: HTMLElement, host?: Host }} view */
function render({ model, el, host }) {
  if (host === undefined) {
    el.append(make("p", { textContent: TOO_OLD }));
    return () => {};
  }
  const page = make("div", { className: "hub-plain" });
  el.append(page);
  const panel = draw(model, host, "");
  page.append(panel.element);
  // Style sheets here may be in a shadow tree, and not see whether the page around it is dark.
  const roots = [document.documentElement, document.body];
  const followTheme = () => page.classList.toggle("hub-dark", roots.some((root) => root.matches(DARK)));
  const theme = new MutationObserver(followTheme);
  for (const root of roots) theme.observe(root, { attributes: true });
  followTheme();
  return () => {
    theme.disconnect();
    panel.end();
    page.remove();
  };
}

/**
 * Makes the element of a model, which follows the model until `end` is called.
 *
 * @param {Control} model
 * @param {Host} host
 * @param {string} id of the model
 * @returns {{ element: HTMLElement, end: () => void }}
 */
function draw(model, host, id) {
  const kind = KINDS[model.get("_model_name")] ?? unknown;
  const { element, update = () => {}, end = () => {} } = kind(model, host, id);
  /** @type {string[]} */
  let classes = [];
  function refresh() {
    element.classList.remove(...classes);
    classes = [...model.get("_dom_classes") ?? []];
    element.classList.add(...classes);
    update();
  }
  refresh();
  const leave = follow(model, { change: refresh });
  const endLayout = followLayout(model, element);
  return {
    element,
    end() {
      leave();
      endLayout();
      end();
    },
  };
}

/**
 * Gives an element the layout of its model, whose names are those of CSS.
 *
 * @param {Control} model
 * @param {HTMLElement} element
 */
function followLayout(model, element) {
  let end = () => {};
  let ended = false;
  modelOf(model, model.get("layout")).then((layout) => {
    if (ended) return;
    function refresh() {
      for (const name of LAYOUT) {
        element.style.setProperty(name.replaceAll("_", "-"), layout.get(name) ?? null);
      }
    }
    refresh();
    end = follow(layout, { change: refresh });
  });
  return () => {
    ended = true;
    end();
  };
}
const LAYOUT = [
  ...["display", "width", "min_width", "max_width", "height", "min_height", "max_height"],
  ...["margin", "padding", "flex", "flex_flow", "align_items", "justify_content", "overflow", "visibility"],
];

/** @param {string} reference to a model, as another model holds it */
function idOf(reference) {
  return reference.slice("IPY_MODEL_".length);
}

/**
 * @param {Control} model any
 * @param {string} reference to another
 */
function modelOf(model, reference) {
  return model.widget_manager.get_model(idOf(reference));
}

/**
 * @param {Control} model
 * @param {string} name
 * @param {unknown} value
 */
function put(model, name, value) {
  model.set(name, value);
  model.save_changes();
}

/**
 * Keeps the children of a model in an element. Those that stay are neither drawn again nor moved, so that they
 * keep the focus.
 *
 * @param {Control} model
 * @param {Host} host
 * @param {HTMLElement} element
 * @param {() => void} [arranged] called when the children have changed
 */
function children(model, host, element, arranged = () => {}) {
  /** @type {Map<string, { element: HTMLElement, end: () => void }>} */
  const drawn = new Map();
  /** @type {string[] | null} */
  let wanted = null;

  async function update() {
    /** @type {string[]} */
    const references = model.get("children");
    if (references === wanted) return;
    wanted = references;
    const models = new Map(
      await Promise.all(
        references.map(async (
          reference,
        ) => /** @type {const} */ ([reference, await modelOf(model, reference)])),
      ),
    );
    // Meanwhile there may be other children, or the element may have gone.
    if (references !== wanted) return;
    for (const [reference, child] of drawn) {
      if (references.includes(reference)) continue;
      drawn.delete(reference);
      child.end();
      child.element.remove();
    }
    let index = 0;
    for (const [reference, one] of models) {
      const child = drawn.get(reference) ?? draw(one, host, idOf(reference));
      drawn.set(reference, child);
      const there = element.children[index++];
      if (child.element !== there) element.insertBefore(child.element, there ?? null);
    }
    arranged();
  }

  function end() {
    wanted = null;
    for (const child of drawn.values()) child.end();
  }
  return { update, end };
}

/** @type {(className: string) => Kind} */
function box(className) {
  return (model, host) => {
    const element = make("div", { className });
    return { element, ...children(model, host, element) };
  };
}

/** @type {Kind} */
function tab(model, host) {
  const list = make("div", { className: "hub-tabs", role: "tablist" });
  const content = make("div", { className: "widget-tab-contents" });
  const element = make("div", { className: "widget-tab" }, list, content);

  /** @param {number} index */
  function select(index) {
    put(model, "selected_index", index);
    update();
  }

  function show() {
    const selected = model.get("selected_index");
    [...list.children].forEach((title, index) => {
      title.setAttribute("aria-selected", String(index === selected));
      title.setAttribute("tabindex", index === selected ? "0" : "-1");
    });
    [...content.children].forEach((child, index) => {
      child.setAttribute("role", "tabpanel");
      child.toggleAttribute("hidden", index !== selected);
    });
  }

  list.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    const next = (model.get("selected_index") + step + list.children.length) % list.children.length;
    select(next);
    const title = list.children[next];
    if (title instanceof HTMLElement) title.focus();
  });

  const inner = children(model, host, content, show);
  /** @type {string[]} */
  let titles = [];
  function update() {
    if (titles !== model.get("titles")) {
      titles = model.get("titles");
      list.replaceChildren(...titles.map((title, index) => {
        const button = make("button", {
          type: "button",
          className: "hub-tab",
          role: "tab",
          textContent: title,
        });
        button.addEventListener("click", () => select(index));
        return button;
      }));
    }
    inner.update();
    show();
  }
  return { element, update, end: inner.end };
}

/** @type {Kind} */
function html(model) {
  const content = make("div", { className: "widget-html-content" });
  let shown = "";
  function update() {
    if (shown !== model.get("value")) content.innerHTML = shown = model.get("value");
  }
  return { element: make("div", { className: "widget-html" }, content), update };
}

/** @type {Kind} */
function label(model) {
  const element = make("div", { className: "widget-label" });
  return { element, update: () => element.textContent = model.get("value") };
}

/** @type {Kind} */
function push(model) {
  const element = make("button", { type: "button" });
  element.addEventListener("click", () => model.send({ event: "click" }));
  function update() {
    element.textContent = model.get("description");
    element.title = model.get("tooltip") ?? "";
    element.disabled = model.get("disabled");
    const style = model.get("button_style");
    for (const name of ["primary", "danger"]) element.classList.toggle(`mod-${name}`, style === name);
  }
  element.classList.add("widget-button");
  return { element, update };
}

/**
 * A control with its description. `shown` is called when the model has changed.
 *
 * @param {Control} model
 * @param {string} className
 * @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} control
 * @param {() => void} shown
 * @param {...HTMLElement} after
 * @returns {Drawn}
 */
function labelled(model, className, control, shown, ...after) {
  const name = make("span", { className: "widget-label" });
  const isCheckBox = control.type === "checkbox";
  const parts = isCheckBox ? [control, name] : [name, control];
  function update() {
    name.textContent = model.get("description");
    name.hidden = !name.textContent;
    control.disabled = model.get("disabled");
    shown();
  }
  return { element: make("label", { className: `hub-labelled ${className}` }, ...parts, ...after), update };
}

/** @type {(className: string, make: () => HTMLInputElement | HTMLTextAreaElement) => Kind} */
function written(className, makeControl) {
  return (model) => {
    const control = makeControl();
    const take = () => put(model, "value", control.value);
    control.addEventListener("change", take);
    control.addEventListener("input", () => model.get("continuous_update") && take());
    return labelled(model, className, control, () => {
      if (control.value !== model.get("value")) control.value = model.get("value");
      control.placeholder = model.get("placeholder") ?? "";
      if (control instanceof HTMLTextAreaElement) control.rows = model.get("rows") ?? 3;
    });
  };
}

/** @type {Kind} */
function number(model) {
  const control = make("input", { type: "number" });
  control.addEventListener("change", () => {
    if (!Number.isNaN(control.valueAsNumber)) put(model, "value", bounded(control.valueAsNumber));
    show();
  });
  /** @param {number} value */
  const bounded = (value) => Math.min(Math.max(value, model.get("min") ?? value), model.get("max") ?? value);
  const show = () => control.value = String(model.get("value"));
  return labelled(model, "widget-text", control, show);
}

/** @type {Kind} */
function slider(model) {
  const control = make("input", { type: "range" });
  const readout = make("output", { className: "widget-readout" });
  control.addEventListener("input", () => put(model, "value", control.valueAsNumber));
  return labelled(model, "widget-hslider", control, () => {
    for (const name of ["min", "max", "step"]) control.setAttribute(name, model.get(name));
    control.value = model.get("value");
    readout.textContent = Number(model.get("value")).toFixed(2);
  }, readout);
}

/** @type {Kind} */
function checkBox(model) {
  const control = make("input", { type: "checkbox" });
  control.addEventListener("change", () => put(model, "value", control.checked));
  return labelled(model, "widget-checkbox", control, () => control.checked = model.get("value"));
}

/** @type {Kind} */
function choice(model) {
  const control = make("select");
  control.addEventListener("change", () => put(model, "index", control.selectedIndex));
  /** @type {string[]} */
  let options = [];
  return labelled(model, "widget-dropdown", control, () => {
    if (options !== model.get("_options_labels")) {
      options = model.get("_options_labels");
      control.replaceChildren(...options.map((textContent) => make("option", { textContent })));
    }
    control.selectedIndex = model.get("index") ?? -1;
  });
}

/** @type {Kind} */
function inner(_, host, id) {
  const element = make("div");
  const life = new AbortController();
  // The element has to be in the page: the style sheet of the widget goes where it is.
  host.getWidget(`anywidget:${id}`).then((widget) => widget.render({ el: element, signal: life.signal }));
  return { element, end: () => life.abort() };
}

/** @type {Kind} */
function unknown(model) {
  const textContent = `This front end cannot show ${model.get("_model_name")}.`;
  return { element: make("p", { textContent }) };
}

/** @type {Record<string, Kind>} by the name of the model */
const KINDS = {
  AnyModel: inner,
  BoundedIntTextModel: number,
  BoxModel: box("widget-box"),
  ButtonModel: push,
  CheckboxModel: checkBox,
  DropdownModel: choice,
  FloatSliderModel: slider,
  HBoxModel: box("widget-box widget-hbox"),
  HTMLModel: html,
  LabelModel: label,
  TabModel: tab,
  TextModel: written("widget-text", () => make("input", { type: "text" })),
  TextareaModel: written("widget-textarea", () => make("textarea")),
  VBoxModel: box("widget-box widget-vbox"),
};

export default { render };
