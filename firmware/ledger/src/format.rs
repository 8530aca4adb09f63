//! JSON for diffs: a line for each object without objects in it.

use serde::Serialize;

/// Writes a value as JSON. Each object and list without an object in it has one line.
pub fn json(value: &impl Serialize) -> String {
    let pretty =
        serde_json::to_string_pretty(value).expect("texts are the only keys, and a text can be written to");
    let lines: Vec<&str> = pretty.lines().collect();
    let mut text = String::new();
    let mut rest = &lines[..];
    while let [first, ..] = rest {
        // The lines up to the end of what this one opens.
        let end = rest[1..].iter().position(|line| indent(line) == indent(first));
        let len = end.filter(|_| first.ends_with(['{', '['])).map_or(1, |end| end + 2);
        let len = if rest[1..len].iter().any(|line| line.ends_with('{')) { 1 } else { len };
        text += &joined(&rest[..len]);
        text.push('\n');
        rest = &rest[len..];
    }
    text
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Joins lines into one, with spaces within braces but not within brackets.
fn joined(lines: &[&str]) -> String {
    let mut text = lines[0].to_owned();
    for line in lines[1..].iter().map(|line| line.trim_start()) {
        if !text.ends_with('[') && !line.starts_with(']') {
            text.push(' ');
        }
        text += line;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn one_line_per_flat_object() {
        let value = json!({
            "a": [{ "b": 1, "c": [1, 2] }, { "b": 2, "c": [] }],
            "d": { "e": "[ {", "f": null },
            "g": ["h", "i"],
            "j": { "k": { "l": 1 } },
        });
        let text = json(&value);
        let expected = r#"{
  "a": [
    { "b": 1, "c": [1, 2] },
    { "b": 2, "c": [] }
  ],
  "d": { "e": "[ {", "f": null },
  "g": ["h", "i"],
  "j": {
    "k": { "l": 1 }
  }
}
"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
