// @ts-check
// A picture of a result, as large as the window, with a button that saves it as PNG.

import { button, make, save } from "./dom.js";

/**
 * Returns the element around a picture that takes the focus for it, and says what keys do.
 *
 * @param {HTMLImageElement} picture
 * @param {string} hint about a key, after those that are there
 * @returns {HTMLElement}
 */
export function framed(picture, hint) {
  let frame = /** @type {HTMLElement | null} */ (picture.closest(".hub-framed"));
  if (!frame) {
    frame = make("span", { className: "hub-framed", tabIndex: 0, role: "group", "aria-label": picture.alt });
    picture.replaceWith(frame);
    frame.append(picture);
  }
  frame.setAttribute("aria-label", `${frame.getAttribute("aria-label")} ${hint}`);
  return frame;
}

/**
 * Makes a picture open on a click or Enter.
 *
 * @param {HTMLImageElement} picture
 * @param {{ host: HTMLElement, name: string, askNative: (() => void) | null }} options `host` holds the dialog,
 *   `name` is that of the file; `askNative` has the kernel send the pixels as they are, null for a drawing
 */
export function offerEnlarging(picture, options) {
  const place = framed(picture, "Enter enlarges it.");
  place.classList.add("hub-enlarges");
  place.addEventListener("click", () => enlarge(picture, place, options));
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    enlarge(picture, place, options);
  });
}

/**
 * @param {HTMLImageElement} picture
 * @param {HTMLElement} opener gets the focus back
 * @param {{ host: HTMLElement, name: string, askNative: (() => void) | null }} options
 */
function enlarge(picture, opener, { host, name, askNative }) {
  const large = make("img", { src: picture.src, alt: picture.alt, className: picture.className });
  const dialog = make(
    "dialog",
    { className: "hub-enlarged", "aria-label": picture.alt },
    make("div", { className: "hubexplore" }, large),
    make(
      "div",
      { className: "hub-row" },
      make("span", { className: "hub-quiet", textContent: picture.alt }),
      button("PNG", "Download this picture as PNG", () => {
        if (askNative) askNative();
        else drawn(picture, name);
      }),
      button("Close", "Close (Escape)", () => dialog.close()),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener.focus();
  });
  dialog.addEventListener("keydown", (event) => {
    // The notebook would take Escape as well, and go to its command mode.
    event.stopPropagation();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  host.append(dialog);
  dialog.showModal();
}

/**
 * Saves a drawing as PNG with twice as many pixels as on screen, for print.
 *
 * @param {HTMLImageElement} picture
 * @param {string} name
 */
async function drawn(picture, name) {
  const canvas = make("canvas", { width: 2 * picture.naturalWidth, height: 2 * picture.naturalHeight });
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  /** @type {Blob | null} */
  const content = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (content) save(name, "image/png", content);
}
