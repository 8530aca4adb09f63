use super::*;
use super::{schedule::learning_rate, teacher::Teacher};
use crate::{
    net::{Net, NetError},
    sampler::SamplerError,
};
use shared_model::inspect::Shape;
use tinytriplet_data::{Dataset, Label, Rng, Split, drawn};
use tinytriplet_evaluation::{export::export, history::HistoryRow};
use tinytriplet_recipe::{
    Backend, BatchConfig, Config, DenseConfig, DistillationConfig, HoldOut, LayerConfig, LossConfig,
    ProxiesConfig, Schedule, TeacherConfig, WarmUp,
};

/// Returns images of 12 x 12 pixels: a bar whose angle tells the class, moved about.
fn bars(per_class: usize) -> Split {
    let mut rng = Rng::new(11);
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for index in 0..per_class * 4 {
        let class = index % 4;
        let (row, column) = (4 + rng.below(4), 4 + rng.below(4));
        let mut image = [0; 144];
        for along in 0..7 {
            let (down, right) = [(0, 1), (1, 0), (1, 1), (1, 2)][class];
            let y = (row + down * along).wrapping_sub(down * 3);
            let x = (column + right * along).wrapping_sub(right * 3);
            if y < 12 && x < 12 {
                image[y * 12 + x] = 200 + rng.below(56) as u8;
            }
        }
        pixels.extend(image);
        labels.push(class as Label);
    }
    split(12, 12, pixels, labels)
}

fn split(height: usize, width: usize, pixels: Vec<u8>, labels: Vec<Label>) -> Split {
    Split::new(height, width, pixels, labels).unwrap()
}

fn config(change: impl FnOnce(&mut Config)) -> ValidConfig {
    let mut config = Config::parse(
        r#"
        name = "test"
        net.normalise = true
        net.layers = [
            { conv = { out_channels = 8, kernel = 3, relu = true } },
            { max_pool = { kernel = 2 } },
            { dropout = 0.1 },
            { dense = { out_features = 16, relu = true } },
        ]
        [train]
        steps = 20
        batch = { balanced = { classes = 4, images_per_class = 6 } }
        loss = { triplet = { margin = 0.2 } }
        lr = 0.01
        augment = { degrees = 5.0, scale = 0.05, shear = 0.05, shift = 0.5 }
        validate_every = 8
        "#,
        "test",
    )
    .unwrap();
    change(&mut config);
    config.validate("test").unwrap()
}

fn device(config: &ValidConfig) -> Device {
    crate::device(config.backend).unwrap()
}

fn run(config: &ValidConfig) -> Result<Trained, TrainError> {
    train(config, &(&bars(40)).into(), OtherNets::default(), &device(config), Start::New, &mut ())
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let config = config(|config| config.net.weight_standardization = true);
    let threads = |count| rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
    let [one, two, again] = [1, 2, 2].map(|count| {
        let trained = threads(count).install(|| run(&config)).unwrap();
        let precision: Vec<_> = trained.history.iter().map(|row| row.precision_at_1).collect();
        (trained.net.to_float_net(), precision)
    });
    assert!(one == two && two == again);
    let other = self::config(|config| (config.seed, config.net.weight_standardization) = (2, true));
    assert_ne!(run(&other).unwrap().net.to_float_net(), one.0);
}

/// Stops a training after a step.
struct StopAt(usize, usize);

impl Observer for StopAt {
    fn step(&mut self, progress: &Progress) {
        self.1 = progress.step;
    }

    fn interrupted(&self) -> bool {
        self.1 == self.0
    }
}

#[test]
fn an_interrupted_training_goes_on_to_the_same_bits() {
    let config = config(|config| {
        config.train.loss = LossConfig::Proxies(ProxiesConfig { scale: 8.0, margin: 0.1 });
        (config.train.average, config.train.patience) = (Some(0.9), Some(100));
        config.train.weight_decay = 0.01;
        config.net.weight_standardization = true;
    });
    let whole = run(&config).unwrap();
    for stop in [3, 8, 13] {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::new(folder.path());
        let device = device(&config);
        let start = |start, stop| {
            train(&config, &(&bars(40)).into(), OtherNets::default(), &device, start, &mut StopAt(stop, 0))
        };
        let first = start(Start::Saving(&checkpoints), stop).unwrap();
        assert_eq!((first.ended, first.steps), (Ended::Interrupted, stop));
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [format!("checkpoint-{stop}").as_str()]);
        let second = start(Start::Resuming(&checkpoints), 0).unwrap();
        assert_eq!((second.ended, second.steps), (Ended::Done, 20));
        assert_eq!(second.net.to_float_net(), whole.net.to_float_net(), "stopped at {stop}");
        let told = |trained: &Trained| -> Vec<_> {
            trained.history.iter().map(|row| (row.step, row.images_seen, row.precision_at_1)).collect()
        };
        assert_eq!(told(&second), told(&whole));
        checkpoints.remove().unwrap();
        let error = start(Start::Resuming(&checkpoints), 0).unwrap_err();
        assert!(matches!(error, TrainError::Checkpoint(CheckpointError::None(_))), "{error}");
    }
}

