use super::*;
use tinytriplet_recipe::Config;

fn device() -> Device {
    Device::flex()
}

fn net_of(layers: &str, input: Shape, device: &Device) -> Result<Net, NetError> {
    let config: NetConfig = toml::from_str(&format!("normalise = false\nlayers = [{layers}]")).unwrap();
    Net::new(&config, input, &mut Rng::new(1), device)
}

fn pixels(images: usize, input: Shape) -> Vec<u8> {
    let mut rng = Rng::new(9);
    (0..images * values(input)).map(|_| rng.below(256) as u8).collect()
}

fn assert_close(a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-4 * (1.0 + b.abs()), "{a} is not {b}");
    }
}

/// Burn and the plain arrays compute the same.
fn assert_float_net_agrees(net: &Net) {
    let pixels = pixels(3, net.input());
    let images: Vec<&[u8]> = pixels.chunks_exact(values(net.input())).collect();
    let plain = net.to_float_net();
    let expected: Vec<f32> = images.iter().flat_map(|image| plain.forward(image).pop().unwrap()).collect();
    assert_close(&net.embed(images), &expected);
}

#[test]
fn the_origins_net_has_its_parameters() {
    let config = Config::preset("origin").unwrap();
    let net = Net::new(&config.net, Shape::new(28, 28, 1), &mut Rng::new(1), &device()).unwrap();
    assert_eq!(net.num_params(), 112_096);
    assert_float_net_agrees(&net);
    let limit = (6.0f32 / (9.0 + 9.0 * 32.0)).sqrt();
    let FloatLayer::Conv2d { weight, bias, .. } = &net.to_float_net().layers[0] else { panic!() };
    let largest = weight.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
    assert!(largest <= limit && largest > 0.9 * limit);
    assert!(bias.iter().all(|&bias| bias == 0.0));
}

#[test]
fn float_net_agrees_for_every_layer_on_odd_shapes() {
    let input = Shape::new(13, 9, 1);
    for layers in [
        "{ conv = { out_channels = 3, kernel = [3, 2], stride = [2, 1], padding = [1, 0] } }, \
         { max_pool = { kernel = 2, stride = 1 } }, { max_pool = { kernel = 2 } }, { dense = { out_features = 5 } }",
        "{ average_pool = { kernel = [2, 3], stride = [2, 1] } }, { dropout = 0.5 }, \
         { conv = { out_channels = 4, kernel = 3, relu = true } }, \"global_average_pool\"",
        "{ dense = { out_features = 7, relu = true } }",
        "{ conv = { out_channels = 5, kernel = 3 } }, \
         { depthwise_conv = { kernel = [3, 2], stride = [1, 2], padding = [2, 1], relu = true } }, \
         { depthwise_conv = { kernel = 2 } }, { max_pool = { kernel = 2, stride = 1 } }",
        "\"skip\", { conv = { out_channels = 1, kernel = 3, padding = 1 } }, { batch_norm = {} }, { add = {} }, \
         { shortcut = { out_channels = 4, kernel = 1, stride = 2, relu = true } }, \
         { max_pool = { kernel = 1 } }, { conv = { out_channels = 4, kernel = 3, stride = 2, padding = 1 } }, \
         { add = { relu = true } }, \"skip\", { max_pool = { kernel = 1 } }, { add = {} }",
    ] {
        assert_float_net_agrees(&net_of(layers, input, &device()).unwrap());
    }
}

fn standardised(layers: &str, input: Shape, device: &Device) -> Net {
    let config = format!("normalise = false\nweight_standardization = true\nlayers = [{layers}]");
    Net::new(&toml::from_str(&config).unwrap(), input, &mut Rng::new(1), device).unwrap()
}

