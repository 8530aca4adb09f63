//! A training as a person lives with it: interrupted and resumed, varied, refused; and the recipes
//! that come with the program.

mod program;

use program::{fails, host_train, program};
use shared_model::{Model, inspect::Operation};
use std::{fs, path::Path, process::Output};
use tinytriplet_data::Rng;
use tinytriplet_evaluation::export::export_untrained;
use tinytriplet_recipe::{Config, PRESETS};
use tinytriplet_training::{Device, net::Net};

/// A small net on drawn digits: a step takes a few milliseconds.
const SMALL: [&str; 6] =
    ["-c", "tiny", "--data", "drawn", "--set", "train.batch.balanced.images_per_class=2"];

/// Returns the program in `folder` with the arguments of [`SMALL`] and more.
fn small(folder: &Path, more: &[&str]) -> Output {
    program(folder, &[&SMALL, more].concat()).output().unwrap()
}

/// Standard output of a run that does well.
#[track_caller]
fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns the model's hash in the metrics of the run in `folder`.
fn hash(folder: &Path) -> String {
    let metrics = fs::read_to_string(folder.join("metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    metrics["model"]["hash"].as_str().unwrap().to_owned()
}

fn checkpoints(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("checkpoint-")).collect()
}

/// Writes three pictures of each class into a folder.
fn pictures(folder: &Path, classes: &[&str]) {
    for (place, class) in classes.iter().enumerate() {
        let class = folder.join(class);
        fs::create_dir_all(&class).unwrap();
        for number in 0..3 {
            let grey = |x, y| image::Luma([(x * y + 3 * place as u32 + number) as u8]);
            image::GrayImage::from_fn(9, 9, grey).save(class.join(format!("{number}.png"))).unwrap();
        }
    }
}

/// Presses Ctrl-C as soon as the program, with the arguments of [`SMALL`] and more, has written `file`.
#[cfg(unix)]
fn interrupted(folder: &Path, more: &[&str], file: &Path) -> Output {
    use std::{
        process::{Command, Stdio},
        thread::sleep,
        time::{Duration, Instant},
    };

    let mut running = program(folder, &[&SMALL, more].concat());
    let mut running = running.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !file.exists() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{} is not written", file.display());
        sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap().success());
    assert!(running.try_wait().unwrap().is_none(), "the run was over before it could be interrupted");
    running.wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_run_and_resume_finishes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (run, whole) = (folder.path().join("runs/tiny"), folder.path().join("whole/tiny"));
    let steps = ["--set", "train.steps=1500", "--set", "train.validate_every=250"];
    let interrupted = interrupted(folder.path(), &steps, &run.join("history.csv"));
    let (out, error) =
        (String::from_utf8_lossy(&interrupted.stdout), String::from_utf8_lossy(&interrupted.stderr));
    assert_eq!(interrupted.status.code(), Some(130), "{error}");
    assert!(out.contains("wrote runs/tiny"), "{out}");
    let told = error.lines().find(|line| line.starts_with("interrupted at step "));
    let told = told.unwrap_or_else(|| panic!("{error}"));
    assert!(told.ends_with("to go on: cargo run -p host-train -- --resume runs/tiny"), "{told}");
    assert!(done(&program(folder.path(), &["inspect", "runs/tiny"]).output().unwrap()).contains(&hash(&run)));
    let step = told.split([' ', ';']).nth(3).unwrap();
    assert_eq!(checkpoints(&run), [format!("checkpoint-{step}")]);
    let early = hash(&run);

    // An earlier version wrote no record of the data; the checkpoint knows them.
    let record = fs::read(run.join("data.json")).unwrap();
    fs::remove_file(run.join("data.json")).unwrap();
    pictures(&folder.path().join("pictures"), &["a", "b"]);
    let other = program(folder.path(), &["--resume", "runs/tiny", "--data", "pictures"]).output().unwrap();
    fails(
        &other,
        &["runs/tiny: this run began with other data than are found now; name the same ones with --data"],
    );
    assert!(!run.join("data.json").exists());
    fs::write(run.join("data.json"), record).unwrap();

    // The disk is full for a file that is written at the end. Nothing is lost.
    let resume = ["--resume", "runs/tiny"];
    let roc = run.join("roc.csv");
    fs::remove_file(&roc).unwrap();
    std::os::unix::fs::symlink("/dev/full", &roc).unwrap();
    let full = program(folder.path(), &resume).output().unwrap();
    let told = "cannot write runs/tiny/roc.csv: No space left on device (os error 28). The last checkpoint is kept; to \
                go on: cargo run -p host-train -- --resume runs/tiny";
    fails(&full, &[told]);
    fs::remove_file(&roc).unwrap();
    done(&program(folder.path(), &resume).output().unwrap());
    done(&small(folder.path(), &[&steps[..], &["--out", "whole"]].concat()));
    assert_eq!(hash(&run), hash(&whole));
    assert_ne!(hash(&run), early);
    assert!(checkpoints(&run).is_empty() && checkpoints(&whole).is_empty());
    let steps = |run: &Path| -> Vec<String> {
        let history = fs::read_to_string(run.join("history.csv")).unwrap();
        history.lines().map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    assert_eq!(steps(&run), ["step", "250", "500", "750", "1000", "1250", "1500"]);
    assert_eq!(steps(&run), steps(&whole));

    let finished = program(folder.path(), &resume).output().unwrap();
    fails(&finished, &["runs/tiny: no checkpoint is there to resume from; the training is over"]);
    assert_eq!(hash(&run), hash(&whole), "a finished run is left as it was");
}

/// The training is over, and the first of the nets about strangers has begun.
#[cfg(unix)]
#[test]
fn ctrl_c_while_strangers_are_asked_about_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("runs/tiny");
    let more = ["--set", "train.steps=300", "--set", "train.folds=2", "--set", "train.hold_out='none'"];
    let interrupted = interrupted(folder.path(), &more, &run.join("checkpoint-300"));
    let error = String::from_utf8_lossy(&interrupted.stderr);
    assert_eq!(interrupted.status.code(), Some(130), "{error}");
    assert!(String::from_utf8_lossy(&interrupted.stdout).contains("wrote runs/tiny"));
    assert!(error.contains("0 of 2 nets, interrupted"), "{error}");
    let told = "interrupted after 0 of 2 nets about strangers, so the model has no thresholds from these; to go on: \
                cargo run -p host-train -- --resume runs/tiny";
    assert!(error.lines().any(|line| line == told), "{error}");
    assert_eq!(checkpoints(&run), ["checkpoint-300"]);

    // Where one of these nets cannot be trained, what is there is not lost either.
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    let bad = config.replace("lr = 0.003", "lr = 1.0").replace("weight_decay = 0.0", "weight_decay = 1.0");
    fs::write(run.join("config.toml"), bad).unwrap();
    let failed = program(folder.path(), &["--resume", "runs/tiny"]).output().unwrap();
    fails(
        &failed,
        &[
            "error: net ",
            " of 2 about strangers: step ",
            "the training collapsed",
            ". The net itself is trained: set folds = 0 in runs/tiny/config.toml to do without thresholds from these \
             nets; to go on: cargo run -p host-train -- --resume runs/tiny",
        ],
    );
    assert_eq!(checkpoints(&run), ["checkpoint-300"]);

    fs::write(run.join("config.toml"), config).unwrap();
    let printed = done(&program(folder.path(), &["--resume", "runs/tiny"]).output().unwrap());
    assert!(printed.contains("strangers: nets that were trained without"), "{printed}");
    assert!(checkpoints(&run).is_empty());
}

