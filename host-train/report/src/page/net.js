// The net: its layers, what int8 does to each, and what an inference takes.

function netSection(run) {
  const { net } = run;
  if (net.layers.length === 0) return nothing("The net has no layers.");
  return [
    el("p", null, `${thousands(net.parameters)} parameters, ${thousands(net.macs)} multiply-accumulates; `
      + `${net.input.join("×")} pixels become ${counted(net.embedding, "value")}. Model hash `, el("code", null, net.hash), "."),
    figure(el("div", { class: "plot net-plot" }, drawing(run, "net")),
      "Each block is a map of values: as high as it has rows, as thick as it has channels. Bars beside it: how much stronger the values are "
      + "than int8’s rounding, the work of the layer that makes them, its weights, and the RAM in use while it runs; the highest RAM bar "
      + "is the RAM for an inference. Convolutions that take turns, row by row, have the same.", "net"),
    figure(table([
      { title: "layer", cell: ({ operation }) => operation },
      { title: "output", number: true, cell: ({ output }) => shape(output) },
      { title: "parameters", number: true, cell: ({ parameters }) => thousands(parameters) },
      { title: "multiply-accumulates", number: true, cell: ({ macs }) => thousands(macs) },
      { title: "weights in flash, bytes", number: true, cell: ({ flash }) => thousands(flash) },
      { title: "RAM in use, bytes", number: true, cell: ({ ram }) => thousands(ram) },
    ], net.layers, "Layers"), "Weights are packed for a board. RAM is what is in use while the layer runs; the most of it is the RAM for an inference.", "layers"),
  ];
}

function shape([rows, columns, channels]) {
  return rows === 1 && columns === 1 ? `${channels}` : `${rows}×${columns}×${channels}`;
}
