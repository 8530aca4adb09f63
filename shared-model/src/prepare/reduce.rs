//! Reducing: a frame without its rim becomes the means of square blocks, few enough to keep.

/// The reduced frame has at most this many times the net's pixels.
pub const AREA: u32 = 25;
/// Its sides are at most this many times the net's.
pub const SIDE: u32 = 8;
/// One side's share of the frame that is left out on each side of it: an edge of the table, a
/// lens's shadow.
const RIM: u16 = 64;

/// The blocks of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Blocks {
    /// Rows and columns that are left out at each side.
    rim: [u16; 2],
    /// Rows and columns of a block.
    block: [u16; 2],
    /// Rows and columns of the reduced frame.
    pub size: [u16; 2],
}

impl Blocks {
    /// Divides a frame of `from` for a net of `net`, both (height, width) without a 0.
    pub fn new(from: [u16; 2], net: [u16; 2]) -> Self {
        let is_small = from[0] <= net[0] && from[1] <= net[1];
        let rim = from.map(|side| if is_small { 0 } else { side / RIM });
        let inner = [0, 1].map(|axis| from[axis] - 2 * rim[axis]);
        let room = net.map(u32::from);
        let most = u64::from(AREA) * u64::from(room[0]) * u64::from(room[1]);
        let size = |side: u16| inner.map(|length| (length / side.max(1)).max(1));
        let fits = |side: &u16| {
            let size = size(*side).map(u32::from);
            u64::from(size[0]) * u64::from(size[1]) <= most
                && size[0] <= SIDE * room[0]
                && size[1] <= SIDE * room[1]
        };
        let side = (1..=u16::MAX).find(fits).unwrap_or(u16::MAX);
        Self { rim, block: inner.map(|length| length.min(side)), size: size(side) }
    }

    /// Takes row `row` of the frame into `reduced`. The first words of `sums`, two for each column,
    /// keep what is begun.
    pub fn push(&self, row: u16, mut greys: impl Iterator<Item = u8>, sums: &mut [u32], reduced: &mut [u8]) {
        let [height, width] = self.block;
        let Some(row) = row.checked_sub(self.rim[0]) else { return };
        let (place, part) = (row / height.max(1), row % height.max(1));
        if place >= self.size[0] {
            return;
        }
        let columns = usize::from(self.size[1]);
        let reduced = reduced.get_mut(usize::from(place) * columns..).unwrap_or_default();
        if let Some(last) = self.rim[1].checked_sub(1) {
            greys.nth(last.into());
        }
        if self.block == [1, 1] {
            let reduced = reduced.get_mut(..columns).unwrap_or_default();
            reduced.iter_mut().zip(greys).for_each(|(pixel, grey)| *pixel = grey);
            return;
        }
        let (sums, _) = sums.as_chunks_mut::<2>();
        let pixels = u64::from(height) * u64::from(width);
        for (sum, pixel) in sums.iter_mut().take(columns).zip(reduced) {
            let begun = if part == 0 { 0 } else { u64::from(sum[1]) << 32 | u64::from(sum[0]) };
            let across: u32 = greys.by_ref().take(width.into()).map(u32::from).sum();
            let total = begun + u64::from(across);
            *sum = [total as u32, (total >> 32) as u32];
            if part == height - 1 {
                *pixel = mean(total, pixels);
            }
        }
    }
}

/// Returns `total / count`, rounded to the nearest, halves up.
fn mean(total: u64, count: u64) -> u8 {
    let (rounded, count) = (total + count / 2, count.max(1));
    match (u32::try_from(rounded), u32::try_from(count)) {
        // Most often: processors divide 32 bits faster.
        (Ok(rounded), Ok(count)) => (rounded / count.max(1)) as u8,
        _ => (rounded / count) as u8,
    }
}