/// Of three pictures, one is held out for testing, and two are too few for any to be asked about.
#[test]
fn pictures_that_are_too_few_for_thresholds_are_told() {
    let folder = tempfile::tempdir().unwrap();
    pictures(&folder.path().join("pictures"), &["a", "b", "c"]);
    let told = |more: &[&str]| {
        let short = ["--data", "pictures", "--set", "train.steps=3"];
        let out = program(folder.path(), &[&short, more].concat()).output().unwrap();
        done(&out);
        String::from_utf8(out.stderr).unwrap()
    };
    let error = told(&[]);
    assert!(
        error.contains("No class has 6 training images, so none are held out and the model has no"),
        "{error}"
    );
    let error = told(&["-c", "tiny", "--set", "train.folds=3", "--set", "train.hold_out='none'"]);
    assert!(
        error.contains("no net is asked about strangers: that takes three classes, or decoys"),
        "{error}"
    );
}

#[test]
fn printed_commands_are_quoted_for_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let printed = done(&small(folder.path(), &["--set", "train.steps=3", "--out", "my runs"]));
    for command in [
        "open 'my runs/tiny/report.html'\n",
        "cargo run -p host-train -- inspect 'my runs/tiny'\n",
        "TINYTRIPLET_MODEL=$PWD/'my runs/tiny/model.postcard' cargo run",
    ] {
        assert!(printed.contains(command), "{printed}");
    }
}

