// How to get the same again.

function recipeSection(run) {
  const data = run.data.drawn ? " --data drawn" : "";
  return el("div", { class: "recipe" },
    el("p", null, "Save the recipe as ", el("code", null, "recipe.toml"), " and run"),
    el("pre", null, `cargo run -p host-train -- -c recipe.toml${data}`),
    el("p", null, `With the same data, the same program (${run.tool}) and the same kind of machine it gives the same model, hash `,
      el("code", null, run.net.hash), ", which ", el("code", null, "host-train inspect"), " shows."),
    el("details", null, el("summary", null, "The recipe"), el("pre", null, run.recipe)));
}
