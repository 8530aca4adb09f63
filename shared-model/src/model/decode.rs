use super::{
    format::{
        self, ALIGNMENT, Distance, HEADER_LEN, Header, Layer, Layout, Metadata, Pool, Preprocessing,
        Thresholds,
    },
    geometry::{ConvGeometry, windows},
    kernel_choice::Kernel,
    step::{Operation, Parameters, Step},
    tensor::{Element, Shape, Tensor},
};
use crate::engine::Plan;
use postcard::ser_flavors::Size;

/// A valid model. It borrows the bytes of its file: weights stay where they are.
///
/// [`decode`](Self::decode) is the only way to create one.
#[derive(Clone, Debug)]
pub struct Model<'a> {
    metadata: Metadata<'a>,
    data: &'a [u8],
    header: Header,
    layout: Layout,
    /// Bit i: layer i is [`Step::narrow`].
    narrow: u32,
    scratch_len: usize,
    plan: Plan,
    output: Tensor,
    background: &'a [u8],
}

impl<'a> Model<'a> {
    /// Checks a model file and returns the model in it.
    ///
    /// Any bytes may be given. The time is linear in the file's length, and nothing is allocated.
    ///
    /// ```
    /// use shared_model::{DecodeError, Model};
    ///
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// let model = Model::decode(FILE)?;
    /// assert_eq!(model.metadata().name, "tiny");
    /// assert_eq!(Model::decode(b"no model").err(), Some(DecodeError::Truncated));
    /// # Ok::<(), DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// Returns the [`DecodeError`] of the first fault in the file.
    pub fn decode(file: &'a [u8]) -> Result<Self, DecodeError> {
        let header_bytes = file.first_chunk::<HEADER_LEN>().ok_or(DecodeError::Truncated)?;
        let header = Header::read(header_bytes).ok_or(DecodeError::Magic)?;
        if header.version != format::VERSION {
            return Err(DecodeError::Version(header.version));
        }
        let metadata_end = HEADER_LEN.saturating_add(header.metadata_len as usize);
        let data_start = metadata_end.checked_next_multiple_of(ALIGNMENT).ok_or(DecodeError::Truncated)?;
        let end = data_start.checked_add(header.data_len as usize).ok_or(DecodeError::Truncated)?;
        match file.len() {
            len if len < end => return Err(DecodeError::Truncated),
            len if len > end => return Err(DecodeError::TrailingBytes),
            _ => {}
        }
        if format::file_crc(file) != header.crc {
            return Err(DecodeError::Crc);
        }
        let layout = Layout::try_from(header.layout).map_err(|_| DecodeError::Layout(header.layout))?;
        if layout != Layout::Plain && !file.as_ptr().cast::<u32>().is_aligned() {
            return Err(DecodeError::Unaligned);
        }
        if file[metadata_end..data_start].iter().any(|&b| b != 0) {
            return Err(DecodeError::Reserved);
        }

        let encoded = &file[HEADER_LEN..metadata_end];
        let (metadata, _) =
            postcard::take_from_bytes::<Metadata<'a>>(encoded).map_err(|_| unreadable(encoded))?;
        if !is_shortest(&metadata, encoded.len()) {
            return Err(DecodeError::Metadata);
        }
        check_metadata(&metadata)?;

        let data = &file[data_start..];
        let mut walk = Walk::new(&metadata, data, layout);
        let (mut narrow, mut work) = (0, 0);
        for step in walk.by_ref() {
            let step = step?;
            work += step.work() * u64::from(metadata.views);
            if work > format::MAX_WORK {
                return Err(DecodeError::Work(step.last_layer()));
            }
            const { assert!(format::MAX_LAYERS <= u32::BITS as usize) }
            narrow |= u32::from(check_filters(&step)?) << step.layer;
        }
        if walk.kept.is_some() {
            return Err(DecodeError::Residual(metadata.layers.len()));
        }
        let output = walk.tensor;
        if output.len() > format::MAX_EMBEDDING {
            return Err(DecodeError::Embedding);
        }
        let background = walk.section(usize::from(metadata.background_prototypes) * output.len())?;
        if !walk.data.is_empty() {
            return Err(DecodeError::DataLength);
        }
        let plan = Plan::default();
        let mut model =
            Self { metadata, data, header, layout, narrow, scratch_len: 0, plan, output, background };
        let (plan, scratch_len) = model.best_plan();
        (model.plan, model.scratch_len) = (plan, scratch_len + model.view_scratch());
        Ok(model)
    }

