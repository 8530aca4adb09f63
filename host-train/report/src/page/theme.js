// Light or dark: as the system has it, or as the reader chose. On paper the style sheet makes it light.

const root = document.documentElement;
const REMEMBERED = "tinytriplet-theme";

/** Whether the page is dark now. */
function isDark() {
  const chosen = root.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function themeButton() {
  const button = el("button", { class: "theme", type: "button", click: () => choose(isDark() ? "light" : "dark") });
  const show = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Show the page in ${isDark() ? "light" : "dark"} colours`);
  };
  document.addEventListener("theme", show);
  show();
  return button;
}

function choose(theme) {
  try {
    localStorage.setItem(REMEMBERED, theme);
  } catch {
    // A browser may deny files on disk a memory.
  }
  apply(theme);
}

function apply(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  document.dispatchEvent(new Event("theme"));
}

function followTheme() {
  try {
    apply(localStorage.getItem(REMEMBERED));
  } catch {
    apply(null);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(root.dataset.theme));
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll(".recipe details:not([open])")];
    for (const details of folded) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of folded) details.open = false;
  });
}
