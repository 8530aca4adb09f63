// What a hand does with a picture: pointing, choosing, dragging, pinching, the wheel and the keys.

/** Pixels that a pointer may move and still be said to tap. */
const STILL = 4;

const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const ZOOMS = { "+": 1.5, "-": 1 / 1.5, 0: 0 };

function listen(picture) {
  const { element } = picture;
  const fingers = new Map();
  let moved = 0;
  element.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    moved = 0;
  });
  element.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") picture.point(picture.find(...within(picture, event)), false);
      return;
    }
    const [right, down] = [event.clientX - before.clientX, event.clientY - before.clientY];
    moved += Math.abs(right) + Math.abs(down);
    if (moved > STILL) element.setPointerCapture(event.pointerId);
    if (fingers.size === 2) {
      pinch(picture, before, event, [...fingers.values()].find(({ pointerId }) => pointerId !== event.pointerId));
    }
    picture.pan(right / fingers.size, down / fingers.size);
    fingers.set(event.pointerId, event);
  });
  element.addEventListener("pointerup", (event) => {
    const tapped = fingers.delete(event.pointerId) && moved <= STILL;
    if (tapped) picture.point(picture.find(...within(picture, event)), true);
  });
  element.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
  element.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") picture.point(null, false);
  });
  element.addEventListener("dblclick", (event) => picture.zoom(2, ...within(picture, event)));
  // A page is to be scrolled past its pictures: the wheel zooms one only once it was chosen, or with Ctrl.
  element.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== element) return;
    event.preventDefault();
    picture.zoom(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), ...within(picture, event));
  }, { passive: false });
  element.addEventListener("keydown", (event) => {
    if (key(picture, event.key)) event.preventDefault();
  });
}

/** Where a pointer is in the picture, in pixels. */
function within({ element }, { clientX, clientY }) {
  const { left, top } = element.getBoundingClientRect();
  return [clientX - left - element.clientLeft, clientY - top - element.clientTop];
}

/** Two fingers, one of which moved: what is between them grows as they part. */
function pinch(picture, before, now, other) {
  const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
  const middle = within(picture, { clientX: (now.clientX + other.clientX) / 2, clientY: (now.clientY + other.clientY) / 2 });
  picture.zoom(apart(now) / Math.max(apart(before), 1), ...middle);
}

/** Does what a key means; whether it means anything. */
function key(picture, name) {
  const { selected } = picture.shared;
  if (DIRECTIONS[name]) picture.point(picture.step(DIRECTIONS[name]), true);
  else if (name === "Enter" && selected !== null) picture.point(selected, true);
  else if (name === "Escape") picture.point(null, true);
  else if (name in ZOOMS) picture.zoom(ZOOMS[name]);
  else return false;
  return true;
}
