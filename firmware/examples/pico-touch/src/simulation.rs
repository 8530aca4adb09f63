//! A screen, a pen and a serial line for the panel on a PC.

use crate::{HEIGHT, Key, Lines, POINTS, Panel, Text, Touch, WIDTH, layout::PAD};
use core::{cell::RefCell, convert::Infallible};
use embedded_graphics::{
    Pixel,
    draw_target::DrawTarget,
    geometry::{OriginDimensions, Point, Size},
    pixelcolor::{Rgb565, RgbColor},
};
use embedded_io::{ErrorType, Read, ReadReady, Write};
use shared_model::{Model, prepare::strokes};
use std::{string::String, vec, vec::Vec};
use tinytriplet_device::testing::Bench;

/// Bytes of the longest frame that the board receives.
const FRAME: usize = 4096;
/// Labels that its gallery holds.
const CAPACITY: usize = 16;

/// The pixels of a screen, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canvas(pub Vec<Rgb565>);

impl Default for Canvas {
    fn default() -> Self {
        Self(vec![Rgb565::BLACK; usize::from(WIDTH) * usize::from(HEIGHT)])
    }
}

impl Canvas {
    /// Returns the colour of a pixel.
    pub fn at(&self, place: [u16; 2]) -> Rgb565 {
        self.0[usize::from(place[1]) * usize::from(WIDTH) + usize::from(place[0])]
    }
}

/// A screen that draws on a canvas.
struct Screen<'t>(&'t mut Canvas);

impl OriginDimensions for Screen<'_> {
    fn size(&self) -> Size {
        Size::new(WIDTH.into(), HEIGHT.into())
    }
}

impl DrawTarget for Screen<'_> {
    type Color = Rgb565;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb565>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(Point { x, y }, colour) in pixels {
            if (0..i32::from(WIDTH)).contains(&x) && (0..i32::from(HEIGHT)).contains(&y) {
                self.0.0[y as usize * usize::from(WIDTH) + x as usize] = colour;
            }
        }
        Ok(())
    }
}

/// A touch, as the panel would read it at one look; an error is a controller that is silent.
pub type Look = Result<Option<[u16; 2]>, ()>;

/// A pen that touches the panel as was recorded.
struct Pen(vec::IntoIter<Look>);

impl Touch for Pen {
    type Error = ();

    fn touched(&mut self) -> Look {
        self.0.next().unwrap_or(Ok(None))
    }
}

/// Looks without a touch, at which the pen is up.
pub const UP: [Look; 4] = [Ok(None); 4];

/// Returns the looks at a pen that writes on the pad: points of a square of 256, moved there.
pub fn write(points: &[strokes::Point]) -> Vec<Look> {
    let mut looks = Vec::new();
    for point in points {
        if point.begins {
            looks.extend(UP);
        }
        let [x, y] = [point.x, point.y].map(|along| along * 3 / 4);
        let corner = PAD.top_left;
        looks.push(Ok(Some([x + corner.x as u16 + 18, y + corner.y as u16 + 2])));
    }
    looks.extend(UP);
    looks
}

/// Returns the looks at a finger that touches a key.
pub fn touch(key: Key) -> Vec<Look> {
    let centre = key.place().center();
    let place = [centre.x as u16, centre.y as u16];
    [&[Ok(Some(place)); 3][..], &UP].concat()
}

/// A serial line that is silent for so many looks, and then ends.
struct Silent(usize);

impl ErrorType for Silent {
    type Error = Infallible;
}

impl ReadReady for Silent {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        let is_over = self.0 == 0;
        self.0 = self.0.saturating_sub(1);
        Ok(is_over)
    }
}

impl Read for Silent {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        Ok(0)
    }
}

impl Write for Silent {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A board with a panel, and its gallery.
pub struct Board<'m>(Bench<'m, FRAME, CAPACITY>);

impl<'m> Board<'m> {
    /// Creates a board that has not learned anything.
    pub fn new(model: Model<'m>) -> Self {
        Self(Bench::new("pico-touch", model, 0))
    }

    /// Starts the board, and has it look at a pen. Returns what it says, line by line, and what its
    /// screen shows in the end.
    pub fn run(&mut self, looks: Vec<Look>) -> (Vec<String>, Canvas) {
        let mut canvas = Canvas::default();
        let lines = RefCell::new(Lines::new());
        let mut points = [strokes::Point::default(); POINTS];
        let count = looks.len() + 2;
        let pen = Pen(looks.into_iter());
        let panel = Panel::new(Screen(&mut canvas), pen, &lines, &mut points);
        let panel = panel.unwrap_or_else(|never| match never {});
        let mut said = Said { lines: Text(&lines), all: String::new() };
        let ran = self.0.run_seeing(Silent(count), panel, &mut said);
        ran.unwrap_or_else(|never| match never {});
        (said.all.lines().map(Into::into).collect(), canvas)
    }
}

/// Writes to the panel, and remembers all of it.
struct Said<'p> {
    lines: Text<'p>,
    all: String,
}

impl core::fmt::Write for Said<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.all.push_str(text);
        self.lines.write_str(text)
    }
}
