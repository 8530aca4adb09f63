// The origin's two pictures: the test set as pixels and as embeddings, side by side, the same image marked in both.

const CLOUDS = [
  { key: "raw", name: "raw pixels", title: "Before: raw pixels" },
  { key: "embedded", name: "embeddings", title: "After: int8 embeddings" },
];

function picturesSection(run) {
  if (run.scatter.embedded.pca.length === 0) return nothing("No test images to show.");
  const shared = { selected: null, highlighted: null };
  const inspector = el("div", { class: "inspector", "aria-live": "polite" });
  let pinned = null;

  const point = (image, pin) => {
    if (pin) pinned = image;
    const selected = image ?? pinned;
    if (selected === shared.selected) return;
    shared.selected = selected;
    inspect(run, selected, inspector);
    pictures.forEach((picture) => picture.select());
  };
  const highlight = (label) => {
    shared.highlighted = label;
    pictures.forEach((picture) => picture.highlight());
  };
  const pictures = CLOUDS.map(({ key, name }) => new Picture(run, run.scatter[key], name, shared, point));
  const shares = CLOUDS.map(() => el("span", { class: "share" }));
  const project = (map) => CLOUDS.forEach(({ key }, place) => {
    const cloud = run.scatter[key];
    pictures[place].show(drawing(run, `${key}-${map ? "map" : "pca"}`));
    shares[place].textContent = map ? "" : `${percent(cloud.pca_variance[0] + cloud.pca_variance[1], 0)} of the variance`;
  });

  inspect(run, null, inspector);
  const hasMap = CLOUDS.every(({ key }) => run.scatter[key].neighbour_map.length > 0);
  project(hasMap);
  return figure(
    el("div", { class: "pictures" },
      el("div", { class: "toolbar" }, hasMap ? projections(run.scatter.embedded.neighbour_map_name, project) : null,
        classLegend(run, pictures[0], highlight)),
      CLOUDS.map(({ title }, place) => el("div", { class: "pane" },
        el("div", { class: "plot-head" }, el("p", { class: "title" }, title), shares[place], zoomButtons(pictures[place])),
        pictures[place].element)),
      inspector),
    "Every dot is a test image, its colour the class. Good: a cloud before, and after it one island for each class. "
    + "The neighbour map keeps neighbours together, and distances between islands say little; PCA keeps distances, and shows "
    + "little of many dimensions. Point at a dot, or tap it, to see the image; drag to move, scroll with Ctrl (or after a "
    + "click) to zoom.", "pictures");
}

function projections(mapName, project) {
  const choice = (name, map) => el("label", null,
    el("input", { type: "radio", name: "projection", value: map ? "map" : "pca", checked: map, change: () => project(map) }),
    el("span", null, name));
  return el("fieldset", { class: "choice" }, el("legend", { class: "visually-hidden" }, "Projection"),
    choice(`neighbour map (${mapName})`, true), choice("PCA", false));
}

/** Classes with their colours; one can be picked out. */
function classLegend(run, picture, highlight) {
  let kept = null;
  const buttons = run.data.classes.map((name, label) => {
    const unseen = run.data.unseen.includes(label);
    return el("button", {
      type: "button",
      class: unseen ? "unseen" : null,
      "aria-pressed": "false",
      style: `--colour: ${picture.colourOf(label)}`,
      click: () => {
        kept = kept === label ? null : label;
        buttons.forEach((button, other) => button.setAttribute("aria-pressed", String(other === kept)));
        highlight(kept);
      },
      pointerenter: (event) => event.pointerType === "mouse" && highlight(label),
      pointerleave: () => highlight(kept),
    }, el("span", { class: "dot", "aria-hidden": "true" }), name);
  });
  const rings = run.data.unseen.length > 0 ? el("span", { class: "hint" }, "rings: never trained on") : null;
  return el("div", { class: "classes", role: "group", "aria-label": "Pick out a class" }, buttons, rings);
}

function zoomButtons(picture) {
  const button = (text, label, factor) =>
    el("button", { type: "button", "aria-label": label, click: () => picture.zoom(factor) }, text);
  return el("span", { class: "zoom" }, button("−", "Zoom out", 1 / 1.6), button("+", "Zoom in", 1.6), button("⤢", "Show all", 0));
}

/** The image that is pointed at: large, with its label, and what is near to it by pixels and by embedding. */
function inspect(run, image, inspector) {
  if (image === null) {
    inspector.replaceChildren(el("p", { class: "hint" }, "Point at a dot, or tap it, to see the image and its neighbours."));
    return;
  }
  const label = run.images.labels[image];
  const near = CLOUDS.map(({ key, name }) => el("div", { class: "near", "data-near": key },
    el("p", { class: "small title" }, `Nearest by ${name}`),
    neighbourTiles(run, (run.scatter[key].nearest[image] ?? []).slice(0, 5), label, 32)));
  inspector.replaceChildren(
    el("div", { class: "chosen" }, tile(run, image, 84),
      el("p", null, el("span", { class: "name" }, className(run, label)),
        el("span", { class: "distance" }, `test image ${thousands(run.images.test_index[image])}`))),
    ...near);
}
