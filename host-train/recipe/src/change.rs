use crate::{
    config::Config,
    error::{ConfigError, in_words},
    fields, from_toml,
    nesting::{MAX_NAMES, TOO_DEEP, too_deep},
    value::Value,
};
use std::collections::BTreeMap;

/// The largest number of characters of a change that an error repeats.
const MAX_SHOWN: usize = 100;

impl Config {
    /// Returns the config with some fields changed, each as `path = value`, such as `train.steps = 500` or
    /// `train.loss = { sup_con = {} }`; the value is TOML, or a word or a path without quotes, and nothing puts the
    /// field back to its default.
    ///
    /// # Errors
    /// Returns [`ConfigError::Syntax`], [`ConfigError::Unknown`] or [`ConfigError::Range`] if a change
    /// is not of this form, or the field is not known or of another type.
    pub fn with(self, changes: &[String]) -> Result<Self, ConfigError> {
        if changes.is_empty() {
            return Ok(self);
        }
        let wrong =
            |change: &str, message: String| ConfigError::Syntax { file: shown(change), line: None, message };
        let text = self.to_toml().map_err(|error| wrong(&changes[0], error.to_string()))?;
        let mut fields = from_toml::<Value>(&text, "the recipe")?;
        for change in changes {
            let (path, value) = split(change)
                .filter(|(path, _)| path.split('.').all(|name| !name.is_empty()))
                .ok_or_else(|| wrong(change, "write it as FIELD=VALUE, such as train.steps=500".into()))?;
            let value = match value {
                "" => None,
                value if too_deep(value).is_some() => return Err(wrong(change, TOO_DEEP.into())),
                value => Some(parse(value).map_err(|error| wrong(change, in_words(error.message())))?),
            };
            replace(&mut fields, path, value).map_err(|message| wrong(change, message))?;
        }
        fields::read(&fields).map_err(|error| {
            // The last of those that changed the field, or what it is in, or a field inside of it.
            let wrong = error.path();
            let is_of = |change: &&String| {
                split(change).is_some_and(|(path, _)| is_within(path, &wrong) || is_within(&wrong, path))
            };
            let all = || changes.join("' '");
            let change = changes.iter().rfind(is_of).cloned().unwrap_or_else(all);
            error.in_file(&shown(&change), |_| None, str::to_owned)
        })
    }
}

/// Returns the path and the value of a change.
fn split(change: &str) -> Option<(&str, &str)> {
    change.split_once('=').map(|(path, value)| (path.trim(), value.trim()))
}