    /// Returns the file's metadata.
    pub fn metadata(&self) -> &Metadata<'a> {
        &self.metadata
    }

    /// Returns the file's header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the identity of the model, to which a gallery is bound.
    pub fn hash(&self) -> [u8; 8] {
        self.header.hash
    }

    /// Returns the order of the weights.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Returns the shape, element and scale of the image.
    pub fn input(&self) -> Tensor {
        Tensor { shape: self.metadata.input, element: Element::Unsigned, scale: self.metadata.input_scale }
    }

    /// Returns the shape, element and scale of the embedding.
    pub fn output(&self) -> Tensor {
        self.output
    }

    /// Returns the number of bytes of an image.
    pub fn input_len(&self) -> usize {
        self.metadata.input.len()
    }

    /// Returns the number of bytes, and of values, of an embedding.
    pub fn embedding_len(&self) -> usize {
        self.output.len()
    }

    /// Returns the number of 32-bit words that [`embed`](Self::embed) needs for the maps between
    /// the layers, and to work in.
    pub fn scratch_len(&self) -> usize {
        self.scratch_len
    }

    /// Returns how an inference goes through the steps.
    pub(crate) fn plan(&self) -> Plan {
        self.plan
    }

    /// Returns the words of scratch that one view needs.
    pub(crate) fn net_scratch_len(&self) -> usize {
        self.scratch_len - self.view_scratch()
    }

    /// Returns the bytes of RAM of one inference: image, scratch and embedding, without the stack.
    pub fn ram_len(&self) -> usize {
        self.input_len() + 4 * self.scratch_len + self.embedding_len()
    }

    /// Returns the distance that the embedding was trained for.
    pub fn distance(&self) -> Distance {
        self.metadata.distance
    }

    /// Returns the embeddings that stand for the classes that the model was trained on, one per
    /// class.
    ///
    /// A thing that is nearer to one of them than to every enrolled entry is unknown, unless that
    /// class itself was enrolled: see [`Gallery::recognise`].
    ///
    /// [`Gallery::recognise`]: crate::gallery::Gallery::recognise
    pub fn background_prototypes(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.background.chunks_exact(self.embedding_len())
    }

    /// Returns the section of the [background prototypes](Self::background_prototypes).
    pub(crate) fn background(&self) -> &'a [u8] {
        self.background
    }

    /// Returns the steps of an inference, in order.
    pub fn steps(&self) -> impl Iterator<Item = Step<'a>> + '_ {
        // The same walk succeeded in `decode`: no step is an error here.
        let walk = Walk { narrow: self.narrow, ..Walk::new(&self.metadata, self.data, self.layout) };
        walk.map_while(|step| {
            debug_assert!(step.is_ok(), "decoding has found all steps valid");
            step.ok()
        })
    }

    /// Returns the number of multiply-accumulates of one view of an image; see [`Step::macs`].
    pub fn macs(&self) -> u64 {
        self.steps().map(|step| step.macs()).sum()
    }

    /// Returns the work of one view of an image: the number of values in all windows that are
    /// multiplied, compared or added, and [`WINDOW_WORK`](format::WINDOW_WORK) per window. That of
    /// all views is at most [`MAX_WORK`](format::MAX_WORK).
    ///
    /// The windows of a convolution are its outputs, or all values in the windows of the max pool
    /// that follows if these are more: where windows of the pool overlap, a kernel may compute
    /// what is in several of them again. `docs/FORMAT.md` has the formula.
    pub fn work(&self) -> u64 {
        self.steps().map(|step| step.work()).sum()
    }

    /// Returns the number of weights and biases of all layers.
    pub fn parameters(&self) -> usize {
        self.steps().map(|step| step.parameters()).sum()
    }
}

