use super::*;
use shared_model::format::{Background, Fit, Preparation};

fn default_text() -> &'static str {
    READY[0].1
}

fn error_of(from: &str, to: &str) -> String {
    assert!(default_text().contains(from), "{from}");
    let text = default_text().replacen(from, to, 1);
    match Config::parse(&text, "my.toml").and_then(|config| config.validate("my.toml")) {
        Ok(_) => panic!("{to} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn ready_configs_are_valid_and_survive_writing() {
    for (name, _) in READY {
        let config = Config::ready(name).unwrap().validate(name).unwrap();
        assert_eq!(config.name, name);
        let written = config.to_toml().unwrap();
        assert_eq!(Config::parse(&written, "written").unwrap(), *config, "{written}");
    }
    let error = Config::ready("orign").unwrap_err().to_string();
    assert!(error.contains("did you mean `origin`?"), "{error}");
}

#[test]
fn the_origins_file_means_the_origins_recipe() {
    let text = r#"{"exp_name": "mine", "lr": 0.002, "decay": 0.5, "num_epochs": 3, "batch_size": 16}"#;
    let config = Config::parse(text, "origin.json").unwrap();
    assert_eq!((config.name.as_str(), config.train.lr, config.train.decay), ("mine", 0.002, 0.5));
    assert_eq!((config.train.epochs, config.train.batch), (Some(3), BatchConfig::Triplets(16)));
    assert_eq!((config.train.margin, config.net.normalise), (1.0, false));

    let misspelt = text.replace("batch_size", "batchsize");
    let error = Config::parse(&misspelt, "origin.json").unwrap_err().to_string();
    assert!(error.contains("origin.json, line 1") && error.contains("did you mean `batch_size`?"), "{error}");
}

#[test]
fn json_loads_as_toml_does() {
    let config = Config::ready("default").unwrap();
    let json = serde_json::to_string_pretty(&config).unwrap();
    assert_eq!(Config::parse(&json, "x.json").unwrap(), config);
}

#[test]
fn errors_name_file_line_field_value_and_range() {
    assert_eq!(
        error_of("steps = 2000", "stepz = 800").split("; it may").next().unwrap(),
        format!(
            "my.toml, line {}: `stepz` is not known here; did you mean `steps`?",
            line_of("steps = 2000")
        )
    );
    assert!(error_of("\"flex\"", "\"flx\"").contains("did you mean `flex`?"));
    assert!(error_of("max_pool", "maxpool").contains("did you mean `max_pool`?"));
    assert!(error_of("relu = true", "relu = 7").contains(&format!("line {}", line_of("relu = true"))));
    assert_eq!(error_of("steps = 2000", "steps = 0"), "my.toml: train.steps is 0; it must be 1 to 10000000");
    assert_eq!(
        error_of("kernel = 3", "kernel = 0"),
        "my.toml: net.layers[0].conv.kernel is 0; it must be 1 to 31"
    );
    assert!(error_of("kernel = 3", "kernel = -3").contains("whole number, or [rows, columns]"));
    assert!(error_of("kernel = 3", "kernel = [3, 3, 3]").contains("my.toml, line"));
    assert!(error_of("dropout = 0.25", "dropout = 1.0").contains("dropout is 1; it must be 0 to below 1"));
    assert!(error_of("margin = 0.2", "margin = nan").contains("train.margin is NaN"));
    assert!(error_of("margin = 0.2", "margin = 4.0").contains("at most 4"));
    assert!(error_of("classes = 10", "classes = 1").contains("classes is 1; it must be 2 to 256"));
    assert!(error_of("steps = 2000", "").contains("train.steps is nothing"));
    assert!(error_of("steps = 2000", "steps = 2000\nepochs = 2").contains("left out"));
    assert!(error_of("name = \"default\"", "").contains("missing field `name`"));
}

fn line_of(text: &str) -> usize {
    1 + default_text().lines().position(|line| line.contains(text)).unwrap()
}

#[test]
fn sizes_are_one_number_or_two() {
    let text = default_text().replacen("kernel = 3", "kernel = [5, 3]", 1);
    let config = Config::parse(&text, "x").unwrap();
    let LayerConfig::Conv(conv) = config.net.layers[0] else { panic!() };
    assert_eq!(conv.kernel, Size([5, 3]));
    assert_eq!(Config::parse(&config.to_toml().unwrap(), "x").unwrap(), config);
}

#[test]
fn the_data_section_is_optional_and_checked() {
    assert_eq!(Config::ready("default").unwrap().data, DataConfig::default());
    let with = |section: &str| Config::parse(&format!("{}\n[data]\n{section}", default_text()), "my.toml");
    let config =
        with("size = [20, 30]\nfit = \"stretch\"\nbackground = \"light\"\ntest_share = 0.5").unwrap();
    let preparation = Preparation { fit: Fit::Stretch, background: Background::Light };
    assert_eq!((config.data.size, config.data.test_share), (Size([20, 30]), 0.5));
    assert_eq!(config.data.preparation(Fit::Centre), preparation);
    assert_eq!(Config::parse(&config.to_toml().unwrap(), "x").unwrap(), config);
    assert_eq!(with("").unwrap().data.preparation(Fit::Centre), Preparation::MNIST);

    let error = |section| match with(section).and_then(|config| config.validate("my.toml")) {
        Ok(_) => panic!("{section} was accepted"),
        Err(error) => error.to_string(),
    };
    assert_eq!(error("size = 0"), "my.toml: data.size is 0; it must be 1 to 1024");
    assert_eq!(error("size = [28, 1025]"), "my.toml: data.size is [28, 1025]; it must be 1 to 1024");
    assert!(error("test_share = 0.0").contains("data.test_share is 0; it must be above 0, up to 0.9"));
    assert!(error("test_share = nan").contains("data.test_share is NaN"));
    assert!(error("fit = \"center\"").contains("did you mean `centre`?"));
    assert!(error("background = \"black\"").contains("it may be one of dark, light, auto"));
    assert!(error("sise = 28").contains("did you mean `size`?"));
}

#[test]
fn what_is_held_out_is_a_word() {
    let with = |value: &str| {
        let text = default_text().replacen("[train]", &format!("[train]\nhold_out = {value}"), 1);
        Config::parse(&text, "my.toml").map(|config| config.train.hold_out)
    };
    let words = ["\"images\"", "\"classes\"", "\"none\""].map(|word| with(word).unwrap());
    assert_eq!(words, [HoldOut::Images, HoldOut::Classes, HoldOut::None]);
    assert_eq!(Config::ready("default").unwrap().train.hold_out, HoldOut::Images);
    let error = with("true").unwrap_err().to_string();
    assert!(error.starts_with("my.toml, line "), "{error}");
}
