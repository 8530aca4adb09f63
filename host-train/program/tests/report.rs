//! The report of a run: with training, once more from its folder, of several runs, of little data,
//! and refused.

mod program;
mod tiny;

use image::{GrayImage, Luma};
use program::{fails, host_train, program};
use serde_json::Value;
use std::{fs, path::Path, process::Output};
use tiny::TRAIN;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).output().unwrap()
}

/// Standard output of a run that does well.
#[track_caller]
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Findings of one run, as `--json` prints them.
#[track_caller]
fn findings(output: &Output) -> Value {
    let mut runs: Vec<Value> = serde_json::from_str(&done(output)).unwrap();
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

#[test]
fn a_report_again_is_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let in_folder = |arguments: &[&str]| run(folder.path(), arguments);
    let out = done(&in_folder(&TRAIN));
    assert!(out.contains("\nwrote runs/tiny:\n      report.html, "), "{out}");
    assert!(out.contains("\nopen runs/tiny/report.html\n"), "{out}");
    let page = folder.path().join("runs/tiny/report.html");
    let first = fs::read(&page).unwrap();
    fs::remove_file(&page).unwrap();

    let out = done(&in_folder(&["report", "runs/tiny", "--data", "drawn"]));
    assert!(out.starts_with("wrote runs/tiny:\n      report.html, "), "{out}");
    assert!(out.ends_with("\nopen runs/tiny/report.html\n"), "{out}");
    assert!(fs::read(&page).unwrap() == first, "another report");
    assert!(first.len() < 3_000_000, "{} bytes", first.len());

    let found = findings(&in_folder(&["report", "runs/tiny", "--data", "drawn", "--json"]));
    assert_eq!(found["name"], "tiny");
    assert_eq!(found["data"]["drawn"], true);
    assert!(found["verdict"]["sentence"].as_str().unwrap().starts_with("On DRAWN digits"));
    assert_eq!(found["training"]["history"].as_array().unwrap().len(), 3);
    assert_eq!(found["boards"].as_array().unwrap().len(), 6);
    assert_eq!(found["boards"][0]["counted"], true);
    let metrics: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("runs/tiny/metrics.json")).unwrap())
            .unwrap();
    assert_eq!(found["int8"]["map_at_r"], metrics["int8"]["map_at_r"]);
    assert_eq!(found["net"]["ram"], metrics["model"]["board_ram_bytes"]);
    assert_eq!(found["net"]["flash"], metrics["model"]["board_flash_bytes"]);
    // No layer takes more than the whole, and one takes all of it; float and int8 differ, but not
    // by much.
    let layers = found["net"]["layers"].as_array().unwrap();
    assert_eq!(layers.iter().map(|layer| layer["ram"].as_u64()).max().unwrap(), found["net"]["ram"].as_u64());
    for layer in layers {
        let decibels = layer["signal_to_noise_db"].as_f64().unwrap();
        assert!((15.0..60.0).contains(&decibels), "{layer}");
        let sum: f64 = layer["histogram"].as_array().unwrap().iter().filter_map(Value::as_f64).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{layer}");
    }

    // Of several runs, one page beside them.
    done(&in_folder(&TRAIN));
    let out = done(&in_folder(&["report", "runs/tiny", "runs/tiny-2", "--data", "drawn"]));
    assert_eq!(out, "wrote runs/comparison.html\n");
    let page = fs::read_to_string(folder.path().join("runs/comparison.html")).unwrap();
    assert!(page.contains("\"name\":\"tiny\"") && page.contains("\"name\":\"tiny-2\""));
    let same = ["report", "runs/tiny", "./runs/tiny", "--data", "drawn", "--out", "same.html"];
    assert_eq!(done(&in_folder(&same)), "wrote same.html\n");
    let page = fs::read_to_string(folder.path().join("same.html")).unwrap();
    assert!(page.contains("\"name\":\"runs/tiny\"") && page.contains("\"name\":\"./runs/tiny\""));
}

/// Six pictures of two classes, which are neither square nor of one size.
fn six_pictures(folder: &Path) {
    for (number, class) in ["bright", "bright", "bright", "dim", "dim", "dim"].into_iter().enumerate() {
        fs::create_dir_all(folder.join(class)).unwrap();
        let level =
            |x: u32, y: u32| if (x / 20 + y / 30).is_multiple_of(2) { 10 } else { 90 + 25 * number as u8 };
        let image = GrayImage::from_fn(150 + 10 * number as u32, 256, |x, y| Luma([level(x, y)]));
        image.save(folder.join(class).join(format!("{number}.png"))).unwrap();
    }
}

#[test]
fn six_pictures_of_two_classes() {
    let folder = tempfile::tempdir().unwrap();
    six_pictures(&folder.path().join("pictures"));
    let own = ["--data", "pictures", "--set", "data.size=[64, 256]", "--set", "train.steps=3"];
    let net = "net.layers=[{ conv = { out_channels = 4, kernel = 3, stride = 4, relu = true } }, \
               \"global_average_pool\", { dense = { out_features = 8 } }]";
    let small = ["--set", net, "--set", "train.batch.balanced={ classes = 2, images_per_class = 2 }"];
    done(&run(folder.path(), &[&["-c", "quick"], &own[..], &small].concat()));

    let found = findings(&run(folder.path(), &["report", "runs/quick", "--data", "pictures", "--json"]));
    assert_eq!(found["images"]["tile"], serde_json::json!([8, 32]));
    // Two test images, of two classes: no pair of one, no thresholds, no mistakes.
    assert_eq!(found["data"]["test_images"], 2);
    assert_eq!((&found["distances"], &found["mistakes_in_all"]), (&Value::Null, &0.into()));
    assert_eq!(found["scatter"]["embedded"]["nearest"][0].as_array().unwrap().len(), 1);
    assert_ne!(found["verdict"]["grade"], "good");
    let advice = found["verdict"]["advice"].to_string();
    assert!(advice.contains("2 test images") && advice.contains("no threshold"), "{advice}");
    // A pool alone is in the ledger, too.
    assert_eq!(found["boards"].as_array().unwrap().len(), 6);
    assert_eq!(found["net"]["layers"][1]["operation"], "average 16x64");
}

#[test]
fn what_is_no_run_or_not_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let report = |arguments: &[&str]| run(folder.path(), &[&["report"], arguments].concat());
    fails(&host_train(&["report", "nowhere"]), &["nowhere: no such folder"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    fails(&report(&["empty"]), &["empty: no run is in this folder", "config.toml"]);

    done(&run(folder.path(), &TRAIN));
    six_pictures(&folder.path().join("pictures"));
    fails(
        &report(&["runs/tiny", "--data", "pictures"]),
        &["other data", "drawn-digits (12,000", "pictures (4"],
    );
    let other = ["runs/tiny", "--data", "drawn", "--other-data", "--skip-broken"];
    done(&report(&other));
    fs::write(folder.path().join("runs/tiny/history.csv"), "step\n").unwrap();
    fails(&report(&["runs/tiny", "--data", "drawn"]), &["runs/tiny/history.csv", "line 1"]);
    fs::remove_file(folder.path().join("runs/tiny/history.csv")).unwrap();
    let found = findings(&report(&["runs/tiny", "--data", "drawn", "--json"]));
    assert_eq!(found["training"]["seconds"], Value::Null);
    fs::remove_file(folder.path().join("runs/tiny/checkpoint.bpk")).unwrap();
    fails(&report(&["runs/tiny", "--data", "drawn"]), &["runs/tiny/checkpoint.bpk", "checkpoint"]);
}
