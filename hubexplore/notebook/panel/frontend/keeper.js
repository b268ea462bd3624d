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

  // The words go along: ipywidgets holds back what was typed while an earlier change is on its way, and a
  // run would overtake it.
  function run() {
    const texts = [...panel.querySelectorAll(".hub-field textarea")].map((each) => each.value);
    model.send({ kind: "run", texts });
  }

  function onKey(event) {
    if (event.key === "Enter" && event.shiftKey && event.target.closest(".hub-try")) {
      event.preventDefault();
      event.stopPropagation();
      run();
    }
  }

  function onClick(event) {
    if (event.target.closest(".hub-run:not(:disabled)")) run();
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
    panel.addEventListener("click", onClick, true);
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
    if (panel !== null) {
      panel.removeEventListener("keydown", onKey, true);
      panel.removeEventListener("click", onClick, true);
    }
  };
}

export default { render };
