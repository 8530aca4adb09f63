// Several runs: their numbers side by side, the best of each line marked.

const COMPARED = [
  ["5-shot prototypes", (run) => run.int8.prototype_5_shot.mean, percent],
  ["P@1, nearest training image", (run) => run.int8.precision_at_1_gallery, percent],
  ["P@1, nearest other test image", (run) => run.int8.precision_at_1, percent],
  ["MAP@R", (run) => run.int8.map_at_r, percent],
  ["triplet accuracy, mean of the classes", (run) => run.int8.triplet_accuracy.mean, percent],
  ["equal error rate of pairs", (run) => run.int8.equal_error_rate, percent, "less"],
  ["never trained on: 5-shot prototypes, among these classes", (run) => run.int8.unseen?.prototype_5_shot.mean, percent],
  ["never trained on: equal error rate of pairs", (run) => run.int8.unseen?.equal_error_rate, percent, "less"],
  ["parameters", (run) => run.net.parameters, thousands, "less"],
  ["multiply-accumulates", (run) => run.net.macs, thousands, "less"],
  ["model in flash, bytes", (run) => run.net.flash, thousands, "less"],
  ["RAM for an inference, bytes", (run) => run.net.ram, thousands, "less"],
  ["training, seconds", (run) => run.training.seconds, (seconds) => (isNumber(seconds) ? seconds.toFixed(1) : DASH), "less"],
];

function comparison(runs) {
  const rows = [...COMPARED, ...boardsCompared(runs)].filter(([, of]) => runs.some((run) => isNumber(of(run))));
  const column = (run) => ({ title: runTitle(run), number: true, cell: (row) => comparedCell(runs, run, row) });
  const verdicts = ["verdict", (run) => GRADES[run.verdict.grade].word];
  const data = ["tested on", (run) => `${run.data.name}${run.data.drawn ? " (drawn digits)" : ""}`];
  return figure(table([{ title: "int8", cell: ([name]) => name }, ...runs.map(column)], [verdicts, data, ...rows],
    "Runs side by side"),
  "The best of a line is marked ★. Scores of runs with other classes or other images do not compare.", "comparison");
}

function runTitle(run) {
  return el("span", { class: "run-name" }, run.name);
}

function boardsCompared(runs) {
  const boards = new Set(runs.flatMap((run) => run.boards.map(({ board }) => board)));
  return [...boards].map((name) => [`instructions, ${name}`,
    (run) => run.boards.find(({ board }) => board === name)?.instructions, thousands, "less"]);
}

function comparedCell(runs, run, [, of, format, less]) {
  if (!format) return of(run);
  const values = runs.map(of).filter(isNumber).map((value) => format(value));
  const sorted = runs.map(of).filter(isNumber).sort((one, other) => (less ? one - other : other - one));
  const text = format(of(run));
  const best = text === format(sorted[0]) && new Set(values).size > 1;
  return best ? el("strong", { class: "best" }, el("span", { "aria-label": "best: " }, "★ "), text) : text;
}
