// How training went, of one run or of several over each other.

function trainingSection(run) {
  return el("div", { class: "plots three" }, trainingFigures([run]));
}

function trainingFigures(runs) {
  const loss = runs.length === 1 ? `Loss (${runs[0].training.loss})` : "Loss";
  const mined = runs.length === 1 ? `Mined ${runs[0].training.unit} a step` : "Mined a step";
  return [
    curveFigure("loss", runs, loss, (row) => row.loss, { format: trimmed, exact: real, from: 0 },
      "Mean loss since the point before. Good: falls fast, then slowly, and levels off. One that stays at the margin "
      + "has collapsed: every image has the same embedding."),
    curveFigure("validation", runs, "P@1 of held-out images", (row) => row.precision_at_1, { format: trimmedPercent, exact: percent, to: 1 },
      "Share of training images that were held out whose nearest other one is of their class. Good: rises, then stays; "
      + "one that falls again asks for fewer steps."),
    curveFigure("mined", runs, mined, (row) => row.mined, { format: brief, exact: real, from: 0 },
      "What the loss of a step rests on. Mined triplets become fewer as the net learns, since fewer are hard for it; at "
      + "zero there is nothing left to learn from."),
  ];
}

function curveFigure(name, runs, title, of, axis, caption) {
  const series = runs.map((run, place) => ({
    name: run.name,
    colour: runs.length === 1 ? "var(--same)" : colourOf(place, runs.length),
    dash: DASHES[place % DASHES.length],
    points: run.training.history.filter((row) => isNumber(of(row))).map((row) => [row.images_seen, of(row)]),
  }));
  if (series.every(({ points }) => points.length === 0)) {
    return figure(el("div", { class: "plot" }, el("div", { class: "plot-head" }, el("p", { class: "title" }, title)),
      nothing("No measurements.")), caption, name);
  }
  const ends = series.map(({ name, points }) => `${name} ends at ${points.length > 0 ? axis.exact(points.at(-1)[1]) : DASH}`);
  return figure(plot({
    title,
    reading: ends.join(", "),
    x: { label: "images seen", format: brief, exact: thousands, from: 0 },
    y: { label: "", ...axis },
    series,
  }), caption, name);
}
