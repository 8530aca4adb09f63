// Reads a report's page as a person does, in a browser: node report.mjs PAGE [FOLDER FOR SCREENSHOTS].
// What has to be there is told by the data in the page.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "./chromium.mjs";

const [file, screenshots] = process.argv.slice(2);
const url = pathToFileURL(resolve(file)).href;
const SECTIONS = [
  "pictures", "training", "pairs", "scores", "episodes", "triplets", "confusion", "mistakes", "int8", "net", "boards", "recipe",
];

const troubles = [];
const browser = await chromium().catch((error) => {
  console.error(error.message);
  process.exit(1);
});

/** The page in a window of its own. */
async function open(options) {
  const context = await browser.newContext({ reducedMotion: "reduce", viewport: { width: 1280, height: 900 }, ...options });
  const opened = await context.newPage();
  opened.on("pageerror", (error) => troubles.push(error.stack));
  opened.on("console", (message) => ["error", "warning"].includes(message.type()) && troubles.push(message.text()));
  opened.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:")) troubles.push(`it asks for ${request.url()}`);
  });
  await opened.goto(url);
  const failed = new Promise((_, reject) => opened.once("pageerror", reject));
  await Promise.race([opened.waitForSelector(":root[data-ready]", { state: "attached" }), failed]);
  return opened;
}

const page = await open();
const runs = JSON.parse(await page.locator("#findings").textContent());
after(() => browser.close());
beforeEach(async () => {
  await page.mouse.move(0, 0);
  await choose(0);
});

const count = (selector) => page.locator(selector).count();
const text = (selector) => page.locator(selector).first().textContent();
const isNumber = (value) => typeof value === "number";

/** What a picture shows: its drawing, and the colours that the style sheet gives it. */
const painted = (name, of = page) => of.locator(`[data-picture="${name}"]`).evaluate((picture) =>
  picture.innerHTML + [...picture.querySelectorAll("path, text")].map((mark) => {
    const { stroke, fill, opacity } = getComputedStyle(mark);
    return [stroke, fill, opacity];
  }));

/** How many points a line of a chart has. */
const lengths = (plot) => page.locator(`${plot} path.series`)
  .evaluateAll((lines) => lines.map((line) => line.getAttribute("d").split("L").length));

/** Whether the first run has images to show. */
const shown = () => runs[0].scatter.raw.pca.length > 0;

/** What episodes of a run measured: within groups, and of all classes. */
const measured = ({ int8: { episodes } }) => [episodes?.within_groups, episodes?.all_classes].filter((of) => of);

/** The rows of the closed-set table: one for each number of classes. */
const closedSet = (run) => measured(run).flatMap(({ closed_set: rows }) => [...new Set(rows.map(({ ways }) => ways))]);

function* eachRun() {
  for (const [place, run] of runs.entries()) yield [run, place];
}

/** Shows a run, where there are several. */
async function choose(place) {
  if (runs.length > 1) await page.locator(".choice.runs label").nth(place).click();
}

