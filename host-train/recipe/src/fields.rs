//! From the values of a recipe's text to its fields. An error says which field it is about, what it
//! is, and what it may be; serde alone would tell of Rust's types.

use crate::{error::ConfigError, example::example, value::Value};
use serde::{
    de::{
        self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer,
        Unexpected, VariantAccess, Visitor,
        value::{MapDeserializer, SeqDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};
use std::fmt;

/// Returns what a table of fields means.
///
/// # Errors
/// Returns an error if a field is missing, unknown or of another type.
pub(super) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Wrong> {
    T::deserialize(Field { path: String::new(), value })
}

/// A field that is wrong.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The path of the field, or of the table that it is in; none while that is not known.
    path: Option<String>,
    why: Why,
}

#[derive(Debug)]
enum Why {
    /// Its value.
    Value { value: Option<String>, allowed: String },
    /// Its name, or its value if that is a name.
    Name { name: String, allowed: Vec<String> },
    /// That it is not there.
    Missing { name: String, example: Option<&'static str> },
    /// Something else.
    Other(String),
}

impl Wrong {
    fn value(path: &str, value: &Value, allowed: impl Into<String>) -> Self {
        let why = Why::Value { value: Some(value.shown()), allowed: allowed.into() };
        Self { path: Some(path.to_owned()), why }
    }

    /// Returns the same, of this field, unless it already is of one inside of it.
    fn at(mut self, path: &str, found: &Value) -> Self {
        if self.path.is_none() {
            self.path = Some(path.to_owned());
            if let Why::Value { value, .. } = &mut self.why {
                value.get_or_insert_with(|| found.shown());
            }
        }
        self
    }

    /// Returns the same, with an example of the table in which something is missing.
    fn in_variant(mut self, variant: &str) -> Self {
        if let Why::Missing { example: missing @ None, .. } = &mut self.why {
            *missing = example(variant);
        }
        self
    }

    /// Returns the path of what is wrong, which may not be there.
    pub fn path(&self) -> String {
        let path = self.path.as_deref().unwrap_or_default();
        match &self.why {
            Why::Name { name, .. } | Why::Missing { name, .. } => join(path, name),
            Why::Value { .. } | Why::Other(_) => path.to_owned(),
        }
    }

    /// Returns the error of a file. `line` finds the line of a path, and `as_written` writes an
    /// example of TOML as that file would.
    pub fn in_file(
        self,
        file: &str,
        line: impl Fn(&str) -> Option<usize>,
        as_written: impl Fn(&str) -> String,
    ) -> ConfigError {
        let path = self.path.unwrap_or_default();
        let syntax = |message| ConfigError::Syntax { file: file.to_owned(), line: line(&path), message };
        match self.why {
            Why::Value { value, allowed } => ConfigError::Range {
                file: file.to_owned(),
                line: line(&path),
                value: value.unwrap_or_default(),
                allowed: as_written(&allowed),
                field: if path.is_empty() { "all of it".into() } else { path },
            },
            Why::Name { name, allowed } => {
                let line = line(&join(&path, &name)).or_else(|| line(&path));
                ConfigError::unknown_in(file, line, path, &name, &allowed, |like| {
                    example(like).map(&as_written)
                })
            }
            Why::Missing { name, example } => {
                let example =
                    example.map_or(String::new(), |text| format!(" Write it as in {}.", as_written(text)));
                let field = join(&path, &name);
                syntax(format!("{field} is missing.{example} docs/CONFIG.md has every field"))
            }
            Why::Other(message) if path.is_empty() => syntax(message),
            Why::Other(message) => syntax(format!("{path}: {message}")),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { path: None, why: Why::Other(message.to_string()) }
    }

    fn invalid_type(_: Unexpected<'_>, allowed: &dyn Expected) -> Self {
        Self { path: None, why: Why::Value { value: None, allowed: allowed.to_string() } }
    }

    fn invalid_value(found: Unexpected<'_>, allowed: &dyn Expected) -> Self {
        Self::invalid_type(found, allowed)
    }

    fn invalid_length(_: usize, allowed: &dyn Expected) -> Self {
        Self { path: None, why: Why::Value { value: None, allowed: allowed.to_string() } }
    }

    fn unknown_field(name: &str, allowed: &'static [&'static str]) -> Self {
        Self { path: None, why: Why::Name { name: name.into(), allowed: owned(allowed) } }
    }

    fn missing_field(name: &'static str) -> Self {
        Self { path: None, why: Why::Missing { name: name.into(), example: None } }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// A value and the path that leads to it, such as `net.layers[2].conv`.
struct Field<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    fn wrong(&self, allowed: impl Into<String>) -> Wrong {
        Wrong::value(&self.path, self.value, allowed)
    }

    fn whole<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Value::Whole(number) = *self.value else { return Err(self.wrong("a whole number")) };
        if number < 0 {
            return Err(self.wrong("a whole number, 0 or more"));
        }
        let too_large = "smaller: docs/CONFIG.md has the range of every field";
        let number = u64::try_from(number).map_err(|_| self.wrong(too_large))?;
        visitor.visit_u64(number).map_err(|_: Wrong| self.wrong(too_large))
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.value {
            Value::Text(text) => {
                visitor.visit_str(text).map_err(|wrong: Wrong| wrong.at(&self.path, self.value))
            }
            _ => Err(self.wrong("text in quotation marks")),
        }
    }

    fn list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Value::List(values) = self.value else { return Err(self.wrong("a list, in square brackets")) };
        let inside = |(index, value)| Field { path: format!("{}[{index}]", self.path), value };
        let values = SeqDeserializer::new(values.iter().enumerate().map(inside));
        visitor.visit_seq(values).map_err(|wrong| wrong.at(&self.path, self.value))
    }

    /// `names` are those of its fields, if they are known.
    fn table<'de, V: Visitor<'de>>(self, names: &[&str], visitor: V) -> Result<V::Value, Wrong> {
        let Value::Table(fields) = self.value else {
            return Err(self.wrong(match names.is_empty() {
                true => "a table".to_owned(),
                false => format!("a table of these fields: {}", names.join(", ")),
            }));
        };
        let inside =
            |(name, value): (&'a String, _)| (name.as_str(), Field { path: join(&self.path, name), value });
        let fields = MapDeserializer::new(fields.iter().map(inside));
        visitor.visit_map(fields).map_err(|wrong| wrong.at(&self.path, self.value))
    }
}

impl IntoDeserializer<'_, Wrong> for Field<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Field<'_> {
    type Error = Wrong;

    /// For values that may be of several types.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let visited = match *self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Whole(number) => match i64::try_from(number) {
                Ok(number) => visitor.visit_i64(number),
                Err(_) => visitor.visit_i128(number),
            },
            Value::Real(number) => visitor.visit_f64(number),
            Value::Text(ref text) => visitor.visit_str(text),
            Value::List(_) => return self.list(visitor),
            Value::Table(_) => return self.table(&[], visitor),
        };
        visited.map_err(|wrong: Wrong| wrong.at(&self.path, self.value))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match *self.value {
            Value::Bool(value) => visitor.visit_bool(value),
            _ => Err(self.wrong("true or false")),
        }
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.whole(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.whole(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.whole(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match *self.value {
            Value::Whole(number) => visitor.visit_f64(number as f64),
            Value::Real(number) => visitor.visit_f64(number),
            _ => Err(self.wrong("a number")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.text(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.table(&[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.table(names, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let (name, content) = match self.value {
            Value::Text(name) => (name, None),
            Value::Table(fields) => match fields.iter().next() {
                Some((name, value)) if fields.len() == 1 => {
                    (name, Some(Field { path: join(&self.path, name), value }))
                }
                _ => return Err(self.wrong(format!("one name: {}", one_of(names)))),
            },
            _ => return Err(self.wrong(one_of(names))),
        };
        let Some(&known) = names.iter().find(|known| **known == name) else {
            let why = Why::Name { name: name.clone(), allowed: owned(names) };
            return Err(Wrong { path: Some(self.path), why });
        };
        let variant = Variant { name: known, names, field: &self, content };
        visitor.visit_enum(variant).map_err(|wrong| wrong.at(&self.path, self.value).in_variant(known))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u32 u128 f32 char bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct
        identifier ignored_any
    }
}

/// Returns the words for what an enum with these names may be, with an example of one that has more
/// than a name.
fn one_of(names: &[&str]) -> String {
    let example = names.iter().find_map(|name| example(name));
    let example = example.map_or(String::new(), |example| format!(", as in {example}"));
    match names {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}{example}", others.join(", ")),
        _ => format!("{}{example}", names.join(", ")),
    }
}

/// A name, alone or with a value: `"constant"`, or `{ cosine = { warm_up = 30 } }`.
struct Variant<'a, 'f> {
    name: &'static str,
    /// All names that there are.
    names: &'static [&'static str],
    /// The field that has it.
    field: &'f Field<'a>,
    content: Option<Field<'a>>,
}

impl<'de> EnumAccess<'de> for Variant<'_, '_> {
    type Error = Wrong;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Wrong> {
        Ok((seed.deserialize(StrDeserializer::<Wrong>::new(self.name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = Wrong;

    fn unit_variant(self) -> Result<(), Wrong> {
        match self.content.as_ref().map(|content| content.value) {
            None | Some(Value::Null) => Ok(()),
            Some(Value::Table(fields)) if fields.is_empty() => Ok(()),
            Some(_) => Err(self.field.wrong(format!("\"{}\", which has no fields", self.name))),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Wrong> {
        let Self { name, names, field, content } = self;
        let Some(content) = content else {
            let example = example(name).map_or(String::new(), |example| format!(": {example}"));
            return Err(field.wrong(format!("a table{example}. Known are {}", names.join(", "))));
        };
        seed.deserialize(content)
    }

    // No enum of a recipe has these.

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Wrong> {
        Err(self.field.wrong("another name"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Wrong> {
        Err(self.field.wrong("another name"))
    }
}
