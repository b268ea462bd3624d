// Knows the panel around it: the keys that work anywhere in it, and whether its kernel is still there.
const GONE =
  "The kernel of this panel is gone: it was restarted, or the notebook was opened without it. What you see is " +
  "the last state. Run the cell again to go on.";

function render({ model, el }) {
  const banner = document.createElement("div");
  banner.className = "hub-gone";
  banner.setAttribute("role", "alert");
  banner.hidden = true;
  el.append(banner);
  let panel = null;

  function onKey(event) {
    if (event.key === "Enter" && event.shiftKey && event.target.closest(".hub-try")) {
      event.preventDefault();
      event.stopPropagation();
      // A text field tells what was typed when it loses the focus at the latest.
      event.target.dispatchEvent(new Event("change", { bubbles: true }));
      model.send({ kind: "run" });
    }
  }

  function look() {
    const gone = panel !== null && panel.classList.contains("jupyter-widgets-disconnected");
    banner.hidden = !gone;
    banner.textContent = gone ? GONE : "";
    if (panel !== null) panel.classList.toggle("hub-is-gone", gone);
  }

  // What ipywidgets leaves without a name for screen readers: the handle of a slider, and its number.
  function name() {
    for (const slider of panel.querySelectorAll(".widget-hslider")) {
      const words = slider.querySelector(".widget-label")?.textContent ?? "";
      slider.querySelector(".noUi-handle")?.setAttribute("aria-label", words);
      slider.querySelector(".widget-readout")?.setAttribute("aria-label", `${words}, type a number`);
    }
  }

  // The view is put into the panel after it was made.
  const watch = new MutationObserver(look);
  const grown = new MutationObserver(name);
  let waiting = requestAnimationFrame(function attach() {
    panel = el.closest(".hubexplore-panel");
    if (panel === null) {
      waiting = requestAnimationFrame(attach);
      return;
    }
    // Keys in the panel are the panel's: JupyterLab would run or delete cells.
    panel.setAttribute("data-lm-suppress-shortcuts", "true");
    panel.addEventListener("keydown", onKey, true);
    watch.observe(panel, { attributes: true, attributeFilter: ["class"] });
    grown.observe(panel, { childList: true, subtree: true });
    look();
    name();
    model.send({ kind: "ready" });
  });

  return () => {
    cancelAnimationFrame(waiting);
    watch.disconnect();
    grown.disconnect();
    if (panel !== null) panel.removeEventListener("keydown", onKey, true);
  };
}

export default { render };
