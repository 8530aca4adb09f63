// What a person should know first: the verdict, what to do about it, and the numbers that matter.

const GRADES = {
  good: { mark: "✓", word: "Good" },
  fair: { mark: "!", word: "Fair" },
  poor: { mark: "✕", word: "Poor" },
};

function verdict(run) {
  const { grade, sentence, advice } = run.verdict;
  const { mark, word } = GRADES[grade];
  return el("div", { class: `verdict ${grade}` },
    el("p", { class: "grade" }, el("span", { "aria-hidden": "true" }, mark), word),
    el("p", { class: "sentence" }, sentence),
    advice.length > 0 ? el("ul", { class: "advice" }, advice.map((line) => el("li", null, prose(line)))) : null);
}

/** Said loudly, since numbers on drawings look better than those on what people write. */
function drawnNote(run) {
  if (!run.data.drawn) return null;
  return el("p", { class: "drawn-note", role: "note" }, el("strong", null, "Drawn digits. "),
    "Every number here is about digits that the program drew itself, not about MNIST or anything that a person wrote. ",
    "They show that everything works, not how well it does.");
}

function facts(run) {
  const { data, training } = run;
  const unseen = data.unseen.map((label) => className(run, label)).join(", ");
  return el("p", { class: "facts" },
    `${counted(data.train_images, "training image")} and ${counted(data.test_images, "test image")} of `,
    `${data.size[0]}×${data.size[1]} from ${data.name}, ${counted(data.classes.length, "class", "classes")}`,
    unseen ? ` (never trained on: ${unseen})` : "",
    `. ${thousands(training.images_seen)} images went through the net`,
    isNumber(training.seconds) ? ` in ${duration(training.seconds)} of training.` : ".");
}

function cards(run) {
  const { net } = run;
  const cost = worstCost(run);
  const entries = [
    scoreCard(run, "prototype_5_shot.mean", "5-shot prototypes", "of test images named right by five training images a class"),
    scoreCard(run, "precision_at_1_gallery", "P@1, nearest training image", "of test images whose nearest training image is of their class"),
    scoreCard(run, "triplet_accuracy.mean", "Triplet accuracy", "positive nearer than negative"),
    scoreCard(run, "equal_error_rate", "Equal error rate", "same or different, both errors alike"),
    ["int8 costs", cost.text, cost.note],
    ["Work", thousands(net.macs), "multiply-accumulates an image"],
    ["Model in flash", thousands(net.flash), "bytes"],
    ["RAM for an inference", thousands(net.ram), "bytes, without the stack"],
  ];
  return el("dl", { class: "cards" }, entries.map(([name, value, note]) =>
    el("div", null, el("dt", null, name), el("dd", { class: "value" }, value), el("dd", { class: "note" }, note))));
}

/** A score of int8; where it is from few images, with its interval. */
function scoreCard({ table: { seen } }, key, name, note) {
  const { int8, interval } = seen.find((line) => line.key === key) ?? {};
  return [name, percent(int8), interval ? `${note} (95 %: ${between(interval)})` : note];
}

/** The score that int8 loses most of. */
function worstCost({ table: { seen } }) {
  const lost = seen.filter(({ key, group, float, int8 }) => group === "embedding" && isNumber(float) && isNumber(int8)
      && !key.endsWith("standard_deviation"))
    .map(({ name, float, int8, less }) => ({ name, points: 100 * (float - int8) * (less ? -1 : 1) }));
  if (lost.length === 0) return { text: DASH, note: "nothing could be measured" };
  const worst = lost.reduce((one, other) => (other.points > one.points ? other : one));
  if (worst.points < 0.005) return { text: "nothing", note: "no score is lower than the float net’s" };
  return { text: `${worst.points.toFixed(2)} pt`, note: `at most: ${worst.name}` };
}
