//! The page of a report: one HTML file that holds all it needs, and asks no network for anything.
//!
//! Its content is in it as JSON, of which `page/*.js` make words and tables in the reader's browser, and its figures
//! as templates, which they put between those: `page/main.js` is the table of contents. The scripts are joined into
//! one module, so that each sees what those before it define.

use super::{Findings, figures};

const TEMPLATE: &str = include_str!("page/report.html");
const STYLE: &str = include_str!("page/report.css");
const SCRIPTS: [&str; 21] = [
    include_str!("page/elements.js"),
    include_str!("page/numbers.js"),
    include_str!("page/theme.js"),
    include_str!("page/drawings.js"),
    include_str!("page/tiles.js"),
    include_str!("page/scores.js"),
    include_str!("page/episodes.js"),
    include_str!("page/summary.js"),
    include_str!("page/comparison.js"),
    include_str!("page/picture.js"),
    include_str!("page/gestures.js"),
    include_str!("page/pictures.js"),
    include_str!("page/training.js"),
    include_str!("page/pairs.js"),
    include_str!("page/confusion.js"),
    include_str!("page/mistakes.js"),
    include_str!("page/layers.js"),
    include_str!("page/net.js"),
    include_str!("page/boards.js"),
    include_str!("page/recipe.js"),
    include_str!("page/main.js"),
];

/// Returns the page about a run, or about several side by side.
///
/// # Errors
/// Returns an error if the findings cannot be written as JSON.
pub fn page(runs: &[Findings]) -> serde_json::Result<String> {
    // A name in the data could end the script element that holds the data; within a JSON string
    // this is the same.
    let findings = serde_json::to_string(runs)?.replace('<', "\\u003c");
    // The data come last, and from the end of the page, so that nothing is put in where they happen to hold a
    // placeholder.
    let page = TEMPLATE.replace("{{style}}", &[figures::FIGURES, STYLE].concat());
    let page =
        page.replace("{{scripts}}", &SCRIPTS.concat()).replace("{{figures}}", &figures::templates(runs));
    Ok(page.replacen("{{findings}}", &findings, 1))
}