#[test]
fn what_cannot_be_resumed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let resume = |run: &str| program(folder.path(), &["--resume", run, "--data", "drawn"]).output().unwrap();
    fails(&resume("runs/nothing"), &["runs/nothing", "no such folder", "runs/default"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    fails(&resume("empty"), &["empty: no run is in this folder: it has no config.toml"]);
    assert_eq!(fs::read_dir(folder.path().join("empty")).unwrap().count(), 0);
    assert_eq!(host_train(&["--resume", "empty", "--seed", "2"]).status.code(), Some(2));
}

#[test]
fn fields_are_set_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let set = |field: &str| small(folder.path(), &["--set", field]);
    done(&set("train.steps=3"));
    let written = Config::read(&folder.path().join("runs/tiny/config.toml")).unwrap();
    assert_eq!(written.train.steps, Some(3));
    let history = fs::read_to_string(folder.path().join("runs/tiny/history.csv")).unwrap();
    assert!(history.lines().last().unwrap().starts_with("3,60,"), "{history}");

    fails(&set("train.stepz=3"), &["--set", "train.stepz=3", "`stepz`", "did you mean `steps`?"]);
    fails(&set("train.steps"), &["--set 'train.steps'", "FIELD=VALUE", "train.steps=500"]);
    fails(
        &set("train.steps=\"many\""),
        &["--set", "train.steps=\"many\"", "train.steps is \"many\"; it must be a whole number"],
    );
    fails(&set("train.steps=0"), &["train.steps is 0; it must be 1 to 10000000"]);
    assert_eq!(fs::read_dir(folder.path().join("runs")).unwrap().count(), 1, "no run is begun");
}

#[test]
fn the_same_seed_gives_the_same_model_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, other] = [("1", "7"), ("2", "7"), ("2", "8")].map(|(threads, seed)| {
        let out = format!("{threads}-{seed}");
        let arguments = [&SMALL[..], &["--set", "train.steps=20", "--seed", seed, "--out", &out]].concat();
        done(&program(folder.path(), &arguments).env("RAYON_NUM_THREADS", threads).output().unwrap());
        hash(&folder.path().join(out).join("tiny"))
    });
    assert_eq!(one, two);
    assert_ne!(two, other);
}

