// The most wrong test images, and what misled them.

const SHOWN = 12;

function mistakesSection(run) {
  const { mistakes, mistakes_in_all: inAll } = run;
  if (mistakes.length === 0) {
    return nothing("Every test image of a class that was trained on is nearest to another of its own.");
  }
  const list = (some) => el("ul", { class: "mistakes" }, some.map((mistake) => mistakeCard(run, mistake)));
  const more = mistakes.slice(SHOWN);
  const share = isNumber(run.int8.precision_at_1) ? ` (P@1, nearest other test image: ${percent(run.int8.precision_at_1)})` : "";
  return figure(
    el("div", null,
      el("p", null, `${counted(inAll, "test image")} ${inAll === 1 ? "is" : "are"} nearest to one of another class${share}. `
        + "The worst:"),
      list(mistakes.slice(0, SHOWN)),
      more.length > 0 ? el("details", null, el("summary", null, `${thousands(more.length)} more`), list(more)) : null),
    "Left the image, right what lies nearest to it, with the distance; ≠ marks another class. The margin says how much "
    + "farther the nearest of its own class is. "
    + (mistakes.some(({ original }) => original) ? "Before each image is the picture that it was made of. " : "")
    + "Good: few, and such that a person would hesitate too.", "mistakes");
}

function mistakeCard(run, { image, original, margin, neighbours }) {
  const label = run.images.labels[image];
  return el("li", null,
    el("div", { class: original ? "wrong made" : "wrong" },
      el("div", { class: "pair" },
        original ? el("img", { class: "original", src: original, alt: "the picture that it was made of" }) : null,
        tile(run, image, 72)),
      el("span", { class: "name" }, className(run, label)),
      el("span", { class: "distance" }, `no. ${thousands(run.images.test_index[image])}`),
      el("span", { class: "distance" }, `margin ${real(margin)}`)),
    neighbourTiles(run, neighbours, label, 42));
}