/// What a board runs are the standardised filters: of mean 0, and as long as their gains. Depthwise ones
/// are as they are.
#[test]
fn standardised_filters_fold_away() {
    let layers = "{ conv = { out_channels = 6, kernel = [3, 2], padding = 1, relu = true } }, \
                  { max_pool = { kernel = 2 } }, { depthwise_conv = { kernel = 3 } }, \
                  { batch_norm = { relu = true } }, { dense = { out_features = 5 } }";
    let mut net = standardised(layers, Shape::new(13, 9, 1), &device());
    assert_float_net_agrees(&net);
    for (block, gain) in net.blocks.iter_mut().zip([3.0, 1.0, 0.5]) {
        let Block::Conv(conv) = block else { continue };
        assert_eq!(conv.gain.is_none(), conv.shape.depthwise);
        let Some(gains) = conv.gain.take() else { continue };
        conv.gain = Some(gains.map(|gains| gains.full_like(gain)));
        let [filters, ..] = conv.weight.dims();
        for filter in floats(conv.filters()).chunks_exact(conv.weight.val().shape().num_elements() / filters)
        {
            let (sum, squares) = (filter.iter().sum::<f32>(), filter.iter().map(|w| w * w).sum::<f32>());
            assert!(sum.abs() < 1e-5 && (squares - gain * gain).abs() < 1e-4, "{filter:?}");
        }
    }
    assert_float_net_agrees(&net);
    let plain = net_of(layers, Shape::new(13, 9, 1), &device()).unwrap();
    assert_eq!(plain.to_float_net().layers.len(), net.to_float_net().layers.len());
    assert_eq!(net.num_params() - plain.num_params(), 6);
}

#[test]
fn gradients_of_standardised_filters_equal_finite_differences() {
    let device = device().autodiff();
    let net = standardised("{ conv = { out_channels = 2, kernel = 2 } }", Shape::new(2, 2, 2), &device);
    let [Block::Conv(conv)] = &net.blocks[..] else { panic!("{net:?}") };
    let slope = Tensor::from_floats(
        [0.3, -1.0, 0.7, 2.0, 0.1, -0.4, 1.1, 0.9, -2.0, 0.2, 0.5, 1.3, -0.6, 0.8, 0.4, -1.2],
        &device,
    );
    let value = |conv: &Conv| (conv.filters().reshape([16]) * slope.clone()).sum();
    let gradients = value(conv).backward();
    let weights = floats(conv.weight.grad(&gradients).unwrap());
    let gains = floats(conv.gain.as_ref().unwrap().grad(&gradients).unwrap());
    let step = 1e-2;
    let nudged = |place: usize, by: f32| {
        let mut conv = conv.clone();
        let nudge =
            |len: usize, place| (0..len).map(|at| if at == place { by } else { 0.0 }).collect::<Vec<_>>();
        match place.checked_sub(16) {
            None => {
                let nudge = TensorData::new(nudge(16, place), [2, 2, 2, 2]);
                conv.weight = conv.weight.map(|weight| weight + Tensor::from_data(nudge, &device));
            }
            Some(place) => {
                let nudge = TensorData::new(nudge(2, place), [2]);
                conv.gain = conv.gain.map(|gain| gain.map(|gain| gain + Tensor::from_data(nudge, &device)));
            }
        }
        floats(value(&conv))[0]
    };
    for (place, gradient) in weights.iter().chain(&gains).enumerate() {
        let expected = (nudged(place, step) - nudged(place, -step)) / (2.0 * step);
        assert!(
            (gradient - expected).abs() < 1e-2 * (1.0 + expected.abs()),
            "{place}: {gradient} {expected}"
        );
    }
    assert_eq!(weights.len() + gains.len(), 18);
}

#[test]
fn batch_norm_folds_both_ways() {
    let device = device().autodiff();
    let input = Shape::new(12, 10, 1);
    let layers = "{ conv = { out_channels = 3, kernel = 3 } }, { batch_norm = { relu = true } }, \
                  { max_pool = { kernel = 2 } }, { batch_norm = {} }, { dropout = 0.1 }, \
                  { conv = { out_channels = 4, kernel = 2, relu = true } }, \
                  { depthwise_conv = { kernel = 1 } }, { batch_norm = { relu = true } }, { batch_norm = {} }, \
                  { average_pool = { kernel = 2 } }, { dense = { out_features = 6 } }, { batch_norm = {} }";
    let net = net_of(layers, input, &device).unwrap();
    let before = net.embed(pixels(3, input).chunks_exact(120));
    for _ in 0..20 {
        let pixels = pixels(8, input).iter().map(|&pixel| f32::from(pixel) / 255.0).collect();
        net.forward(net.images(pixels, &device), Some(&mut Rng::new(2))); // moves the running statistics
    }
    assert_ne!(before, net.embed(pixels(3, input).chunks_exact(120)));
    assert_float_net_agrees(&net);
    assert_eq!(net.to_float_net().layers.len(), 6);

    let at = |layers: &str| net_of(layers, input, &device).unwrap_err();
    let conv = "{ conv = { out_channels = 3, kernel = 3, relu = true } }";
    assert_eq!(at(&format!("{conv}, {{ batch_norm = {{}} }}")), NetError::BatchNorm { layer: 1 });
    let pooled = format!("{conv}, {{ batch_norm = {{}} }}, {{ max_pool = {{ kernel = 2 }} }}, {conv}");
    assert_eq!(at(&pooled), NetError::BatchNorm { layer: 1 });
    let padded = "{ batch_norm = {} }, { conv = { out_channels = 3, kernel = 3, padding = 1 } }";
    assert_eq!(at(padded), NetError::BatchNorm { layer: 0 });
    let depthwise = "{ batch_norm = {} }, { depthwise_conv = { kernel = 3 } }";
    assert_eq!(at(depthwise), NetError::BatchNorm { layer: 0 });
    let rectified = "{ batch_norm = { relu = true } }, { dense = { out_features = 2 } }";
    assert_eq!(at(rectified), NetError::BatchNorm { layer: 0 });
}

