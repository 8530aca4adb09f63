use std::{fmt, io};
use thiserror::Error;

/// The reason why a config cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{file}: cannot be read: {why}")]
    Read {
        /// The file.
        file: String,
        /// The system's error.
        why: io::Error,
    },
    /// Wrong syntax, a missing field, or a value of another type.
    #[error("{file}{}: {message}", at(*line))]
    Syntax {
        /// The file.
        file: String,
        /// The line's number from 1, if known.
        line: Option<usize>,
        /// The parser's error.
        message: String,
    },
    /// A name that means nothing here.
    #[error("{file}{}: {}`{name}` is not known here{known}", at(*line), within(field))]
    Unknown {
        /// The file.
        file: String,
        /// The line's number from 1, if known.
        line: Option<usize>,
        /// Path of the table or field that the name stands in; empty for the whole file.
        field: String,
        /// The field, or the name of a layer, backend, miner and the like.
        name: String,
        /// The names that are allowed there, in words; which of them is most like it; and how one is
        /// written, if that is more than a word.
        known: String,
    },
    /// None of the program's own recipes has this name.
    #[error(
        "there is no recipe `{name}`{} The program's own are {}; the name of a file has a dot or a slash in it",
        hint(suggestion), presets.join(", ")
    )]
    Recipe {
        /// The name.
        name: String,
        /// The recipe whose name is most like it.
        suggestion: Option<String>,
        /// The names that there are.
        presets: Vec<String>,
    },
    /// A value that is not allowed.
    #[error("{file}{}: {field} is {value}; it must be {allowed}", at(*line))]
    Range {
        /// The file.
        file: String,
        /// The line's number from 1, if known: see [`located`](Self::located).
        line: Option<usize>,
        /// Path of the field.
        field: String,
        /// Its value.
        value: String,
        /// The values that are allowed.
        allowed: String,
    },
}

fn at(line: Option<usize>) -> String {
    line.map_or(String::new(), |line| format!(", line {line}"))
}

fn within(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("{field}: ") }
}

fn hint(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map_or(".".into(), |name| format!("; did you mean `{name}`?"))
}

impl ConfigError {
    /// Makes an error of a text that is no TOML.
    pub(super) fn toml(error: &toml::de::Error, text: &str, file: &str) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| 1 + before.matches('\n').count());
        Self::Syntax { file: file.to_owned(), line, message: in_words(error.message()) }
    }

    /// Makes an error of a text that is no JSON.
    pub(super) fn json(error: &serde_json::Error, file: &str) -> Self {
        if error.is_eof() {
            let message =
                "the file ends too early: a brace, a bracket or a quotation mark is not closed".into();
            return Self::Syntax { file: file.to_owned(), line: Some(error.line()), message };
        }
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&place).unwrap_or(&message);
        let line = Some(error.line()).filter(|&line| line > 0);
        Self::Syntax { file: file.to_owned(), line, message: in_words(message) }
    }

    pub(super) fn unknown_preset(name: &str, presets: &[&str]) -> Self {
        let presets: Vec<_> = presets.iter().map(|&preset| preset.to_owned()).collect();
        Self::Recipe { name: name.to_owned(), suggestion: most_like(name, &presets), presets }
    }

    pub(super) fn range(
        file: &str,
        field: impl fmt::Display,
        value: impl fmt::Display,
        allowed: impl fmt::Display,
    ) -> Self {
        Self::Range {
            file: file.to_owned(),
            line: None,
            field: field.to_string(),
            value: value.to_string(),
            allowed: allowed.to_string(),
        }
    }

    /// Returns the same, with the line of `text` that the field stands on.
    pub fn located(self, text: &str) -> Self {
        match self {
            Self::Range { file, field, value, allowed, .. } => {
                Self::Range { line: super::locate::line(text, &field), file, field, value, allowed }
            }
            other => other,
        }
    }

    /// Makes the error of a name that is not among `allowed`; `file` is the file or field that it
    /// is in.
    pub fn unknown(file: &str, line: Option<usize>, name: &str, allowed: Vec<String>) -> Self {
        Self::unknown_in(file, line, String::new(), name, &allowed, |_| None)
    }

    /// Makes the error of a name in `field` that is not among `allowed`. `example` says how one is
    /// written.
    pub(super) fn unknown_in(
        file: &str,
        line: Option<usize>,
        field: String,
        name: &str,
        allowed: &[String],
        example: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let suggestion = most_like(name, allowed);
        let example = suggestion.iter().chain(allowed).find_map(|name| example(name));
        let example = example.map_or(String::new(), |example| format!(", as in {example}"));
        let known = format!("{} Known are {}{example}", hint(&suggestion), allowed.join(", "));
        Self::Unknown { file: file.to_owned(), line, field, name: name.to_owned(), known }
    }
}

/// Returns the name that was meant, where one of `names` is near enough.
fn most_like(name: &str, names: &[String]) -> Option<String> {
    names
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3).max(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.clone())
}

/// The parsers' words, in those of a person who writes recipes.
pub(super) fn in_words(message: &str) -> String {
    match message {
        "recursion limit exceeded" => {
            "it is nested too deeply: a recipe has at most 128 brackets within each other"
        }
        "string values must be quoted, expected literal string" => "text must stand in quotation marks",
        "invalid basic string, expected `\"`" | "invalid literal string, expected `'`" => {
            "a quotation mark is not closed"
        }
        "duplicate key" => "this name stands here twice",
        other => other,
    }
    .into()
}
