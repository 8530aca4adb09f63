use crate::{error::ConfigError, size::Size};
use std::fmt;

/// Checks fields of the config in a file.
pub(super) struct Check<'a> {
    pub file: &'a str,
}

impl Check<'_> {
    pub fn that(
        &self,
        holds: bool,
        field: impl fmt::Display,
        value: impl fmt::Display,
        allowed: impl fmt::Display,
    ) -> Result<(), ConfigError> {
        if holds { Ok(()) } else { Err(ConfigError::range(self.file, field, value, allowed)) }
    }

    pub fn within(
        &self,
        field: impl fmt::Display,
        value: usize,
        (low, high): (usize, usize),
    ) -> Result<(), ConfigError> {
        self.that((low..=high).contains(&value), field, value, format_args!("{low} to {high}"))
    }

    pub fn real(
        &self,
        field: impl fmt::Display,
        value: f64,
        (low, high): (f64, f64),
    ) -> Result<(), ConfigError> {
        self.that((low..=high).contains(&value), field, value, format_args!("{low} to {high}"))
    }

    pub fn size(&self, field: impl fmt::Display, size: Size) -> Result<(), ConfigError> {
        self.that(size.0.iter().all(|size| (1..=31).contains(size)), field, size, "1 to 31")
    }
}