#[test]
fn a_damaged_checkpoint_is_named() {
    let config = config(|_| ());
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    let device = device(&config);
    let start =
        |start| train(&config, &(&bars(40)).into(), OtherNets::default(), &device, start, &mut StopAt(4, 0));
    start(Start::Saving(&checkpoints)).unwrap();
    let other = train(
        &config,
        &(&bars(41)).into(),
        OtherNets::default(),
        &device,
        Start::Resuming(&checkpoints),
        &mut (),
    )
    .unwrap_err();
    assert!(matches!(other, TrainError::Checkpoint(CheckpointError::OtherData(_))), "{other}");
    for name in ["learner.bpk", "optimizer.bpk", "state.json"] {
        let path = folder.path().join("checkpoint-4").join(name);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let error = start(Start::Resuming(&checkpoints)).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
        std::fs::write(&path, whole).unwrap();
    }
}

#[test]
fn training_ends_early_with_its_best_net() {
    let patient = config(|config| {
        (config.train.steps, config.train.patience, config.train.validate_every) = (Some(400), Some(3), 4);
    });
    let trained = run(&patient).unwrap();
    assert_eq!(trained.ended, Ended::Early);
    let precisions: Vec<f64> = trained.history.iter().map(|row| row.precision_at_1.unwrap()).collect();
    let (best, rest) = precisions.split_at(precisions.len() - 3);
    let last_best = best.last().unwrap();
    assert!(best[..best.len() - 1].iter().all(|p| p < last_best) && rest.iter().all(|p| p <= last_best));
    // The weights are those of the best look, not of the last one.
    let until_best = config(|config| {
        (config.train.steps, config.train.validate_every) = (Some(trained.steps - 12), 4);
    });
    assert_eq!(run(&until_best).unwrap().net.to_float_net(), trained.net.to_float_net());

    // A program that is killed behind the last step trains no further.
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    for start in [Start::Saving(&checkpoints), Start::Resuming(&checkpoints)] {
        let again =
            train(&patient, &(&bars(40)).into(), OtherNets::default(), &device(&patient), start, &mut ())
                .unwrap();
        assert_eq!((again.ended, again.steps), (Ended::Early, trained.steps));
        assert_eq!(again.net.to_float_net(), trained.net.to_float_net());
    }
}

#[test]
fn every_loss_learns_the_bars() {
    for text in [
        "triplet = { margin = \"soft\", miner = \"batch_all\" }",
        "triplet = { margin = 0.3, squared = false, miner = \"batch_hard\", warm_up = 20 }",
        "triplet = { margin = 0.2, miner = \"random\" }",
        "contrastive = { margin = 1 }",
        "sup_con = {}",
        "multi_similarity = {}",
        "proxies = {}",
    ] {
        let loss: LossConfig = toml::from_str(text).unwrap();
        let config = config(|config| (config.train.loss, config.train.steps) = (loss, Some(60)));
        let trained = run(&config).unwrap();
        let last = trained.history.last().unwrap();
        assert!(last.precision_at_1 >= Some(0.9), "{loss:?}: {last:?}");
        assert!(last.mined > 0.0 && last.loss < trained.history[0].loss, "{loss:?}: {last:?}");
    }
}

#[test]
fn learns_and_tells_how() {
    struct Steps(Vec<Progress>, usize);
    impl Observer for Steps {
        fn step(&mut self, progress: &Progress) {
            self.0.push(*progress);
        }
        fn row(&mut self, _: &[HistoryRow]) {
            self.1 += 1;
        }
    }
    let config = config(|config| config.train.steps = Some(60));
    let mut steps = Steps(Vec::new(), 0);
    let trained =
        train(&config, &(&bars(40)).into(), OtherNets::default(), &device(&config), Start::New, &mut steps)
            .unwrap();
    assert_eq!((steps.0.len(), steps.1, trained.history.len()), (60, 8, 8));
    assert_eq!(trained.held_out.len(), 4 * 3);
    assert_eq!(trained.images_seen, 60 * 24);
    let last = steps.0[59];
    // 148 images, 24 in a batch: 7 batches an epoch.
    assert_eq!((last.step, last.steps, last.epoch, last.epochs), (60, 60, 9, 9));
    let (first, last) = (&trained.history[0], trained.history.last().unwrap());
    assert_eq!((first.step, last.step, last.images_seen), (8, 60, 1440));
    assert!(last.mined < first.mined, "{first:?} {last:?}");
    assert!(last.precision_at_1 >= Some(0.9), "{last:?}");
}

