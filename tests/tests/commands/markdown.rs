//! The commands that a document shows.

/// A command, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The command that a reader types, without the comment after it.
    pub line: String,
    /// Such as `docs/BOARDS.md:41`.
    pub place: String,
}

/// Stands before a block that another test runs, and compares with what it shows.
const RUN_ELSEWHERE: &str = "<!-- Run and compared by ";

/// Commands of fenced blocks: each line of those in `sh`, and what follows a prompt in the others.
pub fn shown(name: &str, text: &str) -> Vec<Command> {
    let (mut commands, mut fence, mut before) = (Vec::new(), None, "");
    for (number, line) in (1..).zip(text.lines()) {
        let line_of = |line: &str| Command { line: line.to_owned(), place: format!("{name}:{number}") };
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = match fence {
                None if before.starts_with(RUN_ELSEWHERE) => Some("run elsewhere"),
                None => Some(language),
                Some(_) => None,
            };
        } else if let Some(language) = fence.filter(|language| *language != "run elsewhere") {
            let typed = match line.trim_start().strip_prefix("$ ") {
                Some(typed) => typed,
                None if language == "sh" => line,
                None => "",
            };
            let typed = without_comment(typed);
            if !typed.is_empty() {
                commands.push(line_of(typed));
            }
        }
        before = line;
    }
    commands
}

/// Commands within the text, `cargo run -p firmware` for example. "…" stands for what is the same everywhere.
pub fn mentioned(name: &str, text: &str) -> Vec<Command> {
    let (mut commands, mut fenced) = (Vec::new(), false);
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let code = line.split('`').skip(1).step_by(2);
            let lines = code.map(|code| code.replace("… -- ", "cargo run -p host-train -- "));
            commands.extend(
                lines
                    .filter(|line| is_command(line))
                    .map(|line| Command { line, place: format!("{name}:{number}") }),
            );
        }
    }
    commands
}

/// Returns true if code within a text is a command of this project: its program, with something after it.
fn is_command(code: &str) -> bool {
    let word = code.split(' ').find(|word| !is_setting(word)).unwrap_or_default();
    (["cargo", "host-train", "python"].contains(&word) && code.contains(' ')) || word.starts_with(".ci/")
}

/// Returns true if a word sets a variable for the command after it.
pub fn is_setting(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    })
}

fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') {
        ""
    } else {
        line.split_once(" #").map_or(line, |(command, _)| command).trim_end()
    }
}

#[test]
fn commands_are_found() {
    let text = "\
`cargo run` and `cargo run -p a`, `A=1 cargo test -p b`\n\
```sh\n# nothing\ncargo run   # a\n\n```\n\
```text\n$ ls # b\na\n```\n\
<!-- Run and compared by c -->\n```text\n$ ls\n```\n\
`… -- -c d`";
    let lines = |commands: Vec<Command>| {
        commands.into_iter().map(|command| format!("{} {}", command.place, command.line)).collect::<Vec<_>>()
    };
    assert_eq!(lines(shown("x", text)), ["x:4 cargo run", "x:8 ls"]);
    assert_eq!(
        lines(mentioned("x", text)),
        [
            "x:1 cargo run",
            "x:1 cargo run -p a",
            "x:1 A=1 cargo test -p b",
            "x:15 cargo run -p host-train -- -c d"
        ]
    );
}
