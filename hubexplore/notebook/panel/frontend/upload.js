// @ts-check
// A file from the disk, the clipboard or the mouse, sent to the kernel in pieces that any proxy lets through.

import { button, follow, make, sendFiles, spoken } from "./dom.js";

// As MAX_FILES in upload.py.
const MAX_FILES = 64;

/**
 * @typedef {object} Traits
 * @property {string} accept
 * @property {boolean} multiple
 * @property {string} label
 * @property {string} status
 * @property {number} limit in bytes
 */
/** @typedef {import("./dom.js").Piece | { kind: "refused", size: number }} Sent */

/** @param {import("./dom.js").View<Traits, Sent>} view */
function render({ model, el }) {
  const input = make("input", { type: "file" });
  const label = make("span");
  // The button of the input says "No file chosen" beside it, also after a file was.
  const choose = button("Browse", "", () => input.click());
  const status = spoken("span", "hub-said");
  const box = make(
    "div",
    { className: "hub-upload", tabIndex: 0, role: "group" },
    label,
    choose,
    input,
    status,
  );
  el.append(box);

  function draw() {
    input.accept = model.get("accept");
    input.multiple = model.get("multiple");
    label.textContent = model.get("label");
    box.setAttribute("aria-label", model.get("label"));
    choose.setAttribute("aria-label", `Browse: ${model.get("label")}`);
    status.textContent = model.get("status");
  }

  /** @param {Iterable<File>} files */
  async function give(files) {
    const chosen = [...files].slice(0, model.get("multiple") ? MAX_FILES : 1);
    if (chosen.length === 0) return;
    const limit = model.get("limit");
    const size = chosen.reduce((sum, file) => sum + file.size, 0);
    if (size > limit) {
      // Nothing is sent: the kernel could only refuse once it has received everything.
      status.textContent = `Refused: ${(size / 1e6).toFixed(1)} MB. At most ${
        Math.round(limit / 1e6)
      } MB can be uploaded.`;
      model.send({ kind: "refused", size });
      return;
    }
    await sendFiles(model, chosen, (text) => status.textContent = text);
  }

  input.addEventListener("change", () => {
    give(input.files ?? []);
    input.value = "";
  });
  box.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) {
      event.preventDefault();
      give(files);
    }
  });
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
    give(event.dataTransfer?.files ?? []);
  });
  draw();
  return follow(model, { change: draw });
}

export default { render };