#[test]
fn the_origins_batches_and_ndarray_train_too() {
    let config = config(|config| {
        config.backend = Backend::Ndarray;
        config.net.normalise = false;
        config.train.hold_out = HoldOut::None;
        config.train.batch = BatchConfig::Triplets(16);
        config.train.loss = Config::preset("origin").unwrap().train.loss;
        (config.train.steps, config.train.epochs) = (None, Some(2));
    });
    let trained = run(&config).unwrap();
    // 4 classes of 40: 156 triplets, 10 batches an epoch, the last one of 12.
    assert_eq!(trained.images_seen, 2 * 3 * 156);
    let last = trained.history.last().unwrap();
    assert_eq!((last.step, last.precision_at_1), (20, None));
    assert!(last.loss < trained.history[0].loss);
}

#[test]
fn both_backends_agree() {
    let [flex, ndarray] = [Backend::Flex, Backend::Ndarray].map(|backend| {
        let config = config(|config| (config.backend, config.train.steps) = (backend, Some(3)));
        run(&config).unwrap().history[0].loss
    });
    assert!((flex - ndarray).abs() < 1e-4, "{flex} {ndarray}");
}

#[test]
fn divergence_and_collapse_are_named() {
    let blank = split(12, 12, vec![0; 144 * 40], (0..40).map(|i| i % 4).collect());
    let config = config(|config| (config.train.steps, config.train.augment) = (Some(100), None));
    let error = train(&config, &(&blank).into(), OtherNets::default(), &device(&config), Start::New, &mut ())
        .unwrap_err();
    let TrainError::Collapsed { step: 50, unit: "triplets", .. } = error else { panic!("{error}") };
    let told = error.to_string();
    assert!(told.ends_with(". Lower train.lr (now 0.01), or let it rise slowly (train.schedule = { cosine = { warm_up = 100 } })"), "{told}");

    let wild = self::config(|config| {
        config.net.normalise = false;
        config.train.lr = 1.0;
        config.train.steps = Some(20);
        config.train.batch = BatchConfig::Triplets(16);
        config.train.loss = Config::preset("origin").unwrap().train.loss;
        config.net.layers = vec![LayerConfig::Dense(DenseConfig { out_features: 64, relu: false }); 24];
    });
    let error = train(&wild, &(&bars(40)).into(), OtherNets::default(), &device(&wild), Start::New, &mut ())
        .unwrap_err();
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
}

#[test]
fn an_interrupted_training_collapses_at_the_same_step() {
    let blank = split(12, 12, vec![0; 144 * 40], (0..40).map(|i| i % 4).collect());
    let config = config(|config| (config.train.steps, config.train.augment) = (Some(100), None));
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    let until = |start, stop| {
        train(&config, &(&blank).into(), OtherNets::default(), &device(&config), start, &mut StopAt(stop, 0))
    };
    assert_eq!(until(Start::Saving(&checkpoints), 30).unwrap().ended, Ended::Interrupted);
    let error = until(Start::Resuming(&checkpoints), 0).unwrap_err();
    assert!(matches!(error, TrainError::Collapsed { step: 50, .. }), "{error}");
}

