// How to get the same again.

function recipeSection(run) {
  const ofFolder = !run.data.drawn && run.data.name !== "mnist";
  const name = ofFolder ? `'${run.data.name.replaceAll("'", "'\\''")}'` : "drawn";
  const data = ofFolder || run.data.drawn ? ` --data ${name}` : "";
  return el("div", { class: "recipe" },
    el("p", null, "Save the recipe as ", el("code", null, "recipe.toml"), " and run"),
    el("pre", null, `cargo run -p host-train -- -c recipe.toml${data}`),
    ofFolder ? el("p", null, "with the path of that folder of images.") : null,
    el("p", null, `With the same data, the same program (${run.tool}) and the same kind of machine it gives the same model, hash `,
      el("code", null, run.net.hash), ", which ", el("code", null, "host-train inspect"), " shows."),
    el("details", null, el("summary", null, "The recipe"), el("pre", null, run.recipe)));
}
