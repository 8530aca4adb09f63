//! The application on a PC: bytes in, bytes out.

use embedded_hal::digital::{self, OutputPin};
use embedded_io::{ErrorType, Read, ReadReady, Write};
use firmware::{
    MemoryFlash,
    app::{App, MemoryError},
    hardware::{Board, NoPin, Parts, System},
    memory, model,
};
use shared_model::{
    Model,
    protocol::{
        self, FrameError, FrameReader, Info, ModelInfo, NO_ID, Request, RequestBody, RequestError, Response,
        ResponseBody, decode_message, encode_frame,
    },
};
use std::{convert::Infallible, marker::PhantomData};

const FRAME: usize = memory::request_len(model::INPUT_LEN);
const SCRATCH: usize = model::SCRATCH_LEN;
const BUFFER: usize = memory::buffer_len(model::EMBEDDING_LEN);

/// A serial line that delivers at most `piece` bytes at once and ends after the last.
struct Line<'t> {
    input: &'t [u8],
    piece: usize,
    output: &'t mut Vec<u8>,
}

impl ErrorType for Line<'_> {
    type Error = Infallible;
}

impl Read for Line<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let len = buffer.len().min(self.piece);
        self.input.read(&mut buffer[..len])
    }
}

impl ReadReady for Line<'_> {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A light, and how often it was switched on and off.
struct Light<'t>(&'t mut [usize; 2]);

impl digital::ErrorType for Light<'_> {
    type Error = Infallible;
}

impl OutputPin for Light<'_> {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0[1] += 1;
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0[0] += 1;
        Ok(())
    }
}

/// A board's time, which stands still.
struct Still;

impl System for Still {
    fn now(&mut self) -> u64 {
        0
    }

    fn sleep(&mut self) {}

    fn feed_watchdog(&mut self) {}

    fn restart(&mut self) {}

    fn stack(&mut self) -> Option<(u32, u32)> {
        None
    }
}

/// A board that is none.
struct TestBoard<'t>(PhantomData<&'t ()>);

impl<'t> Board for TestBoard<'t> {
    type Serial = Line<'t>;
    type Led = Light<'t>;
    type Button = NoPin;
    type Flash = MemoryFlash<'t>;
    type System = Still;
}

fn parts<'t>(serial: Line<'t>, led: Light<'t>) -> Parts<TestBoard<'t>> {
    Parts { serial, led, button: NoPin, flash: None, system: Still }
}

fn host_model() -> Model<'static> {
    Model::decode(model::FILE).unwrap()
}

/// All that an application answers to `input`, received in pieces of `piece` bytes.
fn run_in_pieces(input: &[u8], piece: usize) -> Vec<u8> {
    let (mut output, mut switched) = (Vec::new(), [0; 2]);
    let (mut scratch, mut buffer) = ([0xaaaa_aaaa; SCRATCH], [0xaa; BUFFER]);
    let line = Line { input, piece, output: &mut output };
    let mut reader = FrameReader::<FRAME>::new();
    let light = Light(&mut switched);
    let mut app =
        App::new("a test", host_model(), parts(line, light), &mut reader, &mut scratch, &mut buffer).unwrap();
    app.run().unwrap();
    drop(app);
    assert_eq!(switched[0], switched[1], "the light is off again after every answer");
    output
}

fn run(input: &[u8]) -> Vec<u8> {
    run_in_pieces(input, 64)
}

fn frame(id: u32, body: RequestBody<'_>) -> Vec<u8> {
    let mut buffer = vec![0; 8192];
    encode_frame(&Request { id, body }, &mut buffer).unwrap().to_vec()
}

fn encoded(id: u32, body: ResponseBody<'_>) -> Vec<u8> {
    let mut buffer = vec![0; 8192];
    encode_frame(&Response { id, body }, &mut buffer).unwrap().to_vec()
}

fn refused(error: FrameError) -> Vec<u8> {
    encoded(NO_ID, ResponseBody::Error(RequestError::Frame(error)))
}

fn ping() -> Vec<u8> {
    frame(7, RequestBody::Ping)
}

fn pong() -> Vec<u8> {
    encoded(7, ResponseBody::Pong)
}

/// An image that differs with `seed`.
fn image(seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..model::INPUT_LEN).map(|_| next()).collect()
}

