// A chart of lines: axes, legend, and a read-out of the values below the pointer, or by the arrow keys.

const HEIGHT = 260;

/**
 * A chart. `x` and `y` are axes: `{ label, format, log, from, to }`. A series is
 * `{ name, colour, dash, filled, points: [[x, y], …] }`, by ascending x. `thresholds` are vertical lines `{ at, name }`,
 * `marks` are spots `{ at: [x, y], name }`; `diagonal` draws the line where x equals y.
 */
function plot(chart) {
  const readout = el("output", { class: "readout" });
  const legend = chart.series.length > 1 ? el("div", { class: "legend" }, chart.series.map(legendEntry)) : null;
  return el("div", { class: "plot" },
    el("div", { class: "plot-head" }, el("p", { class: "title" }, chart.title), legend),
    redrawn("frame", (width) => drawPlot(chart, width, readout)),
    readout);
}

function legendEntry({ name, colour, dash, filled }) {
  const line = svg("line", { x1: 0, x2: 22, y1: 6, y2: 6, stroke: colour, "stroke-width": filled ? 8 : 2.5,
    "stroke-dasharray": dash, "stroke-opacity": filled ? 0.6 : 1 });
  return el("span", { class: "entry" }, svg("svg", { width: 22, height: 12, "aria-hidden": "true" }, line), name);
}

function drawPlot(chart, width, readout) {
  const across = extent(chart, chart.x, 0);
  const up = extent(chart, chart.y, 1);
  const left = 10 + 6.6 * Math.max(...up.ticks.map((tick) => chart.y.format(tick).length));
  const area = { left, right: width - 14, top: 22, bottom: HEIGHT - 38 };
  const x = (value) => area.left + across.place(value) * (area.right - area.left);
  const y = (value) => area.bottom - up.place(value) * (area.bottom - area.top);

  const drawing = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", tabindex: "0",
    "aria-label": `${chart.title}: ${chart.reading}` },
    upAxis(chart.y, up, y, area), acrossAxis(chart.x, across, x, area));
  if (chart.diagonal) {
    const [from, to] = [Math.max(across.from, up.from), Math.min(across.to, up.to)];
    drawing.append(svg("line", { class: "diagonal", x1: x(from), y1: y(from), x2: x(to), y2: y(to) }));
  }
  chart.series.forEach((series) => drawing.append(...line(series, x, y, area)));
  (chart.thresholds ?? []).forEach((threshold, place) => drawing.append(...thresholdLine(threshold, place, x, area)));
  (chart.marks ?? []).forEach((mark, place) => drawing.append(...spot(mark, place, x, y, area)));
  readOut(chart, drawing, readout, x, y, area);
  return drawing;
}

/** From where to where an axis goes, its ticks, and the place of a value on it, 0 to 1. */
function extent(chart, axis, coordinate) {
  const values = chart.series.flatMap(({ points }) => points.map((point) => point[coordinate]));
  const from = axis.from ?? Math.min(...values);
  let to = axis.to ?? Math.max(...values);
  if (!(to > from)) to = from + (Math.abs(from) || 1);
  if (axis.log) {
    const [low, high] = [Math.log10(from), Math.log10(to)];
    const place = (value) => (Math.log10(Math.max(value, from)) - low) / (high - low);
    return { from, to, ticks: decades(from, to), place };
  }
  return { from, to, ticks: roundTicks(from, to), place: (value) => (value - from) / (to - from) };
}

function decades(from, to) {
  const first = Math.ceil(Math.log10(from) - 1e-9);
  const last = Math.floor(Math.log10(to) + 1e-9);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, step) => 10 ** (first + step));
}

