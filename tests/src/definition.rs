//! `docs/ARITHMETIC.md` once more, by someone who has not seen the engine: layer by layer, nothing fused,
//! in 128-bit integers, one index expression for each formula; and the golden CRC, the background prototypes, the
//! packed weights and the work of `docs/FORMAT.md`.

use shared_model::{
    Model,
    inspect::{Element, Shape},
    model::format::{Activation, AveragePool, Layer, Metadata, Pool},
};

/// A feature map in plain integers.
#[derive(Clone)]
struct Map {
    height: i128,
    width: i128,
    channels: i128,
    signed: bool,
    values: Vec<i128>,
}

impl Map {
    /// `x[r][c][k]`, and 0 outside of the map.
    fn at(&self, r: i128, c: i128, k: i128) -> i128 {
        let inside = (0..self.height).contains(&r) && (0..self.width).contains(&c);
        if inside { self.values[((r * self.width + c) * self.channels + k) as usize] } else { 0 }
    }

    fn pooled(&self, pool: Pool, reduce: impl Fn(&[i128]) -> i128) -> Map {
        let [kernel_r, kernel_c] = pool.kernel.map(i128::from);
        let [stride_r, stride_c] = pool.stride.map(i128::from);
        let height = (self.height - kernel_r) / stride_r + 1;
        let width = (self.width - kernel_c) / stride_c + 1;
        let mut values = Vec::new();
        for r in 0..height {
            for c in 0..width {
                for k in 0..self.channels {
                    let window: Vec<i128> = (0..kernel_r)
                        .flat_map(|i| (0..kernel_c).map(move |j| (i, j)))
                        .map(|(i, j)| self.at(r * stride_r + i, c * stride_c + j, k))
                        .collect();
                    values.push(reduce(&window));
                }
            }
        }
        Map { height, width, channels: self.channels, signed: self.signed, values }
    }
}

/// `clamp(q(a, m))`.
fn requantize(a: i128, m: i128, signed: bool) -> i128 {
    let q = (a * m + (1 << 31)).div_euclid(1 << 32);
    if signed { q.clamp(-127, 127) } else { q.clamp(0, 255) }
}

/// The three sections of a layer, as integers.
struct Sections {
    multipliers: Vec<i128>,
    biases: Vec<i128>,
    weights: Vec<i128>,
}

fn take_sections(data: &mut &[u8], outputs: usize, weights: usize) -> Sections {
    let mut take = |len: usize| {
        let (section, rest) = data.split_at(len.next_multiple_of(16));
        *data = rest;
        section[..len].to_vec()
    };
    let words = |bytes: Vec<u8>| -> Vec<i128> {
        bytes.chunks(4).map(|word| i32::from_le_bytes(word.try_into().unwrap()).into()).collect()
    };
    Sections {
        multipliers: words(take(4 * outputs)),
        biases: words(take(4 * outputs)),
        weights: take(weights).into_iter().map(|byte| i128::from(byte as i8)).collect(),
    }
}

/// The embedding that `file` (a valid model) gives for `pixels`: the mean over its views.
pub fn embed(file: &[u8], pixels: &[u8]) -> Vec<u8> {
    let model = Model::decode(file).expect("a valid model");
    let views = i128::from(model.metadata().views);
    if views == 1 {
        return run(file, pixels).0;
    }
    let signed = model.output().element == Element::Signed;
    let mut sums = vec![0; model.embedding_len()];
    for k in 0..views {
        let (embedding, _) = run(file, &view(k as usize, pixels, model.metadata().input));
        for (sum, byte) in sums.iter_mut().zip(embedding) {
            *sum += if signed { i128::from(byte as i8) } else { byte.into() };
        }
    }
    sums.into_iter().map(|sum| (2 * sum + views).div_euclid(2 * views) as u8).collect()
}

