use crate::{
    contract::{bytes, fitting, never},
    engine::{
        fast::{self, Extent, Rows, weightless},
        kernel,
    },
    model::{
        decode::Model,
        step::{Operation, Step},
        tensor::Shape,
    },
};
use core::{iter::Peekable, ops::Range};
use heapless::Vec;

/// The largest number of steps of a [`Segment`]. One more costs a hundred bytes of stack.
const MAX_SEGMENT: usize = 4;

impl Model<'_> {
    /// Computes the embedding of an image: the mean over the model's
    /// [views](crate::model::format::Metadata::views) of it.
    ///
    /// * `pixels`: height × width × channels bytes, row by row; exactly
    ///   [`input_len`](Self::input_len).
    /// * `scratch`: at least [`scratch_len`](Self::scratch_len) words; their content does not
    ///   matter.
    /// * `embedding`: exactly [`embedding_len`](Self::embedding_len) bytes;
    ///   [`output`](Self::output) has their meaning.
    ///
    /// ```
    /// use shared_model::Model;
    ///
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// let model = Model::decode(FILE)?;
    /// let mut scratch = vec![0; model.scratch_len()]; // on a board: static arrays
    /// let mut embedding = vec![0; model.embedding_len()];
    /// let pixels = vec![255; model.input_len()];
    /// model.embed(&pixels, &mut scratch, &mut embedding)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`EmbedError::InputLength`], [`EmbedError::ScratchLength`] or
    /// [`EmbedError::EmbeddingLength`] if that length is wrong. Nothing has been computed then.
    pub fn embed(&self, pixels: &[u8], scratch: &mut [u32], embedding: &mut [u8]) -> Result<(), EmbedError> {
        if self.metadata().views > 1 {
            self.check_lengths(pixels, scratch, embedding)?;
            return self.embed_views(pixels, scratch, embedding);
        }
        self.embed_image(pixels, scratch, embedding)
    }

    /// Computes the embedding of an image as it is, without further views.
    pub(super) fn embed_image(
        &self,
        pixels: &[u8],
        scratch: &mut [u32],
        embedding: &mut [u8],
    ) -> Result<(), EmbedError> {
        self.embed_observed(pixels, scratch, embedding, |_, _| {})
    }

    pub(super) fn check_lengths(
        &self,
        pixels: &[u8],
        scratch: &[u32],
        embedding: &[u8],
    ) -> Result<(), EmbedError> {
        match () {
            () if pixels.len() != self.input_len() => Err(EmbedError::InputLength),
            () if embedding.len() != self.embedding_len() => Err(EmbedError::EmbeddingLength),
            () if scratch.len() < self.scratch_len() => Err(EmbedError::ScratchLength),
            () => Ok(()),
        }
    }

    /// Computes the embedding of an image, and shows the output of every step: for a comparison of
    /// two builds that disagree, layer by layer. Of a model with several
    /// [views](crate::model::format::Metadata::views), this is the first: the image itself.
    ///
    /// `observe` gets a step's output in pieces of whole rows, in order. The pieces of several
    /// steps may alternate. In a packed model, a map between two convolutions has only the rows and
    /// columns that the second one reads.
    ///
    /// # Errors
    /// Returns the errors of [`embed`](Self::embed).
    pub fn embed_observed(
        &self,
        pixels: &[u8],
        scratch: &mut [u32],
        embedding: &mut [u8],
        mut observe: impl FnMut(&Step<'_>, &[u8]),
    ) -> Result<(), EmbedError> {
        if pixels.len() != self.input_len() {
            return Err(EmbedError::InputLength);
        }
        if embedding.len() != self.embedding_len() {
            return Err(EmbedError::EmbeddingLength);
        }
        let scratch = scratch.get_mut(..self.net_scratch_len()).ok_or(EmbedError::ScratchLength)?;

        let layers = self.metadata().layers.len();
        let mut place = Place::default();
        let (mut steps, mut segment) = (self.steps().peekable(), Segment::default());
        while segment.fill(&mut steps, self.plan().stages) {
            let last = segment.last_layer() + 1 == layers;
            place.begin(&segment, self.overlaps(&segment), scratch);
            let Some(parts) = place.parts(&segment, last, pixels, scratch, embedding) else {
                never();
                break;
            };
            segment.run(parts, &mut Progress::default(), usize::MAX, &mut observe);
            place.advance(&segment);
        }
        Ok(())
    }

    /// Returns the plan that needs the least scratch, and its words: those of the segment that needs
    /// most. What costs instructions has to spare an eighth of them: shorter segments, which have
    /// fewer rings, but compute what is not read between them; and rows that replace those of the
    /// input, which is moved before.
    pub(crate) fn best_plan(&self) -> (Plan, usize) {
        let (mut stages, mut least) = (MAX_SEGMENT, usize::MAX);
        for shorter in (2..=MAX_SEGMENT).rev() {
            let (mut words, mut overlapping) = (0, 0);
            self.each_segment(shorter, |segment, place, last| {
                words = words.max(place.words(segment, last));
                overlapping = overlapping.max(place.least_words(segment, last));
            });
            if overlapping < words - words / 8 {
                words = overlapping;
            }
            if words < least - least / 8 {
                (stages, least) = (shorter, words);
            }
        }
        let mut overlapping = 0;
        self.each_segment(stages, |segment, place, last| {
            overlapping |= u32::from(place.words(segment, last) > least) << segment.last_layer();
        });
        (Plan { stages, overlapping }, least)
    }

    /// Calls `of` with each segment, the place of its input, and whether it is the last one.
    fn each_segment(&self, stages: usize, mut of: impl FnMut(&Segment<'_>, &Place, bool)) {
        let layers = self.metadata().layers.len();
        let (mut steps, mut segment, mut place) =
            (self.steps().peekable(), Segment::default(), Place::default());
        while segment.fill(&mut steps, stages) {
            of(&segment, &place, segment.last_layer() + 1 == layers);
            place.advance(&segment);
        }
    }

    /// Returns true if the rows of the segment's output replace those of its input.
    pub(super) fn overlaps(&self, segment: &Segment<'_>) -> bool {
        self.plan().overlapping >> segment.last_layer() & 1 > 0
    }
}

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl Model<'_> {
    /// Returns the words of scratch that are in use while each [step](Self::steps) runs. The
    /// largest is [`scratch_len`](Self::scratch_len). Convolutions that alternate row by row use
    /// the same.
    pub fn scratch_in_use(&self) -> alloc::vec::Vec<usize> {
        let mut words = alloc::vec::Vec::new();
        self.each_segment(self.plan().stages, |segment, place, last| {
            let used = match self.overlaps(segment) {
                true => place.least_words(segment, last),
                false => place.words(segment, last),
            };
            words.extend(core::iter::repeat_n(used, segment.stages.len()));
        });
        words
    }
}

