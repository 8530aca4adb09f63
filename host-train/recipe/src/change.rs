use crate::{
    config::Config,
    error::ConfigError,
    nesting::{MAX_NAMES, TOO_DEEP, too_deep},
};

/// The largest number of characters of a change that an error repeats.
const MAX_SHOWN: usize = 100;

impl Config {
    /// Returns the config with some fields changed, each as `path = value`, such as `train.steps = 500` or
    /// `train.loss = { sup_con = {} }`; the value is TOML, or a word or a path without quotes, and nothing puts the
    /// field back to its default.
    ///
    /// # Errors
    /// Returns [`ConfigError::Syntax`] or [`ConfigError::Unknown`] if a change is not of this form,
    /// or the field is not known or of another type.
    pub fn with(self, changes: &[String]) -> Result<Self, ConfigError> {
        if changes.is_empty() {
            return Ok(self);
        }
        let wrong =
            |change: &str, message: String| ConfigError::Syntax { file: shown(change), line: None, message };
        let first = &changes[0];
        let mut fields = toml::Table::try_from(self).map_err(|error| wrong(first, error.to_string()))?;
        for change in changes {
            let (path, value) = change
                .split_once('=')
                .ok_or_else(|| wrong(change, "write it as FIELD=VALUE, such as train.steps=500".into()))?;
            let value = match value.trim() {
                "" => None,
                value if too_deep(value).is_some() => return Err(wrong(change, TOO_DEEP.into())),
                value => Some(parse(value).map_err(|error| wrong(change, error.message().to_owned()))?),
            };
            replace(&mut fields, path.trim(), value).map_err(|message| wrong(change, message))?;
        }
        let text = toml::to_string(&fields).map_err(|error| wrong(first, error.to_string()))?;
        toml::from_str(&text).map_err(|error| ConfigError::changed(&error, &shown(&changes.join("' '"))))
    }
}

/// Returns the change as it was typed, or its beginning if it is long.
fn shown(change: &str) -> String {
    match change.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("--set '{}…'", &change[..end]),
        None => format!("--set '{change}'"),
    }
}

/// Returns a value as TOML has it; a shell takes quotes away, so a single word is a string without them.
fn parse(value: &str) -> Result<toml::Value, toml::de::Error> {
    let is_word = value.starts_with(|first: char| first.is_ascii_alphabetic() || "./~".contains(first))
        && value.chars().all(|one| one.is_alphanumeric() || "_-./~".contains(one));
    if is_word && !["true", "false", "inf", "nan"].contains(&value) {
        return Ok(toml::Value::String(value.into()));
    }
    let mut table: toml::Table = toml::from_str(&format!("value = {value}"))?;
    Ok(table.remove("value").unwrap_or(toml::Value::Boolean(false)))
}

/// Puts `value` at a path of names; tables on the way are made where they are missing.
fn replace(fields: &mut toml::Table, path: &str, value: Option<toml::Value>) -> Result<(), String> {
    let mut names: Vec<&str> = path.split('.').collect();
    if names.len() > MAX_NAMES {
        return Err(TOO_DEEP.into());
    }
    let field = names.pop().unwrap_or_default();
    let mut inner = fields;
    for name in names {
        let table = inner.entry(name).or_insert_with(|| toml::Table::new().into());
        inner = table.as_table_mut().ok_or_else(|| format!("`{name}` has no fields inside"))?;
    }
    match value {
        Some(value) => inner.insert(field.to_owned(), value),
        None => inner.remove(field),
    };
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
