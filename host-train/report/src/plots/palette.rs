//! Colours that people tell apart who do not see all of them.

use plotters::style::RGBColor;

/// Ten colours for classes and curves, chosen for the usual kinds of colour blindness: M. Petroff,
/// "Accessible color sequences for data visualization", 2021.
pub const COLORS: [RGBColor; 10] = [
    RGBColor(0x3f, 0x90, 0xda),
    RGBColor(0xff, 0xa9, 0x0e),
    RGBColor(0xbd, 0x1f, 0x01),
    RGBColor(0x94, 0xa4, 0xa2),
    RGBColor(0x83, 0x2d, 0xb6),
    RGBColor(0xa9, 0x6b, 0x59),
    RGBColor(0xe7, 0x63, 0x00),
    RGBColor(0xb9, 0xac, 0x70),
    RGBColor(0x71, 0x75, 0x81),
    RGBColor(0x92, 0xda, 0xdd),
];

/// The good, such as pairs of one class.
pub const BLUE: RGBColor = COLORS[0];
/// The other, such as pairs of two classes.
pub const ORANGE: RGBColor = COLORS[1];
/// The thresholds, in their order.
pub const THRESHOLDS: [RGBColor; 2] = [COLORS[2], COLORS[4]];

/// Titles and names.
pub const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Numbers at axes, and what is said beside.
pub const GREY: RGBColor = RGBColor(0x44, 0x44, 0x44);
/// The grid's lines.
pub const GRID: RGBColor = RGBColor(0xe2, 0xe2, 0xe2);

/// Returns the colour of a share: white for 0, dark blue for 1, and in between by its root, so that a
/// hundredth is seen.
pub fn shade(share: f64) -> RGBColor {
    let depth = if share > 0.0 { share.min(1.0).sqrt() } else { 0.0 };
    let mix = |dark: u8| (255.0 + depth * (f64::from(dark) - 255.0)).round() as u8;
    RGBColor(mix(0x08), mix(0x30), mix(0x6b))
}
