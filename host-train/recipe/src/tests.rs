use super::*;
use shared_model::model::format::{Background, Fit, Preprocessing};

const SAMPLE: &str = r#"
name = "default"
seed = 1
backend = "flex" # or "ndarray"

[net]
normalise = true # embeddings of length 1, compared by cosine
layers = [
    { conv = { out_channels = 32, kernel = 3, relu = true } },
    { max_pool = { kernel = 2 } },
    { conv = { out_channels = 32, kernel = 3, relu = true } },
    { max_pool = { kernel = 2 } },
    { dropout = 0.25 },
    { dense = { out_features = 128, relu = true } },
]

[train]
steps = 2000
batch = { balanced = { classes = 10, images_per_class = 10 } }
loss = { triplet = { margin = 0.2, miner = "semi_hard" } }
lr = 3e-3
schedule = { cosine = { warm_up = 30 } }
augment = { degrees = 10.0, scale = 0.1, shear = 0.1, shift = 2.0 }
"#;

fn error_of(from: &str, to: &str) -> String {
    assert!(SAMPLE.contains(from), "{from}");
    let text = SAMPLE.replacen(from, to, 1);
    let checked = Config::parse(&text, "my.toml").and_then(|config| config.validate("my.toml"));
    match checked.map_err(|error| error.located(&text)) {
        Ok(_) => panic!("{to} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn presets_are_valid_and_survive_writing() {
    for (name, _) in PRESETS {
        let config = Config::preset(name).unwrap().validate(name).unwrap();
        assert_eq!(config.name, name);
        let written = config.to_toml().unwrap();
        assert_eq!(Config::parse(&written, "written").unwrap(), *config, "{written}");
    }
    let error = Config::preset("orign").unwrap_err().to_string();
    assert!(error.contains("did you mean `origin`?"), "{error}");
}

#[test]
fn the_origins_file_means_the_origins_recipe() {
    let text = r#"{"exp_name": "mine", "lr": 0.002, "decay": 0.5, "num_epochs": 3, "batch_size": 16}"#;
    let config = Config::parse(text, "origin.json").unwrap();
    assert_eq!((config.name.as_str(), config.train.lr, config.train.decay), ("mine", 0.002, 0.5));
    assert_eq!((config.train.epochs, config.train.batch), (Some(3), BatchConfig::Triplets(16)));
    let LossConfig::Triplet(TripletConfig { margin, squared: true, miner: None, warm_up: 0 }) =
        config.train.loss
    else {
        panic!("{:?}", config.train.loss)
    };
    assert_eq!((margin, config.net.normalise), (Margin::Hard(1.0), false));

    let misspelt = text.replace("batch_size", "batchsize");
    let error = Config::parse(&misspelt, "origin.json").unwrap_err().to_string();
    assert!(error.contains("origin.json, line 1") && error.contains("did you mean `batch_size`?"), "{error}");
}

#[test]
fn json_loads_as_toml_does() {
    let config = Config::preset("default").unwrap();
    let json = serde_json::to_string_pretty(&config).unwrap();
    assert_eq!(Config::parse(&json, "x.json").unwrap(), config);
}

#[test]
fn errors_name_file_line_field_value_and_range() {
    assert_eq!(
        error_of("steps = 2000", "stepz = 800").split(" Known are").next().unwrap(),
        format!(
            "my.toml, line {}: train: `stepz` is not known here; did you mean `steps`?",
            line_of("steps = 2000")
        )
    );
    assert!(error_of("\"flex\"", "\"flx\"").contains("did you mean `flex`?"));
    assert!(error_of("max_pool", "maxpool").contains("did you mean `max_pool`?"));
    assert!(error_of("relu = true", "relu = 7").contains(&format!("line {}", line_of("relu = true"))));
    assert_eq!(
        error_of("steps = 2000", "steps = 0"),
        format!("my.toml, line {}: train.steps is 0; it must be 1 to 10000000", line_of("steps = 2000"))
    );
    assert_eq!(
        error_of("kernel = 3", "kernel = 0"),
        format!(
            "my.toml, line {}: net.layers[0].conv.kernel is 0; it must be 1 to 31",
            line_of("kernel = 3")
        )
    );
    assert!(error_of("kernel = 3", "kernel = -3").contains("whole number, or [rows, columns]"));
    assert!(error_of("kernel = 3", "kernel = [3, 3, 3]").contains("my.toml, line"));
    assert!(error_of("dropout = 0.25", "dropout = 1.0").contains("dropout is 1; it must be 0 to below 1"));
    assert!(error_of("margin = 0.2", "margin = nan").contains("train.loss.triplet.margin is NaN"));
    assert!(error_of("margin = 0.2", "margin = \"hard\"").contains("a number, or \"soft\""));
    assert!(error_of("margin = 0.2", "margin = 4.0").contains("it must be below 4, the largest"));
    assert!(error_of("margin = 0.2", "margin = 2.0, squared = false").contains("it must be below 2"));
    assert!(error_of("classes = 10", "classes = 1").contains("classes is 1; it must be 2 to 256"));
    assert!(error_of("steps = 2000", "").contains("train.steps is nothing"));
    assert!(error_of("steps = 2000", "steps = 2000\nepochs = 2").contains("left out"));
    let line = line_of("loss");
    assert!(
        error_of("margin = 0.2", "margn = 0.2")
            .contains(&format!("line {line}: train.loss.triplet: `margn` is not known here; did"))
    );
    assert!(error_of("\"semi_hard\"", "\"semihard\"").contains("did you mean `semi_hard`?"));
    let many = error_of(
        "images_per_class = 10 } }\nloss = { triplet = { margin = 0.2, miner = \"semi_hard\"",
        "images_per_class = 150 } }\nloss = { triplet = { margin = 0.2, miner = \"batch_all\"",
    );
    assert!(many.contains("of 301725000 triplets in a batch"), "{many}");
    let own = error_of("balanced = { classes = 10, images_per_class = 10 }", "triplets = 32");
    assert!(own.contains("train.loss.triplet.miner is given; it must be left out"), "{own}");
    let raw = SAMPLE.replacen("normalise = true", "normalise = false", 1);
    let loss = "loss = { triplet = { margin = 0.2, miner = \"semi_hard\" } }";
    for (name, fields) in [("sup_con", ""), ("multi_similarity", ""), ("proxies", "margin = 0.1")] {
        let text = raw.replacen(loss, &format!("loss = {{ {name} = {{ {fields} }} }}"), 1);
        let error = Config::parse(&text, "x").unwrap().validate("x").unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("net.normalise = true"), "{error}");
    }
    let alone = error_of(
        "loss = { triplet = { margin = 0.2, miner = \"semi_hard\" } }",
        "loss = { distillation = {} }",
    );
    assert!(alone.contains("teacher.model is nothing; it must be given"), "{alone}");
    let unasked = error_of("[train]", "[teacher]\nmodel = \"x\"\n[train]");
    assert!(unasked.contains("teacher.model is x; it must be left out"), "{unasked}");
    assert!(
        error_of("lr = 3e-3", "lr = 3e-3\naverage = 1.0")
            .contains("train.average is 1; it must be 0 to below 1")
    );
    let blind = error_of("lr = 3e-3", "lr = 3e-3\npatience = 3\nhold_out = \"none\"");
    assert!(blind.contains("train.patience is 3; it must be left out"), "{blind}");
    assert_eq!(
        error_of("name = \"default\"", ""),
        "my.toml: name is missing. docs/CONFIG.md has every field"
    );
}

/// A field's path, what it is, and what it may be: not serde's words for Rust's types.
#[test]
fn wrong_types_are_told_by_path() {
    let layers = "known are conv, depthwise_conv, max_pool, average_pool, global_average_pool, dropout, batch_norm, \
                  dense, skip, shortcut, add";
    for (from, to, told) in [
        (
            "{ cosine = { warm_up = 30 } }",
            "\"cosine\"",
            "train.schedule is \"cosine\"; it must be a table: { cosine = { warm_up = 30 } }. Known are constant, cosine",
        ),
        (
            "{ cosine = { warm_up = 30 } }",
            "7",
            "train.schedule is 7; it must be constant or cosine, as in { cosine = { warm_up = 30 } }",
        ),
        (
            "{ cosine = { warm_up = 30 } }",
            "{ cosine = 30 }",
            "train.schedule.cosine is 30; it must be a table of these fields: warm_up",
        ),
        (
            "{ cosine = { warm_up = 30 } }",
            "{ cosin = { warm_up = 30 } }",
            "train.schedule: `cosin` is not known here; did you mean `cosine`? Known are constant, cosine, as in \
             { cosine = { warm_up = 30 } }",
        ),
        (
            "{ cosine = { warm_up = 30 } }",
            "{ constant = { rate = 1 } }",
            "train.schedule is { constant = { rate = 1 } }; it must be \"constant\", which has no fields",
        ),
        (
            "{ cosine = { warm_up = 30 } }",
            "{ constant = {}, cosine = {} }",
            "it must be one name: constant or cosine, as in { cosine = { warm_up = 30 } }",
        ),
        (
            "{ dropout = 0.25 }",
            "\"dropout\"",
            "net.layers[4] is \"dropout\"; it must be a table: { dropout = 0.25 }.",
        ),
        ("{ dropout = 0.25 }", "\"dropout\"", layers),
        (
            "{ dropout = 0.25 }",
            "{ dropout = \"much\" }",
            "net.layers[4].dropout is \"much\"; it must be a number",
        ),
        (
            "kernel = 2",
            "",
            "net.layers[1].max_pool.kernel is missing. Write it as in { max_pool = { kernel = 2 } }. docs/CONFIG.md",
        ),
        (
            "kernel = 2",
            "kernel = [2, \"2\"]",
            "net.layers[1].max_pool.kernel[1] is \"2\"; it must be a whole number",
        ),
        (
            "kernel = 2",
            "kernel = 2.0",
            "net.layers[1].max_pool.kernel is 2.0; it must be a whole number, or [rows",
        ),
        ("steps = 2000", "steps = 2e3", "train.steps is 2000.0; it must be a whole number"),
        ("steps = 2000", "steps = -2", "train.steps is -2; it must be a whole number, 0 or more"),
        (
            "steps = 2000",
            "steps = 99999999999999999999",
            "train.steps is 99999999999999999999; it must be smaller",
        ),
        ("normalise = true", "views = 256\nnormalise = true", "net.views is 256; it must be smaller"),
        ("normalise = true", "normalise = \"yes\"", "net.normalise is \"yes\"; it must be true or false"),
        ("\"flex\"", "3", "backend is 3; it must be flex, ndarray, cuda or wgpu"),
        ("name = \"default\"", "name = 3", "name is 3; it must be text in quotation marks"),
        ("name = \"default\"", "name = 1979-05-27", "name is 1979-05-27; it must be text in quotation marks"),
        ("name = \"default\"", "name = x", "text must stand in quotation marks"),
        ("name = \"default\"", "name = \"x\"\nname = \"y\"", "my.toml, line 3: this name stands here twice"),
        ("[net]", "data = []\n[net]", "data is []; it must be a table of these fields: size, channels,"),
        (
            "[net]",
            "data.unseen = \"3\"\n[net]",
            "data.unseen is \"3\"; it must be a list, in square brackets",
        ),
    ] {
        let error = error_of(from, to);
        assert!(error.to_lowercase().contains(&told.to_lowercase()), "{to}\n{error}\n{told}");
        assert!(error.starts_with("my.toml, line "), "{to}\n{error}");
        for word in ["struct ", "variant", "integer `", "invalid type", "expected", "private"] {
            assert!(!error.contains(word), "{error}");
        }
    }
    let json = |text: &str| Config::parse(text, "x.json").unwrap_err().to_string();
    assert_eq!(
        json("{\"name\": \"x\",\n\"net\": {\"normalise\": true,\n\"layers\": [\"skip\",\n\"conv\"]}}")
            .split(". Known")
            .next(),
        Some(
            "x.json, line 4: net.layers[1] is \"conv\"; it must be a table: { \"conv\": { \"out_channels\": 8, \"kernel\": 3 } }"
        )
    );
    assert_eq!(
        json("{\n\"name\": null}"),
        "x.json, line 2: name is null; it must be text in quotation marks"
    );
    assert_eq!(json("{\"name\": \"x\",\n\"name\": 3}"), "x.json, line 2: `name` stands here twice");
    assert_eq!(
        json("{\"exp_name\": \"x\",\n\"lr\": \"fast\", \"decay\": 0, \"num_epochs\": 1, \"batch_size\": 8}"),
        "x.json, line 2: lr is \"fast\"; it must be a number"
    );
}

fn line_of(text: &str) -> usize {
    1 + SAMPLE.lines().position(|line| line.contains(text)).unwrap()
}

#[test]
fn sizes_are_one_number_or_two() {
    let text = SAMPLE.replacen("kernel = 3", "kernel = [5, 3]", 1);
    let config = Config::parse(&text, "x").unwrap();
    let LayerConfig::Conv(conv) = config.net.layers[0] else { panic!() };
    assert_eq!(conv.kernel, Size([5, 3]));
    assert_eq!(Config::parse(&config.to_toml().unwrap(), "x").unwrap(), config);
}

#[test]
fn the_data_section_is_optional_and_checked() {
    assert_eq!(Config::preset("best").unwrap().data, DataConfig::default());
    let with = |section: &str| Config::parse(&format!("{}\n[data]\n{section}", SAMPLE), "my.toml");
    let config =
        with("size = [20, 30]\nfit = \"stretch\"\nbackground = \"light\"\ntest_share = 0.5").unwrap();
    let preprocessing = Preprocessing::new(Fit::Stretch, Background::Light);
    assert_eq!((config.data.size, config.data.test_share), (Size([20, 30]), 0.5));
    assert_eq!(config.data.preprocessing(Fit::Centre), preprocessing);
    assert_eq!(Config::parse(&config.to_toml().unwrap(), "x").unwrap(), config);
    assert_eq!(with("").unwrap().data.preprocessing(Fit::Centre), Preprocessing::MNIST);

    let error = |section| match with(section).and_then(|config| config.validate("my.toml")) {
        Ok(_) => panic!("{section} was accepted"),
        Err(error) => error.to_string(),
    };
    assert_eq!(error("size = 0"), "my.toml: data.size is 0; it must be 1 to 1024");
    assert_eq!(error("size = [28, 1025]"), "my.toml: data.size is [28, 1025]; it must be 1 to 1024");
    assert!(error("test_share = 0.0").contains("data.test_share is 0; it must be above 0, up to 0.9"));
    assert!(error("test_share = nan").contains("data.test_share is NaN"));
    assert!(error("fit = \"center\"").contains("did you mean `centre`?"));
    assert!(
        error("background = \"black\"").contains("`black` is not known here. Known are dark, light, auto")
    );
    assert!(error("sise = 28").contains("did you mean `size`?"));
}

#[test]
fn what_is_held_out_is_a_word() {
    let with = |value: &str| {
        let text = SAMPLE.replacen("[train]", &format!("[train]\nhold_out = {value}"), 1);
        Config::parse(&text, "my.toml").map(|config| config.train.hold_out)
    };
    let words = ["\"images\"", "\"classes\"", "\"none\""].map(|word| with(word).unwrap());
    assert_eq!(words, [HoldOut::Images, HoldOut::Classes, HoldOut::None]);
    assert_eq!(Config::preset("default").unwrap().train.hold_out, HoldOut::Images);
    let error = with("true").unwrap_err().to_string();
    assert!(error.starts_with("my.toml, line "), "{error}");
}

/// docs/CONFIG.md, the reference of recipes.
mod page {
    use super::*;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    const PAGE: &str = include_str!("../../../docs/CONFIG.md");

    /// Returns the names of an enum, from what serde says of one that it does not know.
    fn variants<T: DeserializeOwned>() -> Vec<String> {
        let Err(error) = serde_json::from_str::<T>("\"?\"") else { panic!("`?` is a name") };
        error.to_string().split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }

    /// Returns the names of all tables' fields, at every depth.
    fn names(value: &Value) -> Vec<String> {
        match value {
            Value::Object(fields) => {
                fields.iter().flat_map(|(name, value)| [vec![name.clone()], names(value)].concat()).collect()
            }
            Value::Array(values) => values.iter().flat_map(names).collect(),
            _ => Vec::new(),
        }
    }

    /// Returns a config that leaves no field to its default, with this loss.
    fn full(loss: LossConfig) -> Config {
        let size = Size([2, 3]);
        let pool = PoolConfig { kernel: size, stride: Some(size) };
        Config {
            name: "full".into(),
            seed: 2,
            backend: Backend::Ndarray,
            data: DataConfig {
                size,
                channels: 3,
                fit: Some(Fit::Stretch),
                background: Background::Dark,
                centring: shared_model::model::format::Centring { threshold: 9, line: 5, speck: 1 },
                test_share: 0.1,
                min_images: 5,
                source: Some("mnist".into()),
                mixture: vec![SourceConfig {
                    source: Some("drawn".into()),
                    share: 1.0,
                    only_with: vec!["mnist".into()],
                }],
                decoys: Some("others".into()),
                characters: CharactersConfig { classes: Some(9), ..CharactersConfig::default() },
                unseen: vec!["a".into()],
            },
            net: NetConfig {
                normalise: true,
                views: 1,
                pretrained: Some("runs/other".into()),
                weight_standardization: false,
                layers: vec![
                    LayerConfig::Conv(ConvConfig {
                        out_channels: 2,
                        kernel: size,
                        stride: size,
                        padding: Size([1, 1]),
                        relu: true,
                    }),
                    LayerConfig::MaxPool(pool),
                    LayerConfig::BatchNorm(BatchNormConfig { relu: true }),
                    LayerConfig::Dense(DenseConfig { out_features: 2, relu: true }),
                ],
            },
            teacher: Some(TeacherConfig { model: "teacher".into(), views: Some(2) }),
            train: TrainConfig {
                steps: Some(1),
                epochs: Some(1),
                batch: BatchConfig::Balanced(BalancedConfig { classes: 2, images_per_class: 2 }),
                loss,
                lr: 0.1,
                schedule: Schedule::Cosine(WarmUp { warm_up: 1 }),
                decay: 0.1,
                weight_decay: 0.1,
                average: Some(0.9),
                patience: Some(1),
                turned_classes: true,
                pieced: 3,
                folds: 2,
                few: Some(FewConfig {
                    images: 5,
                    turn: true,
                    pieced: 1,
                    folds: 3,
                    pretrained: false,
                    pretrained_steps: 9,
                }),
                augment: Some(AugmentConfig {
                    degrees: 1.0,
                    scale: 0.1,
                    shear: 0.1,
                    shift: 1.0,
                    elastic: 1.0,
                    colour: 0.1,
                }),
                hold_out: HoldOut::Classes,
                validate_every: 1,
            },
        }
    }

    #[test]
    fn every_field_and_name_is_told() {
        let losses = [
            LossConfig::Triplet(TripletConfig {
                margin: Margin::Soft,
                squared: false,
                miner: Some(MinerConfig::Random),
                warm_up: 1,
            }),
            LossConfig::Contrastive(ContrastiveConfig { margin: 1.0 }),
            LossConfig::SupCon(SupConConfig { temperature: 1.0 }),
            LossConfig::MultiSimilarity(MultiSimilarityConfig {
                alpha: 1.0,
                beta: 1.0,
                base: 0.1,
                epsilon: 0.2,
            }),
            LossConfig::Proxies(ProxiesConfig { scale: 1.0, margin: 0.1 }),
            LossConfig::Distillation(DistillationConfig {}),
        ];
        let fields = losses.iter().flat_map(|&loss| names(&serde_json::to_value(full(loss)).unwrap()));
        let mut told: Vec<String> = fields.collect();
        assert_eq!(variants::<LossConfig>().len(), losses.len());
        told.extend(variants::<LossConfig>().into_iter().chain(variants::<LayerConfig>()));
        told.extend(variants::<BatchConfig>());
        told.extend(PRESETS.map(|(name, _)| name.to_owned()));
        told.extend(["exp_name", "lr", "decay", "num_epochs", "batch_size"].map(str::to_owned));
        assert!(told.len() > 100, "{told:?}");
        for name in told {
            assert!(PAGE.contains(&format!("`{name}`")), "docs/CONFIG.md does not tell of `{name}`");
        }
        let words = [variants::<MinerConfig>(), variants::<Schedule>(), variants::<HoldOut>()].concat();
        let more = [variants::<Backend>(), variants::<Fit>(), variants::<Background>()].concat();
        assert!(words.len() + more.len() >= 19, "{words:?} {more:?}");
        for word in [words, more].concat() {
            let told = PAGE.contains(&format!("\"{word}\"")) || PAGE.contains(&format!("{{ {word} = "));
            assert!(told, "docs/CONFIG.md does not tell of \"{word}\"");
        }
    }

    #[test]
    fn every_recipe_is_valid() {
        let blocks = PAGE.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
        let recipes: Vec<&str> = blocks
            .filter(|(kind, text)| ["toml", "json"].contains(kind) && !text.contains("[[variant]]"))
            .map(|(_, text)| text)
            .collect();
        assert!(recipes.len() >= 2);
        for text in recipes {
            Config::parse(text, "docs/CONFIG.md").unwrap().validate("docs/CONFIG.md").unwrap();
        }
    }
}

/// Each level of nesting costs stack: a file must not have the program run out of it.
#[test]
fn files_that_are_nested_too_deeply_are_refused() {
    let deep = 200_000;
    let key = ["a"; 79].join(".");
    let both = format!("{}1{}", format!("{{{key}=").repeat(79), "}".repeat(79));
    for text in [
        "[".repeat(deep),
        format!("name = {}", "[".repeat(deep)),
        format!("name = {}", "{a=".repeat(deep)),
        format!("name = {}", "[{a=".repeat(deep)),
        format!("{} = 1", ["a"; 200_000].join(".")),
        format!("[{}]", ["a"; 200_000].join(".")),
        format!("[[{}]]\nb = 1", ["a"; 200_000].join(".")),
        format!("name = {both}"),
        format!("{key} = {both}"),
        format!("[{key}]\n{key} = {both}"),
        SAMPLE.replace("kernel = 2", &format!("kernel = {both}")),
        SAMPLE.replace("margin = 0.2", &format!("margin = {both}")),
        format!("{{\"name\": {}", "[".repeat(deep)),
        "{\"a\":".repeat(deep),
        format!("{{\"exp_name\": {}", "{\"a\":".repeat(deep)),
    ] {
        let start = &text[..text.floor_char_boundary(30)];
        let error = Config::parse(&text, "deep").map_err(|error| error.located(&text));
        let error = error.expect_err(start).to_string();
        assert!(error.starts_with("deep") && error.contains("nested too deeply"), "{start}: {error}");
    }
}

#[test]
fn what_changes_where_images_are_few() {
    let train = Config::preset("default").unwrap().train;
    assert_eq!((train.pieced, train.folds, train.augment.unwrap().degrees), (0, 0, 10.0));
    let few = train.few.unwrap();
    let at_any_angle = train.with_few(true, true, false);
    assert_eq!((at_any_angle.pieced, at_any_angle.folds, at_any_angle.few), (few.pieced, few.folds, None));
    assert_eq!(at_any_angle.augment.unwrap().degrees, 180.0);
    assert_eq!(train.with_few(false, true, false).augment, train.augment);
    let kept = TrainConfig { few: Some(FewConfig { turn: false, ..few }), ..train };
    assert_eq!(kept.with_few(true, true, false).augment, train.augment);
    assert_eq!(TrainConfig { few: None, ..train }.with_few(true, true, false).pieced, 0);
    // Held-out images calibrate where there are no folds.
    assert_eq!(
        (at_any_angle.hold_out, train.with_few(true, false, false).hold_out),
        (HoldOut::None, HoldOut::Images)
    );
    assert_eq!(train.with_few(true, false, false).folds, 0);
    let patient = TrainConfig { patience: Some(3), ..train };
    assert_eq!(patient.with_few(true, true, false).hold_out, HoldOut::Images);
    // What has learned takes fewer steps, but never more.
    let steps = |train: TrainConfig, is_pretrained| train.with_few(true, true, is_pretrained).steps;
    assert_eq!((steps(train, false), steps(train, true)), (train.steps, Some(few.pretrained_steps)));
    assert!(train.steps > Some(few.pretrained_steps));
    assert_eq!(steps(TrainConfig { steps: Some(7), ..train }, true), Some(7));
    let by_epochs = TrainConfig { steps: None, epochs: Some(3), ..train };
    assert_eq!(steps(by_epochs, true), None);
}

/// A batch is smaller by the share of a source that is left out.
#[test]
fn a_source_may_be_for_some_data_only() {
    let preset = Config::preset("default").unwrap();
    let batch = |config: &Config| match config.train.batch {
        BatchConfig::Balanced(BalancedConfig { classes, images_per_class }) => (classes, images_per_class),
        BatchConfig::Triplets(count) => (count, 3),
    };
    for own in ["mnist", "drawn"] {
        let config = preset.clone().for_own(|word| word == own);
        let sources: Vec<_> = config.data.mixture.iter().map(|source| source.source.as_deref()).collect();
        assert_eq!((batch(&config), sources), ((15, 10), vec![None, Some("characters")]));
        assert!(config.data.mixture.iter().all(|source| source.only_with.is_empty()));
        assert_eq!(config.clone().for_own(|_| false), config, "it is decided once");
    }
    let alone = preset.clone().for_own(|_| false);
    assert_eq!((batch(&alone), &alone.data), ((10, 10), &DataConfig::default()));

    let only = "{ source = 'drawn', share = 3.0, only_with = ['signs'] }";
    let of = |mixture: &str, batch: &str| {
        let changes = [format!("data.mixture = [{mixture}]"), format!("train.batch = {{ {batch} }}")];
        preset.clone().with(&changes).unwrap().for_own(|word| word == "mnist")
    };
    let folders = format!("{{ source = 'a', share = 1.0 }}, {only}, {{ share = 2.0 }}");
    let config = of(&folders, "triplets = 10");
    assert_eq!((batch(&config), config.data.mixture.len()), ((5, 3), 2));
    let config = of(only, "triplets = 10");
    assert_eq!((batch(&config), &config.data), ((10, 3), &DataConfig::default()), "nothing else is left");

    let change = "data.mixture=[{ share = 1.0, only_with = ['mnits'] }]".to_owned();
    let error = preset.clone().with(&[change]).unwrap().validate("x").unwrap_err().to_string();
    assert!(error.contains("data.mixture[0].only_with is \"mnits\"; it must be mnist, drawn"), "{error}");
}

#[test]
fn decoys_need_a_batch_of_classes() {
    let triplets = ["train.batch = { triplets = 8 }", "train.loss = { triplet = { margin = 0.2 } }"];
    let error = |change: &str, more: &[&str]| {
        let changes: Vec<String> = more.iter().chain(&[change]).map(ToString::to_string).collect();
        let config = Config::preset("default").unwrap().with(&changes).unwrap();
        config.validate("test").map(|_| ()).map_err(|error| error.to_string())
    };
    let message = error("data.decoys = 'others'", &triplets).unwrap_err();
    assert!(message.contains("data.decoys") && message.contains("balanced"), "{message}");
    assert!(error("train.pieced = 5", &triplets).unwrap_err().contains("train.pieced"));
    assert!(error("train.pieced = 5", &["train.loss = { proxies = {} }"]).is_err());
    assert_eq!(error("data.decoys = 'others'", &["train.loss = { proxies = {} }"]), Ok(()));
    assert!(error("train.folds = 1", &[]).is_err() && error("train.few.images = 0", &[]).is_err());
}
