//! `eval --photographs`: signs on paper, as a camera would see them.

mod program;

use program::{fails, host_train};
use serde_json::Value;
use tinytriplet_data::photographs::Kind;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../firmware/models/digits.model.postcard");
const DOCUMENT: &str = include_str!("../../../docs/IMAGES.md");

fn evaluated(arguments: &[&str]) -> Vec<u8> {
    let output = host_train(&[&["eval", MODEL, "--data", "drawn", "--photographs"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn every_kind_of_photograph_is_scored() {
    let result: Value = serde_json::from_slice(&evaluated(&["4", "--json"])).unwrap();
    assert_eq!(result["images_per_kind"], 4);
    let scores = result["photographs"].as_array().unwrap();
    assert!(scores.iter().map(|score| score["kind"].as_str().unwrap()).eq(Kind::ALL.map(Kind::name)));
    let share = |score: &Value| score["precision_at_1"].as_f64().unwrap();
    // Of four, so many quarters; of all of them, most.
    assert!(scores.iter().all(|score| (0..=4).any(|right| share(score) == f64::from(right) / 4.0)));
    let mean = scores.iter().map(share).sum::<f64>() / scores.len() as f64;
    assert!(mean > 0.8, "{mean}: {scores:#?}");
    // The same photographs for people.
    let text = String::from_utf8(evaluated(&["4"])).unwrap();
    for score in scores {
        let row = text.lines().find(|line| line.starts_with(score["kind"].as_str().unwrap()));
        let row = row.unwrap_or_else(|| panic!("{score} is not in\n{text}"));
        assert!(row.ends_with(&format!(" {:.2}", 100.0 * share(score))), "{row}: {score}");
    }
}

#[test]
fn without_a_model_there_are_no_photographs() {
    fails(&host_train(&["eval", "none.postcard", "--photographs", "4"]), &["none.postcard"]);
}

#[test]
fn the_document_has_a_row_for_every_kind() {
    let kinds: Vec<&str> = DOCUMENT
        .lines()
        .skip_while(|line| !line.starts_with("| kind | P@1"))
        .skip(2)
        .map_while(|line| line.strip_prefix("| ")?.split(" | ").next())
        .collect();
    assert_eq!(kinds, Kind::ALL.map(Kind::name));
}
