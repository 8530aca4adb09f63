//! The commands in README and docs work: those in blocks are run as they stand there, from the first to the last of each
//! document, in a folder that has what a reader has who does the same. Trainings are short ([`bin/cargo`](bin/cargo)).
//! Commands that cannot be run here are [`excused`], one by one. They are checked word by word, as are all commands that
//! the text mentions.

mod excused;
mod markdown;
mod words;

use markdown::Command;
use rayon::prelude::*;
use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{self, Stdio},
    time::Instant,
};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Documents that a reader may follow, by their names.
fn documents() -> Vec<(String, String)> {
    let workspace = workspace();
    let pages = fs::read_dir(workspace.join("docs")).unwrap().map(|page| page.unwrap().file_name());
    let mut names: Vec<String> = pages
        .map(|page| format!("docs/{}", page.to_str().unwrap()))
        .filter(|name| name.ends_with(".md"))
        .chain(["README.md", "CONTRIBUTING.md", "shared-model/README.md"].map(str::to_owned))
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), fs::read_to_string(workspace.join(name)).unwrap())).collect()
}

#[test]
fn mentioned_commands_are_commands() {
    let wrong: Vec<String> = documents()
        .iter()
        .flat_map(|(name, text)| {
            let excused =
                markdown::shown(name, text).into_iter().filter(|command| excused::reason(command).is_some());
            markdown::mentioned(name, text).into_iter().chain(excused)
        })
        .filter_map(|Command { line, place }| {
            words::check(&line, &workspace()).err().map(|error| format!("{place}: {line}\n  {error}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_excuse_is_left_over() {
    let documents = documents();
    let commands: Vec<Command> =
        documents.iter().flat_map(|(name, text)| markdown::shown(name, text)).collect();
    assert_eq!(excused::unused(commands.iter()), [""; 0], "excuses that no document needs");
}

#[test]
fn shown_commands_run() {
    let work: Vec<Vec<Command>> = documents()
        .iter()
        .map(|(name, text)| {
            let commands = markdown::shown(name, text).into_iter();
            commands.filter(|command| excused::reason(command).is_none()).collect()
        })
        .filter(|commands: &Vec<_>| !commands.is_empty())
        .collect();
    assert!(work.iter().map(Vec::len).sum::<usize>() > 20, "the documents have lost their commands");
    let folder = tempfile::tempdir().unwrap();
    let mut model = Folder::new(&folder.path().join("model"), None);
    model.run("cargo run -p host-train -- samples data --data drawn --per-class 40").unwrap();
    model.run("cargo run -p host-train -- samples mugs --data drawn --per-class 12").unwrap();
    model.run("cargo run -p host-train").unwrap();
    model.run("mkdir new && cp mugs/3/0.png new/1.jpg && cp mugs/5/0.png new/2.jpg").unwrap();
    model
        .run("mkdir -p alphabets/low alphabets/high && cp -r mugs/[0-4] alphabets/low && cp -r mugs/[5-9] alphabets/high")
        .unwrap();
    model
        .run("mkdir own others && cp -r mugs/[0-4] own && cp -r mugs/[5-9] others && cp -r own screws")
        .unwrap();
    model
        .run("mkdir -p all_runs/run01 && cp -r new all_runs/run01/training && cp -r new all_runs/run01/test")
        .unwrap();
    model.run("echo test/1.jpg training/1.jpg test/2.jpg training/2.jpg | xargs -n 2 > all_runs/run01/class_labels.txt").unwrap();
    let failed: Vec<String> = work
        .par_iter()
        .enumerate()
        .filter_map(|(number, commands)| {
            let mut folder = Folder::new(&folder.path().join(number.to_string()), Some(&model));
            // One document's commands build upon each other: the first failure is enough.
            commands.iter().find_map(|Command { line, place }| {
                let start = Instant::now();
                let result = folder.run(line);
                println!("{:6.1} s  {place}  {line}", start.elapsed().as_secs_f32());
                result.err().map(|error| format!("{place}: {line}\n{error}"))
            })
        })
        .collect();
    assert!(
        failed.is_empty(),
        "commands of the documents that fail. Mend the document or the program; what cannot run in a test belongs into \
         tests/tests/commands/excused.rs:\n\n{}",
        failed.join("\n\n")
    );
}

/// A folder like the reader's, in which commands are run one after the other.
struct Folder {
    path: PathBuf,
    /// The variables that `export` has set.
    settings: Vec<(String, String)>,
}

impl Folder {
    /// With the data and the run of `model`, which must be of this kind, too.
    fn new(path: &Path, model: Option<&Self>) -> Self {
        fs::create_dir(path).unwrap();
        for name in ["configs", "firmware", "shared-model", "tests"] {
            symlink(workspace().join(name), path.join(name)).unwrap();
        }
        if let Some(model) = model {
            for name in ["data", "mugs", "new", "alphabets", "all_runs", "own", "others", "screws"] {
                symlink(model.path.join(name), path.join(name)).unwrap();
            }
            let copied =
                process::Command::new("cp").arg("-r").arg(model.path.join("runs")).arg(path).status();
            assert!(copied.unwrap().success());
        }
        Self { path: path.to_owned(), settings: Vec::new() }
    }

    /// Runs a line; what it prints, if it fails.
    fn run(&mut self, line: &str) -> Result<(), String> {
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|setting| setting.split_once('='))
        {
            let value = value.replace("$PWD", &self.path.to_string_lossy());
            self.settings.push((name.to_owned(), value));
            return Ok(());
        }
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands/bin");
        let mut path = programs.into_os_string();
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        let mut command = process::Command::new("sh");
        // Cargo tells a test of its package; a build script that looks at that would think that all has changed.
        for (name, _) in env::vars_os() {
            if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|of| name.to_string_lossy().starts_with(of)) {
                command.env_remove(name);
            }
        }
        let output = command
            .args(["-c", line])
            .current_dir(&self.path)
            .env("PATH", path)
            .env("CARGO", env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .env("WORKSPACE", workspace())
            .env("XDG_CACHE_HOME", &self.path)
            .env("TINYTRIPLET_DATA", self.path.join("data"))
            .env("TINYTRIPLET_FLASH", self.path.join("board.flash"))
            .env_remove("TINYTRIPLET_MODEL")
            .env_remove("TINYTRIPLET_PORT")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }
}
