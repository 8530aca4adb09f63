// Small pictures of test images, cut out of a run's sprite.

const sprites = new Map();

/** The sprite of a run, once it is read; a damaged one leaves its pictures empty. */
function spriteOf(run) {
  if (!sprites.has(run)) {
    const sprite = new Image();
    sprite.src = run.images.sprite;
    sprites.set(run, sprite.decode().then(() => sprite, () => null));
  }
  return sprites.get(run);
}

/** A test image, `size` pixels high. The page does not wait for the sprite. */
function tile(run, image, size) {
  const { tile: [rows, columns], columns: inRow, labels, test_index: indices } = run.images;
  const canvas = el("canvas", { class: "tile", width: columns, height: rows, role: "img",
    style: `height: ${size}px; width: ${(size * columns) / rows}px`,
    "aria-label": `test image ${indices[image]}, ${className(run, labels[image])}` });
  spriteOf(run).then((sprite) => {
    if (!sprite) return;
    const [left, top] = [(image % inRow) * columns, Math.floor(image / inRow) * rows];
    canvas.getContext("2d").drawImage(sprite, left, top, columns, rows, 0, 0, columns, rows);
  });
  return canvas;
}

/** Images that are near to one of label `own`, each with its label and distance; those of another label are marked. */
function neighbourTiles(run, neighbours, own, size) {
  const entries = neighbours.map(({ image, distance }) => {
    const label = run.images.labels[image];
    const other = label !== own;
    return el("li", { class: other ? "other" : null },
      tile(run, image, size),
      other ? el("span", { class: "mark", role: "img", "aria-label": "another label:" }, "≠") : null,
      el("span", { class: "name" }, className(run, label)),
      el("span", { class: "distance" }, real(distance)));
  });
  return el("ol", { class: "neighbours" }, entries);
}
