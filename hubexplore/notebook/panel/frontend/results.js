// Shows the outputs of a run: pictures and tables that the kernel made, with the number under the mouse or the
// arrow keys, another view on demand, and downloads.

function make(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

// A layer over a picture that tells the number at a place.
function addHover(picture, hover) {
  const frame = make("span", { className: "hub-hover" });
  picture.replaceWith(frame);
  const tip = make("span", { className: "hub-tip", hidden: true });
  const mark = make("span", { className: "hub-mark", hidden: true });
  frame.append(picture, mark, tip);
  frame.tabIndex = 0;
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", `${picture.alt} Arrow keys tell the numbers.`);
  tip.setAttribute("aria-live", "polite");
  const places = hover.kind === "grid" ? grid(hover) : points(hover);
  let at = null;

  function show(place) {
    at = place;
    mark.hidden = tip.hidden = place === null;
    if (place === null) return;
    const { left, top, width, height, text } = places.at(place);
    Object.assign(mark.style, {
      left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%`,
    });
    tip.textContent = text;
    tip.style.left = `${100 * Math.min(left + width / 2, 0.98)}%`;
    // Above the place; where that would be cut off below it, or inside if the place is a whole column.
    const below = top < 0.12;
    tip.style.top = `${100 * (below && height < 0.3 ? top + height : top)}%`;
    tip.classList.toggle("hub-tip-left", left > 0.6);
    tip.classList.toggle("hub-tip-below", below);
  }

  frame.addEventListener("mousemove", (event) => {
    const box = picture.getBoundingClientRect();
    show(places.under((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
  });
  frame.addEventListener("mouseleave", () => show(null));
  frame.addEventListener("blur", () => show(null));
  frame.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Escape") show(null);
    if (!step) return;
    event.preventDefault();
    show(at === null ? places.first : places.next(at, ...step));
  });
}

function grid(hover) {
  const [left, top, width, height] = hover.box;
  const { rows, columns } = hover;
  const clamp = (value, end) => Math.min(Math.max(value, 0), end - 1);
  const caption = (captions, index) => captions[index] ?? "";
  return {
    first: [0, 0],
    under(x, y) {
      const column = Math.floor(((x - left) / width) * columns);
      const row = Math.floor(((y - top) / height) * rows);
      return column >= 0 && column < columns && row >= 0 && row < rows ? [column, row] : null;
    },
    next: ([column, row], dx, dy) => [clamp(column + dx, columns), clamp(row + dy, rows)],
    at: ([column, row]) => ({
      left: left + (width * column) / columns,
      top: top + (height * row) / rows,
      width: width / columns,
      height: height / rows,
      text: [
        [caption(hover.row_captions, row), caption(hover.column_captions, column)].filter(Boolean).join(" · "),
        hover.values[row * columns + column],
      ].filter(Boolean).join(": "),
    }),
  };
}

function points(hover) {
  const size = 0.03;
  const all = hover.points;
  return {
    first: 0,
    under(x, y) {
      let best = null, nearest = 0.05;
      all.forEach(([px, py], index) => {
        const distance = Math.hypot(px - x, py - y);
        if (distance < nearest) [best, nearest] = [index, distance];
      });
      return best;
    },
    next: (index, dx, dy) => (index + all.length + (dx + dy)) % all.length,
    at: (index) => ({
      left: all[index][0] - size / 2, top: all[index][1] - size / 2, width: size, height: size,
      text: all[index][2],
    }),
  };
}

function save(name, type, bytes) {
  const link = make("a", { href: URL.createObjectURL(new Blob([bytes], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function section(model, output, key, index) {
  const views = make("select");
  for (const view of output.views) views.append(make("option", { value: view, textContent: view }));
  views.addEventListener("change", () => model.send({ kind: "view", output: index, view: views.value }));
  const label = make("label", { className: "hub-view" }, "View ", views);
  const tools = make("span", { className: "hub-tools" }, label);
  for (const [form, words] of output.downloads) {
    const button = make("button", { type: "button", textContent: words, className: "hub-small" });
    button.setAttribute("aria-label", `Download ${output.name} as ${words}`);
    button.addEventListener("click", () => model.send({ kind: "download", output: index, form }));
    tools.append(button);
  }
  const title = make("strong", { textContent: output.name });
  const facts = make("span", { className: "hub-facts" });
  const body = make("div", { className: "hub-output-body" });
  const node = make("section", { className: "hub-output" },
    make("div", { className: "hub-output-head" }, title, facts, tools), body);
  node.setAttribute("aria-label", output.name);
  node.dataset.key = key;
  return Object.assign(node, {
    update(next) {
      facts.textContent = next.facts;
      views.value = next.view;
      label.hidden = next.views.length < 2;
      // Made by the kernel: every name in it is escaped there.
      body.innerHTML = next.html;
      const pictures = body.querySelectorAll("img");
      next.hovers.forEach((hover, index) => hover && pictures[index] && addHover(pictures[index], hover));
    },
  });
}

const keyOf = (output, index) => JSON.stringify([index, output.name, output.views, output.downloads]);

function render({ model, el }) {
  const region = make("div", { className: "hub-results" });
  region.setAttribute("role", "region");
  region.setAttribute("aria-label", model.get("title"));
  const title = make("div", { className: "hub-results-title" });
  title.setAttribute("aria-live", "polite");
  const list = make("div");
  region.append(title, list);
  el.append(region);

  function draw() {
    const shown = model.get("shown");
    title.textContent = shown.title ?? "";
    const kept = new Map([...list.children].map((node) => [node.dataset.key, node]));
    const wanted = (shown.outputs ?? []).map((output, index) => {
      const key = keyOf(output, index);
      const node = kept.get(key) ?? section(model, output, key, index);
      node.update(output);
      return node;
    });
    list.replaceChildren(...wanted);
    const pictures = [...list.querySelectorAll("img")].map((each) => each.decode().catch(() => {}));
    Promise.all(pictures).then(() => requestAnimationFrame(() => {
      region.dataset.painted = shown.number ?? "";
    }));
  }

  function onMessage(message, buffers) {
    if (message.kind === "file") save(message.name, message.type, buffers[0]);
  }

  model.on("change:shown", draw);
  model.on("msg:custom", onMessage);
  draw();
  return () => {
    model.off("change:shown", draw);
    model.off("msg:custom", onMessage);
  };
}

export default { render };
