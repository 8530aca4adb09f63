// The net: its layers, what int8 does to each, and what an inference takes.

function netSection(run) {
  const { net } = run;
  if (net.layers.length === 0) return nothing("The net has no layers.");
  return [
    el("p", null, `${thousands(net.parameters)} parameters, ${thousands(net.macs)} multiply-accumulates; `
      + `${net.input.join("×")} pixels become ${counted(net.embedding, "value")}. Model hash `, el("code", null, net.hash), "."),
    figure(scrolling("The net drawn", redrawn("net-frame", (width) => netDrawing(net, width))),
      "Each block is a map of values: as high as it has rows, as thick as it has channels. Bars below: the work of the layer "
      + "that makes it, its weights, and the RAM in use while it runs; the highest RAM bar is what a board must have. "
      + "Convolutions that take turns, row by row, have the same.", "net"),
    figure(table([
      { title: "layer", cell: ({ operation }) => operation },
      { title: "output", number: true, cell: ({ output }) => shape(output) },
      { title: "parameters", number: true, cell: ({ parameters }) => thousands(parameters) },
      { title: "multiply-accumulates", number: true, cell: ({ macs }) => thousands(macs) },
      { title: "flash, bytes", number: true, cell: ({ flash }) => thousands(flash) },
      { title: "RAM, bytes", number: true, cell: ({ ram }) => thousands(ram) },
    ], net.layers, "Layers"), "Flash is the layer’s weights, packed for a board; RAM is what is in use while it runs.", "layers"),
  ];
}

function shape([rows, columns, channels]) {
  return rows === 1 && columns === 1 ? `${channels}` : `${rows}×${columns}×${channels}`;
}

const LEAST_COLUMN = 104;
const MOST_COLUMN = 180;
const NAMES = 40;
const BLOCKS = 132;
const BARS = [
  { name: "MACs", of: (layer) => layer.macs, colour: "var(--same)" },
  { name: "flash", of: (layer) => layer.flash, colour: "var(--muted)" },
  { name: "RAM", of: (layer) => layer.ram, colour: "var(--other)" },
];

function netDrawing({ input, layers }, room) {
  const blocks = [input, ...layers.map(({ output }) => output)];
  const column = Math.min(Math.max((room - NAMES - 28) / blocks.length, LEAST_COLUMN), MOST_COLUMN);
  const width = NAMES + column * blocks.length;
  const height = BLOCKS + 60 + 62 * BARS.length;
  const centre = (place) => NAMES + column * (place + 0.5);
  const described = layers.map((layer) => `${layer.operation} to ${shape(layer.output)}`).join(", ");
  return svg("svg", { class: "net", viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": `${shape(input)}, then ${described}` },
    blocks.map((size, place) => block(size, blocks, centre(place))),
    blocks.map((size, place) =>
      svg("text", { class: "shape", x: centre(place), y: BLOCKS + 16, "text-anchor": "middle" }, shape(size))),
    svg("text", { class: "operation", x: centre(0), y: BLOCKS + 33, "text-anchor": "middle" }, "image"),
    layers.map((layer, place) => operationText(layer.operation, centre(place + 1))),
    BARS.map((bar, row) => barRow(bar, layers, centre, BLOCKS + 60 + 62 * row, width)));
}

/** A box with a front, a top and a side; sizes go by the square root, so that small maps stay visible. */
function block([rows, , channels], blocks, x) {
  const most = (axis) => Math.max(...blocks.map((size) => size[axis]));
  const tall = 8 + 66 * Math.sqrt(rows / most(0));
  const thick = 5 + 38 * Math.sqrt(channels / most(2));
  const deep = tall * 0.32;
  const [left, top] = [x - (thick + deep) / 2, BLOCKS - 10 - tall];
  return svg("g", { class: "block" },
    svg("path", { d: `M${left},${top}h${thick}v${tall}h${-thick}z` }),
    svg("path", { class: "lit", d: `M${left},${top}l${deep},${-deep}h${thick}l${-deep},${deep}z` }),
    svg("path", { class: "shaded", d: `M${left + thick},${top}l${deep},${-deep}v${tall}l${-deep},${deep}z` }));
}

/** The operation in two lines: what it is, and what is fused into it. */
function operationText(operation, x) {
  const [first, second, ...rest] = operation.split(" ");
  const lines = [[first, second].filter(Boolean).join(" "), rest.join(" ")];
  return svg("text", { class: "operation", "text-anchor": "middle" },
    lines.map((line, place) => svg("tspan", { x, y: BLOCKS + 33 + 14 * place }, line)));
}

function barRow({ name, of, colour }, layers, centre, top, width) {
  const most = Math.max(...layers.map(of), 1);
  const base = top + 56;
  return svg("g", { class: "bars" },
    svg("text", { class: "bar-name", x: 0, y: base - 2 }, name),
    svg("line", { x1: 0, x2: width, y1: base, y2: base }),
    layers.map((layer, place) => {
      const tall = 36 * (of(layer) / most);
      return [
        svg("rect", { x: centre(place + 1) - 22, y: base - tall, width: 44, height: tall, fill: colour,
          class: of(layer) === most ? "most" : null }),
        svg("text", { x: centre(place + 1), y: base - tall - 4, "text-anchor": "middle" }, thousands(of(layer))),
      ];
    }));
}
