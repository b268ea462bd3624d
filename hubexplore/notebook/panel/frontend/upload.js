// A file from the disk, the clipboard or the mouse, sent to the kernel in pieces that any proxy lets through.
const PIECE = 1 << 20;

function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "hub-upload";
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  const input = document.createElement("input");
  input.type = "file";
  const label = document.createElement("label");
  const words = document.createElement("span");
  label.append(words, input);
  const said = document.createElement("span");
  said.className = "hub-said";
  said.setAttribute("role", "status");
  box.append(label, said);
  el.append(box);

  function draw() {
    input.accept = model.get("accept");
    input.multiple = model.get("multiple");
    words.textContent = model.get("words");
    box.setAttribute("aria-label", model.get("words"));
    said.textContent = model.get("said");
  }

  async function give(files) {
    const chosen = [...files].slice(0, model.get("multiple") ? 64 : 1);
    if (chosen.length === 0) return;
    const limit = model.get("limit");
    const size = chosen.reduce((sum, file) => sum + file.size, 0);
    if (size > limit) {
      // Nothing is sent: a kernel would have to take it all before it could say no.
      said.textContent =
        `Refused: ${(size / 1e6).toFixed(1)} MB, and at most ${Math.round(limit / 1e6)} MB can be uploaded.`;
      model.send({ kind: "refused", size });
      return;
    }
    model.send({ kind: "begin", names: chosen.map((file) => file.name), sizes: chosen.map((file) => file.size) });
    for (const [index, file] of chosen.entries()) {
      for (let start = 0; start < file.size; start += PIECE) {
        const piece = await file.slice(start, start + PIECE).arrayBuffer();
        model.send({ kind: "piece", index }, undefined, [piece]);
        said.textContent = `Sending ${file.name}: ${Math.round((100 * Math.min(start + PIECE, file.size)) / file.size)} %`;
      }
    }
    model.send({ kind: "end" });
  }

  function onPaste(event) {
    const files = [...event.clipboardData.files];
    if (files.length) {
      event.preventDefault();
      give(files);
    }
  }

  input.addEventListener("change", () => {
    give(input.files);
    input.value = "";
  });
  box.addEventListener("paste", onPaste);
  box.addEventListener("dragover", (event) => {
    event.preventDefault();
    event.stopPropagation();
    box.classList.add("hub-over");
  });
  box.addEventListener("dragleave", () => box.classList.remove("hub-over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    box.classList.remove("hub-over");
    give(event.dataTransfer.files);
  });
  model.on("change", draw);
  draw();
  return () => model.off("change", draw);
}

export default { render };
