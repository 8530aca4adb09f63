//! Charts of lines: axes, a legend, thresholds, and what is read out under a pointer.

use super::{
    Drawing, Fit,
    axis::{Axis, Scale},
    labels::{Label, NARROW, RIGHT, beside_lines, beside_spots},
    svg::{Anchor, Escaped, Line, Px, Share, Text, stretched},
    text::width,
};
use crate::text::cut;
use std::fmt::Write;

/// Pixels of a chart in a file.
const WIDTH: f64 = 640.0;
/// Pixels of a plane's height, of a row of text, and below the plane.
const HEIGHT: f64 = 190.0;
const ROW: f64 = 17.0;
const BELOW: f64 = 40.0;
/// Columns of a name in the legend.
const NAME: usize = 36;

/// A chart.
pub struct Chart<'a> {
    /// Its name in the page.
    pub name: &'static str,
    /// Its title.
    pub title: String,
    /// What it says, in words.
    pub reading: String,
    /// The axis that goes across.
    pub x: Axis<'a>,
    /// The axis that goes up.
    pub y: Axis<'a>,
    /// The lines.
    pub series: Vec<Series>,
    /// Vertical lines, ascending, with their names.
    pub thresholds: Vec<(f64, String)>,
    /// Points with their names.
    pub spots: Vec<([f64; 2], String)>,
    /// Whether there is a line on which both axes have the same value.
    pub diagonal: bool,
    /// Sentences below it in a file.
    pub notes: Vec<String>,
}

/// A line of a chart.
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its colour, as CSS.
    pub colour: String,
    /// Lengths of dashes and gaps; empty for none.
    pub dash: &'static str,
    /// Whether the area below is coloured.
    pub filled: bool,
    /// Its points, by ascending x.
    pub points: Vec<[f64; 2]>,
}

/// A place at which a reader can ask for the values.
#[derive(serde::Serialize)]
struct Stop {
    /// Percent of the plane's width.
    x: f64,
    /// Percent of its height, from above, for each line.
    y: Vec<f64>,
    /// What is read out.
    said: String,
}