#[test]
fn layers_that_do_not_fit_are_named() {
    let pool = "{ max_pool = { kernel = 2 } }";
    let error = net_of(&[pool; 4].join(","), Shape::new(12, 12, 1), &device()).unwrap_err();
    let NetError::Window { layer: 3, kind: "max_pool", input, .. } = error else { panic!("{error}") };
    assert_eq!(input, Shape::new(1, 1, 1));
    let error = net_of(pool, Shape::new(100, 100, 1), &device()).unwrap_err();
    assert_eq!(error, NetError::Embedding { len: 2500 });
}

#[test]
fn skips_and_adds_that_do_not_fit_are_named() {
    let at = |layers: &str| net_of(layers, Shape::new(12, 12, 1), &device()).unwrap_err();
    let conv = "{ conv = { out_channels = 1, kernel = 3, padding = 1 } }";
    let residual = |layer, kind, why| NetError::Residual { layer, kind, why };
    assert_eq!(at(&format!("{conv}, {{ add = {{}} }}")), residual(1, "add", ResidualError::NothingKept));
    assert_eq!(at("\"skip\", { dropout = 0.5 }, { add = {} }"), residual(2, "add", ResidualError::NoLayers));
    assert_eq!(at(&format!("\"skip\", {conv}")), residual(0, "skip", ResidualError::NotAdded));
    let shortcut = "{ shortcut = { out_channels = 2, kernel = 1 } }";
    let nested = format!("\"skip\", {conv}, {shortcut}, {conv}, {{ add = {{}} }}");
    assert_eq!(at(&nested), residual(2, "shortcut", ResidualError::Nested));
    let shapes = ResidualError::Shapes { input: Shape::new(12, 12, 1), kept: Shape::new(12, 12, 2) };
    assert_eq!(at(&format!("{shortcut}, {conv}, {{ add = {{}} }}")), residual(2, "add", shapes));
}

#[test]
fn normalised_embeddings_have_length_one() {
    let mut config = Config::preset("origin").unwrap().net;
    config.normalise = true;
    let net = Net::new(&config, Shape::new(28, 28, 1), &mut Rng::new(1), &device()).unwrap();
    for embedding in net.embed(pixels(2, net.input()).chunks_exact(784)).chunks_exact(128) {
        let length: f32 = embedding.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-5);
    }
}

#[test]
fn dropout_keeps_the_mean_and_needs_an_rng() {
    let net = net_of("{ dropout = 0.25 }", Shape::new(32, 32, 1), &device()).unwrap();
    let ones = || net.images(vec![1.0; 1024], &device());
    assert!(floats(net.forward(ones(), None)).iter().all(|&x| x == 1.0));
    let dropped = floats(net.forward(ones(), Some(&mut Rng::new(1))));
    let zeros = dropped.iter().filter(|&&x| x == 0.0).count();
    assert!((200..312).contains(&zeros), "{zeros}");
    assert!(dropped.iter().all(|&x| x == 0.0 || (x - 4.0 / 3.0).abs() < 1e-6));
}

#[test]
fn checkpoints_give_the_same_net_back() {
    let path = std::env::temp_dir().join(format!("tinytriplet-net-{}.bpk", std::process::id()));
    let config = Config::preset("origin").unwrap().net;
    let net = |seed| Net::new(&config, Shape::new(28, 28, 1), &mut Rng::new(seed), &device()).unwrap();
    let saved = net(1);
    saved.save(&path).unwrap();
    let loaded = net(2).load(&path).unwrap();
    assert_eq!(saved.to_float_net(), loaded.to_float_net());
    let other = net_of("{ dense = { out_features = 3 } }", Shape::new(28, 28, 1), &device()).unwrap();
    assert!(other.load(&path).is_err());
    std::fs::remove_file(path).unwrap();
}
