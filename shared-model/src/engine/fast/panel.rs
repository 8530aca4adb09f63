//! What a driver hands to an inner loop: panels, in which windows or transformed tiles lie side by
//! side, and the parameters of several output channels.

/// One of the two tiles of a panel.
pub(super) struct Tile<'a> {
    /// Steps, which have two words of each tile.
    pub panel: &'a mut [[u32; 4]],
    /// 0 or 1.
    pub index: usize,
}

/// The windows, or differences of windows, that an output sums one after the other.
#[derive(Clone, Copy)]
pub(super) struct Stages {
    pub count: usize,
    /// Words of each window.
    pub words: usize,
}

/// The places of the four windows of a pooled output in lines.
#[cfg(dsp)]
pub(super) struct Windows {
    /// Byte of a line at which the left windows begin.
    pub left: usize,
    /// Bytes from the left windows to the right ones.
    pub next: usize,
    /// Rows of a window.
    pub rows: usize,
    /// Bytes of a row.
    pub run: usize,
}

/// Tiles that are computed together.
#[derive(Clone, Copy)]
pub(super) struct Tiles {
    /// Tiles of the panel.
    pub count: usize,
    /// The first tiles of these that are written.
    pub valid: usize,
}

/// A tile's place in a panel.
pub(super) struct TilePlace<'a> {
    pub panel: &'a mut [u32],
    /// Tiles of the panel.
    pub count: usize,
    pub tile: usize,
}

/// Expanded inputs.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    pub words: &'a [u32],
    /// 128 times their sum.
    pub offset: i32,
}

/// Biases and multipliers, of four output channels each.
#[derive(Clone, Copy)]
pub(super) struct Fours<'a> {
    pub biases: &'a [[i32; 4]],
    pub multipliers: &'a [[i32; 4]],
}

/// Windows of a line, each a run of bytes.
pub(super) struct LineWindows<'a> {
    /// The line, from the first window on.
    pub bytes: &'a [u8],
    /// Bytes from a window to the next.
    pub step: usize,
    /// Bytes of a window.
    pub run: usize,
}
