// Elements, without markup in strings: whatever comes from the data becomes text, never HTML.

/** An HTML element. Attributes that are `null` or `false` are left out, those that are functions are listeners. */
function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
function svg(tag, attributes, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** A drawing, and below it a sentence that says how to read it. */
function figure(drawing, caption, name, shape) {
  return el("figure", { "data-plot": name, class: shape }, drawing, el("figcaption", null, caption));
}

/** Text in which what stands between backticks is something to type. */
function prose(text) {
  return text.split("`").map((part, place) => (place % 2 === 1 ? el("code", null, part) : part));
}

/** Said where there is nothing to draw. */
function nothing(text) {
  return el("p", { class: "nothing" }, text);
}

/** A table. A column is `{ title, cell(row), number }`; the first one names the row. */
function table(columns, rows, label) {
  const align = ({ number }) => (number ? "number" : null);
  const head = columns.map((column) => el("th", { scope: "col", class: align(column) }, column.title));
  const body = rows.map((row) =>
    el("tr", null, columns.map((column, place) =>
      place === 0
        ? el("th", { scope: "row" }, column.cell(row))
        : el("td", { class: align(column) }, column.cell(row)))));
  return scrolling(label, el("table", null, el("thead", null, el("tr", null, head)), el("tbody", null, body)));
}

/** What may be wider than the page, scrolling by itself, by keyboard as well. */
function scrolling(label, content) {
  return el("div", { class: "scrolling", role: "region", "aria-label": label, tabindex: "0" }, content);
}

/** The name of a class. */
function className(run, label) {
  return run.data.classes[label] ?? String(label);
}
