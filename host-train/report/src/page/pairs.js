// Same or different: how far pairs are apart, and what a threshold between them costs.

function pairsSection(run) {
  if (!run.distances) return nothing("The test set has no pairs to compare.");
  return el("div", { class: "plots two" }, histogramFigure(run), rocFigure(run));
}

function histogramFigure(run) {
  return figure(chart(run, "histogram"), "How far apart pairs of test images are. Good: two hills with nothing between them, and the "
    + "thresholds, beyond which the board says “unknown”, in the gap.", "histogram");
}

/** Of one run, or with null of all over each other. */
function rocFigure(run) {
  return figure(chart(run, "roc"), "Each threshold trades false accepts for false rejects; the dotted line is where both are equal. Good: a "
    + "curve close to the lower left corner. Rates below 0.001 % are drawn at the edge.", "roc");
}
