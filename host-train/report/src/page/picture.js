// One scatter plot on a canvas, and what of it is seen. `gestures.js` moves it, `pictures.js` knows what is pointed at.

const REACH = 18;
const CLOSEST = 40;
const MARGIN = 18;

/**
 * A scatter plot of the first images of `run.images`. `shared` is what both pictures show: `{ selected, highlighted }`,
 * an image and a label or null. `point(image, pinned)` is called where the reader points at an image or, pinned,
 * chooses one; with null where at none.
 */
class Picture {
  constructor(run, cloud, name, shared, point) {
    Object.assign(this, { run, cloud, shared, point });
    this.labels = run.images.labels;
    this.view = { scale: 1, left: 0, top: 0 };
    this.canvas = el("canvas", { class: "picture", tabindex: "0", role: "img", "data-picture": name,
      "aria-label": `${counted(cloud.pca.length, "test image")}, ${name}. Arrow keys walk from image to image, Enter keeps one, `
        + "plus and minus zoom, 0 shows all." });
    this.paint = this.canvas.getContext("2d");
    listen(this);
    new ResizeObserver(() => this.redraw()).observe(this.canvas);
  }

  /** Shows other places for the same images, moving there where motion is welcome. */
  show(places) {
    const target = fitted(places);
    const from = this.places;
    this.view = { scale: 1, left: 0, top: 0 };
    this.updateTouch();
    if (!from || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.places = target;
      this.redraw();
      return;
    }
    const begun = performance.now();
    const step = (now) => {
      const part = Math.min(Math.max((now - begun) / 500, 0), 1);
      const eased = part * part * (3 - 2 * part);
      this.places = target.map((value, index) => from[index] + (value - from[index]) * eased);
      this.redraw();
      if (part < 1 && this.target === target) requestAnimationFrame(step);
    };
    this.target = target;
    requestAnimationFrame(step);
  }

  /** Paints at the next frame, however often it is asked. */
  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  /** Where an image is on the canvas. */
  at(image) {
    const { scale, left, top } = this.view;
    const side = this.side - 2 * MARGIN;
    const [across, down] = [this.places[2 * image], this.places[2 * image + 1]];
    return [MARGIN + (across * scale + left) * side, MARGIN + (down * scale + top) * side];
  }

  draw() {
    this.side = this.canvas.clientWidth;
    if (this.side === 0 || !this.places) return;
    const density = Math.max(devicePixelRatio, 1);
    this.canvas.width = this.canvas.height = Math.round(this.side * density);
    this.paint.setTransform(density, 0, 0, density, 0, 0);
    this.ink = resolved("var(--ink)");
    this.ground = resolved("var(--panel)");
    const classes = this.run.data.classes.length;
    const { highlighted } = this.shared;
    const present = [...new Set(this.labels.slice(0, this.count))];
    present.sort((one, other) => (one === highlighted) - (other === highlighted) || one - other);
    for (const label of present) {
      this.drawClass(label, resolved(colourOf(label, classes)), highlighted === null || highlighted === label);
    }
    this.drawNames(present);
    this.drawSelected();
  }

  get count() {
    return this.places.length / 2;
  }

  get radius() {
    const size = Math.min(Math.max(2.4 * Math.sqrt(2000 / this.count), 1.8), 5);
    return size * Math.min(this.view.scale ** 0.35, 2.2) * Math.min(this.side / 400, 1);
  }

  /** Dots of a class; rings where it was not trained on. */
  drawClass(label, colour, lit) {
    const { paint, radius } = this;
    const ring = this.run.data.unseen.includes(label);
    paint.beginPath();
    for (let image = 0; image < this.count; image++) {
      if (this.labels[image] !== label) continue;
      const [x, y] = this.at(image);
      if (!(x > -9 && y > -9 && x < this.side + 9 && y < this.side + 9)) continue;
      paint.moveTo(x + radius, y);
      paint.arc(x, y, radius, 0, 2 * Math.PI);
    }
    paint.globalAlpha = lit ? 0.8 : 0.1;
    paint.fillStyle = paint.strokeStyle = colour;
    paint.lineWidth = 1.2;
    if (ring) paint.stroke();
    else paint.fill();
    paint.globalAlpha = 1;
  }

