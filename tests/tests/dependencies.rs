//! Everything that is linked is allowed by deny.toml: licences, versions and sources. `cargo deny` checks the same and
//! reports advisories as well, but building it would add minutes to CI, and advisories need a network.

use spdx::{Expression, ParseMode};
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    process::Command,
    sync::LazyLock,
};
use tinytriplet_boards::BOARDS;

/// The crates of a program, each with its licence.
type Crates = BTreeMap<String, String>;

/// The crates of all programs for the PC, and of the firmware for each board.
static CRATES: LazyLock<Vec<(&str, Crates)>> = LazyLock::new(|| {
    let boards = BOARDS.iter().map(|board| {
        let arguments =
            ["-p", "firmware", "--target", board.target, "--features", board.name, "--edges", "normal"];
        (board.name, tree(&arguments))
    });
    [("the PC", tree(&["--workspace", "--edges", "normal,build,dev"]))].into_iter().chain(boards).collect()
});

fn tree(arguments: &[&str]) -> Crates {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["tree", "--locked", "--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // A crate whose tests depend on itself, with a feature for them, has a star where it comes again.
    let lines = text.lines().map(|line| line.strip_suffix(" (*)").unwrap_or(line));
    lines.filter_map(|line| line.split_once('|')).map(|(p, l)| (p.to_owned(), l.to_owned())).collect()
}

/// The name of a package, of which Cargo tells the version and more.
fn name(package: &str) -> &str {
    package.split(' ').next().unwrap_or_default()
}

/// Returns whether the `allowed` licences fulfil an SPDX expression, or one of Cargo's older form, `MIT/Apache-2.0`.
fn fulfilled(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = Expression::parse_mode(expression, ParseMode::LAX);
    expression.is_ok_and(|parsed| parsed.evaluate(|licence| allowed.contains(&*licence.to_string())))
}

fn policy() -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deny.toml");
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn texts(list: &toml::Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn licences_are_allowed() {
    let policy = policy();
    let licences = &policy["licenses"];
    let allowed = texts(&licences["allow"]);
    let exceptions: BTreeMap<&str, BTreeSet<&str>> = licences["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|exception| (exception["crate"].as_str().unwrap(), texts(&exception["allow"])))
        .collect();
    for (program, crates) in CRATES.iter() {
        for (package, licence) in crates {
            let mut allowed = allowed.clone();
            if *program == "the PC" {
                allowed.extend(exceptions.get(name(package)).into_iter().flatten());
            }
            assert!(
                fulfilled(licence, &allowed),
                "{program}: {package} is under {licence:?}, which deny.toml does not allow"
            );
        }
    }
}

#[test]
fn no_crate_is_there_twice_unnoticed() {
    let policy = policy();
    let skipped = texts(&policy["bans"]["skip"]);
    let mut twice = BTreeSet::new();
    for (_, crates) in CRATES.iter() {
        let names: Vec<String> = crates.keys().map(|package| name(package).to_owned()).collect();
        twice.extend(names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone()));
    }
    let new: Vec<&String> = twice.iter().filter(|name| !skipped.contains(name.as_str())).collect();
    assert!(
        new.is_empty(),
        "two versions each: ask for one of them, or skip it in deny.toml's [bans]: {new:?}"
    );
    let once: Vec<&&str> = skipped.iter().filter(|name| !twice.contains(**name)).collect();
    assert!(once.is_empty(), "deny.toml skips what is there once: {once:?}");
}

/// Crates come from crates.io, or are this workspace's.
#[test]
fn nothing_comes_from_elsewhere() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    for (program, crates) in CRATES.iter() {
        // Cargo names the source after the version, unless it is crates.io.
        for package in crates.keys().filter(|package| package.contains('(')) {
            let ours = package.contains(&format!("({}/", workspace.display()));
            assert!(ours || package.ends_with("(proc-macro)"), "{program}: {package}");
        }
    }
}

#[test]
fn only_allowed_licences_fulfil_an_expression() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0 WITH LLVM-exception", "ISC"]);
    for yes in ["MIT", "MIT/GPL-2.0", "(MIT OR Zlib) AND ISC", "Apache-2.0 WITH LLVM-exception OR Zlib"] {
        assert!(fulfilled(yes, &allowed), "{yes}");
    }
    for no in ["", "Zlib", "MIT AND Zlib", "Apache-2.0", "(MIT OR Zlib) AND BSD-3-Clause", "Zlib/ISC-like"] {
        assert!(!fulfilled(no, &allowed), "{no}");
    }
}
