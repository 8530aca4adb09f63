//! The tables of scores, as `train` and `eval` print it.

use super::data::mark;
use shared_model::Distance;
use tinytriplet_data::Dataset;
use tinytriplet_evaluation::{
    metrics::{ClassTriplets, OpenSet},
    scores::{AtThresholds, PairScores, Scores},
};
use tinytriplet_report::text::{cut, thousands};

/// Columns of a class's name that leave room for its numbers in 80.
const NAME: usize = 38;

/// Classes that all have a line.
const MOST_CLASSES: usize = 30;
/// If there are more, only the worst have a line.
const WORST_CLASSES: usize = 20;

/// A line of the table: what is measured, and each column's share, which it may lack.
type Row = (&'static str, Vec<Option<f64>>);

/// Returns a table of the scores of one or two nets, one column per net, in percent. Of two, the
/// second one's lead over the first is shown in points. `mark` stands in the heading; `names` are
/// those of the classes, by label.
pub fn table(columns: &[(&str, &Scores)], names: &[String], mark: &str) -> String {
    let scores: Vec<&Scores> = columns.iter().map(|(_, scores)| *scores).collect();
    let mut text = heading(&format!("in %{mark}"), columns);
    text += &lines(&seen(&scores));
    let unseen: Vec<_> = scores.iter().filter_map(|scores| scores.unseen.as_ref()).collect();
    if let Some(first) = unseen.first() {
        let labels: Vec<&str> =
            first.labels.iter().map(|&label| names[usize::from(label)].as_str()).collect();
        text += &format!("\nclasses never trained on: {}\n", labels.join(", "));
        let pairs: Vec<&PairScores> = unseen.iter().map(|unseen| &unseen.pairs).collect();
        let row = |of: &dyn Fn(usize) -> f64| (0..unseen.len()).map(|column| Some(of(column))).collect();
        let mut rows: Vec<Row> = vec![
            ("P@1, nearest other test image", row(&|at| unseen[at].precision_at_1)),
            ("5-shot prototypes, among these classes", row(&|at| unseen[at].prototype_5_shot.mean)),
            ("5-shot prototypes, among all classes", row(&|at| unseen[at].prototype_5_shot_all.mean)),
        ];
        rows.extend(errors(&pairs));
        let found: Vec<_> = unseen.iter().map(|unseen| unseen.open_set).collect();
        rows.extend(open_set("open set, these enrolled: known right", &found));
        text += &lines(&rows);
    }
    text
}

fn seen(scores: &[&Scores]) -> Vec<Row> {
    let row = |of: &dyn Fn(&Scores) -> f64| scores.iter().map(|scores| Some(of(scores))).collect();
    let mut rows: Vec<Row> = vec![
        ("triplet accuracy, mean of the classes", row(&|scores| scores.triplet_accuracy.mean)),
        ("triplet accuracy, worst class", row(&|scores| scores.triplet_accuracy.worst)),
        ("P@1, nearest other test image", row(&|scores| scores.precision_at_1)),
        ("P@1, nearest training image", row(&|scores| scores.precision_at_1_gallery)),
    ];
    for (name, k) in [("recall@2", 2), ("recall@4", 4), ("recall@8", 8)] {
        rows.push((name, row(&|scores| scores.recall_at[&k])));
    }
    rows.extend([
        ("R-precision", row(&|scores| scores.r_precision)),
        ("MAP@R", row(&|scores| scores.map_at_r)),
        ("5-shot prototypes, mean of 20 draws", row(&|scores| scores.prototype_5_shot.mean)),
        ("  standard deviation", row(&|scores| scores.prototype_5_shot.standard_deviation)),
    ]);
    rows.extend(errors(&scores.iter().map(|scores| &scores.pairs).collect::<Vec<_>>()));
    let found: Vec<_> = scores.iter().map(|scores| scores.open_set).collect();
    rows.extend(open_set("open set, half enrolled: known right", &found));
    rows
}

/// `name` is that of the first line.
fn open_set(name: &'static str, found: &[Option<OpenSet>]) -> [Row; 3] {
    let row = |of: fn(OpenSet) -> f64| found.iter().map(|found| found.map(of)).collect();
    [
        (name, row(|found| found.known_right)),
        ("  known, but called unknown", row(|found| found.known_rejected)),
        ("  never enrolled, but accepted", row(|found| found.unknown_accepted)),
    ]
}

fn errors(pairs: &[&PairScores]) -> Vec<Row> {
    let at = |of: &dyn Fn(&AtThresholds) -> f64| {
        pairs.iter().map(|pairs| pairs.at_thresholds.as_ref().map(of)).collect()
    };
    vec![
        ("equal error rate of pairs", pairs.iter().map(|pairs| Some(pairs.equal_error_rate)).collect()),
        ("  at the threshold:      false accepts", at(&|at| at.equal_error.false_accept_rate)),
        ("                         false rejects", at(&|at| at.equal_error.false_reject_rate)),
        ("  at the one for 1 %:    false accepts", at(&|at| at.false_accept_1_percent.false_accept_rate)),
        ("                         false rejects", at(&|at| at.false_accept_1_percent.false_reject_rate)),
    ]
}

fn heading(title: &str, columns: &[(&str, &Scores)]) -> String {
    let mut text = format!("\n{title:<38}");
    for (name, _) in columns {
        text += &format!(" {name:>8}");
    }
    if columns.len() == 2 {
        text += "   points";
    }
    text + "\n"
}

fn lines(rows: &[Row]) -> String {
    let mut text = String::new();
    // What no column has, such as thresholds that were not calibrated, has no line.
    for (name, values) in rows.iter().filter(|(_, values)| values.iter().any(Option::is_some)) {
        let mut line = format!("{name:<38}");
        for value in values {
            line += &format!(" {:>8}", percent(*value));
        }
        if let [Some(first), Some(second)] = values[..]
            && !(second - first).is_nan()
        {
            // Adding 0 makes a positive one of a negative one.
            let points = (1e4 * (second - first)).round() / 100.0 + 0.0;
            line += &format!(" {points:>+8.2}");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// `12.34`, or a dash where nothing was measured.
fn percent(share: Option<f64>) -> String {
    match share {
        Some(share) if !share.is_nan() => format!("{:.2}", 100.0 * share),
        _ => "-".into(),
    }
}

/// The origin's table, of scores that were measured on `data`; of many classes, the worst. Empty
/// where no test triplet can be made.
pub fn triplet_table(scores: &Scores, data: &Dataset) -> String {
    if scores.triplets.classes.is_empty() {
        return String::new();
    }
    let measure = match scores.distance {
        Distance::SquaredL2 => "|a-p|^2 - |a-n|^2",
        Distance::Cosine => "cos(a,n) - cos(a,p)",
    };
    let mut text = format!("\n{measure} of test triplets, int8{}\n", mark(data));
    text += &class_lines(&scores.triplets.classes, &data.class_names);
    text
}

/// A line per class, or the worst of many; `names` are those of the classes, by label.
fn class_lines(triplets: &[ClassTriplets], names: &[String]) -> String {
    let mut classes: Vec<&ClassTriplets> = triplets.iter().collect();
    if classes.len() > MOST_CLASSES {
        classes.sort_by(|a, b| a.accuracy.total_cmp(&b.accuracy));
        classes.truncate(WORST_CLASSES);
    }
    let name = |label| cut(&names[usize::from(label)], NAME);
    let width = classes.iter().map(|class| name(class.label).chars().count()).max().unwrap_or(0).max(5);
    let mut text = format!("{:>width$}       min       max      mean   below 0\n", "class");
    for class in &classes {
        text += &format!(
            "{:>width$} {:>9.3} {:>9.3} {:>9.3} {:>8.2} %\n",
            name(class.label),
            class.min,
            class.max,
            class.mean,
            100.0 * class.accuracy
        );
    }
    if triplets.len() > classes.len() {
        text += &format!(
            "the {} worst of {} classes; all are in metrics.json of a run, and in what eval --json prints\n",
            classes.len(),
            thousands(triplets.len() as u64)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_by_hand() {
        let rows: Vec<Row> = vec![
            ("a", vec![Some(0.5), Some(0.4999)]),
            ("b", vec![None, Some(1.0)]),
            ("nothing", vec![None, None]),
            ("c", vec![Some(f64::NAN), Some(0.25)]),
            ("d", vec![Some(0.25001), Some(0.25)]),
        ];
        let line = |name: &str, rest: &str| format!("{name:<38}{rest}\n");
        let expected = [
            line("a", "    50.00    49.99    -0.01"),
            line("b", "        -   100.00"),
            line("c", "        -    25.00"),
            line("d", "    25.00    25.00    +0.00"),
        ];
        assert_eq!(lines(&rows), expected.concat());
    }

    #[test]
    fn of_many_classes_the_worst_have_lines() {
        let names: Vec<String> = (0..1000).map(|label| format!("p{label}")).collect();
        let class = |label| ClassTriplets {
            label,
            accuracy: 1.0 - f64::from(label) / 1000.0,
            min: -1.0,
            max: 0.0,
            mean: -0.5,
        };
        let classes: Vec<ClassTriplets> = (0..1000).map(class).collect();
        assert_eq!(class_lines(&classes[..30], &names).lines().count(), 31);
        let text = class_lines(&classes, &names);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 22);
        assert!(lines[1].starts_with(" p999 ") && lines[20].starts_with(" p980 "), "{text}");
        assert!(lines[21].starts_with("the 20 worst of 1,000 classes; "), "{text}");
    }
}
