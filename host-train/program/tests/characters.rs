//! Made-up characters: their picture, and a training on nothing else.

mod program;

use program::{fails, host_train, program};
use std::{fs, path::Path};

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = program(folder, arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// On every machine: the picture was made on one of them.
#[test]
fn the_picture_in_the_documentation_is_what_the_command_draws() {
    let folder = tempfile::tempdir().unwrap();
    let told = run(folder.path(), &["characters", "new.png"]);
    assert_eq!(told, "new.png: 12 characters, 16 drawings of each, 448x336\n");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/characters.png");
    let [new, committed] =
        [folder.path().join("new.png"), committed].map(|path| image::open(path).unwrap().into_luma8());
    assert!(
        new == committed,
        "to write docs/characters.png again: host-train characters docs/characters.png"
    );
}

#[test]
fn changes_of_the_model_of_drawing_are_checked() {
    fails(
        &host_train(&["characters", "x.png", "--set", "data.characters.jitter=3"]),
        &["data.characters.jitter is 3; it must be 0 to 2"],
    );
    fails(
        &host_train(&["characters", "x.png", "--set", "data.characters.strokes=[\"lines\"]"]),
        &["`lines` is not known here; did you mean `line`?"],
    );
}

/// Without data, a cache or a network; nothing of what is evaluated with has been trained on.
#[test]
fn a_net_is_trained_on_made_up_characters_alone() {
    let folder = tempfile::tempdir().unwrap();
    let short = ["-c", "characters", "--quiet", "--set", "train.steps=3", "--set", "train.validate_every=3"];
    let told = run(folder.path(), &short);
    assert!(told.contains("(on MADE-UP characters)"), "{told}");
    let metrics = fs::read_to_string(folder.path().join("runs/characters/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    assert_eq!(metrics["dataset"], "made-up-characters");
    assert_eq!((&metrics["test_images"], &metrics["images_seen"]), (&2560.into(), &(3 * 256).into()));
    // The run's data are found again by their name, and so are those of the model file alone.
    run(folder.path(), &["export", "runs/characters"]);
    let alone = run(folder.path(), &["eval", "runs/characters/model.postcard"]);
    assert!(alone.contains("(on MADE-UP characters)"), "{alone}");
}

#[test]
fn a_mixture_is_evaluated_on_the_runs_own_images() {
    let folder = tempfile::tempdir().unwrap();
    let mixture = "data.mixture=[{ share = 1.0 }, { source = \"characters\", share = 1.0 }]";
    let sets = ["--set", mixture, "--set", "train.steps=3", "--set", "train.validate_every=3"];
    run(folder.path(), &[&["-c", "default", "--data", "drawn", "--quiet"], &sets[..]].concat());
    let metrics = fs::read_to_string(folder.path().join("runs/default/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    // Of 15 classes half are digits, ten images of each.
    assert_eq!((&metrics["dataset"], &metrics["images_seen"]), (&"drawn-digits".into(), &450.into()));
    let refused =
        program(folder.path(), &[&["-c", "unseen", "--data", "drawn"], &sets[..]].concat()).output();
    fails(&refused.unwrap(), &["train.loss.proxies needs classes that come again"]);
}

/// A source may be for digits only: with other data, the recipe is one without it. A run tells which it was.
#[test]
fn characters_may_be_mixed_in_with_digits_only() {
    let folder = tempfile::tempdir().unwrap();
    let characters = "{ source = \"characters\", share = 1.0, only_with = [\"drawn\"] }";
    let mixture = format!("data.mixture=[{{ share = 2.0 }}, {characters}]");
    let sets = [
        mixture.as_str(),
        "train.batch.balanced.classes=15",
        "train.steps=3",
        "train.validate_every=3",
        "train.few=",
    ];
    let short: Vec<&str> =
        ["--quiet"].into_iter().chain(sets.into_iter().flat_map(|set| ["--set", set])).collect();
    let trained = |data: &str| {
        let told = run(folder.path(), &[&["--data", data, "--name", data], &short[..]].concat());
        let of = |file: &str| fs::read_to_string(folder.path().join("runs").join(data).join(file)).unwrap();
        let metrics: serde_json::Value = serde_json::from_str(&of("metrics.json")).unwrap();
        (told, of("config.toml"), metrics["images_seen"].as_u64().unwrap())
    };
    let (told, recipe, images) = trained("drawn");
    assert!(told.contains(" of training\ntrained on drawn-digits + made-up-characters\n"), "{told}");
    assert!(recipe.contains("source = \"characters\"") && !recipe.contains("only_with"), "{recipe}");
    assert_eq!(images, 3 * (10 + 5) * 10);

    run(folder.path(), &["samples", "pictures", "--data", "drawn", "--per-class", "12", "--quiet"]);
    let (told, recipe, images) = trained("pictures");
    assert!(told.contains(" of training\ntrained on pictures\n"), "{told}");
    assert!(!recipe.contains("characters") && recipe.contains("classes = 10"), "{recipe}");
    assert_eq!(images, 3 * 10 * 10);
}
