// What five-shot prototypes take each class for: a heat map, and its commonest mistakes in words.

function confusionFigure(run) {
  const { labels, rows } = run.confusion;
  if (labels.length === 0) return nothing("No class took part.");
  const few = labels.length < run.data.classes.length ? `The ${labels.length} classes that are recognised least. ` : "";
  return figure(
    el("div", { class: "confusion" },
      scrolling("What each class is taken for", drawing(run, "confusion")),
      commonest(labels.map((label) => className(run, label)), rows)),
    few + "Rows are what an image is, columns what the nearest of the prototypes (means of five training images, 20 draws) says "
    + "it is, in %. Blue is right. Orange is wrong, the darker the more often. Good: a blue diagonal and nothing else.",
    "confusion");
}

/** The commonest mistakes, in words. */
function commonest(names, rows) {
  const wrong = rows.flatMap((row, at) => row.map((share, to) => ({ at, to, share })))
    .filter(({ at, to, share }) => at !== to && isNumber(share) && share > 0)
    .sort((one, other) => other.share - one.share)
    .slice(0, 8);
  if (wrong.length === 0) return nothing("No image was taken for another class.");
  return el("div", { class: "commonest" }, el("p", { class: "title" }, "Taken for another most often"),
    el("ol", null, wrong.map(({ at, to, share }) =>
      el("li", null, el("b", null, names[at]), " for ", el("b", null, names[to]), el("span", null, percent(share))))));
}
