//! Examples of how to write the layers, losses and the like that take fields.

/// One for each of them.
const EXAMPLES: [(&str, &str); 18] = [
    ("cosine", "{ cosine = { warm_up = 30 } }"),
    ("balanced", "{ balanced = { classes = 10, images_per_class = 10 } }"),
    ("triplets", "{ triplets = 32 }"),
    ("triplet", "{ triplet = { margin = 0.2 } }"),
    ("contrastive", "{ contrastive = { margin = 0.5 } }"),
    ("sup_con", "{ sup_con = { temperature = 0.1 } }"),
    ("multi_similarity", "{ multi_similarity = { alpha = 2.0, beta = 50.0 } }"),
    ("proxies", "{ proxies = { scale = 16.0, margin = 0.2 } }"),
    ("distillation", "{ distillation = {} }"),
    ("conv", "{ conv = { out_channels = 8, kernel = 3 } }"),
    ("depthwise_conv", "{ depthwise_conv = { kernel = 3, padding = 1 } }"),
    ("max_pool", "{ max_pool = { kernel = 2 } }"),
    ("average_pool", "{ average_pool = { kernel = 2 } }"),
    ("dropout", "{ dropout = 0.25 }"),
    ("batch_norm", "{ batch_norm = { relu = true } }"),
    ("dense", "{ dense = { out_features = 64 } }"),
    ("shortcut", "{ shortcut = { out_channels = 8, kernel = 1 } }"),
    ("add", "{ add = { relu = true } }"),
];

/// Returns how this name is written in TOML; `None` if it is a word.
pub(super) fn example(name: &str) -> Option<&'static str> {
    EXAMPLES.iter().find(|(of, _)| *of == name).map(|(_, example)| *example)
}

/// Returns the same in JSON.
pub(super) fn in_json(toml: &str) -> String {
    let mut words: Vec<String> = toml.split(' ').map(str::to_owned).collect();
    for at in (1..words.len()).filter(|&at| words[at] == "=").collect::<Vec<_>>().into_iter().rev() {
        words.remove(at);
        words[at - 1] = format!("\"{}\":", words[at - 1]);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BatchConfig, LayerConfig, LossConfig, Schedule};

    /// Returns true if this is the name of a variant, with this as its value, in TOML and in JSON.
    fn is_read<T: serde::de::DeserializeOwned + PartialEq>(example: &str) -> bool {
        #[derive(serde::Deserialize)]
        struct Table<T> {
            value: T,
        }
        let toml = toml::from_str::<Table<T>>(&format!("value = {example}")).map(|table| table.value);
        let json = serde_json::from_str::<T>(&in_json(example));
        matches!((toml, json), (Ok(toml), Ok(json)) if toml == json)
    }

    #[test]
    fn examples_are_read() {
        for (name, example) in EXAMPLES {
            assert!(example.starts_with(&format!("{{ {name} = ")), "{example}");
            let is_layer = is_read::<LayerConfig>(example);
            let is_training = is_read::<Schedule>(example) || is_read::<BatchConfig>(example);
            assert!(is_layer || is_training || is_read::<LossConfig>(example), "{example}");
        }
        assert_eq!(
            in_json("a table: { a = { b = 1, c = 2 } }"),
            "a table: { \"a\": { \"b\": 1, \"c\": 2 } }"
        );
    }
}