/// The place of a segment's input. Maps lie alternately at the front and at the back of the scratch:
/// a segment reads one end, writes the other, and works between. The first one reads the image, the
/// last one writes the embedding.
///
/// A map that is kept for an add lies at one end, too, and what is left of the scratch is used as if
/// it were all. It stays where it is when it is read, or, of a shortcut, written. The sum takes its
/// place.
///
/// Where both maps would need too much, the output takes the room of rows of the input that are not
/// read any more: the input is moved away from the front, by as much as the output is ever ahead, and
/// the output begins there.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    /// Bytes of the scratch that hold the segment's input; 0 for the image.
    held: usize,
    at_front: bool,
    kept: Kept,
    /// Words of the scratch before the segment's input, if the output begins there.
    lead: Option<usize>,
}

/// The place of a map that is kept for an add.
#[derive(Clone, Copy, Default)]
enum Kept {
    #[default]
    None,
    /// It is the segment's input.
    Input,
    /// It is the image.
    Image,
    /// It has so many bytes of the scratch.
    Front(usize),
    /// Likewise.
    Back(usize),
}

impl Kept {
    /// Returns the bytes that are not those of the segment's input.
    fn len(self) -> usize {
        match self {
            Kept::None | Kept::Input | Kept::Image => 0,
            Kept::Front(len) | Kept::Back(len) => len,
        }
    }

