// The code for what is on screen, and a button that copies it.

function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "hub-code";
  const label = document.createElement("label");
  const kinds = document.createElement("select");
  label.append("Copy as ", kinds);
  const copy = document.createElement("button");
  copy.type = "button";
  copy.textContent = "Copy";
  copy.className = "hub-small";
  copy.setAttribute("aria-label", "Copy the code");
  const said = document.createElement("span");
  said.className = "hub-said";
  said.setAttribute("role", "status");
  const code = document.createElement("pre");
  code.tabIndex = 0;
  code.setAttribute("aria-label", "Code for what is on screen");
  box.append(label, copy, said, code);
  el.append(box);

  function draw() {
    const all = model.get("codes");
    const chosen = kinds.value;
    kinds.replaceChildren(...all.map(([name]) => new Option(name, name)));
    kinds.value = all.some(([name]) => name === chosen) ? chosen : (all[0]?.[0] ?? "");
    show();
  }

  function show() {
    const found = model.get("codes").find(([name]) => name === kinds.value);
    code.textContent = found ? found[1] : "";
    box.hidden = !found;
    said.textContent = "";
  }

  async function onCopy() {
    try {
      await navigator.clipboard.writeText(code.textContent);
      said.textContent = "Copied";
    } catch {
      // Without the right to the clipboard (plain http) the code is marked, ready for Ctrl-C.
      getSelection().selectAllChildren(code);
      said.textContent = document.execCommand("copy") ? "Copied" : "Marked: press Ctrl-C";
    }
  }

  kinds.addEventListener("change", show);
  copy.addEventListener("click", onCopy);
  model.on("change:codes", draw);
  draw();
  return () => model.off("change:codes", draw);
}

export default { render };
