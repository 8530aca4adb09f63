use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Returns the line, from 1, where `field` stands in a config's text: a path such as
/// `net.layers[2].conv.kernel`. `None` where the text leaves it to its default.
pub(super) fn line(text: &str, field: &str) -> Option<usize> {
    let path: Vec<&str> = field.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect();
    if path.is_empty() {
        return None;
    }
    if text.trim_start().starts_with('{') {
        let mut json = serde_json::Deserializer::from_str(text);
        let found = Locate { path: &path, is_json: true }
            .deserialize(&mut json)
            .err()
            .filter(|error| error.is_data());
        return found.map(|error| error.line());
    }
    let found =
        Locate { path: &path, is_json: false }.deserialize(toml::Deserializer::parse(text).ok()?).err();
    let before = text.get(..found?.span()?.start)?;
    Some(1 + before.matches('\n').count())
}

/// Reads a value and fails where the path ends: both formats' errors say where that is.
#[derive(Clone, Copy)]
struct Locate<'a> {
    path: &'a [&'a str],
    is_json: bool,
}

impl<'de> DeserializeSeed<'de> for Locate<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // JSON's error has the place up to which the text was read, TOML's that of a value that was read.
        if self.is_json && self.path.is_empty() {
            return Err(D::Error::custom("here"));
        }
        deserializer.deserialize_any(self)
    }
}

impl Locate<'_> {
    fn inside(self) -> Self {
        Self { path: &self.path[1..], ..self }
    }

    /// Fails if the path ends here.
    fn pass<E: Error>(&self) -> Result<(), E> {
        if self.path.is_empty() { Err(E::custom("here")) } else { Ok(()) }
    }
}

impl<'de> Visitor<'de> for Locate<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.pass()?;
        while let Some(key) = map.next_key::<String>()? {
            if key == self.path[0] {
                map.next_value_seed(self.inside())?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        self.pass()?;
        let index = self.path[0].parse::<usize>();
        for at in 0.. {
            let more = if index == Ok(at) {
                sequence.next_element_seed(self.inside())?
            } else {
                sequence.next_element::<IgnoredAny>()?.map(|_| ())
            };
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.pass()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.pass()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.pass()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.pass()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.pass()
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        self.pass()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.pass()
    }
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn fields_are_found_in_toml_and_json() {
        let toml = "name = \"x\"\n[net]\nnormalise = true\nlayers = [\n  { dense = { out_features = 3 } },\n  \
                    { conv = { kernel = [3,\n 3] } },\n]\n[train]\nloss.triplet.margin = 7\n";
        let json = "{\n \"name\": \"x\",\n \"net\": {\"layers\": [\n  {\"dense\": {\"out_features\": 3}},\n  \
                    {\"conv\": {\"kernel\": 3}}\n ]},\n \"train\": {\"lr\": null,\n \"loss\": {\"triplet\":\n \
                    {\"margin\": 7}}}\n}";
        for (field, in_toml, in_json) in [
            ("name", Some(1), Some(2)),
            ("net.layers", Some(4), Some(3)),
            ("net.layers[0]", Some(5), Some(4)),
            ("net.layers[1]", Some(6), Some(5)),
            ("net.layers[0].dense.out_features", Some(5), Some(4)),
            ("net.layers[1].conv.kernel", Some(6), Some(5)),
            ("net.layers[2].conv.kernel", None, None),
            ("train.loss.triplet.margin", Some(10), Some(9)),
            ("train.loss.triplet.miner", None, None),
            ("train.loss", Some(10), Some(8)),
            ("name.of.what", None, None),
            ("", None, None),
        ] {
            assert_eq!((line(toml, field), line(json, field)), (in_toml, in_json), "{field}");
        }
        assert_eq!(line("not [ toml", "name"), None);
        assert_eq!(line("{ not json", "name"), None);
    }
}