    /// Returns the scratch without it.
    fn others(self, scratch: &mut [u32]) -> &mut [u32] {
        let len = self.len().div_ceil(4);
        fitting(match self {
            Kept::Front(_) => scratch.get_mut(len..),
            _ => scratch.len().checked_sub(len).and_then(|end| scratch.get_mut(..end)),
        })
    }

    fn at(len: usize, at_front: bool) -> Self {
        match at_front {
            _ if len == 0 => Kept::Image,
            true => Kept::Front(len),
            false => Kept::Back(len),
        }
    }
}

/// What a segment reads, writes and works in.
pub(super) struct Parts<'p> {
    input: Input<'p>,
    /// Of an add, the kept map, which the sum replaces. If that is the image, or if the sum is the
    /// embedding, `input` is the kept map, and this the other one.
    output: &'p mut [u8],
    work: &'p mut [u32],
    swapped: bool,
}

/// The map that a segment reads.
#[derive(Clone, Copy)]
enum Input<'p> {
    Apart(&'p [u8]),
    /// It begins so many bytes after the output, whose rows replace it.
    Within(usize),
}

impl Place {
    /// Returns the words of scratch that are in use while a segment runs.
    fn words(&self, segment: &Segment<'_>, last: bool) -> usize {
        let output = if last || segment.in_place() { 0 } else { segment.output_len() };
        let maps = [self.kept.len(), self.held, output].map(|len| len.div_ceil(4));
        maps.iter().sum::<usize>() + segment.work_len()
    }

    /// Returns the words that are in use if the output overlaps the input, where that takes less.
    fn least_words(&self, segment: &Segment<'_>, last: bool) -> usize {
        let apart = self.words(segment, last);
        // What is kept is the input itself, or the embedding has a place of its own.
        if self.held == 0 || matches!(self.kept, Kept::Input) || last {
            return apart;
        }
        let [held, output] = [self.held, segment.output_len()].map(|len| len.div_ceil(4));
        segment.lead().map_or(apart, |lead| apart - held - output + output.max(lead + held)).min(apart)
    }

    /// Moves the input of a segment that is about to begin to where it is read.
    #[inline(always)]
    pub(super) fn begin(&mut self, segment: &Segment<'_>, overlaps: bool, scratch: &mut [u32]) {
        self.lead = None;
        if overlaps {
            self.lead = segment.lead();
            self.make_room(scratch);
        }
    }

    /// Moves the input away from the front by [`lead`](Self::lead).
    #[inline(never)]
    fn make_room(&self, scratch: &mut [u32]) {
        let held = self.held.div_ceil(4);
        let scratch = self.kept.others(scratch);
        let from = if self.at_front { 0 } else { scratch.len().saturating_sub(held) };
        let to = fitting(self.lead);
        // From the end on towards the front, or the other way round, so that no word is overwritten
        // before it is moved; blocks that do not overlap are copied as such.
        let distance = from.abs_diff(to);
        if distance == 0 {
            return;
        }
        let mut moved = 0;
        while moved < held {
            let len = distance.min(held - moved);
            let at = if from < to { held - moved - len } else { moved };
            let (low, high) = (from.min(to) + at, from.max(to) + at);
            let Some((front, back)) = scratch.split_at_mut_checked(high) else { return never() };
            let [front, back] = [front.get_mut(low..low + len), back.get_mut(..len)].map(fitting);
            let (source, target) = if from < to { (front, back) } else { (back, front) };
            target.iter_mut().zip(source).for_each(|(target, source)| *target = *source);
            moved += len;
        }
    }

