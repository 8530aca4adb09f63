use crate::{
    layout::{Key, PAD, TEXT},
    lines::Lines,
};
use core::{cell::RefCell, fmt::Write};
use embedded_graphics::{
    draw_target::{DrawTarget, DrawTargetExt},
    geometry::Point,
    mono_font::{
        MonoTextStyle,
        iso_8859_1::{FONT_7X13, FONT_10X20},
    },
    pixelcolor::Rgb565,
    prelude::{Drawable, Primitive, RgbColor, WebColors},
    primitives::{Line, PrimitiveStyle, PrimitiveStyleBuilder},
    text::{Alignment, Baseline, Text, TextStyleBuilder},
};
use shared_model::prepare::strokes::{Point as PenPoint, Strokes};
use tinytriplet_device::source::{Sight, SightError, Source, Wish};

/// Points of a drawing that there is room for. A line across the pad has about 80.
pub const POINTS: usize = 512;

/// Looks without a touch after which the pen is lifted: a panel loses a light touch now and then.
const LIFTED: u8 = 3;
/// The least distance of two points, in pixels, along one axis.
const STEP: u16 = 3;
/// The width of the line that the screen shows, in pixels.
const PEN: u32 = 5;
/// Rows from one line of text to the next.
const LINE: i32 = 17;

const FRAME: Rgb565 = Rgb565::CSS_DARK_SLATE_GRAY;
const PAPER: Rgb565 = Rgb565::CSS_IVORY;
const INK: Rgb565 = Rgb565::CSS_MIDNIGHT_BLUE;

/// A touch panel.
pub trait Touch {
    /// The reason why a touch could not be read.
    type Error;

    /// Returns the place that is touched, in pixels of the screen, x and y; `None` if none is.
    ///
    /// # Errors
    /// Returns an error if the controller does not answer.
    fn touched(&mut self) -> Result<Option<[u16; 2]>, Self::Error>;
}

/// What the pen came down on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contact {
    Pad,
    Key(Key),
    Nothing,
}

/// A pad to write on, with three keys and two lines of text.
pub struct Panel<'p, Screen, Controller> {
    screen: Screen,
    touch: Controller,
    lines: &'p RefCell<Lines>,
    strokes: Strokes<'p>,
    contact: Option<Contact>,
    /// Looks without a touch.
    untouched: u8,
    wish: Option<Wish>,
}

impl<'p, Screen: DrawTarget<Color = Rgb565>, Controller: Touch> Panel<'p, Screen, Controller> {
    /// Draws an empty pad. `lines` are shown when they change.
    ///
    /// # Errors
    /// Returns the errors of the screen.
    pub fn new(
        screen: Screen,
        touch: Controller,
        lines: &'p RefCell<Lines>,
        points: &'p mut [PenPoint; POINTS],
    ) -> Result<Self, Screen::Error> {
        let strokes = Strokes::new(points);
        let mut panel = Self { screen, touch, lines, strokes, contact: None, untouched: 0, wish: None };
        panel.screen.clear(FRAME)?;
        panel.wipe()?;
        for key in Key::ALL {
            let style = PrimitiveStyleBuilder::new().fill_color(key_colour(key)).build();
            key.place().into_styled(style).draw(&mut panel.screen)?;
            let style =
                TextStyleBuilder::new().alignment(Alignment::Center).baseline(Baseline::Middle).build();
            let font = MonoTextStyle::new(&FONT_10X20, Rgb565::WHITE);
            Text::with_text_style(key.word(), key.place().center(), font, style).draw(&mut panel.screen)?;
        }
        panel.write(["Write something, then touch", "\"new\" to teach it."])?;
        Ok(panel)
    }

    /// Removes the drawing.
    fn wipe(&mut self) -> Result<(), Screen::Error> {
        self.strokes.clear();
        PAD.into_styled(PrimitiveStyle::with_fill(PAPER)).draw(&mut self.screen)
    }