/// View `k` of an image, by "Views" of ARITHMETIC.md.
pub fn view(k: usize, pixels: &[u8], input: Shape) -> Vec<u8> {
    const TABLE: [[i128; 6]; 9] = [
        [256, 0, 0, 256, 0, 0],
        [256, 60, 0, 256, 0, 0],
        [256, -60, 0, 256, 0, 0],
        [310, 0, 0, 256, 0, 0],
        [256, 0, 0, 310, 0, 0],
        [252, 44, -44, 252, 0, 0],
        [252, -44, 44, 252, 0, 0],
        [224, 0, 0, 224, 192, 192],
        [256, 0, 0, 256, -320, -320],
    ];
    let [a, b, c, d, s, t] = TABLE[k];
    let [height, width, depth] = [input.height, input.width, input.channels].map(i128::from);
    let mut view = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (2 * x + 1 - width, 2 * y + 1 - height);
            let p = a * u + b * v + 2 * s + 256 * (width - 1);
            let q = c * u + d * v + 2 * t + 256 * (height - 1);
            for k in 0..depth {
                let at = |row: i128, column: i128| {
                    let (row, column) = (row.clamp(0, height - 1), column.clamp(0, width - 1));
                    i128::from(pixels[((row * width + column) * depth + k) as usize])
                };
                let ((i, f), (j, g)) =
                    ((p.div_euclid(512), p.rem_euclid(512)), (q.div_euclid(512), q.rem_euclid(512)));
                let sum = (512 - g) * ((512 - f) * at(j, i) + f * at(j, i + 1))
                    + g * ((512 - f) * at(j + 1, i) + f * at(j + 1, i + 1));
                view.push((sum + 131_072).div_euclid(262_144) as u8);
            }
        }
    }
    view
}

/// The model's own threshold for an entry of `count` images, by "What is unknown" of FORMAT.md.
pub fn own_threshold(file: &[u8], count: u32) -> Option<u32> {
    let model = Model::decode(file).expect("a valid model");
    let thresholds = model.metadata().thresholds;
    match (thresholds.by_shots, count) {
        (None, _) => thresholds.equal_error.map(|threshold| threshold.distance),
        (Some([one, _, _, _]), ..3) => Some(one.distance),
        (Some([_, three, _, _]), 3..5) => Some(three.distance),
        (Some([_, _, five, _]), 5..10) => Some(five.distance),
        (Some([_, _, _, ten]), 10..) => Some(ten.distance),
    }
}

/// The background prototypes in `file` (a valid model).
pub fn background_prototypes(file: &[u8]) -> Vec<Vec<u8>> {
    let model = Model::decode(file).expect("a valid model");
    let (embedding, rest) = run(file, &vec![0; model.input_len()]);
    let count = usize::from(model.metadata().background_prototypes);
    assert_eq!(rest.len(), (count * embedding.len()).next_multiple_of(16));
    rest.chunks(embedding.len()).take(count).map(<[u8]>::to_vec).collect()
}

/// Returns the embedding, and the data after those of the layers.
fn run<'a>(file: &'a [u8], pixels: &[u8]) -> (Vec<u8>, &'a [u8]) {
    let model = Model::decode(file).expect("a valid model");
    let metadata_len = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
    let mut data = &file[(32 + metadata_len).next_multiple_of(16)..];
    let input = model.metadata().input;
    let mut x = Map {
        height: input.height.into(),
        width: input.width.into(),
        channels: input.channels.into(),
        signed: false,
        values: pixels.iter().map(|&pixel| pixel.into()).collect(),
    };
    let mut kept: Option<Map> = None;
    for layer in &model.metadata().layers {
        let y = match *layer {
            Layer::Conv2d(conv) | Layer::Shortcut(conv) => {
                let [kernel_r, kernel_c] = conv.kernel.map(i128::from);
                let [stride_r, stride_c] = conv.stride.map(i128::from);
                let [above, below, left, right] = conv.padding.map(i128::from);
                let (outputs, groups) = (i128::from(conv.out_channels), i128::from(conv.groups));
                let depth = x.channels / groups;
                let weights = outputs * kernel_r * kernel_c * depth;
                let s = take_sections(&mut data, outputs as usize, weights as usize);
                let height = (x.height + above + below - kernel_r) / stride_r + 1;
                let width = (x.width + left + right - kernel_c) / stride_c + 1;
                let signed = conv.activation == Activation::Linear;
                let mut values = Vec::new();
                for r in 0..height {
                    for c in 0..width {
                        for o in 0..outputs {
                            let group = o / (outputs / groups);
                            let mut a = s.biases[o as usize];
                            for i in 0..kernel_r {
                                for j in 0..kernel_c {
                                    for d in 0..depth {
                                        let w = ((o * kernel_r + i) * kernel_c + j) * depth + d;
                                        let (y, z) = (r * stride_r + i - above, c * stride_c + j - left);
                                        a += s.weights[w as usize] * x.at(y, z, group * depth + d);
                                    }
                                }
                            }
                            values.push(requantize(a, s.multipliers[o as usize], signed));
                        }
                    }
                }
                Map { height, width, channels: outputs, signed, values }
            }
            Layer::MaxPool2d(pool) => x.pooled(pool, |window| *window.iter().max().unwrap()),
            Layer::AveragePool2d(average) => {
                let signed = x.signed;
                x.pooled(average.pool, |window| {
                    requantize(window.iter().sum(), average.multiplier.into(), signed)
                })
            }
            Layer::Dense(dense) => {
                let (outputs, n) = (usize::from(dense.out_features), x.values.len());
                let s = take_sections(&mut data, outputs, outputs * n);
                let signed = dense.activation == Activation::Linear;
                let values = (0..outputs).map(|o| {
                    let sum: i128 = (0..n).map(|i| s.weights[o * n + i] * x.values[i]).sum();
                    requantize(s.biases[o] + sum, s.multipliers[o], signed)
                });
                Map { height: 1, width: 1, channels: outputs as i128, signed, values: values.collect() }
            }
            Layer::Skip => x.clone(),
            Layer::Add(add) => {
                let kept = kept.take().expect("a map is kept");
                let [m_k, m_x] = add.multipliers.map(i128::from);
                let signed = add.activation == Activation::Linear;
                let values = kept.values.iter().zip(&x.values).map(|(k, x)| {
                    let q = (m_k * k + m_x * x + (1 << 15)).div_euclid(1 << 16);
                    if signed { q.clamp(-127, 127) } else { q.clamp(0, 255) }
                });
                Map {
                    height: x.height,
                    width: x.width,
                    channels: x.channels,
                    signed,
                    values: values.collect(),
                }
            }
        };
        match layer {
            Layer::Skip | Layer::Shortcut(_) => kept = Some(y),
            _ => x = y,
        }
    }
    (x.values.into_iter().map(|value| value as u8).collect(), data)
}

