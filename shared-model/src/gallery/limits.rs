/// The largest number of bytes of a label.
pub const MAX_LABEL: usize = 31;
/// The largest number of images of an entry: its sums then fit 24 bits and a sign.
pub const MAX_COUNT: u32 = 65_535;