/// Returns true if the metadata are encoded in `len` bytes when as few as possible are used.
///
/// Postcard itself accepts longer encodings of integers, and of lengths up to as many bytes as a
/// `usize` has bits for: a PC would take files that a board refuses.
fn is_shortest(metadata: &Metadata<'_>, len: usize) -> bool {
    postcard::serialize_with_flavor(metadata, Size::default()) == Ok(len)
}

/// Returns why the metadata cannot be decoded. Never inlined, so that only a damaged file takes the
/// stack for it.
#[cold]
#[inline(never)]
fn unreadable(bytes: &[u8]) -> DecodeError {
    // A list that is too long is no other error to postcard than a damaged one.
    type Front<'a> = (&'a str, Shape, f32, Preprocessing, u8, u32);
    match postcard::take_from_bytes::<Front<'_>>(bytes) {
        Ok(((_, _, _, _, _, layers), _)) if layers as usize > format::MAX_LAYERS => {
            DecodeError::TooManyLayers
        }
        _ => DecodeError::Metadata,
    }
}

fn check_metadata(metadata: &Metadata<'_>) -> Result<(), DecodeError> {
    let training = &metadata.training;
    let texts = [metadata.name, training.dataset, training.tool];
    if texts.iter().any(|text| text.len() > format::MAX_TEXT || text.chars().any(char::is_control)) {
        return Err(DecodeError::Text);
    }
    if !is_scale(metadata.input_scale) {
        return Err(DecodeError::Scale(None));
    }
    if !metadata.preprocessing.centring.is_valid() {
        return Err(DecodeError::Centring);
    }
    if !(1..=format::MAX_VIEWS).contains(&metadata.views) {
        return Err(DecodeError::Views);
    }
    let is_share = |share: f32| (0.0..=1.0).contains(&share);
    let Thresholds { equal_error, false_accept_1_percent, by_shots } = metadata.thresholds;
    let thresholds = [equal_error, false_accept_1_percent].into_iter().flatten();
    let thresholds = thresholds.chain(by_shots.into_iter().flatten());
    let rates = thresholds.flat_map(|t| [t.false_accept_rate, t.false_reject_rate]);
    if !rates.chain([training.precision_at_1]).all(is_share) {
        return Err(DecodeError::Share);
    }
    if metadata.background_prototypes > format::MAX_BACKGROUND_PROTOTYPES {
        return Err(DecodeError::BackgroundPrototypes);
    }
    match metadata.input.checked_len() {
        _ if metadata.layers.is_empty() => Err(DecodeError::NoLayers),
        Some(1..=format::MAX_TENSOR) => Ok(()),
        _ => Err(DecodeError::InputShape),
    }
}

fn is_scale(scale: f32) -> bool {
    scale.is_finite() && scale > 0.0
}

/// Walks through the layers, from tensor to tensor and from section to section, and checks that
/// they fit. It does not look into the sections: see [`check_filters`].
struct Walk<'m, 'a> {
    layers: &'m [Layer],
    layer: usize,
    tensor: Tensor,
    /// The map that a skip or a shortcut keeps for the next add.
    kept: Option<Tensor>,
    data: &'a [u8],
    layout: Layout,
    /// See [`Model::narrow`].
    narrow: u32,
}

impl<'m, 'a> Walk<'m, 'a> {
    fn new(metadata: &'m Metadata<'a>, data: &'a [u8], layout: Layout) -> Self {
        let tensor =
            Tensor { shape: metadata.input, element: Element::Unsigned, scale: metadata.input_scale };
        Self { layers: &metadata.layers, layer: 0, tensor, kept: None, data, layout, narrow: 0 }
    }