/// The sections of weights in the packed form of `file` (a valid model with plain weights), by "Packed weights".
pub fn packed_weights(file: &[u8]) -> Vec<Vec<u8>> {
    let model = Model::decode(file).expect("a valid model");
    let metadata = model.metadata();
    let metadata_len = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
    let mut data = &file[(32 + metadata_len).next_multiple_of(16)..];
    let mut shape = [metadata.input.height, metadata.input.width, metadata.input.channels].map(usize::from);
    let mut sections = Vec::new();
    for (index, layer) in metadata.layers.iter().enumerate() {
        let [height, width, channels] = shape;
        let count =
            |size: usize, kernel: u8, stride: u8| (size - usize::from(kernel)) / usize::from(stride) + 1;
        match *layer {
            Layer::Conv2d(conv) | Layer::Shortcut(conv) => {
                let shortcut = matches!(layer, Layer::Shortcut(_));
                let [above, below, left, right] = conv.padding.map(usize::from);
                let input = [height, width];
                let height = count(height + above + below, conv.kernel[0], conv.stride[0]);
                let width = count(width + left + right, conv.kernel[1], conv.stride[1]);
                let reach = [height, width].into_iter().enumerate().any(|(axis, outputs)| {
                    (outputs - 1) * usize::from(conv.stride[axis]) + usize::from(conv.kernel[axis])
                        > input[axis]
                });
                let pool = match metadata.layers.get(index + 1) {
                    Some(&Layer::MaxPool2d(pool)) => Some((pool.kernel, pool.stride)),
                    _ => None,
                };
                let pooled = !shortcut && conv.groups == 1 && pool == Some(([2, 2], [2, 2]));
                let filters = Filters {
                    kernel: conv.kernel.map(usize::from),
                    stride: conv.stride.map(usize::from),
                    depth: channels / usize::from(conv.groups),
                    outputs: conv.out_channels.into(),
                    padded: above > 0 || left > 0 || reach,
                    pooled,
                };
                let s = take_sections(&mut data, filters.outputs, filters.outputs * filters.taps());
                let depthwise = conv.groups > 1 && filters.depth == 1 && filters.outputs == channels;
                sections.push(if depthwise && channels.is_multiple_of(4) {
                    filters.depthwise(&s.weights)
                } else {
                    filters.packed(&s, conv.groups > 1, [height, width])
                });
                if !shortcut {
                    shape = [height, width, filters.outputs];
                }
            }
            Layer::MaxPool2d(pool) | Layer::AveragePool2d(AveragePool { pool, .. }) => {
                let height = count(height, pool.kernel[0], pool.stride[0]);
                shape = [height, count(width, pool.kernel[1], pool.stride[1]), channels];
            }
            Layer::Dense(dense) => {
                let filters = Filters {
                    kernel: [1, 1],
                    stride: [1, 1],
                    depth: height * width * channels,
                    outputs: dense.out_features.into(),
                    padded: false,
                    pooled: false,
                };
                let s = take_sections(&mut data, filters.outputs, filters.outputs * filters.taps());
                sections.push(filters.rows(&s.weights));
                shape = [1, 1, filters.outputs];
            }
            Layer::Skip | Layer::Add(_) => {}
        }
    }
    sections
}

