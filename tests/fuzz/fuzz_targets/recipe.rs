//! Recipes, and changes to them as of `--set`: whatever the text is, there is an error, or a recipe that is read again as
//! it was written.
#![no_main]

use tinytriplet_recipe::Config;

/// Parts a recipe from the changes to it, one on each line.
const CHANGES: &str = "\n#set\n";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    let (text, changes) = text.split_once(CHANGES).unwrap_or((text, ""));
    let config = match Config::parse(text, "a recipe") {
        Ok(config) => config,
        Err(error) => return assert!(!error.located(text).to_string().is_empty()),
    };
    let changes: Vec<String> = changes.lines().map(str::to_owned).collect();
    let config = match config.with(&changes) {
        Ok(config) => config,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    match config.validate("a recipe") {
        Ok(valid) => {
            let config = valid.into_inner();
            let text = config.to_toml().expect("a valid recipe has a TOML form");
            let again = Config::parse(&text, "what was written").expect("what is written can be read");
            // By its text: a recipe may hold NaN where it does not matter, which equals nothing.
            assert_eq!(format!("{again:?}"), format!("{config:?}"));
            again.validate("what was written").expect("what is valid stays so");
        }
        Err(error) => assert!(!error.located(text).to_string().is_empty()),
    }
});
