// The page from top to bottom.

const SECTIONS = [
  { id: "pictures", title: "What the net does", of: picturesSection },
  { id: "training", title: "Training", of: (run) => trainingSection([run]), shared: trainingSection },
  { id: "pairs", title: "Same or different", of: pairsSection },
  { id: "scores", title: "Scores", of: scoresSection },
  { id: "triplets", title: "Triplets by class", of: tripletsFigure },
  { id: "confusion", title: "What is taken for what", of: confusionFigure },
  { id: "mistakes", title: "The most wrong", of: mistakesSection },
  { id: "int8", title: "Float against int8", of: layersSection },
  { id: "net", title: "The net", of: netSection },
  { id: "boards", title: "On a board", of: boardsSection },
  { id: "recipe", title: "Again", of: recipeSection },
];

function section({ id, title }, drawn, ...content) {
  const badge = drawn ? el("span", { class: "badge" }, "on drawn digits") : null;
  return el("section", { id, "aria-labelledby": `${id}-title` }, el("h3", { id: `${id}-title` }, title, badge), content);
}

/** All about one run. */
function runPage(run, level) {
  return [
    el("div", { class: "intro" }, el(level, { class: "run-title" }, run.name), facts(run), verdict(run), drawnNote(run), cards(run)),
    el("nav", { class: "sections", "aria-label": "Sections" },
      SECTIONS.map(({ id, title }) => el("a", { href: `#${id}` }, title))),
    SECTIONS.map((part) => section(part, run.data.drawn, part.of(run))),
  ];
}

/** Several runs: first what can be compared, then all about the one that is chosen. */
function runsPage(runs) {
  const drawn = runs.some((run) => run.data.drawn);
  const shown = el("div", { class: "run", id: "run" });
  const choose = (run) => shown.replaceChildren(...runPage(run, "h2").flat());
  const tabs = runs.map((run, place) => el("label", null,
    el("input", { type: "radio", name: "run", checked: place === 0, change: () => choose(run) }), el("span", null, run.name)));
  choose(runs[0]);
  return [
    el("h1", null, `${runs.length} runs side by side`),
    section({ id: "comparison", title: "In numbers" }, drawn, comparison(runs)),
    section({ id: "curves", title: "Training" }, drawn, trainingSection(runs)),
    section({ id: "curves-of-errors", title: "Errors" }, drawn, el("div", { class: "plots two" }, rocFigure(runs))),
    el("fieldset", { class: "choice runs" }, el("legend", null, "All about"), tabs),
    shown,
  ];
}

const runs = JSON.parse(document.getElementById("findings").textContent);
document.title = `${runs.map((run) => run.name).join(", ")} · tinytriplet report`;
followTheme();
await readSprites(runs);
document.body.append(
  el("header", null, el("span", { class: "brand" }, "tinytriplet"), el("span", { class: "what" }, "report of a training"), themeButton()),
  el("main", null, runs.length === 1 ? runPage(runs[0], "h1") : runsPage(runs)),
  el("footer", null, `Made by tinytriplet ${runs[0]?.tool ?? ""}. This file holds all it shows and asks the network for nothing.`));
document.documentElement.dataset.ready = "";
