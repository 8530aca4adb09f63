// One of the two pictures: which dot is where, and what of it is seen. `gestures.js` moves it, `pictures.js` knows what
// is pointed at.

const REACH = 18;
const CLOSEST = 40;

/**
 * A scatter plot of the first images of `run.images`. `shared` is what both pictures show: `{ selected, highlighted }`,
 * an image and a label or null. `point(image, pinned)` is called where the reader points at an image or, pinned,
 * chooses one; with null where at none.
 */
class Picture {
  constructor(run, cloud, name, shared, point) {
    Object.assign(this, { run, cloud, shared, point });
    this.labels = run.images.labels;
    this.element = el("div", { class: "picture", tabindex: "0", role: "img", "data-picture": name,
      "aria-label": `${counted(cloud.pca.length, "test image")}, ${name}. Arrow keys walk from image to image, Enter keeps one, `
        + "plus and minus zoom, 0 shows all." });
    listen(this);
  }

  /** Shows a drawing of the same images. Where the browser and the reader like motion, the style sheet moves dots. */
  show(drawn) {
    drawn.removeAttribute("role");
    drawn.setAttribute("aria-hidden", "true");
    this.places = placesIn(drawn, this.labels);
    const paths = (within) => [...within.querySelectorAll(".of path")];
    if (!this.dots) {
      this.element.append(drawn);
      this.dots = drawn.querySelector(".dots");
      this.units = this.dots.viewBox.baseVal.width;
      this.size = parseFloat(this.dots.style.strokeWidth);
      this.selection = svg("g", { class: "selection" });
      this.dots.append(this.selection);
    } else {
      const to = paths(drawn);
      paths(this.dots).forEach((path, place) => path.setAttribute("d", to[place].getAttribute("d")));
      this.element.querySelector(".names").replaceWith(drawn.querySelector(".names"));
    }
    this.names = [...this.element.querySelectorAll(".names text")].map((text) => ({
      text, label: Number(text.dataset.label), from: Number(text.dataset.from),
      at: ["x", "y"].map((axis) => parseFloat(text.getAttribute(axis)) / 100) }));
    this.view = { scale: 1, left: 0, top: 0 };
    this.pan(0, 0);
    this.select();
  }

  get side() {
    return this.element.clientWidth;
  }

  /** Where an image is, in pixels. */
  at(image) {
    const { scale, left, top } = this.view;
    const [x, y] = this.places[image] ?? [NaN, NaN];
    return [((x / this.units) * scale + left) * this.side, ((y / this.units) * scale + top) * this.side];
  }

  /** Shows the part that the reader has moved to: dots grow less than what is between them, text does not. */
  look() {
    const { dots, units, view: { scale, left, top } } = this;
    const part = units / scale;
    dots.setAttribute("viewBox", `${-left * part} ${-top * part} ${part} ${part}`);
    dots.setAttribute("style", `stroke-width: ${this.size / scale ** 0.65}`);
    this.element.style.touchAction = scale > 1 ? "none" : "pan-x pan-y";
    for (const { text, at: [x, y] } of this.names) {
      text.setAttribute("x", `${(100 * (x * scale + left)).toFixed(2)}%`);
      text.setAttribute("y", `${(100 * (y * scale + top)).toFixed(2)}%`);
    }
    this.highlight();
  }

  /** Pales all but one class, if one is picked out. */
  highlight() {
    const { highlighted } = this.shared;
    for (const dots of this.dots.querySelectorAll(".of")) {
      dots.classList.toggle("pale", highlighted !== null && Number(dots.dataset.label) !== highlighted);
    }
    for (const { text, label, from } of this.names) {
      const shown = highlighted === null ? from <= this.view.scale : label === highlighted;
      text.setAttribute("class", shown ? "shown" : "covered");
    }
  }

  /** A ring around the image that is pointed at, and lines to its neighbours in the space that this picture shows. */
  select() {
    const { shared: { selected }, places, labels } = this;
    const at = places[selected];
    if (!at) return this.selection.replaceChildren();
    const lines = (this.cloud.nearest[selected] ?? []).filter(({ image }) => places[image]).map(({ image }) =>
      svg("path", { class: labels[image] === labels[selected] ? "line" : "line other", d: `M${at}L${places[image]}` }));
    this.selection.replaceChildren(...lines, ...["ring", "gap", "own"].map((name) =>
      svg("path", { class: name, d: `M${at}h0`, style: name === "own" ? `stroke: ${this.colourOf(labels[selected])}` : null })));
  }

  /** The colour of a class, as CSS; none for one without an image. */
  colourOf(label) {
    return this.dots.querySelector(`[data-label="${label}"] path`)?.style.stroke ?? "none";
  }

  /** The image whose dot is nearest to a place in pixels, within reach. */
  find(x, y) {
    let [best, distance] = [null, REACH * REACH];
    const { highlighted } = this.shared;
    for (let image = 0; image < this.places.length; image++) {
      if (highlighted !== null && this.labels[image] !== highlighted) continue;
      const [left, top] = this.at(image);
      const squared = (left - x) ** 2 + (top - y) ** 2;
      if (squared < distance) [best, distance] = [image, squared];
    }
    return best;
  }

  /** The next image from the selected one in a direction. */
  step([right, down]) {
    const { selected } = this.shared;
    const [fromX, fromY] = selected === null ? [this.side / 2, this.side / 2] : this.at(selected);
    let [best, least] = [null, Infinity];
    for (let image = 0; image < this.places.length; image++) {
      const [x, y] = this.at(image);
      const along = (x - fromX) * right + (y - fromY) * down;
      const across = Math.abs((x - fromX) * down + (y - fromY) * right);
      const far = selected === null ? Math.hypot(x - fromX, y - fromY) : along + 2 * across;
      if (image === selected || (selected !== null && along <= across / 2)) continue;
      if (far < least) [best, least] = [image, far];
    }
    return best ?? selected;
  }

  /** Makes everything larger around a place in pixels. */
  zoom(factor, x = this.side / 2, y = this.side / 2) {
    const { view } = this;
    const scale = Math.min(Math.max(view.scale * factor, 1), CLOSEST);
    const [across, down] = [x / this.side, y / this.side];
    view.left = across - ((across - view.left) / view.scale) * scale;
    view.top = down - ((down - view.top) / view.scale) * scale;
    view.scale = scale;
    this.pan(0, 0);
  }

  /** Moves by some pixels, but not away from the dots. */
  pan(right, down) {
    const { view } = this;
    const kept = (offset) => Math.min(Math.max(offset, 1 - view.scale), 0);
    view.left = kept(view.left + right / (this.side || 1));
    view.top = kept(view.top + down / (this.side || 1));
    this.look();
  }
}

/** Where the drawing has each image; those of a class are in their order. One that has no place has no stroke. */
function placesIn(drawn, labels) {
  const places = [];
  for (const dots of drawn.querySelectorAll(".of")) {
    const images = labels.flatMap((label, image) => (label === Number(dots.dataset.label) ? [image] : []));
    const strokes = dots.querySelector("path").getAttribute("d").matchAll(/M(\d+) (\d+)(h0)?/g);
    for (const [place, [, x, y, stroke]] of [...strokes].entries()) {
      places[images[place]] = stroke ? [Number(x), Number(y)] : null;
    }
  }
  return places;
}
