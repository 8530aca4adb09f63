// Scores in full: float against int8, classes that were never trained on, and the origin's table.

/** Scores of the test set. `less` is better where it is set, otherwise more. */
const SCORES = [
  { name: "triplet accuracy, mean of the classes", of: (s) => s.triplet_accuracy.mean },
  { name: "triplet accuracy, worst class", of: (s) => s.triplet_accuracy.worst },
  { name: "P@1, nearest other test image", of: (s) => s.precision_at_1 },
  { name: "P@1, nearest training image", of: (s) => s.precision_at_1_gallery },
  ...[2, 4, 8].map((k) => ({ name: `recall@${k}`, of: (s) => s.recall_at[k] })),
  { name: "R-precision", of: (s) => s.r_precision },
  { name: "MAP@R", of: (s) => s.map_at_r },
  { name: "5-shot prototypes, mean of 20 draws", of: (s) => s.prototype_5_shot.mean },
  { name: "equal error rate of pairs", of: (s) => s.equal_error_rate, less: true },
];

/** Scores of classes that were never trained on. */
const UNSEEN_SCORES = [
  { name: "P@1, nearest other test image", of: (s) => s.precision_at_1 },
  { name: "5-shot prototypes, among these classes", of: (s) => s.prototype_5_shot.mean },
  { name: "5-shot prototypes, among all classes", of: (s) => s.prototype_5_shot_all.mean },
  { name: "equal error rate of pairs", of: (s) => s.equal_error_rate, less: true },
];

const CALIBRATED = "The thresholds were calibrated on training images that were held out. Good: on test images the first errs about equally "
  + "both ways, and the second accepts about 1 %; much more means that too few images were held out.";
const NOT_CALIBRATED = "The thresholds were calibrated without these classes, and so accept more of them; enrolling more examples of each "
  + "helps a board.";

function scoresSection(run) {
  const { float, int8 } = run;
  const unseen = int8.unseen && float.unseen;
  const openSet = int8.open_set ?? int8.unseen?.open_set;
  return [
    el("div", { class: "plots two" },
      figure(scoreTable(SCORES, float, int8, "Scores of the float net and of int8"),
        "Shares of the test set: more is better, of the error rate less. Points are int8 minus the net before "
        + "quantization; within ±0.1 the board is as good as the PC.", "scores"),
      el("div", null, thresholdsTable(int8, CALIBRATED), openSet ? openSetFigure(openSet, Boolean(unseen)) : null)),
    unseen ? unseenScores(run) : null,
  ];
}

function unseenScores(run) {
  const { float: { unseen: float }, int8: { unseen: int8 } } = run;
  return [
    el("p", { class: "title" }, `Never trained on: ${int8.labels.map((label) => className(run, label)).join(", ")}`),
    el("div", { class: "plots two" },
      figure(scoreTable(UNSEEN_SCORES, float, int8, "Scores of classes that were never trained on"),
        "The same for classes that the net never saw in training: how it will do with what it is taught in the field. "
        + "Lower than above is normal; far lower asks for more classes to train on.", "unseen-scores"),
      thresholdsTable(int8, NOT_CALIBRATED)),
  ];
}

function scoreTable(scores, float, int8, label) {
  const found = scores.filter(({ of }) => of(int8) !== undefined);
  return table([
    { title: "in %", cell: ({ name }) => name },
    { title: "float", number: true, cell: ({ of }) => percent(of(float)) },
    { title: "int8", number: true, cell: ({ of }) => percent(of(int8)) },
    { title: "points", number: true, cell: ({ of }) => inPoints(of(float), of(int8)) },
  ], found, label);
}

/** What the thresholds in the model file do on these pairs. */
function thresholdsTable({ at_thresholds: thresholds }, caption) {
  if (!thresholds) return null;
  const rows = [["equal error", thresholds.equal_error], ["accepts 1 %", thresholds.false_accept_1_percent]];
  return figure(table([
    { title: "threshold in the model file", cell: ([name]) => name },
    { title: "false accepts", number: true, cell: ([, rates]) => percent(rates.false_accept_rate) },
    { title: "false rejects", number: true, cell: ([, rates]) => percent(rates.false_reject_rate) },
  ], rows, "Errors at the thresholds in the model file"),
  caption, "thresholds");
}

function openSetFigure(openSet, unseen) {
  const rows = [
    ["taught things that are named rightly", openSet.known_right],
    ["taught things that are called unknown", openSet.known_rejected],
    ["other things that are given a name", openSet.unknown_accepted],
  ];
  return figure(table([
    { title: "known or unknown, as a board decides", cell: ([name]) => name },
    { title: "int8", number: true, cell: ([, share]) => percent(share) },
  ], rows, "Open set"),
  `A board is taught five images of ${unseen ? "each class that was never trained on" : "half of the classes"} and asked `
  + "about all. Good: the first near 100 %, the others near 0.", "open-set");
}

function tripletsFigure(run) {
  if (run.triplets.length === 0) return nothing("The test set is too small for triplets.");
  const distance = alike(run.triplets.flatMap(({ min, max, mean }) => [min, max, mean]));
  return figure(table([
    { title: "class", cell: ({ label }) => className(run, label) },
    { title: "min", number: true, cell: ({ min }) => distance(min) },
    { title: "max", number: true, cell: ({ max }) => distance(max) },
    { title: "mean", number: true, cell: ({ mean }) => distance(mean) },
    { title: "below 0", number: true, cell: ({ accuracy }) => percent(accuracy) },
  ], run.triplets, "Triplets by class"),
  "Distance to an image of the same class minus distance to one of another, over the test triplets of each class. Below 0 "
  + "is right: good is a mean far below 0 and nearly 100 % of the triplets.", "triplets", "narrow");
}
