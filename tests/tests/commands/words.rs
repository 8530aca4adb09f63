//! Checks commands word by word, without running them.

use super::markdown::is_setting;
use clap::{Parser, error::ErrorKind};
use host_train::cli::Cli;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tinytriplet_boards as boards;
use tinytriplet_launcher::Cli as Launcher;

/// Checks a command, or all of those that `&&` joins.
pub fn check(line: &str, workspace: &Path) -> Result<(), String> {
    words(line).split(|word| word == "&&").try_for_each(|words| {
        let words: Vec<&str> = words.iter().map(String::as_str).skip_while(|word| is_setting(word)).collect();
        match words[..] {
            ["cargo", "run"] => Ok(()), // any of them
            ["cargo", "run", ref words @ ..] => cargo_run(words, workspace),
            ["cargo", "test", ref words @ ..] => cargo_test(words, workspace),
            ["cargo", "build" | "clippy" | "deny" | "doc" | "fmt" | "install" | "package", ..] => Ok(()),
            ["host-train", ref words @ ..] => host_train(words),
            ["probe-rs" | "qemu-system-arm" | "tensorboard", ..] => Ok(()),
            ["make", "-C", folder, goal] => make(&workspace.join(folder), goal),
            ["python" | "python3", script, ..] => exists(&workspace.join(script)),
            [script, ..] if script.starts_with(".ci/") => exists(&workspace.join(script)),
            _ => Err("no program of this project".to_owned()),
        }
    })
}

fn cargo_run(words: &[&str], workspace: &Path) -> Result<(), String> {
    let mut parts = words.splitn(2, |word| *word == "--");
    let (cargo, program) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let option = |name: &str| cargo.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1]);
    if let Some(manifest) = option("--manifest-path") {
        return exists(&workspace.join(manifest));
    }
    match option("-p").or(option("--package")) {
        Some("host-train") => host_train(program),
        Some("firmware") => match (option("--features"), option("--target")) {
            (None, None) => launcher(program),
            (Some(board), target) => {
                let board = boards::find(board).ok_or(format!("there is no board {board}"))?;
                (target == Some(board.target)).then_some(()).ok_or(format!("its target is {}", board.target))
            }
            (None, Some(_)) => Err("a target without the board".to_owned()),
        },
        Some(package) => match (option("--example"), option("--bin")) {
            (Some(example), _) => {
                let examples = folder(package, workspace)?.join("examples");
                let [file, folder] =
                    ["{}.rs", "{}/main.rs"].map(|form| examples.join(form.replace("{}", example)));
                exists(&file).or_else(|_| exists(&folder))
            }
            (_, Some(bin)) => exists(&workspace.join(format!("{package}/src/bin/{bin}.rs"))),
            _ => Err(format!("which program of {package}?")),
        },
        None => Err("no package: cargo run -p …".to_owned()),
    }
}

fn make(folder: &Path, goal: &str) -> Result<(), String> {
    let makefile = fs::read_to_string(folder.join("Makefile")).map_err(|error| error.to_string())?;
    let found = makefile.lines().any(|line| line.starts_with(&format!("{goal}:")));
    if found { Ok(()) } else { Err(format!("the Makefile has no {goal}")) }
}

/// `host-train device`: the help, because something is missing that a text need not say.
const HELP: ErrorKind = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;

fn host_train(words: &[&str]) -> Result<(), String> {
    match Cli::try_parse_from([&["host-train"], words].concat()) {
        Err(error) if error.exit_code() != 0 && error.kind() != HELP => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// A word such as `<name>` or `BOARD` stands for a board.
fn launcher(words: &[&str]) -> Result<(), String> {
    let stands_for_one =
        |word: &str| word.starts_with('<') || word.bytes().all(|byte| byte.is_ascii_uppercase());
    let words = words.iter().map(|word| if stands_for_one(word) { boards::BOARDS[0].name } else { *word });
    match Launcher::try_parse_from(["firmware"].into_iter().chain(words)) {
        Err(error) if error.exit_code() != 0 => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn cargo_test(words: &[&str], workspace: &Path) -> Result<(), String> {
    let values = |name: &str| {
        let pairs = words.windows(2).filter(move |pair| pair[0] == name);
        pairs.map(|pair| pair[1].to_owned()).collect::<Vec<_>>()
    };
    let packages = values("-p");
    for package in &packages {
        folder(package, workspace)?;
    }
    values("--test").iter().try_for_each(|test| {
        let package = packages.first().ok_or("whose test? cargo test -p …")?;
        let folder = folder(package, workspace)?.join("tests");
        exists(&folder.join(format!("{test}.rs"))).or_else(|_| exists(&folder.join(test).join("main.rs")))
    })
}

/// The folder of a package.
fn folder(package: &str, workspace: &Path) -> Result<PathBuf, String> {
    let name = package.strip_prefix("tinytriplet-").unwrap_or(package);
    let folders = [format!("{package}/program"), format!("firmware/{name}"), format!("host-train/{name}")];
    let folders = [package].into_iter().chain(folders.iter().map(String::as_str));
    let found =
        folders.map(|folder| workspace.join(folder)).find(|folder| folder.join("Cargo.toml").exists());
    found.ok_or(format!("there is no package {package}"))
}

fn exists(path: &Path) -> Result<(), String> {
    if path.exists() { Ok(()) } else { Err(format!("there is no {}", path.display())) }
}

/// The words of a line, as a shell takes it apart.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c == ' ' => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[test]
fn wrong_words_are_found() {
    let workspace = &Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for right in [
        "cargo run -p host-train -- -c tiny --set 'train.loss={ sup_con = {} }' --set train.augment=",
        "A=1 cargo run -p firmware -- --measure pico && cargo test -p tests --test commands",
        "host-train --help",
        "cargo run -p firmware -- --board <name>",
    ] {
        assert_eq!(check(right, workspace), Ok(()), "{right}");
    }
    for wrong in [
        "cargo run -p host-train -- --sett a=1",
        "cargo run -p host-train -- evaluate runs/default",
        "cargo run -p firmware -- --mesure pico",
        "cargo run --release -p firmware --features pico --target thumbv7em-none-eabihf",
        "cargo test -p tests --test command",
        "cargo run -p shared-model --example nothing",
        "cargo run -p tests",
        "make -C firmware/c/example nothing",
        "ls",
        "host-train --help && ls",
    ] {
        assert!(check(wrong, workspace).is_err(), "{wrong}");
    }
}
