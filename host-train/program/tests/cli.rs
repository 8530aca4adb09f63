//! The program's answers to something wrong: one line that says what, where, what to do, and the
//! exit status.

mod idx;
mod program;

use idx::{images, labels};
use program::{fails, host_train, program};
use shared_model::{
    Model,
    model::format::{self, Metadata},
};
use std::{fs, path::Path};

/// Returns a folder of a tiny, correct set: 40 training and 20 test images, ten classes.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let cycle = |count: usize| labels(&(0..count).map(|i| (i % 10) as u8).collect::<Vec<u8>>());
    let files = [
        ("train-images-idx3-ubyte", images(40, 28)),
        ("train-labels-idx1-ubyte", cycle(40)),
        ("t10k-images-idx3-ubyte", images(20, 28)),
        ("t10k-labels-idx1-ubyte", cycle(20)),
    ];
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

#[track_caller]
fn training_fails(folder: &Path, words: &[&str]) {
    fails(&host_train(&["train", "--data", folder.to_str().unwrap()]), words);
}

#[test]
fn missing_data_are_named() {
    training_fails(Path::new("/nowhere/mnist"), &["/nowhere/mnist", "no such folder", "drawn"]);
    let empty = tempfile::tempdir().unwrap();
    training_fails(empty.path(), &["train-images-idx3-ubyte"]);
    let folder = folder();
    fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte")).unwrap();
    training_fails(folder.path(), &["t10k-labels-idx1-ubyte"]);
}

#[test]
fn damaged_data_are_named() {
    let cases: [(&str, Vec<u8>, &[&str]); 6] = [
        ("train-images-idx3-ubyte", images(40, 28)[..1000].to_vec(), &["train-images-idx3-ubyte", "1000"]),
        ("train-images-idx3-ubyte", b"<!DOCTYPE html><html>proxy</html>".to_vec(), &["HTML"]),
        ("train-labels-idx1-ubyte", images(40, 28), &["train-labels-idx1-ubyte", "images"]),
        ("train-labels-idx1-ubyte", labels(&[10; 40]), &["1 class,", "need 2 or more"]),
        ("train-labels-idx1-ubyte", labels(&[1; 39]), &["40 images", "39 labels"]),
        ("t10k-images-idx3-ubyte", vec![0x1f, 0x8b, 8, 0, 1, 2], &["t10k-images-idx3-ubyte"]),
    ];
    for (name, content, words) in cases {
        let folder = folder();
        fs::write(folder.path().join(name), content).unwrap();
        training_fails(folder.path(), words);
    }
}

#[test]
fn wrong_config() {
    let folder = folder();
    let data = folder.path().to_str().unwrap();
    let train = |config: &str| host_train(&["train", "--data", data, "-c", config]);
    fails(&train("orign"), &["orign", "did you mean `origin`"]);
    fails(&train("./nowhere.toml"), &["nowhere.toml"]);
    let path = folder.path().join("c.toml");
    fs::write(&path, include_str!("../../../configs/default.toml").replace("\nsteps", "\nstepps")).unwrap();
    fails(&train(path.to_str().unwrap()), &["c.toml", "line", "stepps", "did you mean `steps`"]);
}

#[test]
fn wrong_model() {
    let folder = folder();
    let path = folder.path().join("model.postcard");
    let model = path.to_str().unwrap();
    fails(&host_train(&["inspect", model]), &[model, "cannot be read"]);
    fs::write(&path, "not a model, but long enough for a header").unwrap();
    fails(&host_train(&["inspect", model]), &[model, "TINYTRIP"]);
    fails(&host_train(&["bench", model]), &["TINYTRIP"]);
}

/// The answer that a file states for its model, and the engine's, are compared.
#[test]
fn a_failed_self_test_is_an_error() {
    let good = include_bytes!("../../../firmware/models/digits.model.postcard");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.postcard");
    let model = Model::decode(good).unwrap();
    let inspect = |golden_crc: u32| {
        let metadata = Metadata { golden_crc, ..model.metadata().clone() };
        let mut file = vec![0; good.len() + 16];
        let data = &good[good.len() - model.header().data_len as usize..];
        let len = format::encode(&metadata, data, &mut file).unwrap();
        fs::write(&path, &file[..len]).unwrap();
        host_train(&["inspect", path.to_str().unwrap()])
    };
    let right = inspect(model.metadata().golden_crc);
    assert!(
        right.status.success() && String::from_utf8_lossy(&right.stdout).contains("self-test   passed\n")
    );
    let wrong = inspect(0x0123_4567);
    fails(&wrong, &[path.to_str().unwrap(), "fails its self-test", "at export they had 01234567"]);
}

