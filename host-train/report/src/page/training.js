// How training went, of one run, or with null of all over each other.

function trainingSection(run) {
  return el("div", { class: "plots three" }, trainingFigures(run));
}

function trainingFigures(run) {
  return [
    figure(chart(run, "loss"), "Mean loss since the point before. Good: falls fast, then slowly, and levels off. One that stays at the "
      + "margin has collapsed: every image has the same embedding.", "loss"),
    figure(chart(run, "validation"), "Share of training images that were held out whose nearest other one is of their class. Good: rises, "
      + "then stays; one that falls again asks for fewer steps.", "validation"),
    figure(chart(run, "mined"), "What the loss of a step rests on. Mined triplets become fewer as the net learns, since fewer are hard for "
      + "it; at zero there is nothing left to learn from.", "mined"),
  ];
}
