// What an inference takes on each board.

function boardsSection(run) {
  const { boards } = run;
  const slow = run.slow_layers.map((sentence) => el("p", null, `${sentence}.`));
  if (boards.length === 0) {
    return [...slow, nothing("Nothing was counted for a net like this: one of its layers takes a kernel that no net of the ledger has.")];
  }
  const most = Math.max(...boards.map(({ instructions }) => instructions));
  return [...slow, figure(table([
    { title: "board", cell: ({ board, description }) => [el("span", null, description), el("code", null, board)] },
    { title: "instructions", number: true, cell: ({ instructions }) => el("span", { class: "meter" },
      el("span", { class: "bar", style: `width: ${((64 * instructions) / most).toFixed(0)}px` }), thousands(instructions)) },
    { title: "", cell: ({ counted: exact }) => (exact ? "counted" : el("em", null, "estimated")) },
    { title: "time", number: true, cell: ({ milliseconds }) => (isNumber(milliseconds) ? `${real(milliseconds)} ms` : DASH) },
    { title: "RAM with stack, bytes", number: true, cell: ({ ram }) => thousands(ram) },
    { title: "model in flash, bytes", number: true, cell: ({ flash }) => thousands(flash) },
  ], boards, "What an inference takes on each board"),
  "One image to one embedding. Counted: to the last instruction, of this very net, in an emulator. Estimated: by its layers, "
  + "from those of nets that were counted. RAM with stack is the RAM for an inference and the "
  + "most that the stack was measured to need there.", "boards")];
}