    #[inline(always)]
    pub(super) fn parts<'p>(
        self,
        segment: &Segment<'_>,
        last: bool,
        pixels: &'p [u8],
        scratch: &'p mut [u32],
        embedding: &'p mut [u8],
    ) -> Option<Parts<'p>> {
        let Self { held, at_front, kept, lead } = self;
        let (kept_map, scratch) = match kept {
            Kept::Front(len) => scratch.split_at_mut_checked(len.div_ceil(4))?,
            Kept::Back(len) => {
                let (scratch, kept) =
                    scratch.split_at_mut_checked(scratch.len().checked_sub(len.div_ceil(4))?)?;
                (kept, scratch)
            }
            Kept::None | Kept::Input | Kept::Image => (&mut [][..], scratch),
        };
        if let Some(lead) = lead {
            let maps = segment.output_len().div_ceil(4).max(lead + held.div_ceil(4));
            let (maps, work) = scratch.split_at_mut_checked(maps)?;
            return Some(Parts { input: Input::Within(4 * lead), output: bytes(maps), work, swapped: false });
        }
        let middle = if at_front { held.div_ceil(4) } else { scratch.len().checked_sub(held.div_ceil(4))? };
        let (front, back) = scratch.split_at_mut_checked(middle)?;
        let (read, rest) = if at_front { (front, back) } else { (back, front) };
        if segment.adds() {
            let kept_map = bytes(kept_map).get_mut(..kept.len())?;
            let map = bytes(read).get_mut(..held)?;
            return Some(match kept {
                _ if last => {
                    let kept = if kept_map.is_empty() { pixels } else { kept_map };
                    embedding.iter_mut().zip(map).for_each(|(to, from)| *to = *from);
                    Parts { input: Input::Apart(kept), output: embedding, work: rest, swapped: true }
                }
                Kept::Image => Parts { input: Input::Apart(pixels), output: map, work: rest, swapped: true },
                _ => Parts { input: Input::Apart(map), output: kept_map, work: rest, swapped: false },
            });
        }
        let len = segment.output_len();
        let words = if last || segment.in_place() { 0 } else { len.div_ceil(4) };
        let split = if at_front { rest.len().saturating_sub(words) } else { words };
        let (front, back) = rest.split_at_mut_checked(split)?;
        let (work, write) = if at_front { (front, back) } else { (back, front) };
        let input = if held == 0 { pixels } else { bytes(read).get(..held)? };
        let output = match () {
            () if last => embedding,
            () if segment.in_place() => &mut [],
            () => bytes(write).get_mut(..len)?,
        };
        Some(Parts { input: Input::Apart(input), output, work, swapped: false })
    }

    /// Goes on to the segment after this one.
    #[inline(always)]
    pub(super) fn advance(&mut self, segment: &Segment<'_>) {
        let Self { held, at_front, kept, lead } = *self;
        let len = segment.output_len();
        *self = match segment.only() {
            Some(Step { operation: Operation::Skip, .. }) => Self { kept: Kept::Input, ..*self },
            Some(Step { keeps: true, .. }) => Self { kept: Kept::at(len, !at_front), ..*self },
            Some(Step { operation: Operation::Add { .. }, .. }) => {
                let at_front = match kept {
                    Kept::Front(_) => true,
                    Kept::Back(_) => false,
                    Kept::None | Kept::Input | Kept::Image => at_front,
                };
                Self { held, at_front, kept: Kept::None, lead: None }
            }
            _ => {
                let kept = if let Kept::Input = kept { Kept::at(held, at_front) } else { kept };
                Self { held: len, at_front: lead.is_some() || !at_front, kept, lead: None }
            }
        };
    }
}