    fn step(&mut self, layer: &Layer) -> Result<Step<'a>, DecodeError> {
        let index = self.layer;
        self.layer += 1;
        let input = self.tensor;
        let keeps = layer.keeps();
        let weightless = Kernel::of_weightless(self.layout);
        let (operation, output, kernel) = match *layer {
            Layer::Conv2d(conv) | Layer::Shortcut(conv) => {
                let (groups, channels) = (conv.groups, conv.out_channels);
                let whole = groups > 0
                    && input.shape.channels.is_multiple_of(groups)
                    && channels.is_multiple_of(groups);
                let [top, bottom, left, right] = conv.padding;
                let [rows, columns] = conv.kernel;
                if !whole || top.max(bottom) >= rows || left.max(right) >= columns {
                    return Err(DecodeError::Geometry(index));
                }
                let padded = [
                    u32::from(input.shape.height) + u32::from(top) + u32::from(bottom),
                    u32::from(input.shape.width) + u32::from(left) + u32::from(right),
                ];
                let shape = windows(padded, conv.kernel, conv.stride, channels)
                    .ok_or(DecodeError::Geometry(index))?;
                let map = Tensor { shape, element: conv.activation.element(), scale: conv.scale };
                check_tensor(&map, index)?;
                let geometry = ConvGeometry {
                    input: input.shape,
                    output: shape,
                    kernel: [rows.into(), columns.into()],
                    stride: [conv.stride[0].into(), conv.stride[1].into()],
                    padding: [top.into(), left.into()],
                    groups: usize::from(groups),
                };
                // The pool after a convolution belongs to the same step, but that after a shortcut
                // reads another map.
                let (pool, output) = match self.layers.get(self.layer) {
                    Some(&Layer::MaxPool2d(pool)) if !keeps => {
                        let output = pooled(&map, pool, self.layer)?;
                        self.layer += 1;
                        (Some(pool), output)
                    }
                    _ => (None, map),
                };
                let kernel = Kernel::of_conv(self.layout, &geometry, pool);
                let weights = kernel.conv_weights_len(&geometry, pool);
                let parameters = self.parameters(channels.into(), weights)?;
                (Operation::Conv2d { geometry, pool, parameters }, output, kernel)
            }
            Layer::MaxPool2d(pool) => (Operation::MaxPool2d(pool), pooled(&input, pool, index)?, weightless),
            Layer::AveragePool2d(average) => {
                if average.multiplier < 0 {
                    return Err(DecodeError::Multiplier(index));
                }
                let output = Tensor { scale: average.scale, ..pooled(&input, average.pool, index)? };
                check_tensor(&output, index)?;
                (Operation::AveragePool2d(average.pool, average.multiplier), output, weightless)
            }
            Layer::Dense(dense) => {
                let shape = Shape::new(1, 1, dense.out_features);
                let output = Tensor { shape, element: dense.activation.element(), scale: dense.scale };
                check_tensor(&output, index)?;
                let kernel = Kernel::of_dense(self.layout);
                let channels = dense.out_features.into();
                let weights = kernel.dense_weights_len(channels, input.len());
                (Operation::Dense(self.parameters(channels, weights)?), output, kernel)
            }
            Layer::Skip => (Operation::Skip, input, weightless),
            Layer::Add(add) => {
                // What is added is another map than the one that is kept, and in the engine's memory.
                let before = index.checked_sub(1).and_then(|before| self.layers.get(before));
                let kept = match self.kept.take() {
                    Some(kept) if !before.is_some_and(Layer::keeps) => kept,
                    _ => return Err(DecodeError::Residual(index)),
                };
                if kept.shape != input.shape {
                    return Err(DecodeError::Geometry(index));
                }
                if add.multipliers.iter().any(|&multiplier| multiplier > format::MAX_ADD_MULTIPLIER) {
                    return Err(DecodeError::Multiplier(index));
                }
                let output =
                    Tensor { shape: input.shape, element: add.activation.element(), scale: add.scale };
                check_tensor(&output, index)?;
                (Operation::Add { kept, multipliers: add.multipliers }, output, weightless)
            }
        };
        if keeps {
            // Never two at a time.
            if self.kept.replace(output).is_some() {
                return Err(DecodeError::Residual(index));
            }
        } else {
            self.tensor = output;
        }
        let narrow = self.narrow >> index & 1 == 1;
        Ok(Step { layer: index, input, output, operation, kernel, keeps, narrow })
    }

    /// Splits the three sections of a layer off the data. `weights` is the length of the third.
    fn parameters(&mut self, channels: usize, weights: Option<usize>) -> Result<Parameters<'a>, DecodeError> {
        let multipliers = self.section(4 * channels)?;
        let biases = self.section(4 * channels)?;
        let weights = weights.ok_or(DecodeError::DataLength)?;
        Ok(Parameters { multipliers, biases, weights: self.section(weights)? })
    }

    /// Splits the next `len` bytes off the data, and the zeros that pad them.
    fn section(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let padded = len.checked_next_multiple_of(ALIGNMENT).ok_or(DecodeError::DataLength)?;
        let (section, rest) = self.data.split_at_checked(padded).ok_or(DecodeError::DataLength)?;
        let (section, padding) = section.split_at_checked(len).ok_or(DecodeError::DataLength)?;
        if padding.iter().any(|&byte| byte != 0) {
            return Err(DecodeError::Reserved);
        }
        self.data = rest;
        Ok(section)
    }
}

