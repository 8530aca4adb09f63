// Figures that are in the page as templates, and what a still picture cannot do: the values below a pointer.

/** The figure of a run, or of all runs over each other, or null where there was nothing to draw. */
function drawing(run, name) {
  const of = run ? runs.indexOf(run) : "all";
  const found = document.querySelector(`template[data-run="${of}"]`).content.querySelector(`[data-figure="${name}"]`);
  return found && document.importNode(found, true);
}

/** A chart with its title, and below it what is read out. */
function chart(run, name) {
  const drawn = drawing(run, name);
  if (!drawn) return el("div", { class: "plot" }, nothing("No measurements."));
  const readout = drawn.dataset.stops ? el("output", { class: "readout" }) : null;
  if (readout) readOut(drawn, readout);
  return el("div", { class: "plot" }, el("p", { class: "title" }, drawn.dataset.title), drawn, readout);
}

/** Says the values nearest to the pointer, or those that the arrow keys walk to, and marks them. */
function readOut(drawn, readout) {
  const stops = JSON.parse(drawn.dataset.stops);
  const colours = [...drawn.querySelectorAll(".series")].map(({ style }) => style.stroke);
  const cursor = svg("g", { class: "cursor" });
  drawn.append(cursor);
  drawn.setAttribute("tabindex", "0");
  let stop = -1;

  const show = (place) => {
    stop = Math.min(Math.max(place, 0), stops.length - 1);
    const { x, y, said } = stops[stop];
    readout.textContent = said;
    cursor.replaceChildren(svg("line", { x1: `${x}%`, x2: `${x}%`, y1: 0, y2: "100%" }),
      ...y.map((height, place) => svg("circle", { cx: `${x}%`, cy: `${height}%`, r: 4, style: `fill: ${colours[place]}` })));
  };
  const clear = () => {
    cursor.replaceChildren();
    readout.textContent = "";
  };
  const follow = ({ clientX }) => {
    const box = drawn.getBoundingClientRect();
    const pointer = (100 * (clientX - box.left)) / box.width;
    const far = ({ x }) => Math.abs(x - pointer);
    show(stops.reduce((best, other, place) => (far(other) < far(stops[best]) ? place : best), 0));
  };
  drawn.addEventListener("pointermove", follow);
  drawn.addEventListener("pointerdown", follow);
  drawn.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && clear());
  drawn.addEventListener("blur", clear);
  drawn.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(stop + step);
  });
}