/// The program ends quietly if the reader of either of its outputs closes the pipe.
#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_failure_to_tell() {
    let folder = tempfile::tempdir().unwrap();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../firmware/models/digits.model.postcard");
    let commands: [&[&str]; 6] = [
        &["inspect", model],
        &["inspect", model, "--json"],
        &["draw"],
        &["completions", "zsh"],
        &["samples", "s", "--data", "drawn", "--per-class", "1"],
        &["eval", model, "--data", "drawn", "--json"],
    ];
    for arguments in commands {
        let (read, write) = std::io::pipe().unwrap();
        drop(read);
        let output = program(folder.path(), arguments).stdout(write).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(141), "{arguments:?}: {error}");
        assert!(!error.contains("error:") && !error.contains("panicked"), "{arguments:?}: {error}");
    }
    // Nobody hears that it is drawn digits; the images are written all the same.
    let (read, write) = std::io::pipe().unwrap();
    drop(read);
    let unheard = ["samples", "unheard", "--data", "drawn"];
    assert!(program(folder.path(), &unheard).stderr(write).status().unwrap().success());
    assert!(folder.path().join("unheard/9/0.png").exists());
}

#[test]
fn quiet_says_nothing_and_json_is_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["-q", "--json", "-c", "tiny", "--data", "drawn", "--set", "train.steps=3"];
    let run = program(folder.path(), &arguments).output().unwrap();
    assert!(run.status.success());
    assert_eq!(String::from_utf8_lossy(&run.stderr), "");
    let mut printed: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(printed.as_object_mut().unwrap().remove("run").unwrap(), "runs/tiny");
    let metrics = fs::read(folder.path().join("runs/tiny/metrics.json")).unwrap();
    assert_eq!(printed, serde_json::from_slice::<serde_json::Value>(&metrics).unwrap());

    let inspect = program(folder.path(), &["inspect", "runs/tiny", "--json"]).output().unwrap();
    let inspect: serde_json::Value = serde_json::from_slice(&inspect.stdout).unwrap();
    for name in ["hash", "parameters", "macs"] {
        assert_eq!(inspect[name], printed["model"][name], "{name}");
    }
    assert_eq!(inspect["board"]["ram_bytes"], printed["model"]["board_ram_bytes"]);
    assert_eq!(inspect["board"]["flash_bytes"], printed["model"]["board_flash_bytes"]);
    let layers = inspect["layers"].as_array().unwrap();
    let sum = |name: &str| layers.iter().map(|layer| layer[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("macs"), sum("parameters")), (182_016, 11_800));
}

#[test]
fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = host_train(&["completions", shell]);
        assert!(script.status.success());
        let script = String::from_utf8_lossy(&script.stdout).into_owned();
        for word in ["inspect", "recognise", "--neighbours", "quiet"] {
            assert!(script.contains(word.trim_start_matches('-')), "{shell}: {word}");
        }
    }
}

#[test]
fn wrong_usage_is_status_2() {
    assert_eq!(host_train(&["fly"]).status.code(), Some(2));
    assert_eq!(host_train(&["--backend", "abacus"]).status.code(), Some(2));
}