#[test]
fn a_study_prints_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let study = |text: &str| {
        fs::write(folder.path().join("study.toml"), text).unwrap();
        program(folder.path(), &["study", "study.toml", "--data", "drawn"]).output().unwrap()
    };
    let text = r#"
        question = "Which of the two?"
        base = "tiny"
        seeds = [1, 2]
        set = ["train.steps=3"]
        [[variant]]
        name = "triplets"
        [[variant]]
        name = "pairs"
        set = ["train.loss={ contrastive = { margin = 1 } }"]
    "#;
    let table = done(&study(text));
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "Which of the two?");
    let rows: Vec<&&str> = lines.iter().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 4, "{table}");
    assert!(rows[2].starts_with("| triplets | ") && rows[3].starts_with("| pairs | "), "{table}");
    let columns = rows[0].matches('|').count();
    assert!(rows.iter().all(|row| row.matches('|').count() == columns), "{table}");
    assert!(rows[3].contains(" ± ") && rows[3].contains("| 300 |"), "{table}");

    fails(&study(&text.replace("\"tiny\"", "\"tinny\"")), &["study.toml", "`tinny`", "did you mean `tiny`?"]);
    fails(&study(&text.replace("steps=3", "stepz=3")), &["study.toml", "`stepz`", "did you mean `steps`?"]);
    fails(
        &study(&text.replace("question", "questoin")),
        &["study.toml, line 2: `questoin`", "did you mean `question`?"],
    );
    fails(&study(&text.replace("margin = 1", "margin = 3")), &["study.toml", "pairs", "margin is 3"]);
    let blind = "train.steps=3\", \"train.hold_out='none'";
    fails(&study(&text.replace("train.steps=3", blind)), &["study.toml", "`triplets` must hold out images"]);
    fails(&study(&text.replace("[1, 2]", "[]")), &["study.toml", "seeds is empty"]);
    let other_images = "margin = 1 } }\", \"data.size=20";
    fails(
        &study(&text.replace("margin = 1 } }", other_images)),
        &["study.toml", "`pairs`", "`triplets`", "data.size"],
    );
    fails(&host_train(&["study", "nowhere.toml"]), &["nowhere.toml"]);
}

#[test]
fn a_training_that_fails_at_once_leaves_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let large = small(folder.path(), &["--set", "net.layers=[{ max_pool = { kernel = 31 } }]"]);
    fails(&large, &["net.layers[0] (max_pool): a window of 31x31 does not fit its input of 28x28x1"]);
    let long = small(folder.path(), &["--set", "net.layers=[{ dense = { out_features = 2000 } }]"]);
    fails(&long, &["an embedding of 2000 values"]);
    assert_eq!(fs::read_dir(folder.path().join("runs")).map_or(0, Iterator::count), 0);
}

#[test]
fn a_backend_that_is_not_built_names_its_feature() {
    let folder = tempfile::tempdir().unwrap();
    for (backend, built) in [("cuda", cfg!(feature = "cuda")), ("wgpu", cfg!(feature = "wgpu"))] {
        if built {
            continue;
        }
        let command = format!("cargo run --release -p host-train --features {backend}");
        fails(&small(folder.path(), &["--backend", backend]), &[backend, &command]);
        let set = format!("backend=\"{backend}\"");
        fails(&small(folder.path(), &["--set", &set]), &[backend, &command]);
    }
    assert!(!folder.path().join("runs").exists());
}

/// Returns the weights in the model file of the run in `folder`.
fn weights(folder: &Path) -> Vec<u8> {
    let file = fs::read(folder.join("model.postcard")).unwrap();
    let model = Model::decode(&file).unwrap();
    let of_step = |step: shared_model::inspect::Step<'_>| match step.operation {
        Operation::Conv2d { parameters, .. } | Operation::Dense(parameters) => parameters.weights.to_vec(),
        _ => Vec::new(),
    };
    model.steps().flat_map(of_step).collect()
}

#[test]
fn a_training_begins_with_the_weights_of_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, more: &[&str]| small(folder.path(), &[&["--name", name], more].concat());
    done(&run("first", &["--set", "train.steps=20"]));
    // A step that changes nothing that eight bits would show.
    let still = ["--set", "train.steps=1", "--set", "train.lr=1e-9"];
    done(&run("random", &[&still[..], &["--seed", "2"]].concat()));
    done(&run("second", &[&still[..], &["--seed", "2", "--set", "net.pretrained=runs/first"]].concat()));
    let [first, random, second] =
        ["first", "random", "second"].map(|name| weights(&folder.path().join("runs").join(name)));
    let equal = |other: &[u8]| first.iter().zip(other).filter(|(one, other)| one == other).count();
    // Of a filter, the largest weight has the scale: a rounding of it may move others by one step.
    assert!(equal(&second) > first.len() * 99 / 100, "{} of {}", equal(&second), first.len());
    assert!(equal(&random) < first.len() / 10, "{} of {}", equal(&random), first.len());
    let config = fs::read_to_string(folder.path().join("runs/second/config.toml")).unwrap();
    let absolute = folder.path().canonicalize().unwrap().join("runs/first");
    assert!(config.contains(absolute.to_str().unwrap()), "{config}");

    fails(&run("x", &["--set", "net.pretrained=runs/none"]), &["net.pretrained", "none", "cannot be read"]);
    let other = ["--set", "net.pretrained=runs/first", "-c", "lenet5", "--data", "drawn"];
    fails(
        &program(folder.path(), &other).output().unwrap(),
        &["net.pretrained: it has", "layers that a board runs", "leave it out"],
    );
    fails(&run("x", &["--set", "net.pretrained=characters"]), &["`characters-small` and `characters`"]);
    let standardised = ["-c", "characters", "--set", "net.pretrained=characters"];
    fails(
        &program(folder.path(), &standardised).output().unwrap(),
        &["net.pretrained", "left out with net.weight_standardization"],
    );
    assert!(!folder.path().join("runs/x").exists());
}

