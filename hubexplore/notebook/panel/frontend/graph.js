// The diagram of a graph: boxes unfold and open, by mouse and by keys. Boxes and groups are numbers here; the
// kernel knows what they are.

const STEPS = [0.25, 0.35, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, 3];

function make(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

function button(words, label, act) {
  const node = make("button", { type: "button", className: "hub-small", textContent: words });
  node.setAttribute("aria-label", label);
  node.title = label;
  node.addEventListener("click", act);
  return node;
}

function render({ model, el }) {
  const search = make("input", { type: "search", className: "hub-graph-search", placeholder: "name or op" });
  const searching = make("label", {}, "Search ", search);
  const results = make("ul", { className: "hub-graph-found", hidden: true });
  results.setAttribute("role", "listbox");
  results.setAttribute("aria-label", "Found ops");
  const crumbs = make("nav", { className: "hub-graph-crumbs" });
  crumbs.setAttribute("aria-label", "Where you are");
  const tools = make("span", { className: "hub-tools" },
    button("−", "Zoom out", () => zoom(-1)),
    button("+", "Zoom in", () => zoom(1)),
    button("1:1", "Natural size", () => scaleTo(1)),
    button("Fit", "Fit the width", fit));
  const stage = make("div", { className: "hub-graph" });
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", "Graph. Arrow keys go from box to box, Enter unfolds or selects, Escape goes up.");
  const notes = make("div", { className: "hub-graph-notes" });
  const said = make("div", { className: "hub-graph-said" });
  said.setAttribute("role", "status");
  const head = make("div", { className: "hub-graph-head" }, crumbs, searching, tools);
  el.append(make("div", { className: "hub-graph-box" }, head, results, stage, notes, said));

  let scale = 1;
  let fitted = true;
  let natural = [0, 0];
  let items = []; // what the arrow keys go through, in reading order
  let at = 0;

  // Size.

  function scaleTo(next) {
    fitted = false;
    apply(next);
  }

  function apply(next) {
    const picture = stage.querySelector("svg");
    if (!picture) return;
    scale = Math.min(Math.max(next, STEPS[0]), STEPS.at(-1));
    picture.style.width = `${natural[0] * scale}px`;
    picture.style.height = `${natural[1] * scale}px`;
  }

  function zoom(direction) {
    const next = direction > 0 ? STEPS.find((each) => each > scale + 0.01) : STEPS.findLast((each) => each < scale - 0.01);
    if (next) scaleTo(next);
  }

  function fit() {
    fitted = true;
    apply(Math.min(1, (stage.clientWidth - 4) / natural[0]));
  }

  // Boxes.

  function draw() {
    const shown = model.get("shown");
    if (!shown.boxes) return;
    const hadFocus = stage.contains(document.activeElement);
    const top = stage.scrollTop, left = stage.scrollLeft;
    // Made by the kernel: shapes and text, numbers as attributes, nothing else.
    if (shown.svg) stage.innerHTML = shown.svg;
    else stage.replaceChildren(list(shown));
    const picture = stage.querySelector("svg");
    if (picture) {
      natural = picture.viewBox.baseVal ? [picture.viewBox.baseVal.width * 4 / 3, picture.viewBox.baseVal.height * 4 / 3] : [600, 400];
      picture.removeAttribute("role");
      picture.removeAttribute("width");
      picture.removeAttribute("height");
      if (fitted) fit();
      else apply(scale);
    }
    stage.scrollTo(left, top);
    items = [];
    for (const node of stage.querySelectorAll("[data-group]")) {
      const number = Number(node.dataset.group);
      dress(node, `${shown.groups[number]}, unfolded. Enter folds it.`, () => model.send({ kind: "fold", group: number }));
      node.classList.add("hub-group");
    }
    for (const node of stage.querySelectorAll("[data-box]")) {
      const number = Number(node.dataset.box);
      const { words, folded } = shown.boxes[number];
      dress(node, words + (folded ? ". Enter unfolds it." : ""), () => model.send({ kind: "open", box: number }));
      node.classList.toggle("hub-folded", folded);
      if (number === shown.selected) {
        node.classList.add("hub-selected");
        node.setAttribute("aria-current", "true");
        node.setAttribute("aria-label", `${words}, selected`);
      }
    }
    items.sort((a, b) => a.top - b.top || a.left - b.left);
    const focus = shown.focus && stage.querySelector(`[data-${shown.focus[0]}="${shown.focus[1]}"]`);
    at = Math.max(0, items.findIndex(({ node }) => node === focus));
    items.forEach(({ node }, index) => node.setAttribute("tabindex", index === at ? "0" : "-1"));
    if (focus) {
      into(focus);
      if (hadFocus) focus.focus({ preventScroll: true });
    }
    crumbs.replaceChildren(...shown.crumbs.flatMap((words, index) => [
      index ? " › " : "", button(words, `Up to ${words}`, () => model.send({ kind: "up", crumb: index }))]));
    notes.replaceChildren(...[shown.problem, ...shown.warnings].filter(Boolean).map((text) => make("p", { textContent: text })));
    requestAnimationFrame(() => { stage.dataset.painted = shown.number; });
  }

  function dress(node, words, act) {
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", words);
    const title = node.querySelector(":scope > title");
    if (title) title.textContent = words;
    const box = (node.querySelector("polygon, path, ellipse, rect") ?? node).getBoundingClientRect();
    items.push({ node, act, top: Math.round(box.top / 8), left: box.left });
    node.addEventListener("click", (event) => {
      if (moved) return;
      event.stopPropagation();
      node.focus({ preventScroll: true });
      act();
    });
  }

  // Without the program that draws: the same boxes as a list of buttons.
  function list(shown) {
    return make("ul", {}, ...shown.groups.map((words, index) => entry(words + "/", "group", index)),
      ...shown.boxes.map(({ words }, index) => entry(words, "box", index)));
  }

  function entry(words, kind, index) {
    const node = make("button", { type: "button", className: "hub-small", textContent: words });
    node.setAttribute(`data-${kind}`, index);
    return make("li", {}, node);
  }

  // Brings a box into view without moving the page.
  function into(node) {
    const inner = node.getBoundingClientRect(), outer = stage.getBoundingClientRect();
    if (inner.top < outer.top || inner.bottom > outer.bottom) {
      stage.scrollTop += inner.height > outer.height ? inner.top - outer.top - 8 : inner.top + inner.height / 2 - outer.top - outer.height / 2;
    }
    if (inner.left < outer.left || inner.right > outer.right) {
      stage.scrollLeft += inner.width > outer.width ? inner.left - outer.left - 8 : inner.left + inner.width / 2 - outer.left - outer.width / 2;
    }
  }

  function go(step) {
    if (!items.length) return;
    at = Math.min(Math.max(at + step, 0), items.length - 1);
    items.forEach(({ node }, index) => node.setAttribute("tabindex", index === at ? "0" : "-1"));
    items[at].node.focus({ preventScroll: true });
    into(items[at].node);
  }

  stage.addEventListener("focusin", (event) => {
    const index = items.findIndex(({ node }) => node === event.target.closest("[data-box], [data-group]"));
    if (index >= 0) at = index;
  });
  stage.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in steps) go(steps[event.key]);
    else if (event.key === "Enter" || event.key === " ") items[at]?.act();
    else if (event.key === "Escape") model.send({ kind: "up", crumb: Math.max(0, model.get("shown").crumbs.length - 2) });
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

  // Dragging pans.
  let from = null;
  let moved = false;
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = [event.clientX, event.clientY, stage.scrollLeft, stage.scrollTop];
    moved = false;
  });
  const onMove = (event) => {
    if (from === null) return;
    const dx = event.clientX - from[0], dy = event.clientY - from[1];
    moved ||= Math.hypot(dx, dy) > 4;
    if (moved) stage.scrollTo(from[2] - dx, from[3] - dy);
  };
  const onUp = () => { from = null; };
  addEventListener("pointermove", onMove);
  addEventListener("pointerup", onUp);

  // Search.
  let chosen = 0;
  let waiting = 0;

  function choose(index) {
    const options = [...results.children];
    chosen = Math.min(Math.max(index, 0), options.length - 1);
    options.forEach((each, place) => each.setAttribute("aria-selected", String(place === chosen)));
    options[chosen]?.scrollIntoView({ block: "nearest" });
  }

  function find(index) {
    model.send({ kind: "find", result: index });
    results.hidden = true;
  }

  function drawFound() {
    const found = model.get("found");
    results.replaceChildren(...found.map((words, index) => {
      const option = make("li", { textContent: words });
      option.setAttribute("role", "option");
      option.addEventListener("mousedown", (event) => {
        event.preventDefault();
        find(index);
      });
      return option;
    }));
    results.hidden = found.length === 0;
    choose(0);
  }

  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => model.send({ kind: "search", words: search.value }), 120);
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
  search.addEventListener("blur", () => { results.hidden = true; });

  const tell = () => { said.textContent = model.get("said"); };
  // A tab that was hidden has no size: fitting waits until it is seen.
  const sized = new ResizeObserver(() => { if (fitted && stage.clientWidth) fit(); });
  sized.observe(stage);
  model.on("change:shown", draw);
  model.on("change:found", drawFound);
  model.on("change:said", tell);
  draw();
  tell();
  return () => {
    sized.disconnect();
    clearTimeout(waiting);
    removeEventListener("pointermove", onMove);
    removeEventListener("pointerup", onUp);
    model.off("change:shown", draw);
    model.off("change:found", drawFound);
    model.off("change:said", tell);
  };
}

export default { render };
