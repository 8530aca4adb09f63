use crate::{config::Config, error::ConfigError};

impl Config {
    /// Returns the config with some fields changed, each as `path = value`, such as `train.steps = 500` or
    /// `train.loss = { sup_con = {} }`; the value is TOML, and nothing puts the field back to its
    /// default.
    ///
    /// # Errors
    /// Returns [`ConfigError::Syntax`] or [`ConfigError::Unknown`] if a change is not of this form,
    /// or the field is not known or of another type.
    pub fn with(self, changes: &[String]) -> Result<Self, ConfigError> {
        if changes.is_empty() {
            return Ok(self);
        }
        let wrong = |change: &str, message: String| ConfigError::Syntax {
            file: format!("--set '{change}'"),
            line: None,
            message,
        };
        let first = &changes[0];
        let mut fields = toml::Table::try_from(self).map_err(|error| wrong(first, error.to_string()))?;
        for change in changes {
            let (path, value) = change
                .split_once('=')
                .ok_or_else(|| wrong(change, "write it as FIELD=VALUE, such as train.steps=500".into()))?;
            let value = match value.trim() {
                "" => None,
                value => Some(parse(value).map_err(|error| wrong(change, error.message().to_owned()))?),
            };
            replace(&mut fields, path.trim(), value).map_err(|message| wrong(change, message))?;
        }
        let text = toml::to_string(&fields).map_err(|error| wrong(first, error.to_string()))?;
        toml::from_str(&text)
            .map_err(|error| ConfigError::changed(&error, &format!("--set '{}'", changes.join("' '"))))
    }
}

fn parse(value: &str) -> Result<toml::Value, toml::de::Error> {
    let mut table: toml::Table = toml::from_str(&format!("value = {value}"))?;
    Ok(table.remove("value").unwrap_or(toml::Value::Boolean(false)))
}

/// Puts `value` at a path of names; tables on the way are made where they are missing.
fn replace(fields: &mut toml::Table, path: &str, value: Option<toml::Value>) -> Result<(), String> {
    let Some((first, rest)) = path.split_once('.') else {
        match value {
            Some(value) => fields.insert(path.to_owned(), value),
            None => fields.remove(path),
        };
        return Ok(());
    };
    let inner = fields.entry(first).or_insert_with(|| toml::Table::new().into());
    let inner = inner.as_table_mut().ok_or_else(|| format!("`{first}` has no fields inside"))?;
    replace(inner, rest, value)
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
}