/// Returns true if a path leads into a field, or to it.
fn is_within(path: &str, field: &str) -> bool {
    path.strip_prefix(field)
        .is_some_and(|rest| field.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Returns the change as it was typed, or its beginning if it is long.
fn shown(change: &str) -> String {
    match change.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("--set '{}…'", &change[..end]),
        None => format!("--set '{change}'"),
    }
}

/// Returns a value as TOML has it; a shell takes quotes away, so a single word is a string without them.
fn parse(value: &str) -> Result<Value, toml::de::Error> {
    let is_word = value.starts_with(|first: char| first.is_ascii_alphabetic() || "./~".contains(first))
        && value.chars().all(|one| one.is_alphanumeric() || "_-./~".contains(one));
    if is_word && !["true", "false", "inf", "nan"].contains(&value) {
        return Ok(Value::Text(value.into()));
    }
    let mut table: BTreeMap<String, Value> = toml::from_str(&format!("value = {value}"))?;
    Ok(table.remove("value").unwrap_or(Value::Null))
}

/// Puts `value` at a path of names; tables on the way are made where they are missing.
fn replace(fields: &mut Value, path: &str, value: Option<Value>) -> Result<(), String> {
    let names: Vec<&str> = path.split('.').collect();
    if names.len() > MAX_NAMES {
        return Err(TOO_DEEP.into());
    }
    let mut inner = fields;
    for (at, name) in names.iter().enumerate() {
        let Value::Table(table) = inner else {
            return Err(format!("`{}` has no fields inside", names[at.saturating_sub(1)]));
        };
        if at + 1 == names.len() {
            match value {
                Some(value) => table.insert((*name).to_owned(), value),
                None => table.remove(*name),
            };
            return Ok(());
        }
        inner = table.entry((*name).to_owned()).or_insert_with(|| Value::Table(BTreeMap::new()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LossConfig;

    fn changed(changes: &[&str]) -> Result<Config, String> {
        let changes: Vec<String> = changes.iter().map(|&change| change.into()).collect();
        Config::preset("default").unwrap().with(&changes).map_err(|error| error.to_string())
    }

    #[test]
    fn fields_are_replaced_made_and_removed() {
        let config =
            changed(&["train.steps=7", "train.loss = { sup_con = {} }", "train.augment=", "name = \"a=b\""]);
        let config = config.unwrap();
        assert_eq!((config.name.as_str(), config.train.steps), ("a=b", Some(7)));
        assert!(matches!(config.train.loss, LossConfig::SupCon(_)));
        assert_eq!(config.train.augment, None);
        let config =
            changed(&["name=a-b", "backend = ndarray", "net.pretrained=../runs/x", "data.source=drawn"]);
        let config = config.unwrap();
        assert_eq!((config.name.as_str(), config.backend), ("a-b", crate::Backend::Ndarray));
        assert_eq!(config.net.pretrained, Some("../runs/x".into()));
        assert_eq!(config.data.source.as_deref(), Some("drawn"));
        assert_eq!(changed(&[]).unwrap(), Config::preset("default").unwrap());
    }

    #[test]
    fn wrong_changes_are_told() {
        let error = changed(&["train.steps"]).unwrap_err();
        assert!(error.contains("--set 'train.steps'") && error.contains("FIELD=VALUE"), "{error}");
        assert!(changed(&["train.steps=many"]).unwrap_err().contains("--set 'train.steps=many'"));
        // Only the change that is wrong is repeated.
        let error = changed(&["seed=3", "train.augment.scale=", "train.lr=0.1"]).unwrap_err();
        assert_eq!(
            error,
            "--set 'train.augment.scale=': train.augment.scale is missing. docs/CONFIG.md has every field"
        );
        let error = changed(&["train=", "seed=3"]).unwrap_err();
        assert!(error.starts_with("--set 'train=': train is missing"), "{error}");
        for nameless in ["=5", "train.=5", ".steps=5", "train..steps=5"] {
            assert!(changed(&[nameless]).unwrap_err().contains("FIELD=VALUE"), "{nameless}");
        }
        assert!(changed(&["train.stepps=7"]).unwrap_err().contains("did you mean `steps`"));
        assert!(changed(&["name.x=7"]).unwrap_err().contains("`name` has no fields inside"));
    }

    /// Each level of nesting costs stack.
    #[test]
    fn what_is_nested_too_deeply_is_refused() {
        let path = format!("{}=1", ["a"; 15_001].join("."));
        let error = changed(&[&path]).unwrap_err();
        let (start, why) = error.split_once("…': ").unwrap();
        assert_eq!(start.chars().count(), "--set '".len() + MAX_SHOWN);
        assert_eq!(why, TOO_DEEP);
        for value in ["[", "{a=", "[{a="] {
            let error = changed(&[&format!("name={}", value.repeat(15_000))]).unwrap_err();
            assert_eq!(error.split_once("…': ").unwrap().1, TOO_DEEP);
        }
        // Each key and all brackets are within the parser's limits.
        let key = ["a"; 79].join(".");
        let value = format!("{}1{}", format!("{{{key}=").repeat(79), "}".repeat(79));
        for field in ["name", "net.layers", "train.loss.triplet.margin"] {
            let error = changed(&[&format!("{field}={value}")]).unwrap_err();
            assert!(error.ends_with(TOO_DEEP), "{error}");
        }
        // As deep as may be.
        let error = changed(&["a.b.c.d.e.f.g.h=[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"]).unwrap_err();
        assert!(error.contains("`a` is not known here"), "{error}");
    }
}
