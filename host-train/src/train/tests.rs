use super::*;
use crate::config::{Config, DenseConfig, HoldOut, LayerConfig};

/// Images of 12 x 12 pixels: a bar whose angle tells the class, moved about.
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
        batch = { balanced = { classes = 4, images_per_class = 6, miner = "semi_hard" } }
        margin = 0.2
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

fn run(config: &ValidConfig) -> Result<Trained, TrainError> {
    train(config, &bars(40), &config.backend.device(), &mut ())
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let config = config(|_| ());
    let threads = |count| rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
    let [one, two, again] = [1, 2, 2].map(|count| {
        let trained = threads(count).install(|| run(&config)).unwrap();
        let precision: Vec<_> = trained.history.iter().map(|row| row.precision_at_1).collect();
        (trained.net.to_float_net(), precision)
    });
    assert!(one == two && two == again);
    let other = self::config(|config| config.seed = 2);
    assert_ne!(run(&other).unwrap().net.to_float_net(), one.0);
}

#[test]
fn learns_and_tells_how() {
    struct Steps(Vec<Progress>, usize);
    impl Observer for Steps {
        fn step(&mut self, progress: &Progress) {
            self.0.push(*progress);
        }
        fn row(&mut self, _: &HistoryRow) {
            self.1 += 1;
        }
    }
    let config = config(|config| config.train.steps = Some(60));
    let mut steps = Steps(Vec::new(), 0);
    let trained = train(&config, &bars(40), &config.backend.device(), &mut steps).unwrap();
    assert_eq!((steps.0.len(), steps.1, trained.history.len()), (60, 8, 8));
    assert_eq!(trained.held_out.len(), 4 * 3);
    assert_eq!(trained.images_seen, 60 * 24);
    let last = steps.0[59];
    // 148 images, 24 in a batch: 7 batches an epoch.
    assert_eq!((last.step, last.steps, last.epoch, last.epochs), (60, 60, 9, 9));
    let (first, last) = (&trained.history[0], trained.history.last().unwrap());
    assert_eq!((first.step, last.step, last.images_seen), (8, 60, 1440));
    assert!(last.triplets < first.triplets, "{first:?} {last:?}");
    assert!(last.precision_at_1 >= Some(0.9), "{last:?}");
}

#[test]
fn the_origins_batches_and_ndarray_train_too() {
    let config = config(|config| {
        config.backend = Backend::Ndarray;
        config.net.normalise = false;
        config.train.hold_out = HoldOut::None;
        config.train.batch = BatchConfig::Triplets(16);
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
    let error = train(&config, &blank, &config.backend.device(), &mut ()).unwrap_err();
    let TrainError::Collapsed { step: 50, margin: 0.2, .. } = error else { panic!("{error}") };
    assert!(error.to_string().contains("net.normalise"));

    let wild = self::config(|config| {
        config.net.normalise = false;
        config.train.lr = 1.0;
        config.train.steps = Some(20);
        config.train.batch = BatchConfig::Triplets(16);
        config.net.layers = vec![LayerConfig::Dense(DenseConfig { out_features: 64, relu: false }); 24];
    });
    let error = train(&wild, &bars(40), &wild.backend.device(), &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
}

#[test]
fn unfit_data_are_refused() {
    let config = config(|config| config.train.augment = None);
    let few = train(&config, &bars(5), &config.backend.device(), &mut ()).unwrap_err();
    assert!(
        matches!(few, TrainError::Data(SamplerError::TooFewImages { images: 5, needed: 6, .. })),
        "{few}"
    );
    let tiny = split(2, 2, vec![0; 4 * 40], (0..40).map(|i| i % 4).collect());
    let error = train(&config, &tiny, &config.backend.device(), &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::Net(NetError::Window { layer: 0, .. })), "{error}");
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