impl<'a> Iterator for Walk<'_, 'a> {
    type Item = Result<Step<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let layer = *self.layers.get(self.layer)?;
        Some(self.step(&layer))
    }
}

/// Checks the multipliers, accumulators and packed weights of a step. Returns true if it is
/// [`Step::narrow`].
fn check_filters(step: &Step<'_>) -> Result<bool, DecodeError> {
    let Some((filters, parameters)) = step.filters() else { return Ok(false) };
    // The largest magnitude of a sum of products, whatever the weights.
    let products = filters.taps() as u64 * 128 * u64::from(step.input.element.largest_magnitude());
    let mut narrow = true;
    for channel in 0..filters.channels {
        let multiplier = parameters.multiplier(channel);
        if multiplier < 0 {
            return Err(DecodeError::Multiplier(step.layer));
        }
        let largest = products + u64::from(parameters.bias(channel).unsigned_abs());
        if largest > i32::MAX as u64 {
            return Err(DecodeError::Accumulator(step.layer));
        }
        narrow &= (largest * multiplier as u64) >> 32 < i16::MAX as u64;
    }
    if !step.kernel.is_packed(filters, parameters) {
        return Err(DecodeError::Packed(step.layer));
    }
    Ok(narrow)
}

fn check_tensor(tensor: &Tensor, layer: usize) -> Result<(), DecodeError> {
    if !is_scale(tensor.scale) {
        return Err(DecodeError::Scale(Some(layer)));
    }
    match tensor.shape.checked_len() {
        Some(1..=format::MAX_TENSOR) => Ok(()),
        _ => Err(DecodeError::Geometry(layer)),
    }
}

fn pooled(input: &Tensor, pool: Pool, layer: usize) -> Result<Tensor, DecodeError> {
    let size = [input.shape.height, input.shape.width].map(u32::from);
    let shape = windows(size, pool.kernel, pool.stride, input.shape.channels);
    Ok(Tensor { shape: shape.ok_or(DecodeError::Geometry(layer))?, ..*input })
}

