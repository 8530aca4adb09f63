//! The tables of scores, as `train` and `eval` print them.

use super::data::mark;
use shared_model::Distance;
use tinytriplet_data::Dataset;
use tinytriplet_evaluation::{metrics::ClassTriplets, scores::Scores};
use tinytriplet_report::{
    table::{Line, Table},
    text::{count, cut, interval, percent, thousands, wrapped},
};

/// Columns of a terminal.
const COLUMNS: usize = 80;
/// Columns of a row's name.
const ROW: usize = 38;
/// Columns of a class's name that leave room for its numbers in 80.
const NAME: usize = 38;

/// Classes that all have a line.
const MOST_CLASSES: usize = 30;
/// If there are more, only the worst have a line.
const WORST_CLASSES: usize = 20;

/// Returns the table of a model's scores in percent, beside those of the float net if there are any,
/// with int8's lead over float in points. `mark` stands in the heading; `names` are those of the
/// classes, by label.
pub fn table(float: Option<&Scores>, int8: &Scores, names: &[String], mark: &str) -> String {
    let Table { seen, unseen } = Table::new(float, int8);
    let has_float = float.is_some();
    let has_interval = seen.iter().chain(&unseen).any(|line| line.interval.is_some());
    let mut text = heading(&format!("in %{mark}"), has_float, has_interval) + &lines(&seen, has_float);
    if let Some(scores) = &int8.unseen {
        let labels: Vec<&str> =
            scores.labels.iter().map(|&label| names[usize::from(label)].as_str()).collect();
        text += "\n";
        text += &wrapped(&format!("classes never trained on: {}", labels.join(", ")), COLUMNS, "");
        text += &lines(&unseen, has_float);
    }
    if has_interval {
        let images = count(int8.trials.images as u64, "test image");
        text += &format!("95 %: where the true share probably lies, judging by {images}\n");
    }
    if has_float && seen.iter().chain(&unseen).any(|line| line.float.is_none()) {
        text += "-: the float net has no thresholds; they are in the model file, which is int8\n";
    }
    text
}

/// Returns what each row of the table means, in plain sentences.
pub fn explanation(int8: &Scores) -> String {
    let Table { seen, unseen } = Table::new(None, int8);
    let own = unseen.iter().filter(|line| seen.iter().all(|other| other.name != line.name));
    let mut text =
        "\nWhat the rows mean; look first at those with a star. docs/METRICS.md says more.\n".to_owned();
    for line in seen.iter().chain(own) {
        let star = if line.first { '*' } else { ' ' };
        text += &format!("\n{star} {}\n{}", line.name.trim(), wrapped(line.meaning, COLUMNS, "    "));
    }
    text
}

fn heading(title: &str, has_float: bool, has_interval: bool) -> String {
    let columns = if has_float { "    float     int8   points" } else { "     int8" };
    let interval = if has_interval { "  95 % of int8" } else { "" };
    format!("\n{title:<ROW$}{columns}{interval:>15}").trim_end().to_owned() + "\n"
}

fn lines(lines: &[Line], has_float: bool) -> String {
    lines.iter().map(|line| row(line, has_float)).collect()
}

fn row(line: &Line, has_float: bool) -> String {
    let mut text = format!("{:<ROW$}", line.name);
    if has_float {
        text += &format!(" {:>8}", percent(line.float));
    }
    text += &format!(" {:>8}", percent(Some(line.int8)));
    if has_float {
        text += &format!(" {:>8}", points(line));
    }
    let range = line.interval.map(interval).unwrap_or_default();
    text += &format!("{:>15}", range.trim_end_matches(" %"));
    text.trim_end().to_owned() + "\n"
}

/// Returns int8's lead over float in points, if both were measured.
fn points(line: &Line) -> String {
    let points = line.float.map_or(f64::NAN, |float| line.int8 - float);
    // Adding 0 makes a positive zero of a negative one.
    if points.is_nan() { String::new() } else { format!("{:+.2}", (1e4 * points).round() / 100.0 + 0.0) }
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
    let mut text = format!(
        "\n{measure} of test triplets, int8{}\n\
         a: a test image, p: another one of its class, n: one of another class;\n\
         below 0 is right: p is nearer to a than n is\n",
        mark(data)
    );
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
            "the {} worst of {} classes; all are in metrics.json of a run,\nand in what eval --json prints\n",
            classes.len(),
            thousands(triplets.len() as u64)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinytriplet_report::table::Group;

    /// Returns the line of a share that float and int8 have, in a row of this name.
    fn line(float: Option<f64>, int8: f64, interval: Option<[f64; 2]>) -> Line {
        Line {
            key: "",
            name: "a",
            meaning: "",
            first: false,
            group: Group::Embedding,
            less: false,
            float,
            int8,
            interval,
        }
    }

    #[test]
    fn rows_by_hand() {
        let expected = |rest: &str| format!("{:<38}{rest}\n", "a");
        for (of, text) in [
            (line(Some(0.5), 0.4999, None), "    50.00    49.99    -0.01"),
            (line(None, 1.0, None), "        -   100.00"),
            (line(Some(f64::NAN), 0.25, None), "        -    25.00"),
            (line(Some(0.25001), 0.25, None), "    25.00    25.00    +0.00"),
            (line(Some(0.5), 0.0, Some([0.0, 0.39033])), "    50.00     0.00   -50.00        0 to 39"),
            (line(None, 1.0, Some([0.9961, 1.0])), "        -   100.00           99.6 to 100.0"),
        ] {
            assert_eq!(row(&of, true), expected(text));
            assert!(row(&of, true).chars().count() <= 81);
        }
        assert_eq!(row(&line(None, 1.0, Some([0.5, 1.0])), false), expected("   100.00      50 to 100"));
        let wide = heading("in % (on DRAWN digits, not MNIST)", true, true);
        assert_eq!(wide.trim_end().chars().count(), 1 + 80, "{wide}");
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
        assert_eq!(lines.len(), 23);
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{text}");
        assert!(lines[1].starts_with(" p999 ") && lines[20].starts_with(" p980 "), "{text}");
        assert!(lines[21].starts_with("the 20 worst of 1,000 classes; "), "{text}");
    }
}