fn embedding(pixels: &[u8]) -> Vec<u8> {
    let (mut scratch, mut embedding) = ([0; model::SCRATCH_LEN], vec![0; model::EMBEDDING_LEN]);
    host_model().embed(pixels, &mut scratch, &mut embedding).unwrap();
    embedding
}

#[test]
fn ping_is_answered() {
    assert_eq!(run(&ping()), pong());
}

#[test]
fn info_tells_board_and_model() {
    let expected = Info {
        protocol: protocol::VERSION,
        board: "a test",
        firmware: env!("CARGO_PKG_VERSION"),
        model: ModelInfo::of(&host_model()),
    };
    assert_eq!(run(&frame(9, RequestBody::Info)), encoded(9, ResponseBody::Info(expected)));
}

#[test]
fn embed_gives_the_engines_bytes() {
    let pixels = image(1);
    let output = run(&frame(u32::MAX, RequestBody::Embed { pixels: &pixels }));
    assert_eq!(output, encoded(u32::MAX, ResponseBody::Embedding(&embedding(&pixels))));
}

#[test]
fn compare_gives_the_models_distance() {
    let (a, b) = (image(1), image(2));
    let distance = host_model().compare(&embedding(&a), &embedding(&b));
    assert_ne!(distance, 0);
    let output = run(&frame(u32::MAX, RequestBody::Compare { a: &a, b: &b }));
    assert_eq!(output, encoded(u32::MAX, ResponseBody::Distance(distance)));
    let same = run(&frame(3, RequestBody::Compare { a: &a, b: &a }));
    assert_eq!(same, encoded(3, ResponseBody::Distance(0)));
}

#[test]
fn images_of_another_length_are_refused() {
    let expected = model::INPUT_LEN as u32;
    let refusal = |actual| {
        let error = RequestError::ImageLength { expected, actual };
        [encoded(1, ResponseBody::Error(error)), pong()].concat()
    };
    let good = image(1);
    for len in [0, 1, model::INPUT_LEN - 1, model::INPUT_LEN + 1] {
        let bad = vec![5; len];
        for body in [
            RequestBody::Embed { pixels: &bad },
            RequestBody::Compare { a: &bad, b: &good },
            RequestBody::Compare { a: &bad, b: &bad },
        ] {
            let output = run(&[frame(1, body), ping()].concat());
            // Two that are too long do not fit into a frame.
            let two_too_long =
                matches!(body, RequestBody::Compare { a, b } if a.len() + b.len() > 2 * good.len());
            if !two_too_long {
                assert_eq!(output, refusal(len as u32), "{len}");
            } else {
                assert!(
                    output == refusal(len as u32)
                        || output == [refused(FrameError::TooLong), pong()].concat()
                );
            }
        }
    }
}

#[test]
fn any_pieces_give_the_same_answers() {
    let (a, b) = (image(3), image(4));
    let input = [frame(1, RequestBody::Compare { a: &a, b: &b }), ping(), ping()].concat();
    let expected = run(&input);
    for piece in [1, 2, 3, 63] {
        assert_eq!(run_in_pieces(&input, piece), expected);
    }
    assert_eq!(count_frames(&expected), 3);
}

#[test]
fn a_flipped_bit_is_refused_and_the_next_frame_answered() {
    let good = frame(1, RequestBody::Embed { pixels: &image(5) });
    for index in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[index] ^= 1 << (index % 8);
        // The flipped bit may have made or unmade the end of a frame, hence the zero.
        let output = run(&[&bad[..], &[0], &ping()].concat());
        let errors = output.strip_suffix(&*pong()).expect("the ping is answered");
        assert!((1..=2).contains(&count_frames(errors)));
        assert!(responses(errors).iter().all(|&id| id == NO_ID), "byte {index}");
    }
}

#[test]
fn a_frame_cut_anywhere_spoils_only_itself() {
    let good = frame(1, RequestBody::Embed { pixels: &image(6) });
    for len in 1..good.len() - 1 {
        let output = run(&[&good[..len], &[0], &ping()].concat());
        let errors = output.strip_suffix(&*pong()).expect("the ping is answered");
        assert_eq!(responses(errors), [NO_ID], "cut to {len}");
    }
}