/// The filters of a layer. `depth` is the D of the document, `outputs` its O.
struct Filters {
    kernel: [usize; 2],
    stride: [usize; 2],
    depth: usize,
    outputs: usize,
    padded: bool,
    pooled: bool,
}

fn place(i: usize) -> usize {
    4 * (i / 4) + [0, 2, 1, 3][i % 4]
}

fn bytes(halves: &[i128]) -> Vec<u8> {
    halves.iter().flat_map(|&half| i16::try_from(half).unwrap().to_le_bytes()).collect()
}

impl Filters {
    fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.depth
    }

    fn packed(&self, s: &Sections, groups: bool, [h, w]: [usize; 2]) -> Vec<u8> {
        let (t, even) = (self.taps(), self.outputs.is_multiple_of(2));
        let pays = self.pooled || 3 * 16 * h.div_ceil(2) * w.div_ceil(2) <= 2 * 9 * h * w;
        let depth_fits = self.depth.is_multiple_of(4) && self.depth <= 64;
        if groups {
            s.weights.iter().map(|&weight| weight as u8).collect()
        } else if even && t <= 32 {
            self.taps_records(s)
        } else if (self.kernel, self.stride) == ([3, 3], [1, 1]) && even && depth_fits && pays {
            self.winograd(&s.weights)
        } else if even && t * self.outputs <= 4096 {
            self.taps_records(s)
        } else {
            self.rows(&s.weights)
        }
    }

    fn winograd(&self, weights: &[i128]) -> Vec<u8> {
        const G2: [[i128; 3]; 4] = [[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]];
        let mut halves = vec![0; 16 * self.depth * self.outputs];
        for o in 0..self.outputs {
            for c in 0..self.depth {
                let g = |r: usize, k: usize| weights[((o * 3 + r) * 3 + k) * self.depth + c];
                for position in 0..16 {
                    let (column, row) = (position / 4, [2, 1, 0, 3][position % 4]);
                    let products = (0..9).map(|at| G2[row][at / 3] * g(at / 3, at % 3) * G2[column][at % 3]);
                    let u: i128 = products.sum();
                    let at = ((o / 2 * 16 + position) * self.depth / 2 + place(c) / 2) * 4
                        + 2 * (o % 2)
                        + place(c) % 2;
                    halves[at] = if row == 3 { -u } else { u };
                }
            }
        }
        bytes(&halves)
    }

    fn depthwise(&self, weights: &[i128]) -> Vec<u8> {
        let t = self.taps();
        let mut halves = vec![0; weights.len()];
        for o in 0..self.outputs {
            for r in 0..self.kernel[0] {
                for k in 0..self.kernel[1] {
                    halves[o / 4 * 4 * t + 4 * (k * self.kernel[0] + r) + place(o % 4)] =
                        weights[(o * self.kernel[0] + r) * self.kernel[1] + k];
                }
            }
        }
        bytes(&halves)
    }

    fn rows(&self, weights: &[i128]) -> Vec<u8> {
        let t = self.taps();
        let (outputs, taps) = (self.outputs.next_multiple_of(4), t.next_multiple_of(8));
        let mut section = vec![0; outputs * taps];
        for o in 0..outputs {
            for k in 0..taps {
                let weight = if o < self.outputs && k < t { weights[o * t + k] } else { 0 };
                let at = o / 4 * 4 * taps + 8 * (place(k) / 2) + 4 * (o / 2 % 2) + 2 * (place(k) % 2) + o % 2;
                section[at] = (weight + if o % 2 == 0 { 128 } else { 0 }) as u8;
            }
        }
        section
    }

    fn taps_records(&self, s: &Sections) -> Vec<u8> {
        let run = self.kernel[1] * self.depth;
        let line = 4 * run.div_ceil(4);
        let one = self.depth == 1 && !self.padded;
        let three = one && (self.kernel, self.stride) == ([3, 3], [1, 1]) && self.pooled;
        let five = one && self.kernel == [5, 5] && (self.stride == [1, 1] || !self.pooled);
        let words = if three {
            10
        } else if five {
            14
        } else {
            self.kernel[0] * line / 2
        };
        let mut section = Vec::new();
        for pair in 0..self.outputs / 2 {
            let mut halves = vec![0; 4 * words];
            for o in [2 * pair, 2 * pair + 1] {
                let mut put = |h: usize, weight| halves[4 * (h / 2) + 2 * (o % 2) + h % 2] = weight;
                for r in 0..self.kernel[0] {
                    for i in 0..run {
                        let weight = s.weights[(o * self.kernel[0] + r) * run + i];
                        if three {
                            let h = if i < 2 { 2 * r + i } else { 6 + r };
                            put(h, weight);
                            put(h + 10, weight);
                        } else if five {
                            put(place(if i < 4 { 4 * r + i } else { 20 + r }), weight);
                        } else {
                            put(r * line + place(i), weight);
                        }
                    }
                }
            }
            section.extend(bytes(&halves));
            for parameters in [&s.biases, &s.multipliers] {
                section.extend(
                    parameters[2 * pair..][..2].iter().flat_map(|&value| (value as i32).to_le_bytes()),
                );
            }
        }
        section
    }
}