  /** Names of classes in the middle of their dots, as far as they do not cover each other. */
  drawNames(present) {
    const { paint, shared: { highlighted } } = this;
    paint.font = "600 13px system-ui, sans-serif";
    paint.textAlign = "center";
    paint.textBaseline = "middle";
    paint.lineWidth = 4;
    paint.lineJoin = "round";
    const taken = [];
    for (const label of [...present].reverse()) {
      if (highlighted !== null && label !== highlighted) continue;
      const name = shortened(className(this.run, label));
      const half = paint.measureText(name).width / 2 + 3;
      const [middle, y] = this.middle(label);
      const x = Math.min(Math.max(middle, half), this.side - half);
      if (taken.some((other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.y - y) < 16)) continue;
      taken.push({ x, y, half });
      paint.strokeStyle = this.ground;
      paint.strokeText(name, x, y);
      paint.fillStyle = this.ink;
      paint.fillText(name, x, y);
    }
  }

  middle(label) {
    const places = Array.from({ length: this.count }, (_, image) => image)
      .filter((image) => this.labels[image] === label).map((image) => this.at(image));
    const median = (coordinate) => places.map((place) => place[coordinate]).filter(isNumber)
      .sort((one, other) => one - other)[places.length >> 1] ?? NaN;
    return [median(0), median(1)];
  }

  /** A ring around the image that is pointed at, and lines to its neighbours in the space that this picture shows. */
  drawSelected() {
    const { paint, shared: { selected } } = this;
    if (selected === null || selected >= this.count) return;
    const [x, y] = this.at(selected);
    paint.lineWidth = 1.5;
    for (const { image } of this.cloud.nearest[selected] ?? []) {
      if (image >= this.count) continue;
      paint.strokeStyle = this.labels[image] === this.labels[selected] ? this.ink : resolved("var(--bad)");
      paint.beginPath();
      paint.moveTo(x, y);
      paint.lineTo(...this.at(image));
      paint.stroke();
    }
    const circle = (size, colour) => {
      paint.beginPath();
      paint.arc(x, y, size, 0, 2 * Math.PI);
      paint.fillStyle = colour;
      paint.fill();
    };
    circle(this.radius + 6, this.ink);
    circle(this.radius + 4, this.ground);
    circle(this.radius + 2, resolved(colourOf(this.labels[selected], this.run.data.classes.length)));
  }

  /** The image whose dot is nearest to a place on the canvas, within reach. */
  find(x, y) {
    let [best, distance] = [null, REACH * REACH];
    const { highlighted } = this.shared;
    for (let image = 0; image < this.count; image++) {
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
    for (let image = 0; image < this.count; image++) {
      const [x, y] = this.at(image);
      const along = (x - fromX) * right + (y - fromY) * down;
      const across = Math.abs((x - fromX) * down + (y - fromY) * right);
      const far = selected === null ? Math.hypot(x - fromX, y - fromY) : along + 2 * across;
      if (image === selected || (selected !== null && along <= across / 2)) continue;
      if (far < least) [best, least] = [image, far];
    }
    return best ?? selected;
  }

  /** Makes everything larger around a place on the canvas. */
  zoom(factor, x = this.side / 2, y = this.side / 2) {
    const { view } = this;
    const scale = Math.min(Math.max(view.scale * factor, 1), CLOSEST);
    const side = this.side - 2 * MARGIN;
    const [across, down] = [(x - MARGIN) / side, (y - MARGIN) / side];
    view.left = across - ((across - view.left) / view.scale) * scale;
    view.top = down - ((down - view.top) / view.scale) * scale;
    view.scale = scale;
    this.pan(0, 0);
  }

  /** Moves by some pixels, but not away from the dots. */
  pan(right, down) {
    const { view } = this;
    const side = this.side - 2 * MARGIN;
    const kept = (offset) => Math.min(Math.max(offset, 1 - view.scale), 0);
    view.left = kept(view.left + right / side);
    view.top = kept(view.top + down / side);
    this.updateTouch();
    this.redraw();
  }

  /** A finger scrolls the page as long as all is shown, and the picture once it is enlarged. */
  updateTouch() {
    this.canvas.style.touchAction = this.view.scale > 1 ? "none" : "pan-x pan-y";
  }
}

/** Places with x and y from 0 to 1 in turn, in their proportions, y downwards. */
function fitted(places) {
  const bounds = [0, 1].map((axis) => {
    const values = places.map((place) => place[axis]).filter(isNumber);
    return [Math.min(...values), Math.max(...values)];
  });
  const span = Math.max(...bounds.map(([low, high]) => high - low)) || 1;
  const place = (value, [low, high]) => 0.5 + (value - (low + high) / 2) / span;
  return Float32Array.from(places.flatMap(([x, y]) =>
    isNumber(x) && isNumber(y) ? [place(x, bounds[0]), 1 - place(y, bounds[1])] : [NaN, NaN]));
}

function shortened(name) {
  return name.length > 14 ? `${name.slice(0, 13)}…` : name;
}
