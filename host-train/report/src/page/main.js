// The page from top to bottom.

const SECTIONS = [
  { id: "pictures", short: "Pictures", title: "What the net does", of: picturesSection },
  { id: "training", short: "Training", title: "Training", of: trainingSection },
  { id: "pairs", short: "Distances", title: "Same or different", of: pairsSection },
  { id: "scores", short: "Scores", title: "Scores", of: scoresSection },
  { id: "episodes", short: "Episodes", title: "Episodes", of: episodesSection },
  { id: "triplets", short: "Triplets", title: "Triplets by class", of: tripletsFigure },
  { id: "confusion", short: "Confusion", title: "What is taken for what", of: confusionFigure },
  { id: "mistakes", short: "Mistakes", title: "The most wrong", of: mistakesSection },
  { id: "int8", short: "int8", title: "Float against int8", of: layersSection },
  { id: "net", short: "Net", title: "The net", ofData: false, of: netSection },
  { id: "boards", short: "Boards", title: "On a board", ofData: false, of: boardsSection },
  { id: "recipe", short: "Recipe", title: "How to reproduce it", ofData: false, of: recipeSection },
];

/** A section with a heading of some level; `drawn` says what of it is about drawn digits, if anything is. */
function section({ id, title }, level, drawn, ...content) {
  const badge = drawn ? el("span", { class: "badge" }, drawn) : null;
  return el("section", { id, "aria-labelledby": `${id}-title` }, el(`h${level}`, { id: `${id}-title` }, title, badge), content);
}

/** All about one run, its name being a heading of some level. */
function runPage(run, level) {
  return [
    el("div", { class: "intro" }, el(`h${level}`, { class: "run-title" }, run.name),
      facts(run), verdict(run), drawnNote(run), cards(run)),
    el("nav", { class: "sections", "aria-label": "Sections" },
      SECTIONS.map(({ id, short }) => el("a", { href: `#${id}` }, short))),
    SECTIONS.map((part) => section(part, level + 1, run.data.drawn && part.ofData !== false ? "on drawn digits" : null, part.of(run))),
  ];
}

/** Several runs: first what can be compared, then all about the one that is chosen. */
function runsPage(runs) {
  const drawn = runs.every((run) => run.data.drawn) ? "on drawn digits"
    : runs.some((run) => run.data.drawn) ? "partly on drawn digits" : null;
  const shown = el("div", { class: "run", id: "run" });
  const choose = (run) => shown.replaceChildren(...runPage(run, 2).flat());
  const tabs = runs.map((run, place) => el("label", null,
    el("input", { type: "radio", name: "run", checked: place === 0, change: () => choose(run) }), el("span", null, run.name)));
  choose(runs[0]);
  return [
    el("h1", null, `${runs.length} runs side by side`),
    section({ id: "comparison", title: "In numbers" }, 2, drawn, comparison(runs)),
    section({ id: "curves", title: "Over each other" }, 2, drawn,
      el("div", { class: "plots two" }, trainingFigures(null), rocFigure(null))),
    el("fieldset", { class: "choice runs" }, el("legend", null, "All about"), tabs),
    shown,
  ];
}

const runs = JSON.parse(document.getElementById("findings").textContent);
document.title = `${runs.map((run) => run.name).join(", ")} · tinytriplet report`;
followTheme();
document.body.append(
  el("header", null, el("span", { class: "brand" }, "tinytriplet"), el("span", { class: "what" }, "report of a training"),
    themeButton()),
  el("main", null, runs.length === 1 ? runPage(runs[0], 1) : runsPage(runs)),
  el("footer", null, `Made by tinytriplet ${runs[0].tool}. This file holds all it shows and asks the network for nothing.`));
document.documentElement.dataset.ready = "";