    /// Writes two lines of text, the newer one below.
    fn write(&mut self, lines: [&str; 2]) -> Result<(), Screen::Error> {
        let mut strip = self.screen.clipped(&TEXT);
        TEXT.into_styled(PrimitiveStyle::with_fill(FRAME)).draw(&mut strip)?;
        let colours = [Rgb565::CSS_SILVER, Rgb565::WHITE];
        for (row, (line, colour)) in (0..).zip(lines.into_iter().zip(colours)) {
            let corner = TEXT.top_left + Point::new(4, 2 + LINE * row);
            let font = MonoTextStyle::new(&FONT_7X13, colour);
            Text::with_baseline(line, corner, font, Baseline::Top).draw(&mut strip)?;
        }
        Ok(())
    }

    /// Goes on with what the pen came down on.
    fn follow(&mut self, [x, y]: [u16; 2]) -> Result<(), SightError> {
        let place = Point::new(x.into(), y.into());
        let began_here = || match Key::at(place) {
            Some(key) => Contact::Key(key),
            None if PAD.contains(place) => Contact::Pad,
            None => Contact::Nothing,
        };
        if *self.contact.get_or_insert_with(began_here) != Contact::Pad || !PAD.contains(place) {
            return Ok(());
        }
        let before = self.strokes.points().last().copied().filter(|_| self.strokes.is_down());
        if before.is_some_and(|before| x.abs_diff(before.x) < STEP && y.abs_diff(before.y) < STEP) {
            return Ok(());
        }
        self.strokes.touch(x, y)?;
        let from = before.map_or(place, |before| Point::new(before.x.into(), before.y.into()));
        let line = Line::new(from, place).into_styled(PrimitiveStyle::with_stroke(INK, PEN));
        // What the screen does not show is drawn all the same.
        let _ = line.draw(&mut self.screen.clipped(&PAD));
        Ok(())
    }

    /// Does what a key is for.
    fn press(&mut self, key: Key) {
        self.wish = match key {
            Key::Clear => None,
            _ if self.strokes.points().is_empty() => {
                let _ = self.lines.borrow_mut().write_str("write something first\n");
                return;
            }
            Key::Teach => Some(Wish::Teach),
            Key::New => Some(Wish::NewLabel),
        };
        let _ = self.wipe();
    }
}

fn key_colour(key: Key) -> Rgb565 {
    match key {
        Key::Teach => Rgb565::CSS_SEA_GREEN,
        Key::New => Rgb565::CSS_STEEL_BLUE,
        Key::Clear => Rgb565::CSS_SIENNA,
    }
}

impl<Screen: DrawTarget<Color = Rgb565>, Controller: Touch> Source for Panel<'_, Screen, Controller> {
    fn look(&mut self) -> Result<Sight<'_>, SightError> {
        let lines = self.lines;
        if let Some(lines) = lines.borrow_mut().take() {
            // A screen that does not work is no reason not to go on.
            let _ = self.write(lines);
        }
        if let Some(place) = self.touch.touched().map_err(|_| SightError::Silent)? {
            self.untouched = 0;
            self.follow(place)?;
            return Ok(Sight::Nothing);
        }
        self.untouched = self.untouched.saturating_add(1);
        if self.untouched < LIFTED {
            return Ok(Sight::Nothing);
        }
        match self.contact.take() {
            Some(Contact::Pad) => {
                self.strokes.lift();
                return Ok(Sight::Strokes(self.strokes.points()));
            }
            Some(Contact::Key(key)) => self.press(key),
            Some(Contact::Nothing) | None => {}
        }
        Ok(Sight::Nothing)
    }

    fn row(&mut self) -> Result<&[u8], SightError> {
        Err(SightError::Stopped)
    }

    fn is_busy(&self) -> bool {
        self.contact.is_some()
    }

    fn wish(&mut self) -> Option<Wish> {
        self.wish.take()
    }
}