describe("the whole", () => {
  test("one heading of the first level, and no level left out", async () => {
    const levels = await page.locator("h1, h2, h3, h4").evaluateAll((headings) => headings.map(({ tagName }) => Number(tagName[1])));
    assert.equal(levels.filter((level) => level === 1).length, 1);
    levels.forEach((level, place) => assert.ok(place === 0 || level <= levels[place - 1] + 1, `level ${level} at ${place}`));
  });

  test("every section of every run, with its name in the page, and nothing that is no word or number", async () => {
    for (const [run, place] of eachRun()) {
      await choose(place);
      assert.equal(await text(".run-title"), run.name);
      for (const id of SECTIONS) {
        assert.equal(await count(`section#${id}`), 1, id);
        assert.ok((await text(`section#${id} > :is(h2, h3)`)).length > 2, id);
        assert.equal(await count(`nav a[href="#${id}"]`), 1, id);
      }
      const words = await page.locator("main").innerText();
      assert.doesNotMatch(words, /NaN|undefined|Infinity|\bnull\b|\[object/);
      assert.equal(await count(".drawn-note"), run.data.drawn ? 1 : 0);
    }
  });

  test("names are text, whatever they contain", async () => {
    assert.equal(await count("script"), 2);
    // Of pictures, only the copies of originals, which are in the page itself.
    assert.equal(await count('img:not(.original[src^="data:image/"])'), 0);
    assert.equal(await count("iframe, object, form, link[rel=stylesheet]"), 0);
    assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
    const { data, confusion } = runs[0];
    const names = confusion.labels.map((label) => data.classes[label]);
    for (const side of ["row", "column"]) assert.deepEqual(await page.locator(`#confusion .${side} title`).allTextContents(), names);
  });

  test("it is as wide as the window, on a telephone, a tablet and a screen", async () => {
    for (const width of [390, 768, 1280]) {
      const narrow = await open({ viewport: { width, height: 844 } });
      const beyond = await narrow.evaluate(() => [...document.querySelectorAll("section *, header *, .intro *")]
        .filter((element) => !element.closest(".scrolling, .sections, pre") && element.getBoundingClientRect().right > innerWidth + 1)
        .map((element) => element.outerHTML.slice(0, 120)));
      assert.deepEqual(beyond, [], `at ${width} pixels`);
      assert.ok(await narrow.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}`);
      await narrow.context().close();
    }
  });

  test("light and dark: as the system has it, or as the button says; both with contrast", async () => {
    const seen = {};
    for (const colorScheme of ["light", "dark"]) {
      const own = await open({ colorScheme });
      const look = () => own.evaluate(() => {
        const brightness = (colour) => {
          const paint = document.createElement("canvas").getContext("2d");
          paint.fillStyle = colour;
          paint.fillRect(0, 0, 1, 1);
          const [red, green, blue] = [...paint.getImageData(0, 0, 1, 1).data].map((value) => {
            const share = value / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        };
        const ground = brightness(getComputedStyle(document.body).backgroundColor);
        const contrast = (selector) => {
          const ink = brightness(getComputedStyle(document.querySelector(selector)).color);
          return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
        };
        return { ground, contrasts: ["h1", "figcaption", ".grade", ".facts"].map(contrast) };
      });
      const first = await look();
      seen[colorScheme] = first.ground;
      const before = shown() ? await painted("embeddings", own) : null;
      await own.locator("button.theme").click();
      const second = await look();
      assert.ok(Math.abs(first.ground - second.ground) > 0.5, "the button changes it");
      if (shown()) assert.notEqual(await painted("embeddings", own), before, "the pictures follow");
      for (const ratio of [...first.contrasts, ...second.contrasts]) assert.ok(ratio >= 4.5, `a contrast of ${ratio}`);
      // The browser stores it in another process.
      await own.waitForTimeout(500);
      await own.reload();
      await own.waitForSelector(":root[data-ready]", { state: "attached" });
      assert.equal((await look()).ground, second.ground, "it is remembered");
      await own.context().close();
    }
    assert.ok(seen.light > 0.7 && seen.dark < 0.1, JSON.stringify(seen));
  });

  test("on paper it is light, without buttons, and whole", async () => {
    const paper = await open({ colorScheme: "dark" });
    const dark = shown() ? await painted("embeddings", paper) : null;
    await paper.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await paper.emulateMedia({ media: "print" });
    if (shown()) assert.notEqual(await painted("embeddings", paper), dark, "the pictures are light");
    assert.equal(await paper.locator("button.theme").isVisible(), false);
    assert.equal(await paper.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
    assert.equal(await paper.locator(".recipe pre").last().isVisible(), true, "the recipe is unfolded");
    await paper.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.equal(await paper.locator(".recipe pre").last().isVisible(), false);
    await paper.context().close();
  });
});

describe("what is drawn", () => {
  test("curves, histogram and errors have a mark for every number", async () => {
    for (const [run, place] of eachRun()) {
      await choose(place);
      const { history } = run.training;
      const rows = (of) => history.filter((row) => isNumber(of(row))).length;
      // One measurement is a number.
      const points = (some) => (some > 1 ? [some] : []);
      const numbers = ["loss", "mined", "precision_at_1"].filter((of) => rows((row) => row[of]) === 1).length;
      assert.equal(await count("#training .value"), numbers);
      assert.deepEqual(await lengths("#training [data-plot=loss]"), points(rows(({ loss }) => loss)));
      assert.deepEqual(await lengths("#training [data-plot=mined]"), points(rows(({ mined }) => mined)));
      assert.deepEqual(await lengths("#training [data-plot=validation]"), points(rows((row) => row.precision_at_1)));
      const { distances } = run;
      if (!distances) {
        assert.equal(await count("#pairs svg"), 0);
        continue;
      }
      assert.deepEqual(await lengths("[data-plot=histogram]"), [2 * distances.same.length, 2 * distances.different.length]);
      assert.equal(await count("[data-plot=histogram] .threshold"), distances.thresholds.length);
      assert.deepEqual(await lengths("#pairs [data-plot=roc]"), [distances.roc.length]);
      assert.equal(await count("#pairs [data-plot=roc] .spot"), distances.thresholds.length);
    }
  });

  test("tables, heat map, mistakes, layers and boards have a row for every one", async () => {
    for (const [run, place] of eachRun()) {
      await choose(place);
      const { layers } = run.net;
      const rows = {
        "#triplets tbody tr": run.triplets.length,
        "#confusion .cell title": run.confusion.labels.length ** 2,
        "#mistakes .wrong": run.mistakes.length,
        "#mistakes .original": run.mistakes.filter(({ original }) => original).length,
        "#mistakes .neighbours li": run.mistakes.flatMap(({ neighbours }) => neighbours).length,
        "[data-plot=int8] tbody tr": layers.length,
        "[data-plot=int8] rect": layers.flatMap(({ histogram }) => histogram).length,
        "[data-plot=net] .block": layers.length + 1,
        "[data-plot=net] .bars rect": 4 * layers.length,
        "[data-plot=layers] tbody tr": layers.length,
        "[data-plot=boards] tbody tr": run.boards.length,
        "[data-plot=unseen-scores]": run.int8.unseen ? 1 : 0,
        "[data-plot=open-set]": (run.int8.open_set ?? run.int8.unseen?.open_set) ? 1 : 0,
        "[data-plot=episodes] tbody tr": closedSet(run).length,
        "[data-plot=open-set-episodes] tbody tr": measured(run).flatMap(({ open_set: rows }) => rows).length,
        ".advice li": run.verdict.advice.length,
        ".cards > div": 8,
        "figure": await count("figcaption"),
        [SECTIONS.map((id) => `#${id} .badge`).join(", ")]: run.data.drawn ? SECTIONS.length - 3 : 0,
      };
      for (const [selector, expected] of Object.entries(rows)) assert.equal(await count(selector), expected, selector);
      assert.ok((await count("[data-plot=scores] tbody tr")) > 0);
      assert.equal(await page.locator(".recipe details pre").textContent(), run.recipe);
      assert.equal(await count(`.verdict.${run.verdict.grade}`), 1);
    }
  });

  test("the headline numbers are the data's", async () => {
    const values = await page.locator(".cards .value").allTextContents();
    const percent = (share) => (isNumber(share) ? `${(100 * share).toFixed(2)} %` : "–");
    const { int8, net } = runs[0];
    assert.deepEqual(values.slice(0, 4).map((value) => value.replace(" ", " ")), [int8.prototype_5_shot.mean,
      int8.precision_at_1_gallery, int8.triplet_accuracy.mean, int8.equal_error_rate].map(percent));
    assert.match(values[4], isNumber(int8.prototype_5_shot.mean) ? /^(nothing|[\d.]+ pt)$/ : /^–$/);
    assert.deepEqual(values.slice(5).map((value) => Number(value.replaceAll(",", ""))), [net.macs, net.flash, net.ram]);
  });

  test("episodes show the data's shares, and where strangers are accepted rarely, the right threshold's", async () => {
    const [first] = measured(runs[0]);
    if (!first) return;
    const cells = (plot) => page.locator(`[data-plot=${plot}] tbody tr`).first().locator("td").allTextContents();
    const percent = (share) => (isNumber(share) ? `${(100 * share).toFixed(2)} %` : "–");
    const one = first.closed_set.find(({ shots }) => shots === 1).right;
    assert.equal((await cells("episodes"))[0], `${(100 * one.share).toFixed(2)} ± ${percent(one.margin)}`);
    if (first.open_set.length === 0) return;
    const { at_threshold: own, curve } = first.open_set[0];
    const rare = curve.findLast(({ strangers_accepted: { share } }) => share <= 0.01);
    const shown = await cells("open-set-episodes");
    assert.deepEqual([shown[1], shown[3], shown[5]], [own?.known_right.share, own?.strangers_accepted.share,
      rare?.known_right.share].map(percent));
  });

  test("a chart reads out its values, by pointer and by key", async () => {
    const plot = page.locator("[data-plot=loss]").last();
    if (await plot.locator(".series").count() === 0) return;
    await plot.locator(".figure").hover();
    assert.match(await plot.locator(".readout").textContent(), /images seen [\d,]+: .*\d/);
    await plot.locator(".figure").focus();
    for (let press = 0; press < 3; press++) await page.keyboard.press("ArrowLeft");
    assert.match(await plot.locator(".readout").textContent(), /images seen [\d,]+: .*\d/);
  });
});

