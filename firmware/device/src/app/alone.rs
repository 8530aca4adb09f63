//! What a board does by itself, between the requests of a PC: it sees, says what it sees, and
//! learns when its button is pressed.

use crate::{
    device::Device,
    hardware::Board,
    light::{Light, Show},
    presses::Presses,
    reading::Reading,
    source::{SightError, Source, Wish},
};
use core::fmt::{self, Arguments};
use embedded_io::{ErrorType, Write, WriteFmtError};
use shared_model::{
    Gallery, Threshold,
    gallery::{MAX_LABEL, Method},
    wire::RequestError,
};

type Label = heapless::String<MAX_LABEL>;
type SerialError<B> = <<B as Board>::Serial as ErrorType>::Error;

/// The parts of a board that a PC has no say in, and what becomes of them.
pub struct Alone<B: Board> {
    source: B::Source,
    text: B::Text,
    button: Presses<B::Button>,
    /// The label that the next short press teaches.
    label: Option<Label>,
    /// The error of the last look at the source, so that each error is reported only once.
    trouble: Option<Trouble>,
    /// True if there is text on the serial line that no frame has followed.
    has_spoken: bool,
}

/// The reason why a picture has no answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Sight(SightError),
    Request(RequestError),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sight(error) => error.fmt(f),
            Self::Request(error) => error.fmt(f),
        }
    }
}

/// The parts of the application that serve both the PC's requests and what the board sees.
pub struct Shared<'a, 'm, B: Board, const CAPACITY: usize> {
    pub device: &'a mut Device<'m, B::Flash, CAPACITY>,
    pub light: &'a mut Light<B::Led>,
    pub serial: &'a mut B::Serial,
    pub system: &'a mut B::System,
    /// The time, in microseconds.
    pub now: u64,
}

impl<B: Board> Alone<B> {
    pub fn new(source: B::Source, text: B::Text, button: B::Button) -> Self {
        let button = Presses::new(button);
        Self { source, text, button, label: None, trouble: None, has_spoken: false }
    }

    /// Looks at the button, and does what a press means.
    pub fn press<const CAPACITY: usize>(
        &mut self,
        shared: Shared<'_, '_, B, CAPACITY>,
    ) -> Result<(), SerialError<B>> {
        match self.button.look(shared.now) {
            Some(wish) => self.fulfil(wish, shared),
            None => Ok(()),
        }
    }

    /// Looks at the source, and says what it shows. Returns false if the board may sleep.
    pub fn see<const CAPACITY: usize>(
        &mut self,
        mut shared: Shared<'_, '_, B, CAPACITY>,
    ) -> Result<bool, SerialError<B>> {
        if !B::Source::SEES {
            return Ok(false);
        }
        let has_seen = match shared.device.look(&mut self.source, shared.system) {
            Ok(false) => false,
            Ok(true) => {
                self.answer(&mut shared)?;
                true
            }
            Err(error) => {
                self.complain(Trouble::Sight(error), &mut shared)?;
                false
            }
        };
        let Some(wish) = self.source.wish() else { return Ok(has_seen || self.source.is_busy()) };
        self.fulfil(wish, shared)?;
        Ok(true)
    }

    /// Says what was seen.
    fn answer<const CAPACITY: usize>(
        &mut self,
        shared: &mut Shared<'_, '_, B, CAPACITY>,
    ) -> Result<(), SerialError<B>> {
        let recognition = match shared.device.recognise_last(Method::Prototype, Threshold::Own) {
            Ok(recognition) => recognition,
            Err(error) => return self.complain(Trouble::Request(error), shared),
        };
        self.trouble = None;
        let show = if recognition.label().is_some() { Show::Known } else { Show::Unknown };
        let model = shared.device.model();
        let reading = Reading::new(&recognition, model.distance(), model.output().scale);
        shared.light.keep(show, shared.now);
        self.say(format_args!("sees {reading}"), shared.serial)
    }

    /// Says what is wrong, unless it was wrong before.
    fn complain<const CAPACITY: usize>(
        &mut self,
        trouble: Trouble,
        shared: &mut Shared<'_, '_, B, CAPACITY>,
    ) -> Result<(), SerialError<B>> {
        if self.trouble.replace(trouble) == Some(trouble) {
            return Ok(());
        }
        self.say(format_args!("sees nothing: {trouble}"), shared.serial)
    }

    /// Enrols what was seen last.
    fn fulfil<const CAPACITY: usize>(
        &mut self,
        wish: Wish,
        shared: Shared<'_, '_, B, CAPACITY>,
    ) -> Result<(), SerialError<B>> {
        let Shared { device, light, serial, now, .. } = shared;
        light.show(Show::Busy, now);
        match self.enrol(wish, device) {
            Ok((label, count)) => {
                light.show(Show::Known, now);
                let images = if count == 1 { "image" } else { "images" };
                let said = self.say(format_args!("learns {label}: {count} {images}"), serial);
                self.label = Some(label);
                said
            }
            Err(error) => {
                log!(warn, "the button enrols nothing: {}", error);
                light.show(Show::Unknown, now);
                self.say(format_args!("learns nothing: {error}"), serial)
            }
        }
    }

    /// Returns the label, and the number of its images.
    fn enrol<const CAPACITY: usize>(
        &self,
        wish: Wish,
        device: &mut Device<'_, B::Flash, CAPACITY>,
    ) -> Result<(Label, u32), RequestError> {
        let label = match &self.label {
            Some(label) if wish == Wish::Teach => label.clone(),
            _ => new_label(device.gallery()?),
        };
        let count = device.enrol_last(&label)?;
        Ok((label, count))
    }

    /// Says a line on the text output and on the serial line, if the board sees by itself. (Other
    /// boards need no code to write texts.)
    fn say(&mut self, line: Arguments<'_>, serial: &mut B::Serial) -> Result<(), SerialError<B>> {
        if !B::Source::SEES {
            return Ok(());
        }
        // A text output that does not work is no reason not to go on.
        let _ = fmt::Write::write_fmt(&mut self.text, format_args!("{line}\n"));
        self.has_spoken = true;
        match serial.write_fmt(format_args!("{line}\r\n")) {
            Err(WriteFmtError::Other(error)) => Err(error),
            Ok(()) | Err(WriteFmtError::FmtError) => serial.flush(),
        }
    }

    /// Separates what was said from the frame that follows: for a PC, it is noise.
    pub fn fall_silent(&mut self, serial: &mut B::Serial) -> Result<(), SerialError<B>> {
        if core::mem::take(&mut self.has_spoken) { serial.write_all(&[0]) } else { Ok(()) }
    }
}

/// Returns the first of "new-1", "new-2", … that is not enrolled.
fn new_label(gallery: &Gallery<'_>) -> Label {
    let mut label = Label::new();
    for number in 1..=gallery.len() + 1 {
        label.clear();
        // There is room for any number.
        let _ = fmt::Write::write_fmt(&mut label, format_args!("new-{number}"));
        if gallery.find(&label).is_none() {
            break;
        }
    }
    label
}
