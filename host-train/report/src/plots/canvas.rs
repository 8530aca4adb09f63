//! The canvas of figures: an SVG file, or the pixels of a PNG file.

use super::{Figure, font::write_text};
use crate::Findings;
use anyhow::Result;
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, codecs::png::PngEncoder, imageops::thumbnail};
use plotters::{
    coord::Shift,
    drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea},
    prelude::SVGBackend,
    style::WHITE,
};
use plotters_backend::{BackendColor, BackendCoord, BackendTextStyle, DrawingBackend, DrawingErrorKind};
use std::convert::Infallible;

/// Part of a figure.
pub type Area<B> = DrawingArea<B, Shift>;
/// The result of drawing.
pub type Drawn<B, T = ()> = Result<T, DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Units of a drawing in a pixel of the SVG file: plotters places everything at whole units.
const UNIT: u32 = 4;
/// Units in a pixel of the PNG file, each way: averaged, they make edges smooth.
const SMOOTH: u32 = 2;

/// Pixels of the SVG file in units.
pub const fn px(pixels: u32) -> i32 {
    (pixels * UNIT) as i32
}

/// Returns a figure as an SVG file.
pub fn svg<F: Figure>(findings: &Findings, size: [u32; 2]) -> Result<String> {
    let [width, height] = size.map(|side| side * UNIT);
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
    area.fill(&WHITE)?;
    F::draw(findings, &area)?;
    area.present()?;
    drop(area);
    // Units remain what its `viewBox` has.
    let [units, pixels] =
        [[width, height], size].map(|[width, height]| format!("width=\"{width}\" height=\"{height}\""));
    Ok(svg.replacen(&units, &pixels, 1))
}

/// Returns a figure as a PNG file.
pub fn png<F: Figure>(findings: &Findings, size: [u32; 2]) -> Result<Vec<u8>> {
    let [width, height] = size.map(|side| side * UNIT);
    let mut pixels = RgbImage::from_pixel(width, height, Rgb([u8::MAX; 3]));
    let area = Pixels(&mut pixels).into_drawing_area();
    F::draw(findings, &area)?;
    drop(area);
    let [width, height] = [width / SMOOTH, height / SMOOTH];
    let mut png = Vec::new();
    let encoder = PngEncoder::new(&mut png);
    encoder.write_image(&thumbnail(&pixels, width, height), width, height, ExtendedColorType::Rgb8)?;
    Ok(png)
}

/// Plotters' own backend for pixels takes text from the system's fonts, or spaces its letters
/// unevenly; shapes are drawn by plotters here too.
struct Pixels<'a>(&'a mut RgbImage);

impl DrawingBackend for Pixels<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.0.dimensions()
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    #[inline]
    fn draw_pixel(
        &mut self,
        (x, y): BackendCoord,
        color: BackendColor,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
            && let Some(pixel) = self.0.get_pixel_mut_checked(x, y)
        {
            let (r, g, b) = color.rgb;
            for (below, above) in pixel.0.iter_mut().zip([r, g, b]) {
                let mixed = f64::from(*below) * (1.0 - color.alpha) + f64::from(above) * color.alpha;
                *below = mixed.round() as u8;
            }
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        at: BackendCoord,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let color = style.color();
        write_text(text, style, at, |at, share| {
            // It cannot fail.
            let _ = self.draw_pixel(at, color.mix(share));
        });
        Ok(())
    }
}