describe("the two pictures", () => {
  const NAMES = { raw: "raw pixels", embedded: "embeddings" };

  /** What the inspector says, and what it should say about that image. */
  async function inspected(of = page) {
    const inspector = of.locator(".inspector");
    const index = Number((await inspector.locator(".chosen .distance").textContent()).replace(/\D/g, ""));
    const { images, scatter, data } = runs[0];
    const image = images.test_index.indexOf(index);
    assert.equal(await inspector.locator(".chosen .name").textContent(), data.classes[images.labels[image]]);
    for (const key of Object.keys(NAMES)) {
      const nearest = scatter[key].nearest[image].slice(0, 5);
      const entries = inspector.locator(`[data-near=${key}] li`);
      assert.deepEqual(await entries.locator(".name").evaluateAll((names) => names.map((name) => name.lastChild.textContent)),
        nearest.map((near) => data.classes[images.labels[near.image]]));
      const distances = (await entries.locator(".distance").allTextContents()).map(Number);
      distances.forEach((distance, place) => assert.ok(Math.abs(distance - nearest[place].distance) <= 0.01 * distance + 1e-3));
      assert.equal(await inspector.locator(`[data-near=${key}] li.other`).count(),
        nearest.filter((near) => images.labels[near.image] !== images.labels[image]).length);
      assert.equal(await inspector.locator(`[data-near=${key}] canvas`).count(), nearest.length);
    }
    return image;
  }

  /** Does something at places of a picture until an image is shown. */
  async function search(of, picture, act) {
    const canvas = of.locator(`[data-picture="${picture}"]`);
    await canvas.scrollIntoViewIfNeeded();
    const box = await canvas.boundingBox();
    for (let turn = 0; turn < 400; turn++) {
      // Far from the place before, since two taps at one place are another gesture.
      const place = (turn * 147 + 190) % 400;
      const [across, down] = [(place % 20) + 0.5, Math.floor(place / 20) + 0.5];
      await act(box.x + (box.width * across) / 20, box.y + (box.height * down) / 20);
      if (await of.locator(".chosen").count() > 0) return;
    }
    assert.fail("no image anywhere");
  }

  test("pointing at a dot shows the image and its neighbours, and marks it in both", async () => {
    if (!shown()) return assert.equal(await count(".picture"), 0);
    assert.equal(await count(".picture"), 2);
    const [raw, embedded] = [await painted(NAMES.raw), await painted(NAMES.embedded)];
    await search(page, NAMES.embedded, (x, y) => page.mouse.move(x, y));
    await inspected();
    assert.notEqual(await painted(NAMES.raw), raw);
    assert.notEqual(await painted(NAMES.embedded), embedded);
    await page.mouse.move(0, 0);
    assert.equal(await count(".chosen"), 0, "nothing is kept that was not chosen");
    assert.equal(await painted(NAMES.raw), raw);
  });

  test("arrow keys walk, Escape lets go", async () => {
    if (!shown()) return;
    await page.locator(".picture").first().focus();
    const seen = new Set();
    for (const key of ["ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"]) {
      await page.keyboard.press(key);
      seen.add(await inspected());
    }
    assert.ok(seen.size >= 2, "it walks");
    await page.keyboard.press("Escape");
    assert.equal(await count(".chosen"), 0);
  });

  test("a finger's tap does the same, and keeps it", async () => {
    if (!shown()) return;
    const phone = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await search(phone, NAMES.embedded, (x, y) => phone.touchscreen.tap(x, y));
    await inspected(phone);
    assert.ok(await phone.locator(".inspector").isVisible());
    await phone.context().close();
  });

  test("the legend picks out a class and gives it back", async () => {
    if (!shown()) return;
    const plain = await painted(NAMES.embedded);
    const button = page.locator(".classes button").first();
    await button.click();
    assert.equal(await button.getAttribute("aria-pressed"), "true");
    await page.mouse.move(0, 0);
    assert.notEqual(await painted(NAMES.embedded), plain);
    await button.click();
    assert.equal(await button.getAttribute("aria-pressed"), "false");
    await page.mouse.move(0, 0);
    assert.equal(await painted(NAMES.embedded), plain);
  });

  test("the principal components instead of the neighbour map, and back", async () => {
    if (!shown() || runs[0].scatter.raw.neighbour_map.length === 0) return;
    const map = await painted(NAMES.embedded);
    await page.locator(".choice label", { hasText: "PCA" }).click();
    assert.notEqual(await painted(NAMES.embedded), map);
    assert.match(await text(".pane .share"), /\d+ % of the variance/);
    await page.locator(".choice label", { hasText: "neighbour map" }).click();
    assert.equal(await painted(NAMES.embedded), map);
  });

  test("zooming and moving, and all of it again", async () => {
    if (!shown()) return;
    const whole = await painted(NAMES.raw);
    await page.locator(".pane").first().locator("button", { hasText: "+" }).click();
    const larger = await painted(NAMES.raw);
    assert.notEqual(larger, whole);
    const box = await page.locator(".picture").first().boundingBox();
    await page.mouse.move(box.x + 100, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(box.x + 150, box.y + 130, { steps: 4 });
    await page.mouse.up();
    await page.mouse.move(0, 0);
    assert.notEqual(await painted(NAMES.raw), larger);
    await page.locator(".pane").first().locator("button", { hasText: "⤢" }).click();
    await page.mouse.move(0, 0);
    assert.equal(await painted(NAMES.raw), whole);
  });
});

describe("several runs", () => {
  test("a column each, the best marked, curves over each other", async () => {
    if (runs.length === 1) return assert.equal(await count("#comparison"), 0);
    assert.deepEqual((await page.locator("#comparison thead th").allTextContents()).slice(1), runs.map(({ name }) => name));
    const lines = {
      loss: runs.filter(({ training }) => training.history.some(({ loss }) => isNumber(loss))),
      mined: runs,
      roc: runs.filter(({ distances }) => distances),
    };
    for (const [plot, drawn] of Object.entries(lines)) {
      assert.equal(await count(`#curves [data-plot=${plot}] path.series`), drawn.length, plot);
    }
    const fiveShot = runs.map(({ int8 }) => int8.prototype_5_shot.mean);
    const cells = page.locator("#comparison tbody tr", { hasText: /^5-shot/ }).locator("td");
    const best = fiveShot.indexOf(Math.max(...fiveShot));
    assert.equal(await cells.nth(best).locator(".best").count(), 1);
    assert.equal(await cells.locator(".best").count(), 1);
  });
});

test("nothing was complained about, and nothing asked of a network", async () => {
  assert.deepEqual(troubles, []);
});

if (screenshots) {
  test("screenshots", async () => {
    mkdirSync(screenshots, { recursive: true });
    for (const width of [390, 1280]) {
      for (const colorScheme of ["light", "dark"]) {
        const own = await open({ viewport: { width, height: 900 }, colorScheme });
        await own.screenshot({ path: join(screenshots, `${width}-${colorScheme}.png`), fullPage: true });
        await own.context().close();
      }
    }
    writeFileSync(join(screenshots, "paper.pdf"), await page.pdf({ format: "A4" }));
  });
}
