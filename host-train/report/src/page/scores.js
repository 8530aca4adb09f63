// Scores in full: float against int8, classes that were never trained on, and the origin's table.

const CALIBRATED = "Good: on test images, eer errs about equally both ways, and far1 accepts about 1 %; much more means that too few "
  + "images were held out.";
const NOT_CALIBRATED = "The thresholds were calibrated without these classes, and so accept more of them; enrolling more examples of each "
  + "helps a board.";

function scoresSection(run) {
  const { seen, unseen } = run.table;
  const openSet = [...seen, ...unseen].filter(({ group }) => group === "open_set");
  return [
    el("div", { class: "plots two" },
      figure(scoreTable(seen, "Scores of the float net and of int8"),
        "Shares of the test set: more is better, of the error rate less. Points are int8 minus the net before "
        + `quantization; within ±0.1 the board is as good as the PC.${judgedBy(run)}`, "scores"),
      el("div", null, thresholdsTable(seen, calibrated(run) + CALIBRATED),
        openSet.length > 0 ? openSetFigure(openSet, unseen.length > 0) : null)),
    unseen.length > 0 ? unseenScores(run) : null,
    meanings([...seen, ...unseen]),
  ];
}

/** What the column of intervals is, where there is one. */
function judgedBy({ table: { seen }, data }) {
  if (!seen.some(({ interval }) => interval)) return "";
  return ` In the column 95 %, the true share probably lies, judging by ${counted(data.test_images, "test image")}.`;
}

function calibrated({ data: { held_out_images: images } }) {
  return `The thresholds in the model file were calibrated on ${counted(images, "training image")} that ${images === 1 ? "was" : "were"} held out. `;
}

function unseenScores(run) {
  const { table: { unseen }, int8 } = run;
  return [
    el("p", { class: "title" }, `Never trained on: ${int8.unseen.labels.map((label) => className(run, label)).join(", ")}`),
    el("div", { class: "plots two" },
      figure(scoreTable(unseen, "Scores of classes that were never trained on"),
        "The same for classes that the net never saw in training: how it will do with what it is taught in the field. "
        + "Lower than above is normal; far lower asks for more classes to train on.", "unseen-scores"),
      thresholdsTable(unseen, NOT_CALIBRATED)),
  ];
}

/** Rows of the run's table about how well the net tells images apart. */
function scoreTable(lines, label) {
  return table([
    { title: "in %", cell: ({ name }) => name },
    { title: "float", number: true, cell: ({ float }) => percent(float) },
    ...int8Columns(lines),
    { title: "points", number: true, cell: ({ float, int8 }) => inPoints(float, int8) },
  ], lines.filter(({ group }) => group === "embedding"), label);
}

/** The shares of int8, and where they are about few images, their intervals. */
function int8Columns(lines) {
  const share = { title: "int8", number: true, cell: ({ int8 }) => percent(int8) };
  const range = { title: "95 %", number: true, cell: ({ interval }) => (interval ? between(interval) : "") };
  return lines.some(({ interval }) => interval) ? [share, range] : [share];
}

/** What the thresholds in the model file do on these pairs. */
function thresholdsTable(lines, caption) {
  const errors = lines.filter(({ group }) => group === "thresholds");
  if (errors.length === 0) return null;
  return figure(table([{ title: "errors on test pairs", cell: ({ name }) => name }, ...int8Columns(errors)], errors,
    "Errors at the thresholds in the model file"), caption, "thresholds");
}

function openSetFigure(lines, unseen) {
  return figure(table([{ title: "known or unknown, as a board decides", cell: ({ name }) => name.replace("open set: ", "") },
    ...int8Columns(lines)], lines, "Open set"),
  `A board is taught five images of ${unseen ? "each class that was never trained on" : "half of the classes"} and asked `
  + "about all. Good: the first near 100 %, the others near 0. Strangers of kinds that the net has never seen are given a name more "
  + "often.", "open-set");
}

/** What each row means, in the words of the terminal's --explain. */
function meanings(lines) {
  const known = new Map(lines.map((line) => [line.name, line]));
  return el("details", { class: "meanings" }, el("summary", null, "What the rows mean; look first at those with a star"),
    el("dl", null, [...known.values()].map(({ name, meaning, first }) =>
      [el("dt", null, name, first ? " ★" : null), el("dd", null, meaning)])));
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