/// How a net's steps become [segments](Segment), and where these have their maps.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan {
    /// The largest number of steps of a segment.
    pub(super) stages: usize,
    /// Bit i: the output of the segment that ends with layer i has to overlap its input, for the
    /// scratch to suffice.
    overlapping: u32,
}

/// How many rows of each stage of a segment are computed.
pub(super) type Progress = [usize; MAX_SEGMENT];

/// One step, or several convolutions that alternate row by row. Between them lies no whole map,
/// only a ring of the rows that the next one reads.
#[derive(Default)]
pub(super) struct Segment<'a> {
    stages: Vec<Stage<'a>, MAX_SEGMENT>,
}

/// A step in a segment.
struct Stage<'a> {
    step: Step<'a>,
    /// Rows and columns of the output that are computed: those that the next step reads. (If 13
    /// columns are convolved by 3 × 3 and pooled by 2 × 2, it does not read the last one.)
    height: usize,
    width: usize,
    /// Rows of the output that are kept.
    ring: usize,
}

impl Stage<'_> {
    /// Returns the shape of the part of the output that is computed.
    fn shape(&self) -> Shape {
        // No larger than the step's output.
        Shape::new(self.height as u16, self.width as u16, self.step.output.shape.channels)
    }

    /// Returns the bytes of a row of the output.
    fn row_len(&self) -> usize {
        self.width * usize::from(self.step.output.shape.channels)
    }

    fn ring_len(&self) -> usize {
        self.ring * self.row_len()
    }
}

impl<'a> Segment<'a> {
    /// Replaces the stages by the next steps that belong together, `most` at most. Returns false if
    /// no step is left. The segment is filled in place, because moving it costs stack on a board.
    pub(super) fn fill(&mut self, steps: &mut Peekable<impl Iterator<Item = Step<'a>>>, most: usize) -> bool {
        self.stages.clear();
        while !self.stages.is_full() && self.stages.len() < most {
            let joined = self.stages.last().map(|before| before.step.joins());
            let joins = |step: &Step<'_>| joined.is_none_or(|joined| joined && step.joins());
            if !steps.peek().is_some_and(joins) {
                break;
            }
            let Some(step) = steps.next() else { break };
            let Shape { height, width, .. } = step.output.shape;
            let stage = Stage { step, height: height.into(), width: width.into(), ring: height.into() };
            let pushed = self.stages.push(stage);
            debug_assert!(pushed.is_ok(), "there was room");
        }
        self.crop();
        !self.stages.is_empty()
    }

    /// Crops each map within the segment to what the next step reads.
    fn crop(&mut self) {
        for index in (1..self.stages.len()).rev() {
            let Some([stage, next]) = self.stages.get_mut(index - 1..=index) else { return never() };
            let last = [next.height - 1, next.width - 1];
            stage.height = stage.height.min(next.step.taken(0, last[0]).end);
            stage.width = stage.width.min(next.step.taken(1, last[1]).end);
            // Rows that are produced together lie together, two or four of them. What is read begins at
            // the same one of these each time, or at any.
            let together = stage.step.rows_at_once() - 1;
            let begins = |rows: &Range<isize>| rows.start.cast_unsigned() & together;
            let taken = next.step.taken_unclipped(0, 0);
            let later = next.step.taken_unclipped(0, next.step.rows_at_once().cast_signed());
            let before = if begins(&taken) == begins(&later) { begins(&taken) } else { together };
            let rows = (before + (taken.end - taken.start).unsigned_abs()).next_multiple_of(together + 1);
            stage.ring = rows.min(stage.height);
        }
    }

    /// Returns the number of steps.
    pub(super) fn len(&self) -> usize {
        self.stages.len()
    }