/// The work of an inference: rule 9 of what a reader refuses.
pub fn work(metadata: &Metadata<'_>) -> i128 {
    let mut shape = [metadata.input.height, metadata.input.width, metadata.input.channels].map(i128::from);
    let (mut work, mut after_conv) = (0, false);
    for (index, layer) in metadata.layers.iter().enumerate() {
        let [height, width, channels] = shape;
        let count = |size: i128, kernel: u8, stride: u8| (size - i128::from(kernel)) / i128::from(stride) + 1;
        let pooled = |pool: Pool, [height, width]: [i128; 2], channels: i128| {
            let [rows, columns] = [0, 1].map(|axis| i128::from(pool.kernel[axis]));
            let outputs =
                [count(height, pool.kernel[0], pool.stride[0]), count(width, pool.kernel[1], pool.stride[1])];
            (outputs, outputs[0] * outputs[1] * channels, rows * columns)
        };
        match *layer {
            Layer::Conv2d(conv) | Layer::Shortcut(conv) => {
                let [above, below, left, right] = conv.padding.map(i128::from);
                let values = i128::from(conv.kernel[0]) * i128::from(conv.kernel[1]) * channels
                    / i128::from(conv.groups);
                let height = count(height + above + below, conv.kernel[0], conv.stride[0]);
                let width = count(width + left + right, conv.kernel[1], conv.stride[1]);
                let channels = conv.out_channels.into();
                let mut windows = height * width * channels;
                if matches!(layer, Layer::Conv2d(_)) {
                    shape = [height, width, channels];
                }
                if let (Layer::Conv2d(_), Some(&Layer::MaxPool2d(pool))) =
                    (layer, metadata.layers.get(index + 1))
                {
                    let (_, outputs, size) = pooled(pool, [height, width], channels);
                    windows = windows.max(outputs * size);
                }
                work += windows * (values + 16);
            }
            Layer::MaxPool2d(pool) | Layer::AveragePool2d(AveragePool { pool, .. }) => {
                let ([rows, columns], outputs, size) = pooled(pool, [height, width], channels);
                shape = [rows, columns, channels];
                if !(after_conv && matches!(layer, Layer::MaxPool2d(_))) {
                    work += outputs * (size + 16);
                }
            }
            Layer::Dense(dense) => {
                let (values, outputs) = (height * width * channels, i128::from(dense.out_features));
                shape = [1, 1, outputs];
                work += outputs * (values + 16);
            }
            Layer::Skip => {}
            Layer::Add(_) => work += height * width * channels * (2 + 16),
        }
        after_conv = matches!(layer, Layer::Conv2d(_));
    }
    work * i128::from(metadata.views)
}

/// The golden CRC that `file` (a valid model) should have.
pub fn golden_crc(file: &[u8]) -> u32 {
    let len = Model::decode(file).expect("a valid model").input_len();
    let mut noise = Vec::new();
    let mut state = 1_u64;
    for _ in 0..len {
        noise.push((state / (1 << 24)) as u8);
        state = (1_664_525 * state + 1_013_904_223) % (1 << 32);
    }
    let turns = (0..len).map(|i| if i % 2 == 0 { 0 } else { 255 }).collect();
    let images = [noise, vec![0; len], vec![255; len], turns];
    crc(&images.map(|pixels| embed(file, &pixels)).concat())
}

/// CRC-32/ISO-HDLC, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            // The polynomial 0x04C11DB7, reflected.
            crc = if crc % 2 == 1 { (crc / 2) ^ 0xedb8_8320 } else { crc / 2 };
        }
    }
    !crc
}