#[test]
fn a_frame_without_its_end_takes_the_next_with_it_but_no_more() {
    let mut input = frame(1, RequestBody::Info);
    input.pop();
    input.extend([ping(), ping()].concat());
    let output = run(&input);
    let errors = output.strip_suffix(&*pong()).expect("the second ping is answered");
    assert_eq!(responses(errors), [NO_ID]);
}

#[test]
fn ten_times_too_long_is_one_error() {
    let input = [vec![1; 10 * FRAME], vec![0], ping()].concat();
    assert_eq!(run(&input), [refused(FrameError::TooLong), pong()].concat());
}

#[test]
fn empty_frames_are_passed_over() {
    assert_eq!(run(&[&[0; 100][..], &ping()].concat()), pong());
}

#[test]
fn a_whole_frame_with_another_message_is_refused() {
    let mut buffer = [0; 64];
    for message in [(1u32, 200u8), (1, 9)] {
        let other = encode_frame(&message, &mut buffer).unwrap();
        assert_eq!(run(&[other, &ping()].concat()), [refused(FrameError::Message), pong()].concat());
    }
}

#[test]
fn garbage_gets_answers_and_nothing_else_happens() {
    let mut state = 1u64;
    let noise: Vec<u8> = (0..200_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8 & if state >> 33 & 31 == 0 { 0 } else { 255 }
        })
        .collect();
    let output = run(&[&noise[..], &[0], &ping()].concat());
    let errors = output.strip_suffix(&*pong()).expect("the ping is answered");
    assert!(count_frames(errors) > 1000);
    assert!(responses(errors).iter().all(|&id| id == NO_ID));
}

#[test]
fn too_little_memory_is_refused() {
    let new = |scratch: &mut [u32], buffer: &mut [u8]| {
        let (mut output, mut switched) = (Vec::new(), [0; 2]);
        let line = Line { input: &[], piece: 1, output: &mut output };
        let mut reader = FrameReader::<FRAME>::new();
        let light = Light(&mut switched);
        App::new("a test", host_model(), parts(line, light), &mut reader, scratch, buffer).map(|_| ())
    };
    let (scratch, buffer) = (&mut [0; SCRATCH], &mut [0; BUFFER]);
    assert_eq!(new(scratch, buffer), Ok(()));
    let few = MemoryError::Scratch { needed: 4 * SCRATCH, given: 4 * SCRATCH - 4 };
    assert_eq!(new(&mut scratch[1..], buffer), Err(few));
    let few = MemoryError::Buffer { needed: BUFFER, given: BUFFER - 1 };
    assert_eq!(new(scratch, &mut buffer[1..]), Err(few));

    let (mut output, mut switched) = (Vec::new(), [0; 2]);
    let line = Line { input: &[], piece: 1, output: &mut output };
    let mut reader = FrameReader::<64>::new();
    let light = Light(&mut switched);
    let app = App::new("a test", host_model(), parts(line, light), &mut reader, scratch, buffer);
    assert_eq!(app.err(), Some(MemoryError::Frame { needed: FRAME, given: 64 }));
}

#[test]
fn the_longest_messages_fit_what_is_set_aside_for_them() {
    let white = vec![255; model::INPUT_LEN];
    assert!(frame(u32::MAX, RequestBody::Compare { a: &white, b: &white }).len() <= FRAME);
    for len in [1, 128, shared_model::format::MAX_EMBEDDING] {
        let longest = encoded(u32::MAX, ResponseBody::Embedding(&vec![255; len]));
        assert!(longest.len() <= memory::response_len(len));
    }
    let name = "n".repeat(shared_model::format::MAX_TEXT);
    let model = ModelInfo { name: &name, ram: u32::MAX, ..ModelInfo::of(&host_model()) };
    for board in firmware::boards::BOARDS {
        let info = Info { protocol: 255, board: board.name, firmware: "100.100.100", model };
        assert!(encoded(u32::MAX, ResponseBody::Info(info)).len() <= memory::response_len(1));
    }
}

fn count_frames(output: &[u8]) -> usize {
    output.iter().filter(|&&byte| byte == 0).count()
}

/// The ids of the answers in `output`, all of them whole.
fn responses(output: &[u8]) -> Vec<u32> {
    let mut reader = FrameReader::<4096>::new();
    let mut ids = Vec::new();
    for &byte in output {
        if let Some(frame) = reader.push(byte) {
            ids.push(decode_message::<Response<'_>>(frame.unwrap()).unwrap().id);
        }
    }
    ids
}
