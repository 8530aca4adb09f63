use super::*;
use crate::{Distances, Threshold, verdict::tests::good};
use roxmltree::Document;
use std::path::PathBuf;
use tinytriplet_evaluation::metrics::Rates;

/// Findings that show something in every figure, of as many classes, all with the same name.
fn full(classes: u16, name: &str) -> Findings {
    let mut findings = good();
    findings.name = name.into();
    findings.data.classes = vec![name.into(); usize::from(classes)];
    findings.confusion.labels = (0..classes).collect();
    let count = usize::from(classes);
    findings.confusion.rows =
        (0..count).map(|row| (0..count).map(|at| f64::from(at == row)).collect()).collect();
    findings.images.labels = (0..classes).collect();
    for cloud in [&mut findings.scatter.raw, &mut findings.scatter.embedded] {
        cloud.pca = (0..classes).map(|at| [at.into(), f32::from(at * at)]).collect();
        cloud.neighbour_map = cloud.pca.clone();
    }
    let rates = |threshold, false_accept_rate, false_reject_rate| Rates {
        threshold,
        false_accept_rate,
        false_reject_rate,
    };
    findings.distances = Some(Distances {
        kind: "cosine",
        same: vec![0.9, 0.1],
        different: vec![0.2, 0.8],
        edges: vec![0.0, 1.0, 2.0],
        thresholds: vec![
            Threshold { name: "equal error", rates: rates(1.25, 0.125, 0.125) },
            Threshold { name: "accepts 1 %", rates: rates(0.5, 0.01, 0.5) },
        ],
        roc: vec![rates(0.0, 0.0, 1.0), rates(1.0, 0.2, 0.1), rates(2.0, 1.0, 0.0)],
        equal_error_rate: 0.125,
    });
    findings
}

/// Returns the figures of some findings: their names, ascending, and the text in each.
fn figures(findings: &Findings) -> Vec<(String, Vec<String>)> {
    let run = tempfile::tempdir().unwrap();
    write(findings, run.path()).unwrap();
    let files = fs::read_dir(run.path().join(FOLDER)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    let figure = |path: &PathBuf| {
        assert_eq!(path.extension().unwrap(), "svg");
        let content = fs::read_to_string(path).unwrap();
        let document = Document::parse(&content).unwrap();
        let side = |name| document.root_element().attribute(name).unwrap().parse::<f64>().unwrap();
        assert!(side("width") >= 200.0 && side("height") >= 80.0, "{}", path.display());
        // Numbers are numbers, and only a browser knows variables.
        for word in ["NaN", "inf", "var(", "light-dark("] {
            let attributes = document.descendants().flat_map(|node| node.attributes());
            let mut drawn =
                attributes.filter(|attribute| !["aria-label", "data-name"].contains(&attribute.name()));
            assert!(!drawn.any(|attribute| attribute.value().contains(word)), "{word} in {}", path.display());
        }
        let texts = document.descendants().filter(|node| node.has_tag_name("text"));
        let texts = texts.map(|node| node.text().unwrap().trim().to_owned()).collect();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), texts)
    };
    files.iter().map(figure).collect()
}

#[test]
fn every_figure_says_what_it_shows() {
    let figures = figures(&full(3, "cat"));
    let threshold =
        "threshold “equal error” at 1.25: accepts 12.50 % of two classes, rejects 12.50 % of one class";
    let expected: [(&str, &[&str]); 7] = [
        ("confusion", &["What five-shot prototypes take test images for, in %", "taken for", "cat", "100.0"]),
        (
            "distances",
            &[
                "distance, 1 − cos",
                "pairs of one class",
                "pairs of two classes",
                "equal error 1.25",
                threshold,
            ],
        ),
        (
            "layers",
            &[
                "signal to noise of int8, in dB",
                "RAM in use, in bytes",
                "flash, in bytes",
                "25.0",
                "exact",
                "28×28×1",
            ],
        ),
        (
            "neighbours",
            &[
                "Before: raw pixels",
                "After: int8 embeddings",
                "cat",
                "t-SNE: only what is near means something",
            ],
        ),
        (
            "pca",
            &[
                "Before: raw pixels",
                "After: int8 embeddings",
                "cat",
                "principal components with 0 % and 0 % of the variance",
            ],
        ),
        (
            "roc",
            &[
                "Errors by threshold: equal at 12.50 %",
                "false accepts: different, taken for the same",
                "false rejects: same, taken for different",
                "0.001 %",
                "100 %",
                "equal error",
                threshold,
            ],
        ),
        (
            "training",
            &[
                "Loss (triplet, semi_hard)",
                "P@1 of held-out images",
                "Mined triplets per step",
                "images seen",
                "98.5 %",
                "100 %",
                "last: 99.00 %",
                "0.1",
                "100",
            ],
        ),
    ];
    assert_eq!(figures.len(), expected.len());
    for ((name, texts), (expected, words)) in figures.iter().zip(expected) {
        assert_eq!(name, expected);
        assert!(
            texts.iter().any(|text| text.starts_with("run “cat”, trained on mnist; 10,000 test")),
            "{name}"
        );
        for word in words {
            assert!(texts.iter().any(|text| text == word), "{word:?} is not in {name}: {texts:?}");
        }
    }
}

#[test]
fn drawn_digits_are_marked_in_every_figure() {
    let mut findings = full(3, "cat");
    findings.data.drawn = true;
    for (name, texts) in figures(&findings) {
        assert!(texts.iter().any(|text| text.contains("DRAWN digits, not MNIST")), "{name}");
    }
}

#[test]
fn hostile_names_of_many_classes() {
    let name = "</text><script>\"&'\u{0}\u{1b}\u{ffff}\n日本 a name without an end";
    for (figure, texts) in figures(&full(120, name)) {
        assert!(texts.iter().any(|text| text.contains("</text><script")), "{figure}: {texts:?}");
    }
}

#[test]
fn nothing_and_nonsense() {
    let mut findings = full(2, "cat");
    let nan = f64::NAN;
    for row in &mut findings.training.history {
        (row.loss, row.mined, row.precision_at_1) = (nan, f64::INFINITY, None);
    }
    let distances = findings.distances.as_mut().unwrap();
    (distances.same, distances.different) = (vec![nan; 2], Vec::new());
    (distances.thresholds[0].rates.threshold, distances.equal_error_rate) = (nan, nan);
    distances.roc[1].false_accept_rate = nan;
    findings.confusion.rows = vec![vec![nan; 2]; 2];
    findings.scatter.raw.pca = vec![[f32::NAN; 2]; 2];
    findings.scatter.embedded.pca_variance = [nan; 2];
    findings.scatter.embedded.neighbour_map = Vec::new();
    let names = figures(&findings).into_iter().map(|(name, _)| name);
    assert_eq!(names.collect::<Vec<_>>(), ["confusion", "distances", "layers", "neighbours", "pca", "roc"]);

    let mut findings = good();
    findings.training.history.clear();
    findings.confusion.labels.clear();
    findings.confusion.rows.clear();
    findings.net.layers.clear();
    assert_eq!(figures(&findings), []);
}