impl Chart<'_> {
    /// Returns the drawing.
    pub fn draw(&self) -> Drawing {
        let coordinates = |axis: usize| {
            self.series.iter().flat_map(move |series| series.points.iter().map(move |point| point[axis]))
        };
        let (x, y) = (Scale::new(&self.x, coordinates(0)), Scale::new(&self.y, coordinates(1)));
        let legend = if self.series.len() > 1 { self.legend() } else { Vec::new() };
        let thresholds = self.thresholds(&x);
        let named = if self.y.name.is_empty() { 0 } else { 1 };
        let above = ROW * (legend.len() + named) as f64;
        let top = 14.0 + above + ROW * thresholds.len() as f64;
        let widest = y.ticks.iter().map(|&tick| width(&(self.y.format)(tick))).fold(0.0, f64::max);
        let left = 10.0 + widest;
        let plane = [WIDTH - left - RIGHT, HEIGHT];

        let mut body = String::new();
        for (row, entries) in legend.iter().enumerate() {
            for (x, series) in entries {
                body += &series.key(x - left, ROW * row as f64 - top);
            }
        }
        if named > 0 {
            let at = (Px(-left), Px(above - top - 4.0));
            let name =
                Text { class: "axis", at, moved: (0.0, 0.0), anchor: Anchor::Start, said: self.y.name };
            let _ = write!(body, "{name}");
        }
        body += &self.inside(plane, &x, &y, &thresholds);
        Drawing {
            name: self.name,
            title: self.title.clone(),
            label: format!("{}: {}", self.title, self.reading),
            plane,
            margins: [top, RIGHT, BELOW, left],
            fit: Fit::Wide,
            body,
            stops: serde_json::to_string(&self.stops(&x, &y)).unwrap_or_default(),
            notes: self.notes.clone(),
        }
    }

    fn inside(&self, plane: [f64; 2], x: &Scale, y: &Scale, thresholds: &[Label]) -> String {
        let mut drawn = across(&self.x, x, plane[0]) + &up(&self.y, y);
        let mut lines = String::new();
        if self.diagonal {
            let ends = format!("M0,{}L{},0", Px(plane[1]), Px(plane[0]));
            let _ = write!(lines, r#"<path class="diagonal" d="{ends}"/>"#);
        }
        self.series.iter().for_each(|series| lines += &series.line(plane, x, y));
        drawn += &stretched(plane, &lines);
        for (row, label) in thresholds.iter().enumerate() {
            let above = ROW * (thresholds.len() - row) as f64;
            let at = Share(label.at);
            // From below, so that dashes of lines at one place are the same.
            let _ = write!(drawn, "{}", Line("threshold", (at, Px(HEIGHT)), (at, Px(label.line() - above))));
            drawn += &label.text(Px(12.0 - above));
        }
        let spots: Vec<([f64; 2], &str)> = self
            .spots
            .iter()
            .map(|(at, name)| ([x.place(at[0]), 1.0 - y.place(at[1])], name.as_str()))
            .filter(|(at, _)| at.iter().all(|share| share.is_finite()))
            .collect();
        for ([across, down], _) in &spots {
            let _ = write!(
                drawn,
                r#"<circle class="spot" cx="{}" cy="{}" r="5"/>"#,
                Share(*across),
                Share(*down)
            );
        }
        for (label, down) in beside_spots(&spots, HEIGHT) {
            drawn += &label.text(Px(down));
        }
        drawn
    }

    /// Returns rows of the legend: each line with its place.
    fn legend(&self) -> Vec<Vec<(f64, &Series)>> {
        let mut rows: Vec<Vec<(f64, &Series)>> = Vec::new();
        let mut left = f64::INFINITY;
        for series in &self.series {
            let wide = 44.0 + width(&cut(&series.name, NAME));
            if left + wide > NARROW {
                rows.push(Vec::new());
                left = 0.0;
            }
            if let Some(row) = rows.last_mut() {
                row.push((left, series));
            }
            left += wide;
        }
        rows
    }

    /// Returns the thresholds that the chart can show, in the order of their labels from above.
    fn thresholds(&self, x: &Scale) -> Vec<Label> {
        let shown = self.thresholds.iter().map(|(at, name)| (x.place(*at), name.as_str()));
        let shown: Vec<(f64, &str)> = shown.filter(|(at, _)| (0.0..=1.0).contains(at)).collect();
        beside_lines(&shown)
    }

    /// Returns every x of a point, with what the lines have there or nearest to it.
    fn stops(&self, x: &Scale, y: &Scale) -> Vec<Stop> {
        let mut places: Vec<f64> =
            self.series.iter().flat_map(|series| series.points.iter().map(|point| point[0])).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        let lines: Vec<&Series> = self.series.iter().filter(|series| !series.points.is_empty()).collect();
        let percent = |share: f64| (10_000.0 * share).round() / 100.0;
        let stop = |place: f64| {
            let nearest = lines.iter().map(|series| (series, series.nearest(place)));
            let values = nearest.clone().map(|(series, point)| match self.series.len() {
                1 => (self.y.exact)(point[1]),
                _ => format!("{} {}", cut(&series.name, NAME), (self.y.exact)(point[1])),
            });
            let values = values.collect::<Vec<_>>().join(" · ");
            Stop {
                x: percent(x.place(place)),
                y: nearest.map(|(_, point)| percent(1.0 - y.place(point[1]))).collect(),
                said: format!("{} {}: {values}", self.x.name, (self.x.exact)(place)),
            }
        };
        places.into_iter().map(stop).collect()
    }
}