/// The whole of it on drawn digits, with either backend: train, export, evaluate, inspect, embed.
#[test]
fn a_short_run_from_end_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let config = include_str!("../../../configs/default.toml");
    let steps = config.lines().find(|line| line.starts_with("steps")).unwrap();
    fs::write(at("short.toml"), config.replace(steps, "steps = 4")).unwrap();
    for backend in ["flex", "ndarray"] {
        let arguments = ["-c", &at("short.toml"), "--data", "drawn", "--name", backend];
        let run = host_train(&[&arguments[..], &["--out", &at("runs"), "--backend", backend]].concat());
        let (out, error) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success(), "{error}");
        assert!(out.contains("DRAWN") && out.contains("next: "), "{out}");
        for line in out.lines() {
            // The folder's name is long.
            let is_command = line.contains(&at("runs"));
            assert!(is_command || line.chars().count() <= 80, "wider than a terminal: {line}");
        }

        let run = format!("{}/{backend}", at("runs"));
        let metrics: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(format!("{run}/metrics.json")).unwrap()).unwrap();
        assert_eq!(metrics["dataset"], "drawn-digits");
        assert_eq!(metrics["backend"], backend);
        assert_eq!(metrics["model"]["parameters"], 60_480);
        assert_eq!(metrics["model"]["macs"], 893_952);
        for kind in ["float", "int8"] {
            assert_eq!(metrics[kind]["triplet_accuracy"]["per_class"].as_array().unwrap().len(), 10);
            let share = |name: &str| metrics[kind][name].as_f64().unwrap();
            assert!(share("precision_at_1") > 0.3 && share("precision_at_1_gallery") > 0.3);
            assert!(share("map_at_r") < share("r_precision") && share("equal_error_rate") < 0.5);
            assert_eq!(metrics[kind]["recall_at"]["1"], metrics[kind]["precision_at_1"]);
            assert!(metrics[kind].get("unseen").is_none());
        }
        assert_eq!(fs::read_to_string(format!("{run}/history.csv")).unwrap().lines().count(), 2);

        // The checkpoint gives the very same model again.
        let again = host_train(&["export", &run, "--data", "drawn", "--out", &at("again.postcard")]);
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
        let model = fs::read(format!("{run}/model.postcard")).unwrap();
        assert!(fs::read(at("again.postcard")).unwrap() == model, "export gives another model");

        let hash = metrics["model"]["hash"].as_str().unwrap();
        let inspect = host_train(&["inspect", &run]);
        assert!(String::from_utf8_lossy(&inspect.stdout).contains(hash));
        let eval = host_train(&["eval", &run, "--data", "drawn", "--json"]);
        let eval: serde_json::Value = serde_json::from_slice(&eval.stdout).unwrap();
        assert_eq!(eval["int8"], metrics["int8"]);
        let roc = fs::read_to_string(format!("{run}/roc.csv")).unwrap();
        assert!(roc.starts_with("threshold,false_accept_rate,false_reject_rate\n"));
        assert!((20..=201).contains(&roc.lines().count()), "{roc}");

        fs::write(at("three-images"), images(3, 28)).unwrap();
        let embed =
            host_train(&["embed", "--model", &run, "--images", &at("three-images"), "--out", &at("e.npy")]);
        assert!(embed.status.success(), "{}", String::from_utf8_lossy(&embed.stderr));
        assert_eq!(fs::read(at("e.npy")).unwrap().len(), 128 + 3 * 64);
    }
}

/// Classes that are never trained on: the model hears nothing of them, and what it makes of them is
/// told.
#[test]
fn unseen_classes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let config = include_str!("../../../configs/unseen.toml");
    let steps = config.lines().find(|line| line.starts_with("steps")).unwrap();
    let one_epoch = config.replace(steps, "epochs = 1").replace("turned_classes = true\n", "");
    fs::write(at("short.toml"), one_epoch).unwrap();
    let train = |config: &str| host_train(&["-c", config, "--data", "drawn", "--out", &at("runs")]);
    let run = train(&at("short.toml"));
    let (out, error) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{error}");
    assert!(out.contains("classes never trained on: 7, 8, 9\n"), "{out}");

    let run = at("runs/unseen");
    let metrics = fs::read_to_string(format!("{run}/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    // An epoch is every training image that is not held out: 1,100 of each of the seven other
    // classes.
    assert_eq!(metrics["images_seen"], 7 * 1100);
    for kind in ["float", "int8"] {
        assert_eq!(metrics[kind]["triplet_accuracy"]["per_class"].as_array().unwrap().len(), 7);
        let unseen = &metrics[kind]["unseen"];
        assert_eq!(unseen["labels"], serde_json::json!([7, 8, 9]));
        let few_shot = |name: &str| unseen[name]["mean"].as_f64().unwrap();
        assert!(few_shot("prototype_5_shot_all") <= few_shot("prototype_5_shot"));
    }
    assert!(metrics["int8"]["unseen"]["at_thresholds"]["equal_error"]["false_accept_rate"].is_f64());
    let eval = host_train(&["eval", &run, "--data", "drawn", "--json"]);
    let eval: serde_json::Value = serde_json::from_slice(&eval.stdout).unwrap();
    assert_eq!(eval["int8"], metrics["int8"]);
    let again = host_train(&["export", &run, "--data", "drawn", "--out", &at("again.postcard")]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let model = fs::read(format!("{run}/model.postcard")).unwrap();
    assert!(fs::read(at("again.postcard")).unwrap() == model, "export gives another model");

    fs::write(at("wrong.toml"), config.replace("\"9\"", "\"99\"")).unwrap();
    fails(&train(&at("wrong.toml")), &["data.unseen", "`99`", "did you mean `9`"]);
}