/// As a program leaves them that is killed while it writes one.
#[test]
fn half_written_checkpoints_are_removed() {
    let config = config(|config| config.train.steps = Some(2));
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    let half = folder.path().join(".partial-k1lled");
    let names = || -> Vec<_> {
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    let write_half = || {
        std::fs::create_dir(&half).unwrap();
        std::fs::write(half.join("learner.bpk"), "half").unwrap();
    };
    write_half();
    train(
        &config,
        &(&bars(40)).into(),
        OtherNets::default(),
        &device(&config),
        Start::Saving(&checkpoints),
        &mut (),
    )
    .unwrap();
    assert_eq!(names(), ["checkpoint-2"]);
    write_half();
    // A file of such a name is another writer's.
    std::fs::write(folder.path().join(".partial-file"), "half").unwrap();
    checkpoints.remove().unwrap();
    assert_eq!(names(), [".partial-file"]);
}

#[test]
fn unfit_data_are_refused() {
    let config = config(|config| config.train.augment = None);
    let few = train(&config, &(&bars(5)).into(), OtherNets::default(), &device(&config), Start::New, &mut ())
        .unwrap_err();
    assert!(
        matches!(
            few,
            TrainError::Data { part: 0, reason: SamplerError::TooFewImages { images: 5, needed: 6, .. } }
        ),
        "{few}"
    );
    let tiny = split(2, 2, vec![0; 4 * 40], (0..40).map(|i| i % 4).collect());
    let error = train(&config, &(&tiny).into(), OtherNets::default(), &device(&config), Start::New, &mut ())
        .unwrap_err();
    assert!(matches!(error, TrainError::Net(NetError::Window { layer: 0, .. })), "{error}");
}

/// A net is judged by the size of the images alone, and before its weights take memory.
#[test]
fn a_net_that_cannot_be_built_needs_no_data_to_be_refused() {
    let refused = |layers: &str, [height, width]: [u16; 2]| {
        let net = toml::from_str(&format!("normalise = true\nlayers = [{layers}]")).unwrap();
        check_net(&net, shared_model::inspect::Shape::new(height, width, 1))
            .map_err(|error| error.to_string())
    };
    let dense = "{ dense = { out_features = 4096 } }";
    let inputs = |inputs| {
        format!(
            "net.layers[0] (dense): {inputs} weights for each of 4096 outputs are too many; there may be 131071 for \
             each, and 67108864 in all: put a pool or a stride before it, or use fewer outputs"
        )
    };
    assert_eq!(refused(dense, [1024, 1024]), Err(inputs(1_048_576)), "16 GiB of weights");
    assert_eq!(refused(dense, [128, 129]), Err(inputs(16_512)));
    let small = "{ dense = { out_features = 2 } }";
    let error = refused(small, [257, 257]).unwrap_err();
    assert!(error.contains("sums of 66049 products do not fit"), "{error}");
    assert_eq!(refused(small, [256, 257]), Ok(()));
    assert!(refused("{ max_pool = { kernel = 31 } }", [31, 30]).unwrap_err().contains("does not fit"));
}

/// The batch norm and the dropouts, which a board does not know, count: the names are the config's.
#[test]
fn what_the_engine_cannot_run_is_refused_before_training() {
    let large = split(300, 300, vec![0; 300 * 300 * 40], (0..40).map(|i| i % 4).collect());
    let refused = |layers: &str| {
        let config = config(|config| {
            let layers = format!("normalise = true\nlayers = [{{ dropout = 0.1 }}, {layers}]");
            config.net = toml::from_str(&layers).unwrap();
        });
        let error =
            train(&config, &(&large).into(), OtherNets::default(), &device(&config), Start::New, &mut ())
                .unwrap_err();
        assert!(matches!(error, TrainError::Engine(_)), "{error}");
        error.to_string()
    };
    let norm = "{ conv = { out_channels = 1, kernel = 1 } }, { batch_norm = { relu = true } }";
    for (layers, told) in [
        (
            format!("{norm}, {{ dense = {{ out_features = 2 }} }}"),
            "net.layers[3] (dense): sums of 90000 products do not fit the engine's 32-bit accumulator, sums of 65793 do",
        ),
        (
            "{ conv = { out_channels = 1, kernel = 1 } }, \"global_average_pool\"".into(),
            "net.layers[2] (global_average_pool): the kernel is 300, a model file holds at most 255",
        ),
        (
            "{ conv = { out_channels = 1, kernel = 1 } }, { max_pool = { kernel = 31, stride = 1 } }, \
             { dense = { out_features = 2 } }"
                .into(),
            "net.layers[2] (max_pool): up to here, an image takes more than 1073741824 operations",
        ),
        (
            "{ conv = { out_channels = 187, kernel = 1 } }, { max_pool = { kernel = 31 } }, \
             { dense = { out_features = 2 } }"
                .into(),
            "net.layers[1] (conv): the number of output values is 16830000, a model file holds at most 16777216",
        ),
    ] {
        let error = refused(&layers);
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn learning_rates() {
    let cosine = |config: &mut Config| config.train.schedule = Schedule::Cosine(WarmUp { warm_up: 10 });
    let recipe = config(|c| cosine(c)).train;
    let rate = |step| learning_rate(&recipe, step, 110) / 0.01;
    assert!((rate(0) - 0.1).abs() < 1e-9 && (rate(9) - 1.0).abs() < 1e-9 && (rate(10) - 1.0).abs() < 1e-9);
    assert!((rate(60) - 0.5).abs() < 1e-9 && rate(109) > 0.0 && rate(109) < 0.001);
    let decaying = config(|c| c.train.decay = 0.5).train;
    assert!((learning_rate(&decaying, 2, 100) - 0.005).abs() < 1e-9);
}

/// Returns the file of a model that has learned the bars.
fn taught(change: impl FnOnce(&mut Config)) -> Vec<u8> {
    let config = config(|config| {
        config.train.steps = Some(60);
        change(config);
    });
    let data = drawn::dataset(1, 1, 1);
    let data = Dataset { train: bars(40), test: bars(10), ..data };
    export(&run(&config).unwrap().net.to_float_net(), &config, &data, 1, None, None).unwrap()
}

fn learner(change: impl FnOnce(&mut Config)) -> ValidConfig {
    config(|config| {
        config.train.loss = LossConfig::Distillation(DistillationConfig {});
        config.teacher = Some(TeacherConfig { model: "teacher".into(), views: None });
        change(config);
    })
}

fn learn(config: &ValidConfig, teacher: &[u8], start: Start<'_>, stop: usize) -> Result<Trained, TrainError> {
    let teacher = Model::decode(teacher).unwrap();
    let others = OtherNets { teacher: Some(&teacher), pretrained: None };
    train(config, &(&bars(40)).into(), others, &device(config), start, &mut StopAt(stop, 0))
}

#[test]
fn a_net_learns_the_embeddings_of_its_teacher() {
    let file = taught(|_| ());
    let config = learner(|config| (config.train.steps, config.seed) = (Some(200), 9));
    let trained = learn(&config, &file, Start::New, 0).unwrap();
    let asked = bars(60);
    let new: Vec<&[u8]> = (160..asked.len()).map(|index| asked.image(index)).collect();
    let teacher = Teacher::new(&Model::decode(&file).unwrap(), Shape::new(12, 12, 1), 16).unwrap();
    let pixels: Vec<f32> = new.concat().iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
    let cosine = |net: &Net| {
        let (own, taught) = (net.embed(new.iter().copied()), teacher.embed(&pixels));
        let products = own.iter().zip(&taught).map(|(own, taught)| own * taught);
        products.sum::<f32>() / new.len() as f32
    };
    // Another seed's net has other embeddings; without a teacher it keeps them.
    let alone = self::config(|config| (config.train.steps, config.seed) = (Some(60), 9));
    let (taught, untaught) = (cosine(&trained.net), cosine(&run(&alone).unwrap().net));
    assert!(taught > 0.95 && untaught < 0.6, "{taught} {untaught}");
    assert_eq!(trained.history.last().unwrap().mined, 24.0);
}

#[test]
fn a_taught_training_goes_on_to_the_same_bits_with_the_same_teacher_alone() {
    let (file, other) = (taught(|_| ()), taught(|config| config.seed = 5));
    let config = learner(|_| ());
    let whole = learn(&config, &file, Start::New, 0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path());
    learn(&config, &file, Start::Saving(&checkpoints), 9).unwrap();
    let error = learn(&config, &other, Start::Resuming(&checkpoints), 0).unwrap_err();
    assert!(matches!(error, TrainError::Checkpoint(CheckpointError::OtherTeacher(_))), "{error}");
    let second = learn(&config, &file, Start::Resuming(&checkpoints), 0).unwrap();
    assert_eq!(second.net.to_float_net(), whole.net.to_float_net());
}

#[test]
fn a_teacher_that_does_not_fit_is_refused() {
    let config = learner(|_| ());
    let error = |change: fn(&mut Config)| {
        let error = learn(&config, &taught(change), Start::New, 0).unwrap_err();
        assert!(matches!(error, TrainError::Teacher(_)), "{error}");
        error.to_string()
    };
    let values = |config: &mut Config| {
        config.net.layers[3] = LayerConfig::Dense(DenseConfig { out_features: 8, relu: false });
    };
    assert!(error(values).contains("its embeddings have 8 values, and this net's have 16"));
    assert!(error(|config| config.net.normalise = false).contains("squared L2"));
    let file = taught(|_| ());
    let error = Teacher::new(&Model::decode(&file).unwrap(), Shape::new(12, 14, 1), 16).err().unwrap();
    assert_eq!(error.to_string(), "it takes images of 12x12x1, and the run's are 12x14x1");
}
