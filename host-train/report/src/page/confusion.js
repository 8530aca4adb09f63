// What five-shot prototypes take each class for: a table that is a heat map.

/** More classes than this, and cells are too small for numbers. */
const NUMBERED = 16;
/** A share that is no reason to worry is not to look like one. */
const FAINT = 0.02;

function confusionFigure(run) {
  const { labels, rows } = run.confusion;
  if (labels.length === 0) return nothing("No class took part.");
  const worst = Math.max(0, ...rows.flatMap((row, at) => row.filter((share, to) => to !== at && isNumber(share))));
  const names = labels.map((label) => className(run, label));
  const numbered = labels.length <= NUMBERED;
  const few = labels.length < run.data.classes.length ? `The ${labels.length} classes that are recognised least. ` : "";
  const head = el("tr", null, el("td"), names.map((name) => el("th", { scope: "col" }, el("span", null, name))));
  const body = rows.map((row, at) => el("tr", null, el("th", { scope: "row" }, names[at]),
    row.map((share, to) => {
      const title = `${names[at]} taken for ${names[to]}: ${percent(share)}`;
      return confusionCell(share, at === to, worst, title, numbered);
    })));
  return figure(
    el("div", { class: "confusion" },
      scrolling("What each class is taken for",
        el("table", { class: numbered ? "heat numbered" : "heat" }, el("thead", null, head), el("tbody", null, body))),
      commonest(names, rows)),
    few + "Rows are what an image is, columns what the nearest of the prototypes (means of five training images, 20 draws) says "
    + "it is, in %. Blue is right. Orange is wrong, the darker the more often. Good: a blue diagonal and nothing else.",
    "confusion");
}

function confusionCell(share, right, worst, title, numbered) {
  const shown = isNumber(share) ? share : 0;
  const strength = right ? 8 + 42 * shown : 60 * Math.sqrt(shown / Math.max(worst, FAINT));
  const colour = right ? "var(--same)" : "var(--other)";
  return el("td", { title, style: `background: color-mix(in oklab, ${colour} ${strength.toFixed(1)}%, transparent)` },
    el("span", { class: numbered ? null : "visually-hidden" }, cellText(share)));
}

function cellText(share) {
  if (!isNumber(share)) return DASH;
  return share < 0.0005 ? "·" : (100 * share).toFixed(1);
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
