// Float against int8, layer by layer: where precision is lost.

function layersSection(run) {
  const { layers } = run.net;
  const strongest = Math.max(1, ...layers.map(({ signal_to_noise_db: ratio }) => ratio ?? 0));
  return figure(table([
    { title: "layer", cell: ({ operation }) => operation },
    { title: "signal to noise", number: true, cell: ({ signal_to_noise_db: ratio }) => noiseCell(ratio, strongest) },
    { title: "clipped", number: true, cell: ({ clipped }) => percent(clipped) },
    { title: "zeros", number: true, cell: ({ zeros }) => percent(zeros, 1) },
    { title: "outputs from 0 to the largest integer", cell: ({ histogram, operation }) => sizes(histogram, operation) },
  ], layers, "Float against int8, layer by layer"),
  "Signal to noise is how much stronger a layer’s outputs are than what rounding adds: above 25 dB is fine, and every 6 dB "
  + "are one bit. Clipped values lie beyond the scale: a few in ten thousand do no harm. Bars are the sizes of int8 outputs, by "
  + "square root of their number; good: they reach far to the right.", "int8");
}

function noiseCell(ratio, strongest) {
  if (!isNumber(ratio)) return "exact";
  const share = Math.max(ratio, 0) / strongest;
  return el("span", { class: "meter" }, el("span", { class: "bar", style: `width: ${(64 * share).toFixed(0)}px` }),
    `${ratio.toFixed(1).replace("-", "−")} dB`);
}

function sizes(histogram, operation) {
  const shares = histogram.map((share) => share ?? 0);
  const most = Math.max(...shares, 1e-12);
  const bars = shares.map((share, bin) => {
    const tall = 26 * Math.sqrt(share / most);
    return svg("rect", { x: 5 * bin, y: 28 - tall, width: 4, height: tall });
  });
  return svg("svg", { class: "sizes", viewBox: `0 0 ${5 * shares.length} 28`, width: 5 * shares.length, height: 28,
    preserveAspectRatio: "none", role: "img",
    "aria-label": `sizes of the outputs of ${operation}: ${percent(shares[0])} in the lowest of ${shares.length} bins, `
      + `${percent(shares.at(-1))} in the highest` }, bars);
}
