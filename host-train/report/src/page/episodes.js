// Episodes: small tasks with classes and images of their own, as a board meets them.

/** The closed-set and the open-set table, or nothing where none could be drawn. */
function episodesSection(run) {
  const { episodes } = run.int8;
  if (!episodes || episodes.all_classes.closed_set.length === 0) {
    return nothing("Episodes need two classes, and two images of each.");
  }
  const kinds = [["of a group", episodes.within_groups], ["of all classes", episodes.all_classes]].filter(([, of]) => of);
  const openSet = kinds.flatMap(([name, of]) => of.open_set.map((row) => ({ name, ...row })));
  return [
    figure(closedSetTable(kinds),
      `${counted(episodes.episodes, "episode")} for each number. An episode enrols so many images of each of its classes, drawn `
      + "at random, and asks about others: the share that is named right, ± half of its 95 % interval. "
      + `${asked(episodes)}${leftOut(kinds)}`, "episodes", "narrow"),
    openSet.length > 0 ? figure(openSetTable(openSet),
      `${openSet[0].enrolled} classes are enrolled, ${openSet[0].strangers} are strangers; the first shares are those at the `
      + "model's threshold. Equal error: where strangers are accepted as often as enrolled classes are not named right. Last: "
      + "named right at the thresholds that accept 1 % and 5 % of the strangers.", "open-set-episodes") : null,
  ];
}

function asked({ trained_on: trainedOn }) {
  return trainedOn
    ? "The net was trained on these classes: training images are enrolled, test images are asked about."
    : "The net was never trained on these classes.";
}

/** The groups that are too small, if there are any. */
function leftOut(kinds) {
  const row = kinds.flatMap(([, of]) => of.closed_set).findLast(({ left_out: names }) => names.length > 0);
  return row ? ` Left out of the ${row.ways}, having fewer classes: ${row.left_out.join(", ")}.` : "";
}

/** A row for each number of classes: 1 shot, 5 shots. */
function closedSetTable(kinds) {
  const rows = kinds.flatMap(([name, { closed_set: closedSet }]) =>
    [...new Set(closedSet.map(({ ways }) => ways))].map((ways) => ({
      name: `${ways} ${name}`, of: (shots) => closedSet.find((row) => row.ways === ways && row.shots === shots),
    })));
  return table([
    { title: "classes of an episode", cell: ({ name }) => name },
    { title: "1 shot", number: true, cell: ({ of }) => withMargin(of(1)?.right) },
    { title: "5 shots", number: true, cell: ({ of }) => withMargin(of(5)?.right) },
  ], rows, "Episodes in which all classes are enrolled");
}

function openSetTable(rows) {
  const accepting = (row, share) =>
    row.curve.findLast(({ strangers_accepted: { share: accepted } }) => accepted <= share)?.known_right.share;
  return table([
    { title: "with strangers", cell: ({ name }) => name },
    { title: "shots", number: true, cell: ({ shots }) => thousands(shots) },
    { title: "named right", number: true, cell: (row) => percent(row.at_threshold?.known_right.share) },
    { title: "called unknown", number: true, cell: (row) => percent(row.at_threshold?.known_rejected.share) },
    { title: "strangers accepted", number: true, cell: (row) => percent(row.at_threshold?.strangers_accepted.share) },
    { title: "equal error", number: true, cell: ({ equal_error: at }) => percent(meanError(at)) },
    { title: "at 1 %", number: true, cell: (row) => percent(accepting(row, 0.01)) },
    { title: "at 5 %", number: true, cell: (row) => percent(accepting(row, 0.05)) },
  ], rows, "Episodes with strangers");
}

/** The mean of both errors. */
function meanError({ known_right: right, strangers_accepted: accepted }) {
  return (1 - right.share + accepted.share) / 2;
}

/** `85.23 ± 0.62 %` */
function withMargin(share) {
  if (!share || !isNumber(share.share)) return DASH;
  return isNumber(share.margin) ? `${(100 * share.share).toFixed(2)} ± ${percent(share.margin)}` : percent(share.share);
}
