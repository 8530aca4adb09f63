//! An inference in slices, for a firmware that has something else to do in between.

use crate::{
    contract::{bytes, fitting, never},
    engine::{
        EmbedError,
        embed::{Place, Progress, Segment},
        views,
    },
    model::decode::Model,
};

impl Model<'_> {
    /// Begins to compute the embedding of an image, in slices: for an executor, a watchdog or a radio
    /// that cannot wait for the whole. Lengths are those of [`embed`](Self::embed), and so are the
    /// bytes.
    ///
    /// ```
    /// use shared_model::Model;
    ///
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// # fn feed_the_watchdog() {}
    /// let model = Model::decode(FILE)?;
    /// let mut scratch = vec![0; model.scratch_len()]; // on a board: static arrays
    /// let mut embedding = vec![0; model.embedding_len()];
    /// let pixels = vec![255; model.input_len()];
    /// let mut inference = model.start(&pixels, &mut scratch, &mut embedding)?;
    /// while inference.step() {
    ///     feed_the_watchdog();
    /// }
    /// drop(inference); // gives the arrays back
    /// # let mut whole = embedding.clone();
    /// # model.embed(&pixels, &mut scratch, &mut whole)?;
    /// # assert_eq!(embedding, whole);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`embed`](Self::embed).
    pub fn start<'a>(
        &'a self,
        pixels: &'a [u8],
        scratch: &'a mut [u32],
        embedding: &'a mut [u8],
    ) -> Result<Inference<'a>, EmbedError> {
        self.check_lengths(pixels, scratch, embedding)?;
        Ok(Inference { model: self, pixels, scratch, embedding, at: Position::default(), view: 0 })
    }
}

/// An inference that has begun: see [`Model::start`].
pub struct Inference<'a> {
    model: &'a Model<'a>,
    pixels: &'a [u8],
    scratch: &'a mut [u32],
    embedding: &'a mut [u8],
    at: Position<'a>,
    view: u8,
}

/// The place in a view's inference.
#[derive(Default)]
struct Position<'a> {
    /// The segment that is computed; empty before the first one.
    segment: Segment<'a>,
    /// The steps up to the end of this segment.
    steps: usize,
    place: Place,
    progress: Progress,
}

impl<'a> Position<'a> {
    /// Goes on to the next segment. Returns false, with an empty segment, if no step is left.
    fn next_segment(&mut self, model: &'a Model<'a>) -> bool {
        self.progress = Progress::default();
        let more = self.segment.fill(&mut model.steps().skip(self.steps).peekable(), model.plan().stages);
        self.steps += self.segment.len();
        more
    }
}

impl core::fmt::Debug for Inference<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Inference").field("view", &self.view).finish_non_exhaustive()
    }
}

impl Inference<'_> {
    /// Computes the next slice: a few rows of a convolution with a fast kernel, or any other layer as a
    /// whole. The first slice of each further [view](crate::model::format::Metadata::views) also draws
    /// that view. Returns true if there is more to do, and false when the embedding is complete.
    pub fn step(&mut self) -> bool {
        let Self { model, pixels, scratch, embedding, at, view } = self;
        let (model, views) = (*model, model.metadata().views);
        if *view >= views {
            return false;
        }
        // As `embed_views` divides the scratch.
        let [image, sums] = match views {
            1 => [0, 0],
            _ => [model.input_len().div_ceil(4), model.embedding_len()],
        };
        let (image, rest) = fitting(scratch.split_at_mut_checked(image));
        let (sums, net) = fitting(rest.split_at_mut_checked(sums));
        let net = fitting(net.get_mut(..model.net_scratch_len()));
        let image = bytes(image);

        if at.segment.len() == 0 {
            // There is no image to draw if there is one view.
            if let Some(image) = image.get_mut(..model.input_len()) {
                views::draw(*view, pixels, model.metadata().input, image);
            }
            if *view == 0 {
                sums.fill(0);
            }
            *at = Position::default();
            at.next_segment(model);
        }
        let input = if views > 1 { fitting(image.get(..model.input_len())) } else { *pixels };
        let last = at.segment.last_layer() + 1 == model.metadata().layers.len();
        if at.progress == Progress::default() {
            at.place.begin(&at.segment, model.overlaps(&at.segment), net);
        }
        let Some(parts) = at.place.parts(&at.segment, last, input, net, embedding) else {
            never();
            return false;
        };
        if !at.segment.run(parts, &mut at.progress, 1, &mut |_, _| {}) {
            return true;
        }
        at.place.advance(&at.segment);
        if at.next_segment(model) {
            return true;
        }
        *view += 1;
        views::add(sums, embedding, model.output().element);
        if *view == views && views > 1 {
            views::means(sums, views, embedding);
        }
        *view < views
    }
}
