use std::{fmt, io};
use thiserror::Error;

/// Why a config cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{file}: {why}")]
    Read {
        /// The file.
        file: String,
        /// What the system says.
        why: io::Error,
    },
    /// Wrong syntax, a missing field, or a value of another type.
    #[error("{file}{}: {message}", at(*line))]
    Syntax {
        /// The file.
        file: String,
        /// From 1, where it is known.
        line: Option<usize>,
        /// What the parser says.
        message: String,
    },
    /// A name that means nothing here.
    #[error("{file}{}: `{name}` is not known here{}; it may be one of {}", at(*line), hint(suggestion), allowed.join(", "))]
    Unknown {
        /// The file.
        file: String,
        /// From 1, where it is known.
        line: Option<usize>,
        /// The field, or the name of a layer, backend, miner and the like.
        name: String,
        /// The allowed name that is most like it.
        suggestion: Option<String>,
        /// The names that are allowed there.
        allowed: Vec<String>,
    },
    /// A value that is not allowed.
    #[error("{file}{}: {field} is {value}; it must be {allowed}", at(*line))]
    Range {
        /// The file.
        file: String,
        /// From 1, where it is known: see [`located`](Self::located).
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

fn hint(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map_or(String::new(), |name| format!("; did you mean `{name}`?"))
}

impl ConfigError {
    /// Of a text that a person wrote.
    pub(crate) fn toml(error: &toml::de::Error, text: &str, file: &str) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| 1 + before.matches('\n').count());
        Self::from_message(error.message(), line, file)
    }

    /// Of a text that nobody wrote, so that lines say nothing.
    pub(super) fn changed(error: &toml::de::Error, what: &str) -> Self {
        Self::from_message(error.message(), None, what)
    }

    pub(super) fn json(error: &serde_json::Error, file: &str) -> Self {
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = message.strip_suffix(&place).unwrap_or(&message);
        Self::from_message(message, Some(error.line()).filter(|&line| line > 0), file)
    }

    pub(super) fn unknown_config(name: &str, ready: &[&str]) -> Self {
        let allowed: Vec<_> = ready.iter().map(|&ready| ready.to_owned()).collect();
        Self::unknown("configs", None, name, allowed)
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

    /// The same, with the line of `text` that the field stands on.
    pub fn located(self, text: &str) -> Self {
        match self {
            Self::Range { file, field, value, allowed, .. } => {
                Self::Range { line: super::locate::line(text, &field), file, field, value, allowed }
            }
            other => other,
        }
    }

    /// Serde tells an unknown field as text: "unknown field `a`, expected one of `b`, `c`".
    fn from_message(message: &str, line: Option<usize>, file: &str) -> Self {
        if message.starts_with("unknown field `") || message.starts_with("unknown variant `") {
            let mut quoted = message.split('`').skip(1).step_by(2).map(str::to_owned);
            if let Some(name) = quoted.next() {
                return Self::unknown(file, line, &name, quoted.collect());
            }
        }
        Self::Syntax { file: file.to_owned(), line, message: message.to_owned() }
    }

    pub(super) fn unknown(file: &str, line: Option<usize>, name: &str, allowed: Vec<String>) -> Self {
        let suggestion = allowed
            .iter()
            .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
            .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3).max(2))
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, candidate)| candidate.clone());
        Self::Unknown { file: file.to_owned(), line, name: name.to_owned(), suggestion, allowed }
    }
}