/// The reason why bytes are not a model file. Layers count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DecodeError {
    /// The file is shorter than the header, or than the header states.
    Truncated,
    /// The file is longer than the header states.
    TrailingBytes,
    /// The file does not begin with [`MAGIC`](format::MAGIC).
    Magic,
    /// The file is in this other version of the format.
    Version(u16),
    /// The CRC-32 does not match: bytes were changed or lost.
    Crc,
    /// Bytes that must be zero are not.
    Reserved,
    /// The weights have a layout of this number, which is unknown.
    Layout(u16),
    /// The weights are packed into words, and the file does not begin at a multiple of 4 bytes.
    Unaligned,
    /// The packed weights of this layer cannot result from packing.
    Packed(usize),
    /// The metadata is not the postcard encoding of [`Metadata`] in as few bytes as possible.
    Metadata,
    /// A text is longer than [`MAX_TEXT`](format::MAX_TEXT) or holds control characters.
    Text,
    /// The scale of this layer's output (or of the input) is not positive and finite.
    Scale(Option<usize>),
    /// A rate is not between 0 and 1.
    Share,
    /// A value of the [`Centring`](format::Centring) is out of its range.
    Centring,
    /// The number of [views](Metadata::views) is not 1 to [`MAX_VIEWS`](format::MAX_VIEWS).
    Views,
    /// The model has no layer.
    NoLayers,
    /// The model has more than [`MAX_LAYERS`](format::MAX_LAYERS) layers.
    TooManyLayers,
    /// The input has no pixel, or more than [`MAX_TENSOR`](format::MAX_TENSOR).
    InputShape,
    /// Kernel, stride, padding, groups or channels of this layer do not fit its input, or its
    /// output is empty or larger than [`MAX_TENSOR`](format::MAX_TENSOR).
    Geometry(usize),
    /// A multiplier of this layer is negative, or that of an add exceeds
    /// [`MAX_ADD_MULTIPLIER`](format::MAX_ADD_MULTIPLIER).
    Multiplier(usize),
    /// This layer keeps a map while one is kept, or adds one without or directly after keeping it; or
    /// a kept map is never added, if the number is that of the layers.
    Residual(usize),
    /// An accumulator of this layer could overflow.
    Accumulator(usize),
    /// The [work](Model::work) up to this layer exceeds [`MAX_WORK`](format::MAX_WORK).
    Work(usize),
    /// The data is shorter or longer than the layers and the background prototypes need.
    DataLength,
    /// The embedding has more than [`MAX_EMBEDDING`](format::MAX_EMBEDDING) values.
    Embedding,
    /// There are more than [`MAX_BACKGROUND_PROTOTYPES`](format::MAX_BACKGROUND_PROTOTYPES)
    /// background prototypes.
    BackgroundPrototypes,
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Truncated => f.write_str("the file is cut short"),
            Self::TrailingBytes => f.write_str("there are bytes after the end of the model"),
            Self::Magic => f.write_str("not a tinytriplet model file (it does not begin with TINYTRIP)"),
            Self::Version(version) => write!(
                f,
                "the file is in version {version} of the format, this program reads version {}: export the model again",
                format::VERSION
            ),
            Self::Crc => f.write_str("the CRC does not match: the file was damaged or changed"),
            Self::Reserved => f.write_str("bytes that must be zero are not"),
            Self::Layout(layout) => write!(
                f,
                "the weights have layout {layout}, this program knows layouts 0 and 1: export the model again"
            ),
            Self::Unaligned => f.write_str("packed weights must begin at a multiple of 4 bytes in memory"),
            Self::Packed(layer) => write!(f, "layer {layer}: the packed weights cannot result from packing"),
            Self::Metadata => f.write_str("the metadata cannot be read"),
            Self::Text => write!(f, "a name is longer than {} bytes or unprintable", format::MAX_TEXT),
            Self::Scale(None) => f.write_str("the input's scale is not a positive number"),
            Self::Scale(Some(layer)) => write!(f, "layer {layer}: the scale is not a positive number"),
            Self::Share => f.write_str("a rate is not between 0 and 1"),
            Self::Centring => f.write_str("the way to find a sign has a value out of its range"),
            Self::Views => write!(f, "the number of views is not 1 to {}", format::MAX_VIEWS),
            Self::NoLayers => f.write_str("the model has no layers"),
            Self::TooManyLayers => write!(f, "the model has more than {} layers", format::MAX_LAYERS),
            Self::InputShape => f.write_str("the input's shape is empty or too large"),
            Self::Geometry(layer) => write!(f, "layer {layer}: the shape does not fit its input"),
            Self::Multiplier(layer) => write!(f, "layer {layer}: a multiplier is out of its range"),
            Self::Residual(layer) => write!(
                f,
                "layer {layer}: from each skip or shortcut there is a way to one add of its own, and no other between"
            ),
            Self::Accumulator(layer) => write!(f, "layer {layer}: an accumulator could overflow 32 bits"),
            Self::Work(layer) => write!(
                f,
                "layer {layer}: up to here, an image takes more than {} operations, overlapping windows included",
                format::MAX_WORK
            ),
            Self::DataLength => f.write_str(
                "there are fewer or more weights or background prototypes than the metadata states",
            ),
            Self::Embedding => {
                write!(f, "the embedding has more than {} values", format::MAX_EMBEDDING)
            }
            Self::BackgroundPrototypes => {
                write!(f, "there are more than {} background prototypes", format::MAX_BACKGROUND_PROTOTYPES)
            }
        }
    }
}

impl core::error::Error for DecodeError {}
