// Colours of classes and of runs. Up to ten are those of M. A. Petroff, "Accessible color sequences for data
// visualization" (2021), made for every kind of colour vision; for dark, near them, with as large differences as could
// be found. report.css has both. Beyond ten nobody tells colours apart: they go round the colour wheel, and names in the
// picture and the legend do the rest.

const NAMED = 10;

/** The CSS colour of one of `count` things. */
function colourOf(place, count) {
  if (count <= NAMED) return `var(--colour-${place % NAMED})`;
  const hue = (place * 137.5) % 360;
  const level = place % 3;
  return `light-dark(oklch(${0.48 + 0.1 * level} 0.15 ${hue}), oklch(${0.62 + 0.1 * level} 0.14 ${hue}))`;
}

/** The same for a canvas, which knows neither variables nor schemes: as the page's present scheme has it. */
function resolved(colour) {
  const probe = el("span", { style: `color: ${colour}`, hidden: true });
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** The name of a class. */
function className(run, label) {
  return run.data.classes[label] ?? String(label);
}

/** How a line of a run is drawn among those of other runs, so that it needs no colour. */
const DASHES = [null, "7 4", "2 3", "10 3 2 3"];
