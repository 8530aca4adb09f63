use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Returns the line, from 1, where `field` stands in a config's text: a path such as
/// `net.layers[2].conv.kernel`. `None` where the text leaves it to its default.
pub(super) fn line(text: &str, field: &str) -> Option<usize> {
    let path: Vec<&str> = field.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect();
    if text.trim_start().starts_with('{') {
        let mut json = serde_json::Deserializer::from_str(text);
        let found = Locate(&path).deserialize(&mut json).err().filter(|error| error.is_data());
        return found.map(|error| error.line());
    }
    let found = Locate(&path).deserialize(toml::Deserializer::parse(text).ok()?).err();
    let before = text.get(..found?.span()?.start)?;
    Some(1 + before.matches('\n').count())
}

/// Reads a value and fails where the path ends: both formats' errors say where that is.
struct Locate<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Locate<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.0.is_empty() { Err(D::Error::custom("here")) } else { deserializer.deserialize_any(self) }
    }
}

impl<'de> Visitor<'de> for Locate<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == self.0[0] {
                map.next_value_seed(Locate(&self.0[1..]))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let index = self.0[0].parse::<usize>();
        for at in 0.. {
            let more = if index == Ok(at) {
                sequence.next_element_seed(Locate(&self.0[1..]))?
            } else {
                sequence.next_element::<IgnoredAny>()?.map(|_| ())
            };
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
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
            ("net.layers[0].dense.out_features", Some(5), Some(4)),
            ("net.layers[1].conv.kernel", Some(6), Some(5)),
            ("net.layers[2].conv.kernel", None, None),
            ("train.loss.triplet.margin", Some(10), Some(9)),
            ("train.loss.triplet.miner", None, None),
            ("name.of.what", None, None),
        ] {
            assert_eq!((line(toml, field), line(json, field)), (in_toml, in_json), "{field}");
        }
        assert_eq!(line("not [ toml", "name"), None);
        assert_eq!(line("{ not json", "name"), None);
    }
}