#[test]
fn a_training_learns_from_a_teacher_that_fits() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, more: &[&str]| small(folder.path(), &[&["--name", name], more].concat());
    done(&run("first", &["--set", "train.steps=1"]));
    let taught = |model: &str, more: &[&str]| {
        let teacher = format!("teacher.model={model}");
        let loss = ["--set", "train.loss={ distillation = {} }", "--set", &teacher];
        run("x", &[&loss[..], more].concat())
    };
    fails(&taught("runs/none", &[]), &["teacher.model", "none", "cannot be read"]);
    fails(&taught("characters-large", &["--set", "teacher.views=10"]), &["teacher.views is 10", "1 to 9"]);
    fails(&taught("characters-large", &[]), &["teacher.model: its embeddings have 64 values", "fits"]);
    fails(&run("x", &["--set", "teacher.model=runs/first"]), &["unless train.loss is `distillation`"]);
    let nobody = ["--set", "train.loss={ distillation = {} }"];
    fails(&run("x", &nobody), &["teacher.model is nothing; it must be given"]);
    assert!(!folder.path().join("runs/x").exists());
    // A run finds its teacher from wherever it goes on.
    done(&taught("runs/first", &["--set", "train.steps=1"]));
    let config = fs::read_to_string(folder.path().join("runs/x/config.toml")).unwrap();
    let absolute = folder.path().canonicalize().unwrap().join("runs/first");
    assert!(config.contains(&format!("[teacher]\nmodel = {absolute:?}")), "{config}");
}

/// Every recipe of the program makes a net that the engine runs, and none needs more than the original
/// project's, but those whose net is another one's.
#[test]
fn presets_fit_their_boards() {
    let mut rng = Rng::new(1);
    for (name, _) in PRESETS {
        let config = Config::preset(name).unwrap().validate(name).unwrap();
        let shape = config.data.shape();
        let images: Vec<u8> = (0..8 * shape.checked_len().unwrap()).map(|_| rng.below(256) as u8).collect();
        let images: Vec<&[u8]> = images.chunks_exact(images.len() / 8).collect();
        let net = Net::new(&config.net, shape, &mut rng, &Device::flex()).unwrap();
        let file = export_untrained(&net.to_float_net(), &images).unwrap();
        let model = Model::decode(&file).unwrap();
        // What MLPerf Tiny's nets and Prototypical Networks' take, with an embedding of 64 values in place
        // of the classes.
        match name {
            "mobilenet" => assert_eq!(model.macs(), 7_489_664 - 256 * 2 + 256 * 64),
            "dscnn" => assert_eq!(model.macs(), 2_656_768 - 64 * 12 + 64 * 64),
            "conv4" => assert_eq!(model.macs(), 9_815_040),
            "resnet8" => {}
            "characters-large" => assert!(model.parameters() <= 400_000 && model.macs() <= 10_000_000),
            _ => assert!(model.parameters() <= 112_096 && model.macs() <= 1_412_224, "{name}"),
        }
        match name {
            "lenet5" => assert_eq!(model.macs(), 281_640),
            "tiny" => assert!(file.len() < 16 << 10 && model.ram_len() < 4 << 10),
            _ => {}
        }
    }
}