/** About five round numbers. */
function roundTicks(from, to) {
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

function upAxis(axis, { ticks }, y, { left, right }) {
  return svg("g", { class: "axis" },
    ticks.map((tick) => [
      svg("line", { x1: left, x2: right, y1: y(tick), y2: y(tick) }),
      svg("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, axis.format(tick)),
    ]),
    svg("text", { class: "axis-label", x: 0, y: 11 }, axis.label));
}

function acrossAxis(axis, { ticks }, x, { left, right, bottom }) {
  const widest = 12 + 6.6 * Math.max(...ticks.map((tick) => axis.format(tick).length));
  const every = Math.ceil((widest * (ticks.length - 1)) / (right - left)) || 1;
  return svg("g", { class: "axis" },
    svg("line", { class: "base", x1: left, x2: right, y1: bottom, y2: bottom }),
    ticks.map((tick, place) => [
      svg("line", { class: "base", x1: x(tick), x2: x(tick), y1: bottom, y2: bottom + 4 }),
      svg("text", { x: x(tick), y: bottom + 17, "text-anchor": right - x(tick) < 12 ? "end" : "middle" },
        place % every === 0 ? axis.format(tick) : ""),
    ]),
    svg("text", { class: "axis-label", x: right, y: bottom + 34, "text-anchor": "end" }, axis.label));
}

function line({ name, colour, dash, filled, points }, x, y, { bottom }) {
  const places = points.map(([across, up]) => `${x(across).toFixed(1)},${y(up).toFixed(1)}`);
  if (places.length === 0) return [];
  const path = `M${places.join("L")}`;
  const [first, last] = [x(points[0][0]), x(points.at(-1)[0])];
  const stroke = svg("path", { class: "series", d: path, stroke: colour, "stroke-dasharray": dash, "data-name": name });
  const single = points.length === 1
    ? [svg("circle", { cx: first, cy: y(points[0][1]), r: 3.5, fill: colour })]
    : [];
  const below = filled
    ? [svg("path", { class: "filled", d: `${path}L${last},${bottom}L${first},${bottom}Z`, fill: colour })]
    : [];
  return [...below, stroke, ...single];
}

function thresholdLine({ at, name }, place, x, { left, right, top, bottom }) {
  const across = x(at);
  if (!(across >= left && across <= right)) return [];
  const toTheLeft = across > (left + right) / 2;
  return [
    svg("line", { class: "threshold", x1: across, x2: across, y1: top, y2: bottom }),
    svg("text", { class: "threshold-label", x: across + (toTheLeft ? -5 : 5), y: top + 10 + 16 * place,
      "text-anchor": toTheLeft ? "end" : "start" }, name),
  ];
}

/** A spot with its name: above and to the right of a falling curve, the next one below and to the left. */
function spot({ at, name }, place, x, y) {
  const [across, up] = [x(at[0]), y(at[1])];
  const below = place % 2 === 1;
  return [
    svg("circle", { class: "spot", cx: across, cy: up, r: 5 }),
    svg("text", { class: "threshold-label", x: across + (below ? -9 : 9), y: up + (below ? 17 : -8),
      "text-anchor": below ? "end" : "start" }, name),
  ];
}

/** Shows the values nearest to the pointer, or those that the arrow keys walk to. */
function readOut(chart, drawing, readout, x, y, { top, bottom }) {
  const stops = [...new Set(chart.series.flatMap(({ points }) => points.map(([across]) => across)))];
  stops.sort((one, other) => one - other);
  if (stops.length === 0) return;
  const cursor = svg("g", { class: "cursor" });
  drawing.append(cursor);
  let stop = -1;

  const show = (place) => {
    stop = Math.min(Math.max(place, 0), stops.length - 1);
    const found = chart.series.filter(({ points }) => points.length > 0).map((series) => ({
      ...series,
      point: series.points[nearest(series.points.map(([across]) => across), stops[stop])],
    }));
    const across = x(stops[stop]);
    cursor.replaceChildren(
      svg("line", { x1: across, x2: across, y1: top, y2: bottom }),
      ...found.map(({ point, colour }) => svg("circle", { cx: x(point[0]), cy: y(point[1]), r: 4, fill: colour })));
    const values = found.map(({ name, point }) =>
      `${chart.series.length > 1 ? `${name} ` : ""}${(chart.y.exact ?? chart.y.format)(point[1])}`);
    readout.textContent = `${chart.x.label} ${(chart.x.exact ?? chart.x.format)(stops[stop])}: ${values.join(" · ")}`;
  };
  const clear = () => {
    cursor.replaceChildren();
    readout.textContent = "";
  };

  const follow = (event) => {
    const box = drawing.getBoundingClientRect();
    const pointer = ((event.clientX - box.left) / box.width) * drawing.viewBox.baseVal.width;
    show(nearest(stops.map(x), pointer));
  };
  drawing.addEventListener("pointermove", follow);
  drawing.addEventListener("pointerdown", follow);
  drawing.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && clear());
  drawing.addEventListener("blur", clear);
  drawing.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(stop + step);
  });
}

/** Place of the value that is nearest to another. */
function nearest(values, to) {
  let best = 0;
  values.forEach((value, place) => {
    if (Math.abs(value - to) < Math.abs(values[best] - to)) best = place;
  });
  return best;
}
