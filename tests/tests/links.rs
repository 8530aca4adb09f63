//! Everything that the documents point at exists: files, headings, paths in the text, messages that the program prints.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files below `folder` with this ending and their contents; nothing that is built, installed or hidden.
fn files(folder: &Path, ending: &str, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_str().unwrap();
        let left_out = name.starts_with('.') || ["target", "runs", "node_modules"].contains(&name);
        if path.is_dir() && !path.is_symlink() && !left_out {
            files(&path, ending, found);
        } else if name.ends_with(ending) {
            let text = fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
}

fn documents() -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    files(&workspace(), ".md", &mut found);
    assert!(found.len() > 15, "{:?}", found.keys());
    found
}

/// The lines that are no code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Every other part of a line is code.
fn code(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Returns the targets of a line's links.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// Names by which headings can be linked to: as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for heading in prose(text).filter_map(|(_, line)| line.strip_prefix('#')) {
        let heading = heading.trim_start_matches('#').trim();
        let anchor: String = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
            .collect();
        let earlier = anchors.iter().filter(|other| **other == anchor).count();
        anchors.push(if earlier == 0 { anchor } else { format!("{anchor}-{earlier}") });
    }
    anchors
}

/// Returns true if a link leads to something that does not exist.
fn broken(from: &Path, target: &str) -> bool {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = if file.is_empty() { from.to_owned() } else { from.parent().unwrap().join(file) };
    let has = |anchor| {
        fs::read_to_string(&path).is_ok_and(|text| anchors(&text).iter().any(|other| other == anchor))
    };
    !path.exists() || !anchor.is_none_or(has)
}

#[test]
fn links_lead_somewhere() {
    let documents = documents();
    let mut wrong = Vec::new();
    for (path, text) in &documents {
        for (number, line) in prose(text) {
            let here = links(line).filter(|target| !target.contains("://"));
            wrong.extend(
                here.filter(|target| broken(path, target))
                    .map(|target| format!("{}:{number}: {target}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let readme = workspace().join("README.md");
    assert!(broken(&readme, "docs/NOTHING.md") && broken(&readme, "docs/FORMAT.md#nothing"));
    assert!(!broken(&readme, "docs/FORMAT.md#what-is-unknown"));
}

/// Prose wraps, so that a diff shows what has changed; a table's row or a long address cannot.
#[test]
fn prose_wraps_at_100_columns() {
    let mut wrong = Vec::new();
    for (path, text) in &documents() {
        let too_long = |line: &str| {
            let breakable = !line.starts_with('|') && line.trim_start().contains(' ');
            breakable && line.chars().count() > 100
        };
        wrong.extend(
            prose(text)
                .filter(|(_, line)| too_long(line))
                .map(|(number, _)| format!("{}:{number}", path.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The index has every page.
#[test]
fn no_page_is_forgotten() {
    let index = fs::read_to_string(workspace().join("docs/README.md")).unwrap();
    for page in fs::read_dir(workspace().join("docs")).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        assert!(
            !name.ends_with(".md") || name == "README.md" || index.contains(&format!("({name}")),
            "{name}"
        );
    }
}

#[test]
fn paths_in_the_text_exist() {
    const FOLDERS: [&str; 7] = ["host-train", "shared-model", "firmware", "tests", "docs", "configs", ".ci"];
    let mut wrong = Vec::new();
    // The changelog mentions files of the past.
    for (path, text) in documents().iter().filter(|(path, _)| !path.ends_with("CHANGELOG.md")) {
        for (number, line) in prose(text) {
            let is_path = |code: &&str| {
                code.split_once('/').is_some_and(|(folder, _)| FOLDERS.contains(&folder))
                    && !code.contains([' ', '*', '<', '…', '$', '{'])
            };
            wrong.extend(
                code(line)
                    .filter(is_path)
                    .filter(|code| !workspace().join(code).exists())
                    .map(|code| format!("{}:{number}: {code}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The messages that TROUBLESHOOTING.md quotes in the first column are in the programs.
#[test]
fn quoted_messages_are_printed() {
    let mut sources = BTreeMap::new();
    for package in ["host-train", "shared-model", "firmware"] {
        files(&workspace().join(package), ".rs", &mut sources);
    }
    // Strings go on over lines that end in a backslash.
    let joined =
        |text: &String| text.split("\\\n").map(str::trim_start).collect::<String>().replace("\\\"", "\"");
    let sources: Vec<String> = sources.values().map(joined).collect();
    let page = fs::read_to_string(workspace().join("docs/TROUBLESHOOTING.md")).unwrap();
    let cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let messages: Vec<&str> = cells.flat_map(code).filter(|code| code.contains(' ')).collect();
    assert!(messages.len() >= 10, "{messages:?}");
    for message in messages {
        assert!(sources.iter().any(|source| source.contains(message)), "nothing says {message:?}");
    }
}
