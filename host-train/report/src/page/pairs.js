// Same or different: how far pairs are apart, and what a threshold between them costs.

const KINDS = { cosine: "1 − cos", squared_l2: "squared L2" };
const LOWEST_RATE = 1e-5;

function pairsSection(run) {
  const { distances } = run;
  if (!distances) return nothing("The test set has no pairs to compare.");
  return el("div", { class: "plots two" }, histogramFigure(distances), rocFigure([run]));
}

function histogramFigure({ kind, same, different, edges, thresholds }) {
  const bars = (shares) => shares.flatMap((share, bin) => [[edges[bin], share], [edges[bin + 1], share]]);
  return figure(plot({
    title: "Distances of pairs",
    reading: `pairs of one class lie mostly near ${real(edges[peak(same)])}, others near ${real(edges[peak(different)])}`,
    x: { label: `distance (${KINDS[kind] ?? kind})`, format: trimmed, exact: real, from: edges[0], to: edges.at(-1) },
    y: { label: "share of pairs", format: trimmedPercent, exact: percent, from: 0 },
    series: [
      { name: "same class", colour: "var(--same)", filled: true, points: bars(same) },
      { name: "different", colour: "var(--other)", filled: true, dash: "6 3", points: bars(different) },
    ],
    thresholds: thresholds.map(({ name, threshold }) => ({ at: threshold, name: `${name}: ${real(threshold)}` })),
  }), "How far apart pairs of test images are. Good: two hills with nothing between them, and the thresholds, beyond which "
    + "the board says “unknown”, in the gap.", "histogram");
}

function rocFigure(runs) {
  const measured = runs.filter(({ distances }) => distances);
  const series = measured.map(({ name, distances }, place) => ({
    name,
    colour: runs.length === 1 ? "var(--same)" : colourOf(place, runs.length),
    dash: DASHES[place % DASHES.length],
    points: distances.roc
      .filter((rates) => isNumber(rates.false_accept_rate) && isNumber(rates.false_reject_rate))
      .map((rates) => [rates.false_accept_rate, rates.false_reject_rate].map((rate) => Math.max(rate, LOWEST_RATE)))
      .sort((one, other) => one[0] - other[0] || other[1] - one[1]),
  }));
  const [only] = measured;
  const marks = measured.length === 1
    ? only.distances.thresholds.map(({ name, false_accept_rate: accepts, false_reject_rate: rejects }) => ({
      at: [Math.max(accepts, LOWEST_RATE), Math.max(rejects, LOWEST_RATE)], name }))
    : [];
  const rate = { format: trimmedPercent, exact: percent, log: true, from: LOWEST_RATE, to: 1 };
  const errors = measured.map(({ name, distances }) => `${name} ${percent(distances.equal_error_rate)}`).join(", ");
  return figure(plot({
    title: measured.length === 1 ? `Errors by threshold: equal at ${percent(only.distances.equal_error_rate)}` : "Errors by threshold",
    reading: `equal error rate ${errors}`,
    x: { ...rate, label: "false accepts: different, taken for the same" },
    y: { ...rate, label: "false rejects: same, taken for different" },
    series,
    marks,
    diagonal: true,
  }), "Each threshold trades false accepts for false rejects; the dotted line is where both are equal. Good: a curve close to "
    + "the lower left corner. Rates below 0.001 % are drawn at the edge.", "roc");
}

function peak(shares) {
  return shares.indexOf(Math.max(...shares));
}
