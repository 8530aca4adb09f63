//! The panel on a PC, with a pen that was recorded, the application, and the built-in model.

use embedded_graphics::pixelcolor::{Rgb565, WebColors};
use pico_touch::{
    Calibration, Key, POINTS, Touch, Xpt2046, Xpt2046Error,
    simulation::{Board, Look, UP, touch, write},
};
use shared_model::{Model, prepare::strokes};
use tinytriplet_device::{pattern::DIGITS, source::SightError};

const MODEL: &[u8] = include_bytes!("../../../models/characters.model.postcard");
const PAPER: Rgb565 = Rgb565::CSS_IVORY;
const INK: Rgb565 = Rgb565::CSS_MIDNIGHT_BLUE;

fn board() -> Board<'static> {
    Board::new(Model::decode(MODEL).unwrap())
}

/// The strokes of a digit from 1 on, one of three ways.
fn digit(digit: usize, way: usize) -> Vec<Look> {
    write(DIGITS[digit - 1][way])
}

/// How many times a pen that writes these strokes is lifted.
fn strokes_of(digit: usize, way: usize) -> usize {
    DIGITS[digit - 1][way].iter().filter(|point| point.begins).count()
}

#[test]
fn what_is_taught_is_recognised_when_it_is_written_again() {
    assert_eq!([(3, 0), (3, 1), (8, 0), (3, 2)].map(|(d, way)| strokes_of(d, way)), [1; 4]);
    let looks = [
        digit(3, 0),
        touch(Key::New),
        digit(3, 1),
        touch(Key::Teach),
        digit(8, 0),
        touch(Key::New),
        digit(3, 2),
        touch(Key::Clear),
        digit(8, 1),
    ];
    let (said, _) = board().run(looks.concat());
    let begins = [
        "sees unknown: nothing is enrolled",
        "learns new-1: 1 image",
        "sees ",
        "learns new-1: 2 images",
        "sees ",
        "learns new-2: 1 image",
        "sees new-1, ",
        "sees new-2, ",
    ];
    assert_eq!(said.len(), begins.len(), "{said:#?}");
    for (line, begin) in said.iter().zip(begins) {
        assert!(line.starts_with(begin), "{said:#?}");
    }
}

#[test]
fn each_stroke_is_shown_and_answered_and_clear_wipes_them() {
    let bar = |x: u16| -> Vec<Look> { (40..140).step_by(2).map(|y| Ok(Some([x, y]))).chain(UP).collect() };
    let (said, canvas) = board().run([bar(60), bar(160)].concat());
    assert_eq!(said, ["sees unknown: nothing is enrolled"; 2]);
    assert_eq!([[60, 90], [160, 90], [110, 90]].map(|at| canvas.at(at)), [INK, INK, PAPER]);
    let (_, canvas) = board().run([bar(60), touch(Key::Clear), bar(160)].concat());
    assert_eq!([[60, 90], [160, 90]].map(|at| canvas.at(at)), [PAPER, INK]);
    // A touch that is lost for two looks does not lift the pen.
    let holes: Vec<Look> = bar(60).into_iter().flat_map(|look| [look, Ok(None), Ok(None)]).collect();
    let (said, canvas) = board().run(holes);
    assert_eq!((said.len(), canvas.at([60, 91])), (1, INK));
}

#[test]
fn nothing_is_drawn_beside_the_pad_and_a_key_is_not_a_stroke() {
    let out: Vec<Look> = (200..320).map(|x| Ok(Some([x, 100]))).chain(UP).collect();
    let (said, canvas) = board().run(out);
    assert_eq!(said.len(), 1);
    assert_eq!((canvas.at([220, 100]), canvas.at([245, 100])), (INK, Rgb565::CSS_STEEL_BLUE));
    // From a key onto the pad: the key.
    let into: Vec<Look> = (100..300).rev().map(|x| Ok(Some([x, 150]))).chain(UP).collect();
    let (said, canvas) = board().run(into);
    assert_eq!((said.len(), canvas.at([150, 150])), (0, PAPER));
}

#[test]
fn an_empty_pad_teaches_nothing() {
    let (said, empty) = board().run(touch(Key::New));
    assert_eq!(said, [""; 0]);
    let (_, fresh) = board().run(vec![]);
    // The text tells why.
    assert_ne!(empty, fresh);
    let (said, _) = board().run([digit(1, 0), touch(Key::New), touch(Key::Teach)].concat());
    assert_eq!(said.len(), 2, "{said:?}");
}

#[test]
fn a_drawing_that_is_too_long_and_a_controller_that_is_silent_are_named() {
    let scribble: Vec<Look> = (0..POINTS as u16 + 50)
        .map(|at| Ok(Some([10 + at % 2 * 200, 10 + at / 4])))
        .chain(UP)
        .chain([Err(()), Err(())])
        .chain(touch(Key::Clear))
        .collect();
    let (said, _) = board().run([scribble, digit(1, 0)].concat());
    let full = format!("sees nothing: {}", SightError::Strokes(strokes::StrokesError::Full));
    let silent = format!("sees nothing: {}", SightError::Silent);
    let seen = "sees unknown: nothing is enrolled";
    assert_eq!(said, [&*full, seen, &silent, seen]);
}

/// A bus on which a controller answers with these values for X, Y, Z1 and Z2.
struct Bus([u16; 4]);

impl embedded_hal::spi::ErrorType for Bus {
    type Error = std::convert::Infallible;
}

impl embedded_hal::spi::SpiDevice for Bus {
    fn transaction(
        &mut self,
        operations: &mut [embedded_hal::spi::Operation<'_, u8>],
    ) -> Result<(), Self::Error> {
        let [embedded_hal::spi::Operation::TransferInPlace(bytes)] = operations else {
            panic!("{operations:?}")
        };
        let channel = match bytes[0] {
            0xd0 => 0,
            0x90 => 1,
            0xb0 => 2,
            0xc0 => 3,
            other => panic!("control byte {other:#x}"),
        };
        // Clock 9 is busy; then come 12 bits, and three zeros.
        let [high, low] = (self.0[channel] << 3).to_be_bytes();
        bytes.copy_from_slice(&[0, high, low]);
        Ok(())
    }
}

#[test]
fn the_controller_is_read_as_its_data_sheet_says() {
    let calibration = Calibration { x: [300, 3_800], y: [3_800, 300], is_turned: false };
    let read = |values, calibration| Xpt2046::new(Bus(values), calibration).touched();
    assert_eq!(read([300, 3_800, 900, 3_000], calibration), Ok(Some([0, 0])));
    assert_eq!(read([3_800, 300, 900, 3_000], calibration), Ok(Some([319, 239])));
    // 1,750 of 3,500 values: 319 / 2, and 239 / 2.
    assert_eq!(read([2_050, 2_050, 900, 3_000], calibration), Ok(Some([159, 119])));
    // Beyond the edges.
    assert_eq!(read([4_000, 4_000, 900, 3_000], calibration), Ok(Some([319, 0])));
    let turned = Calibration { is_turned: true, ..calibration };
    assert_eq!(read([3_800, 300, 900, 3_000], turned), Ok(Some([0, 0])));
    // 900 + 4,095 − 4,090 is hardly a touch.
    assert_eq!(read([2_050, 2_050, 10, 4_090], calibration), Ok(None));
    for silent in [0, 4_095] {
        assert_eq!(read([silent; 4], calibration), Err(Xpt2046Error::Silent));
    }
}