    pub(super) fn last_layer(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.step.last_layer())
    }

    /// Returns the step, if there is only one.
    fn only(&self) -> Option<&Step<'a>> {
        match self.stages.as_slice() {
            [Stage { step, .. }] => Some(step),
            _ => None,
        }
    }

    /// Returns true if it is an add.
    fn adds(&self) -> bool {
        self.only().is_some_and(|step| matches!(step.operation, Operation::Add { .. }))
    }

    /// Returns true if its output has no place of its own.
    fn in_place(&self) -> bool {
        self.only().is_some_and(|step| matches!(step.operation, Operation::Skip | Operation::Add { .. }))
    }

    fn output_len(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.step.output.len())
    }

    /// Returns a stage, and what it reads and writes.
    fn extent(&self, index: usize) -> Option<(&Stage<'a>, Extent)> {
        let stage = self.stages.get(index)?;
        let input = match index.checked_sub(1).and_then(|before| self.stages.get(before)) {
            Some(before) => before.shape(),
            None => stage.step.input.shape,
        };
        Some((stage, Extent { input, output: stage.shape() }))
    }

    /// Returns how many words before its input its output may begin, if rows of the output replace rows
    /// of the input: no row that is still read. A single step has no such place, as it writes while it
    /// reads.
    ///
    /// When the last step writes rows, each step before it is at least as far as that needs. How far the
    /// rows that are written are ahead of those that the first step goes on with is a convex function
    /// of the row, and so the largest at one of the ends.
    fn lead(&self) -> Option<usize> {
        let [first, .., last] = self.stages.as_slice() else { return None };
        let Shape { width, channels, .. } = first.step.input.shape;
        let input_row = i64::from(width) * i64::from(channels);
        let ahead = |row: usize| {
            let written = last.height.min(row + last.step.rows_at_once()) * last.row_len();
            let mut begun = row.cast_signed();
            for pair in self.stages.windows(2).rev() {
                let [before, stage] = pair else { continue };
                let needed = stage.step.taken_unclipped(0, begun).end.min(before.height.cast_signed());
                // The next row that it computes, or the one that it has begun with.
                begun = match core::ptr::eq(before, first) {
                    true => needed,
                    false => needed - before.step.rows_at_once().cast_signed(),
                };
            }
            // With much padding above, no 32 bits hold it.
            written as i64 - first.step.taken_unclipped(0, begun).start as i64 * input_row
        };
        let final_row = (last.height - 1) & !(last.step.rows_at_once() - 1);
        let bytes = ahead(0).max(ahead(final_row)).max(0);
        Some(usize::try_from(bytes).unwrap_or(usize::MAX).div_ceil(4))
    }

    /// Returns the words for the rings, and for the step that needs the most working memory.
    fn work_len(&self) -> usize {
        let rings = self.stages.iter().rev().skip(1).map(|stage| stage.ring_len().div_ceil(4));
        let work = (0..self.stages.len()).filter_map(|index| {
            let (stage, extent) = self.extent(index)?;
            Some(fast::work_len(&stage.step, extent))
        });
        rings.sum::<usize>() + work.max().unwrap_or(0)
    }

    /// Goes on after `progress`, by one step that is computed as a whole, or by at most so many
    /// `slices` of the others: rows that are computed together. Returns whether the segment is done.
    #[inline(always)]
    pub(super) fn run(
        &self,
        Parts { input, output, work, swapped }: Parts<'_>,
        progress: &mut Progress,
        slices: usize,
        observe: &mut impl FnMut(&Step<'_>, &[u8]),
    ) -> bool {
        match (self.stages.as_slice(), input) {
            ([Stage { step, .. }], Input::Apart(input)) if !step.streams() => {
                step.run(input, output, work, swapped);
                observe(step, if step.keeps && output.is_empty() { input } else { output });
                true
            }
            _ => self.stream(input, output, work, progress, slices, observe),
        }
    }

    /// Computes the last step row by row, and before each row those rows of the other steps that it
    /// needs.
    fn stream(
        &self,
        input: Input<'_>,
        output: &mut [u8],
        mut work: &mut [u32],
        progress: &mut Progress,
        mut slices: usize,
        observe: &mut impl FnMut(&Step<'_>, &[u8]),
    ) -> bool {
        // The map that each stage writes, and how many of its rows are computed.
        let mut maps = Vec::<(&mut [u8], usize), MAX_SEGMENT>::new();
        for stage in self.stages.iter().take(self.stages.len().saturating_sub(1)) {
            let len = stage.ring_len();
            let Some((words, rest)) = work.split_at_mut_checked(len.div_ceil(4)) else {
                never();
                return true;
            };
            let map = bytes(words).get_mut(..len);
            let done = progress.get(maps.len()).copied();
            let pushed = maps.push((fitting(map), fitting(done)));
            debug_assert!(pushed.is_ok(), "there is a map for each stage");
            work = rest;
        }
        let done = progress.get(maps.len()).copied();
        let pushed = maps.push((output, fitting(done)));
        debug_assert!(pushed.is_ok(), "there is a map for each stage");

        let mut turn = maps.len() - 1;
        while let Some((stage, extent)) = self.extent(turn)
            && let Some((before, [(map, done), after @ ..])) = maps.split_at_mut_checked(turn)
        {
            if *done >= stage.height {
                return true; // the last one is done
            }
            if slices == 0 {
                for (progress, (_, done)) in progress.iter_mut().zip(&maps) {
                    *progress = *done;
                }
                return false;
            }
            let row_len = usize::from(extent.input.width) * usize::from(extent.input.channels);
            let height = usize::from(extent.input.height);
            let input = match before.last() {
                Some((map, ready)) => {
                    if *ready < stage.step.taken(0, *done).end.min(height) {
                        turn -= 1;
                        continue;
                    }
                    Rows { bytes: map, row_len, slots: map.len() / row_len.max(1) }
                }
                None => {
                    let bytes = match (input, after.last()) {
                        (Input::Apart(input), _) => input,
                        (Input::Within(start), Some((map, _))) => fitting(map.get(start..)),
                        (Input::Within(_), None) => fitting(None),
                    };
                    Rows { bytes, row_len, slots: height }
                }
            };
            let rows = stage.step.rows_at_once().min(stage.height - *done);
            let at = *done % stage.ring.max(1) * stage.row_len();
            let Some(output) = map.get_mut(at..at + rows * stage.row_len()) else {
                never();
                return true;
            };
            fast::conv_rows(&stage.step, extent, input, *done, output, work);
            observe(&stage.step, output);
            *done += rows;
            slices -= 1;
            // The next step asked for it.
            turn = (turn + 1).min(self.stages.len() - 1);
        }
        never();
        true
    }
}

impl Step<'_> {
    /// Returns the index of the last layer that the step computes.
    pub fn last_layer(&self) -> usize {
        match self.operation {
            Operation::Conv2d { pool: Some(_), .. } => self.layer + 1,
            _ => self.layer,
        }
    }

    /// Returns true if it alternates with such steps before and after it, row by row.
    fn joins(&self) -> bool {
        self.streams() && !self.keeps
    }

    /// Returns true if it computes its output row by row, from only the rows of the input that it
    /// needs.
    fn streams(&self) -> bool {
        matches!(self.operation, Operation::Conv2d { .. })
            && self.kernel.is_fast()
            && fast::apart(self).is_none()
    }

    /// Returns the number of rows of the output that are computed together.
    fn rows_at_once(&self) -> usize {
        match self.operation {
            Operation::Conv2d { pool: None, .. } if self.kernel.is_fast() => fast::rows_at_once(self),
            _ => 1,
        }
    }

    /// Returns the rows (`axis` 0) or columns (1) of the input that the output's row or column
    /// `index` needs, and the row that is computed together with it.
    fn taken(&self, axis: usize, index: usize) -> Range<usize> {
        let taken = self.taken_unclipped(axis, index.cast_signed());
        let shape = self.input.shape;
        let size = if axis == 0 { shape.height } else { shape.width } as isize;
        taken.start.clamp(0, size).unsigned_abs()..taken.end.clamp(0, size).unsigned_abs()
    }

    /// Returns what [`taken`](Self::taken) does, with the padding.
    fn taken_unclipped(&self, axis: usize, index: isize) -> Range<isize> {
        let Operation::Conv2d { geometry, pool, .. } = &self.operation else { return 0..0 };
        let at = |pair: [usize; 2]| (if axis == 0 { pair[0] } else { pair[1] }).cast_signed();
        // Rows before the pool, which the fast paths know as 2 × 2 or not at all.
        let (first, count) = match pool {
            Some(_) => (2 * index, 2),
            None => (index, if axis == 0 { self.rows_at_once().cast_signed() } else { 1 }),
        };
        let start = first * at(geometry.stride) - at(geometry.padding);
        start..start + (count - 1) * at(geometry.stride) + at(geometry.kernel)
    }

    /// Computes it as a whole. See [`Parts`] for what an add finds where.
    fn run(&self, input: &[u8], output: &mut [u8], work: &mut [u32], swapped: bool) {
        let (from, to) = (self.input.element, self.output.element);
        match &self.operation {
            Operation::Dense(_) if self.kernel.is_fast() => fast::dense(self, input, output, work),
            Operation::Conv2d { .. } if self.kernel.is_fast() => {
                fast::conv_and_pool(self, input, output, work);
            }
            Operation::Conv2d { geometry, pool: None, parameters } => {
                kernel::conv2d(geometry, parameters, (input, from), (output, to));
            }
            Operation::Conv2d { geometry, pool: Some(pool), parameters } => {
                let pooled = self.output.shape;
                kernel::conv2d_max_pool(geometry, *pool, pooled, parameters, (input, from), (output, to));
            }
            Operation::MaxPool2d(pool) if self.kernel.is_fast() => {
                let (input, output) = ((input, self.input.shape), (output, self.output.shape));
                weightless::max_pool(*pool, input, output, to);
            }
            Operation::AveragePool2d(pool, multiplier) if self.kernel.is_fast() => {
                let (input, output) = ((input, self.input.shape), (output, self.output.shape));
                weightless::average_pool(*pool, *multiplier, input, output, to);
            }
            Operation::MaxPool2d(pool) => {
                kernel::max_pool(*pool, (input, self.input.shape), (output, self.output.shape), to);
            }
            Operation::AveragePool2d(pool, multiplier) => {
                let (input, output) = ((input, self.input.shape), (output, self.output.shape));
                kernel::average_pool(*pool, *multiplier, input, output, to);
            }
            Operation::Dense(parameters) => kernel::dense(parameters, (input, from), (output, to)),
            Operation::Skip => {}
            Operation::Add { kept, multipliers: [of_kept, of_input] } => {
                let (multipliers, elements) = match swapped {
                    true => ([*of_input, *of_kept], [from, kept.element]),
                    false => ([*of_kept, *of_input], [kept.element, from]),
                };
                match self.kernel.is_fast() {
                    true => weightless::add(multipliers, output, input, elements, to),
                    false => kernel::add(multipliers, output, input, elements, to),
                }
            }
        }
    }
}

/// The reason for not embedding an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum EmbedError {
    /// The image does not have [`Model::input_len`] bytes.
    InputLength,
    /// The scratch buffer has fewer than [`Model::scratch_len`] words.
    ScratchLength,
    /// The buffer for the embedding does not have [`Model::embedding_len`] bytes.
    EmbeddingLength,
}

impl core::fmt::Display for EmbedError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::InputLength => "the number of pixels differs from the model's input",
            Self::ScratchLength => "the scratch buffer is shorter than the model needs",
            Self::EmbeddingLength => "the buffer for the embedding does not have the embedding's length",
        })
    }
}

impl core::error::Error for EmbedError {}
