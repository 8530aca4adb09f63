use crate::model::format::Background;

/// The number of greys.
pub const GREYS: usize = 256;

/// How many of the outermost pixels have each grey.
pub struct Border<'a> {
    counts: &'a mut [u32],
}

impl<'a> Border<'a> {
    /// Counts in an array of [`GREYS`], on top of what is there.
    pub fn new(counts: &'a mut [u32]) -> Self {
        Self { counts }
    }

    /// Begins at none.
    pub fn clear(&mut self) {
        self.counts.fill(0);
    }

    /// Counts a whole row, the first or the last, or the two ends of any other.
    pub fn push(&mut self, mut greys: impl Iterator<Item = u8>, is_outermost: bool) {
        if is_outermost {
            greys.for_each(|grey| self.count(grey));
        } else if let Some(first) = greys.next() {
            self.count(first);
            if let Some(last) = greys.last() {
                self.count(last);
            }
        }
    }

    fn count(&mut self, grey: u8) {
        if let Some(count) = self.counts.get_mut(usize::from(grey)) {
            *count += 1;
        }
    }

    /// Returns the end of the grey scale that is nearer to the median, the mean of the two middle
    /// pixels.
    pub fn background(&self) -> Background {
        let [low, high] = self.medians();
        if u16::from(low) + u16::from(high) > 255 { Background::Light } else { Background::Dark }
    }

    /// Returns true if all greys are within `range`.
    pub fn is_even(&self, range: usize) -> bool {
        let first = self.counts.iter().position(|&count| count > 0).unwrap_or(0);
        let last = self.counts.iter().rposition(|&count| count > 0).unwrap_or(0);
        last - first <= range
    }

    /// Returns the counted greys' array, to be used for something else.
    pub fn into_counts(self) -> &'a mut [u32] {
        self.counts
    }

    /// Returns the upper one of the two middle pixels, in the greys of a dark background.
    pub fn paper(&self, background: Background) -> u8 {
        let [low, high] = self.medians();
        if background == Background::Light { 255 - low } else { high }
    }

    /// Returns the greys of the two middle pixels, which are one where the number of pixels is odd.
    fn medians(&self) -> [u8; 2] {
        let total: u32 = self.counts.iter().sum();
        // The value that stands at this place among all in order.
        let at = |place: u32| {
            let mut passed = 0;
            let reached = |count: &u32| {
                passed += count;
                passed > place
            };
            self.counts.iter().position(reached).unwrap_or(0) as u8
        };
        [at(total.saturating_sub(1) / 2), at(total / 2)]
    }
}
