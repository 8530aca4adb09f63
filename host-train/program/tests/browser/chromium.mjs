// A headless Chromium: the one that CHROME names, or that the system has.

import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

const NAMES = [
  "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

// It may run as root and without a GPU, as in a container, and is to ask the network for nothing of its own.
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

function executable() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = [process.env.CHROME, ...NAMES].filter(Boolean)
    .flatMap((name) => (isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name))));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts the browser. */
export async function chromium() {
  const executablePath = executable();
  if (!executablePath) {
    throw new Error("there is no Chromium: .ci/setup installs it, or name a Chrome or Chromium in CHROME");
  }
  const { chromium: browser } = await import("playwright-core").catch((error) => {
    throw new Error(`there is no playwright-core: .ci/setup installs it (${error.message})`);
  });
  return browser.launch({ executablePath, args: FLAGS });
}
