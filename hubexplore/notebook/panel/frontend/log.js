// The runs so far: a row each, to put its inputs back or to pin it beside another one.

function cell(text, name = "td") {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}

function render({ model, el }) {
  const table = document.createElement("table");
  table.className = "hub-log";
  const caption = document.createElement("caption");
  const head = document.createElement("thead");
  const body = document.createElement("tbody");
  const names = document.createElement("tr");
  for (const name of ["Run", "Signature", "Inputs", "Outputs", "Time", "Pin"]) {
    const heading = cell(name, "th");
    heading.scope = "col";
    names.append(heading);
  }
  head.append(names);
  table.append(caption, head, body);
  el.append(table);

  function row(each, pinned) {
    const line = document.createElement("tr");
    line.dataset.number = each.number;
    const back = document.createElement("button");
    back.type = "button";
    back.className = "hub-small";
    back.textContent = `↺ ${each.number}`;
    back.title = "Put its inputs back";
    back.setAttribute("aria-label", `Run ${each.number}: put its inputs back`);
    back.disabled = !each.kept;
    back.addEventListener("click", () => model.send({ kind: "put", number: each.number }));
    const first = cell("", "th");
    first.scope = "row";
    first.append(back);
    const pin = document.createElement("input");
    pin.type = "checkbox";
    pin.checked = pinned.includes(each.number);
    pin.disabled = !each.kept;
    pin.setAttribute("aria-label", `Pin run ${each.number} to compare it`);
    pin.addEventListener("change", () => model.send({ kind: "pin", number: each.number, on: pin.checked }));
    const last = cell("");
    last.append(pin);
    line.append(first, cell(each.signature), cell(each.inputs), cell(each.outputs), cell(each.time), last);
    // A click anywhere in a row does what its button does; keys have the button.
    line.addEventListener("click", (event) => {
      if (each.kept && !event.target.closest("button, input")) back.click();
    });
    return line;
  }

  function draw() {
    const rows = model.get("rows");
    const pinned = model.get("pinned");
    const focused = document.activeElement?.closest("tr")?.dataset.number;
    const kind = document.activeElement?.tagName;
    table.hidden = rows.length === 0;
    const all = rows[0]?.number ?? 0;
    const shown = all > rows.length ? `the last ${rows.length} of ${all} runs` : all === 1 ? "1 run" : `${all} runs`;
    caption.textContent = `${shown}: click a row to put its inputs back, pin two to compare them`;
    body.replaceChildren(...rows.map((each) => row(each, pinned)));
    // Drawing anew must not lose the place of who uses the keyboard.
    if (focused && el.contains(table)) {
      body.querySelector(`tr[data-number="${focused}"] ${kind === "INPUT" ? "input" : "button"}`)?.focus();
    }
  }

  model.on("change:rows change:pinned", draw);
  draw();
  return () => model.off("change:rows change:pinned", draw);
}

export default { render };
