//! The confusion of test images, as a heat map.

use super::{
    Drawing, Fit,
    svg::{Anchor, Escaped, Px, Share, Text},
    text::{class, exact_percent, width},
};
use crate::{Findings, text::cut};
use std::fmt::Write;

/// Columns of a class's name.
const NAME: usize = 16;
/// More classes than this, and cells are too small for numbers.
const NUMBERED: usize = 16;
/// A share that is no reason to worry is not to look like one.
const FAINT: f64 = 0.02;

/// Returns the figure.
pub fn confusion(run: &Findings) -> Option<Drawing> {
    let confusion = &run.confusion;
    let count = confusion.labels.len();
    if count == 0 {
        return None;
    }
    let names: Vec<String> = confusion.labels.iter().map(|&label| class(run, label)).collect();
    let numbered = count <= NUMBERED;
    // Pixels of a cell: its height, its width in a file, and the least that the page may give it.
    let [height, wide, narrow] = if numbered { [38.0, 52.0, 28.0] } else { [11.0, 11.0, 9.0] };
    let longest = names.iter().map(|name| width(&cut(name, NAME))).fold(0.0, f64::max);
    let short = numbered && longest < narrow;
    let (left, top) = (longest + 30.0, if short { 42.0 } else { longest + 30.0 });
    let size = count as f64;

    let mut drawn = String::new();
    for (place, name) in names.iter().enumerate() {
        let middle = (place as f64 + 0.5) / size;
        let short_name = cut(name, NAME);
        let text = |class, at, anchor| Text { class, at, moved: (0.0, 0.0), anchor, said: &short_name };
        let row = text("class", (Px(-8.0), Px(height * (place as f64 + 0.5) + 4.0)), Anchor::End);
        let column = match short {
            true => text("class", (Px(0.0), Px(-8.0)), Anchor::Middle).to_string(),
            false => format!(
                r#"<g transform="rotate(-90)">{}</g>"#,
                text("class", (Px(8.0), Px(4.0)), Anchor::Start)
            ),
        };
        let full = Escaped(name);
        let _ = write!(
            drawn,
            r#"<g class="row"><title>{full}</title>{row}</g><svg class="column" x="{}" overflow="visible"><title>{full}</title>{column}</svg>"#,
            Share(middle)
        );
    }
    drawn += &cells(confusion.rows.as_slice(), &names, height, numbered);
    let (axis, moved) = (Anchor::Middle, (0.0, 0.0));
    let columns =
        Text { class: "axis", at: (Share(0.5), Px(12.0 - top)), moved, anchor: axis, said: "taken for" };
    let rows = Text { class: "axis", at: (Px(0.0), Px(0.0)), moved, anchor: axis, said: "class" };
    let (x, y) = (Px(12.0 - left), Px(height * size / 2.0));
    let _ = write!(drawn, r#"{columns}<g transform="translate({x} {y}) rotate(-90)">{rows}</g>"#);

    Some(Drawing {
        name: "confusion",
        title: "What five-shot prototypes take test images for, in %".into(),
        label: reading(&confusion.rows, &names),
        plane: [wide * size, height * size],
        margins: [top, 8.0, 8.0, left],
        fit: Fit::Between(narrow * size, wide * size),
        body: drawn,
        stops: String::new(),
        notes: Vec::new(),
    })
}

fn cells(rows: &[Vec<f64>], names: &[String], height: f64, numbered: bool) -> String {
    let wrong = |row: usize| {
        move |(column, share): (usize, &f64)| (column != row && share.is_finite()).then_some(*share)
    };
    let worst = rows
        .iter()
        .enumerate()
        .flat_map(|(row, shares)| shares.iter().enumerate().filter_map(wrong(row)))
        .fold(FAINT, f64::max);
    let side = names.len() as f64;
    let mut drawn = String::new();
    for (row, shares) in rows.iter().enumerate() {
        for (column, &share) in shares.iter().enumerate() {
            let shown = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
            let (class, strength) = match row == column {
                true => ("hit", 0.08 + 0.42 * shown),
                false => ("miss", 0.6 * (shown / worst).sqrt()),
            };
            let said = if share.is_finite() { exact_percent(share) } else { "–".into() };
            let (x, y) = (Share(column as f64 / side), Px(height * row as f64));
            let _ = write!(
                drawn,
                r#"<g class="cell"><title>{} taken for {}: {said}</title><rect class="{class}" x="{x}" y="{y}" width="{}" height="{}" style="fill-opacity: {strength:.3}"/>"#,
                Escaped(&names[row]),
                Escaped(&names[column]),
                Share(1.0 / side),
                Px(height)
            );
            if numbered {
                let number = match share {
                    share if !share.is_finite() => "–".into(),
                    share if share < 0.000_5 => "·".into(),
                    share => format!("{:.1}", 100.0 * share),
                };
                let at = (Share((column as f64 + 0.5) / side), Px(height * (row as f64 + 0.5) + 4.0));
                let moved = (0.0, 0.0);
                let _ = write!(
                    drawn,
                    "{}",
                    Text { class: "number", at, moved, anchor: Anchor::Middle, said: &number }
                );
            }
            drawn += "</g>";
        }
    }
    drawn
}

/// Returns the share of each class that is recognised, in words.
fn reading(rows: &[Vec<f64>], names: &[String]) -> String {
    let right = rows
        .iter()
        .zip(names)
        .enumerate()
        .filter(|(row, (shares, _))| shares.get(*row).is_some_and(|share| share.is_finite()));
    let said = right.map(|(row, (shares, name))| format!("{name} {}", exact_percent(shares[row])));
    format!("Rightly recognised: {}", said.collect::<Vec<_>>().join(", "))
}
