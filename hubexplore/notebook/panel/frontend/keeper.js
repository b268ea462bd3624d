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

  // What was typed since goes along: ipywidgets holds it back while an earlier change is on its way, and a run
  // would overtake it. What was not typed is not sent, for the kernel may know better by now.
  let typed = new WeakSet();

  function run() {
    const fields = [...panel.querySelectorAll(".hub-field textarea")];
    model.send({ kind: "run", texts: fields.map((each) => (typed.has(each) ? each.value : null)) });
    typed = new WeakSet();
  }

  function onInput(event) {
    if (event.target.matches(".hub-field textarea")) typed.add(event.target);
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
    // Other buttons, and rows of the log, may put something else into the fields.
    else if (event.target.closest("button, .hub-log")) typed = new WeakSet();
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
    panel.addEventListener("input", onInput, true);
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
      panel.removeEventListener("input", onInput, true);
    }
  };
}

export default { render };