impl Series {
    fn line(&self, [width, height]: [f64; 2], x: &Scale, y: &Scale) -> String {
        let place = |point: &[f64; 2]| (width * x.place(point[0]), height * (1.0 - y.place(point[1])));
        let places: Vec<(f64, f64)> = self.points.iter().map(place).collect();
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return String::new() };
        let path: Vec<String> = places.iter().map(|&(x, y)| format!("{},{}", Px(x), Px(y))).collect();
        let path = format!("M{}", path.join("L"));
        let Self { name, colour, dash, .. } = self;
        let mut line = String::new();
        if self.filled {
            let (base, first, last) = (Px(height), Px(first.0), Px(last.0));
            let _ = write!(
                line,
                r#"<path class="filled" style="fill: {colour}" d="{path}L{last},{base}L{first},{base}Z"/>"#
            );
        }
        let _ = write!(
            line,
            r#"<path class="series" style="stroke: {colour}" stroke-dasharray="{}" data-name="{}" d="{path}"/>"#,
            if dash.is_empty() { "none" } else { dash },
            Escaped(name)
        );
        line
    }

    /// Returns the entry in the legend.
    fn key(&self, left: f64, top: f64) -> String {
        let (x, y) = ([Px(left), Px(left + 22.0)], Px(top + ROW / 2.0));
        let class = if self.filled { "key filled-key" } else { "key" };
        let name = cut(&self.name, NAME);
        let text = Text {
            class: "axis",
            at: (Px(left + 28.0), Px(top + 12.5)),
            moved: (0.0, 0.0),
            anchor: Anchor::Start,
            said: &name,
        };
        format!(
            r#"<line class="{class}" style="stroke: {}" stroke-dasharray="{}" x1="{}" x2="{}" y1="{y}" y2="{y}"/>{text}"#,
            self.colour,
            if self.dash.is_empty() { "none" } else { self.dash },
            x[0],
            x[1]
        )
    }

    fn nearest(&self, x: f64) -> [f64; 2] {
        let far = |point: &&[f64; 2]| (point[0] - x).abs();
        let nearest = self.points.iter().min_by(|one, other| far(one).total_cmp(&far(other)));
        nearest.copied().unwrap_or([f64::NAN; 2])
    }
}

/// Returns numbers and lines of the axis that goes up.
fn up(axis: &Axis<'_>, scale: &Scale) -> String {
    let mut drawn = String::new();
    for &tick in &scale.ticks {
        let at = Share(1.0 - scale.place(tick));
        let said = (axis.format)(tick);
        let number =
            Text { class: "axis", at: (Px(-6.0), at), moved: (0.0, 4.0), anchor: Anchor::End, said: &said };
        let _ = write!(drawn, "{}{number}", Line("grid", (0, at), ("100%", at)));
    }
    drawn
}

/// Returns numbers and lines of the axis that goes across. Where it is narrow, numbers of the class
/// `wide` have no room.
fn across(axis: &Axis<'_>, scale: &Scale, width_in_file: f64) -> String {
    let numbers: Vec<String> = scale.ticks.iter().map(|&tick| (axis.format)(tick)).collect();
    let widest = 14.0 + numbers.iter().map(|number| width(number)).fold(0.0, f64::max);
    let every = |room: f64| {
        let gaps = numbers.len().saturating_sub(1) as f64;
        (widest * gaps / room).ceil().max(1.0) as usize
    };
    let (narrow, wide) = (every(NARROW - WIDTH + width_in_file), every(width_in_file));
    let mut drawn = Line("base", (0, Px(HEIGHT)), ("100%", Px(HEIGHT))).to_string();
    for (place, (&tick, number)) in scale.ticks.iter().zip(&numbers).enumerate() {
        let at = scale.place(tick);
        let _ = write!(drawn, "{}", Line("base", (Share(at), Px(HEIGHT)), (Share(at), Px(HEIGHT + 4.0))));
        if place % wide != 0 && place % narrow != 0 {
            continue;
        }
        // The last one may reach to the drawing's edge, and no farther.
        let anchor = if at > 0.97 { Anchor::End } else { Anchor::Middle };
        let moved = (if at > 0.97 { RIGHT.min(width(number) / 2.0) } else { 0.0 }, 17.0);
        let class = if place % narrow == 0 { "axis" } else { "axis wide" };
        let text = Text { class, at: (Share(at), Px(HEIGHT)), moved, anchor, said: number };
        let _ = write!(drawn, "{text}");
    }
    let at = (Share(1.0), Px(HEIGHT));
    let name = Text { class: "axis", at, moved: (RIGHT, 34.0), anchor: Anchor::End, said: axis.name };
    let _ = write!(drawn, "{name}");
    drawn
}
