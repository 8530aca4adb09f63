//! The net from its image to its embedding: what each layer makes, what int8 does to it, and what it takes.

use super::{
    Drawing, Fit,
    svg::{Anchor, Escaped, Line, Px, Share, Text},
};
use crate::{
    Findings, LayerFacts,
    text::{cut, thousands},
};
use std::fmt::Write;

/// Pixels of the figure's width in a file, of the blocks, of the layers' names, and of the numbers.
const WIDTH: f64 = 720.0;
const BLOCKS: f64 = 76.0;
const NAMES: f64 = 84.0;
const LEFT: f64 = BLOCKS + NAMES;
const NUMBERS: f64 = 64.0;
/// Pixels of a bar and of a layer.
const BAR: f64 = 15.0;
const LAYER: f64 = BAR * BARS.len() as f64 + 22.0;
/// Columns of an operation.
const OPERATION: usize = 28;

/// A number of each layer.
struct Bar {
    name: &'static str,
    class: &'static str,
    value: fn(&LayerFacts) -> f64,
    format: fn(f64) -> String,
}

const BARS: [Bar; 4] = [
    Bar {
        name: "signal to noise of int8, in dB",
        class: "noise",
        value: |layer| layer.signal_to_noise_db,
        format: |value| format!("{value:.1}"),
    },
    Bar { name: "multiply-accumulates", class: "macs", value: |layer| layer.macs as f64, format: whole },
    Bar { name: "flash, in bytes", class: "flash", value: |layer| layer.flash as f64, format: whole },
    Bar { name: "RAM in use, in bytes", class: "ram", value: |layer| layer.ram as f64, format: whole },
];

fn whole(value: f64) -> String {
    thousands(value as u64)
}

/// Returns the figure.
pub fn layers(run: &Findings) -> Option<Drawing> {
    let net = &run.net;
    if net.layers.is_empty() {
        return None;
    }
    let sizes: Vec<[usize; 3]> =
        [net.input].into_iter().chain(net.layers.iter().map(|layer| layer.output)).collect();
    let most = [0, 2].map(|axis| sizes.iter().map(|size| size[axis]).max().unwrap_or(1).max(1) as f64);
    let mut body = String::new();
    for (row, size) in sizes.iter().enumerate() {
        let middle = LAYER * (row as f64 + 0.5);
        body += &block(*size, most, middle);
        let operation = row.checked_sub(1).map_or("image", |layer| &net.layers[layer].operation);
        body += &named(operation, *size, middle);
        if row < net.layers.len() {
            let below = Px(LAYER * (row as f64 + 1.0));
            let _ = write!(body, "{}", Line("grid", (Px(-LEFT), below), ("100%", below)));
        }
    }
    body += &bars(&net.layers);
    let described = net.layers.iter().map(|layer| format!("{} to {}", layer.operation, shape(layer.output)));
    Some(Drawing {
        name: "net",
        title: "Layers, in the order in which they run on a board".into(),
        label: format!("{}, then {}", shape(net.input), described.collect::<Vec<_>>().join(", ")),
        plane: [WIDTH - LEFT - NUMBERS, LAYER * sizes.len() as f64],
        margins: [0.0, NUMBERS, 0.0, LEFT],
        fit: Fit::Wide,
        body,
        stops: String::new(),
        notes: Vec::new(),
    })
}

/// Returns rows, columns and channels of a map, or the channels alone of a vector.
fn shape([rows, columns, channels]: [usize; 3]) -> String {
    match (rows, columns) {
        (1, 1) => channels.to_string(),
        _ => format!("{rows}×{columns}×{channels}"),
    }
}

/// Returns a box with a front, a top and a side; sizes go by the square root, so that small maps stay visible.
fn block([rows, _, channels]: [usize; 3], [most_rows, most_channels]: [f64; 2], middle: f64) -> String {
    let tall = 8.0 + 40.0 * (rows as f64 / most_rows).sqrt();
    let thick = 5.0 + 38.0 * (channels as f64 / most_channels).sqrt();
    let deep = tall * 0.32;
    let (left, top) = (BLOCKS / 2.0 - 4.0 - LEFT - (thick + deep) / 2.0, middle - (tall - deep) / 2.0);
    let [left, top, right, tall, thick, deep] = [left, top, left + thick, tall, thick, deep].map(Px);
    format!(
        r#"<g class="block"><path d="M{left},{top}h{thick}v{tall}h-{thick}z"/><path class="lit" d="M{left},{top}l{deep},-{deep}h{thick}l-{deep},{deep}z"/><path class="shaded" d="M{right},{top}l{deep},-{deep}v{tall}l-{deep},{deep}z"/></g>"#
    )
}

/// Returns the shape, and the operation in two lines: what it is, and what is fused into it.
fn named(operation: &str, size: [usize; 3], middle: f64) -> String {
    let operation = cut(operation, OPERATION);
    let second = operation.match_indices(' ').nth(1).map_or(operation.len(), |(at, _)| at);
    let (first, second) = operation.split_at(second);
    let text = |class, y, said: &str| {
        Text { class, at: (Px(BLOCKS - LEFT), Px(y)), moved: (0.0, 0.0), anchor: Anchor::Start, said }
            .to_string()
    };
    let second = second.trim();
    let top = if second.is_empty() { middle - 3.0 } else { middle - 11.0 };
    let mut drawn = text("shape", top, &shape(size)) + &text("axis", top + 16.0, first);
    if !second.is_empty() {
        drawn += &text("axis", top + 31.0, second);
    }
    drawn
}

/// Returns what the colours mean, beside the image, and the bars beside each layer.
fn bars(layers: &[LayerFacts]) -> String {
    let top = |row: usize, bar: usize| LAYER * row as f64 + 11.0 + BAR * bar as f64;
    let mut drawn = String::new();
    for (place, Bar { name, class, .. }) in BARS.iter().enumerate() {
        let y = top(0, place);
        let text = Text {
            class: "axis",
            at: (Px(16.0), Px(y + 10.0)),
            moved: (0.0, 0.0),
            anchor: Anchor::Start,
            said: name,
        };
        let _ = write!(
            drawn,
            r#"<g class="bar-key"><rect class="{class}" x="0" y="{}" width="10" height="9"/>{text}</g>"#,
            Px(y + 1.5)
        );
    }
    for (row, layer) in layers.iter().enumerate() {
        drawn += r#"<g class="bars">"#;
        for (place, Bar { name, class, value, format }) in BARS.iter().enumerate() {
            let most = layers.iter().map(value).filter(|value| value.is_finite()).fold(0.0, f64::max);
            let value = value(layer);
            // A layer that is equal to the float net's has no noise at all.
            let (share, said) = match value.is_finite() {
                true if most > 0.0 => ((value / most).clamp(0.0, 1.0), format(value)),
                true => (0.0, format(value)),
                false => (0.0, "exact".into()),
            };
            let y = top(row + 1, place);
            let (at, moved) = ((Share(share), Px(y + 10.0)), (6.0, 0.0));
            let emphasis = if share == 1.0 { " most" } else { "" };
            let text = Text { class: "axis", at, moved, anchor: Anchor::Start, said: &said };
            let _ = write!(
                drawn,
                r#"<rect class="{class}{emphasis}" y="{}" width="{}" height="9"><title>{name}: {}</title></rect>{text}"#,
                Px(y + 1.5),
                Share(share),
                Escaped(&said)
            );
        }
        drawn += "</g>";
    }
    drawn
}
