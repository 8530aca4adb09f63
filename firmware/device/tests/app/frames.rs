//! Frames in, frames out.

use crate::{
    bench::{Bench, FRAME, about, board, encoded, host_model, image},
    model::{CAPACITY, EXEMPLARS},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{
    Recognition,
    gallery::{self, Match},
    inspect::{Shape, Tensor},
    model::{
        crc32,
        format::{CalibratedThreshold, MAX_LAYERS, Thresholds},
    },
    wire::{
        FrameError, GalleryInfo, Info, ModelInfo, NO_ID, RequestBody, RequestError, ResponseBody, Storage,
        VERSION, encode_frame,
    },
};
use tinytriplet_device::{
    app::MAX_BOARD_NAME,
    memory::{self, CHUNK_LEN},
    testing::{Answer, STACK, answers, frame},
};

/// Returns all that an application answers to `input`, received in pieces of `piece` bytes.
fn run_in_pieces(input: &[u8], piece: usize) -> Vec<u8> {
    let mut bench = Bench { piece, ..board() };
    let output = bench.answer(input);
    assert!(bench.lit);
    output
}

fn run(input: &[u8]) -> Vec<u8> {
    run_in_pieces(input, 64)
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

/// The frames that show an image.
fn chunk(pixels: &[u8]) -> Vec<u8> {
    let shown = about(pixels, RequestBody::Ping);
    (1..).zip(&shown[..2]).flat_map(|(id, &body)| frame(id, body)).collect()
}

#[test]
fn ping_is_answered() {
    assert_eq!(run(&ping()), pong());
}

#[test]
fn info_tells_board_and_model() {
    let expected = Info {
        board: "a test",
        firmware: env!("CARGO_PKG_VERSION"),
        uptime: 0,
        stack: Some(STACK),
        chunk: 1_024,
        model: ModelInfo::of(&host_model()),
        gallery: GalleryInfo {
            len: 0,
            capacity: CAPACITY as u16,
            exemplars: EXEMPLARS as u16,
            storage: Storage::Flash,
            compactions: 0,
            damage: 0,
        },
    };
    assert_eq!(run(&frame(9, RequestBody::Info)), encoded(9, ResponseBody::Info(expected)));
}

#[test]
fn any_pieces_give_the_same_answers() {
    let input = [chunk(&image(3)), ping(), ping()].concat();
    let expected = run(&input);
    for piece in [1, 2, 3, 63] {
        assert_eq!(run_in_pieces(&input, piece), expected);
    }
    assert_eq!(count_frames(&expected), 4);
}

#[test]
fn a_flipped_bit_is_refused_and_the_next_frame_answered() {
    let good = frame(1, RequestBody::Chunk { offset: 0, bytes: &image(5) });
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
    let good = frame(1, RequestBody::Chunk { offset: 0, bytes: &image(6) });
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
fn another_version_is_named() {
    let mut payload = vec![VERSION + 1, 1, 0];
    payload.extend(crc32(&payload).to_le_bytes());
    // With the zero that ends a frame.
    let mut other = vec![0; cobs::max_encoding_length(payload.len()) + 1];
    let len = cobs::encode(&payload, &mut other);
    other.truncate(len + 1);
    let refusal = refused(FrameError::Version(VERSION + 1));
    assert_eq!(run(&[&other, &*ping()].concat()), [refusal, pong()].concat());
}

#[test]
fn a_whole_frame_with_another_message_is_refused() {
    let mut buffer = [0; 64];
    for message in [(1u32, 200u8), (1, 17)] {
        let other = encode_frame(&message, &mut buffer).unwrap();
        assert_eq!(run(&[other, &ping()].concat()), [refused(FrameError::Message), pong()].concat());
    }
}

#[test]
fn garbage_gets_answers_and_nothing_else_happens() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let noise: Vec<u8> =
        (0..200_000).map(|_| if rng.random_ratio(1, 32) { 0 } else { rng.random() }).collect();
    let output = run(&[&noise[..], &[0], &ping()].concat());
    let errors = output.strip_suffix(&*pong()).expect("the ping is answered");
    assert!(count_frames(errors) > 1000);
    assert!(responses(errors).iter().all(|&id| id == NO_ID));
}

#[test]
fn the_longest_messages_fit_what_is_set_aside_for_them() {
    let white = [255; CHUNK_LEN];
    assert!(frame(u32::MAX, RequestBody::Chunk { offset: u32::MAX, bytes: &white }).len() <= FRAME);
    let label = "l".repeat(gallery::MAX_LABEL);
    for (dim, exemplars) in [(1, 0), (128, 0), (128, 5), (shared_model::model::format::MAX_EMBEDDING, 0)] {
        let value = vec![255; gallery::value_len(dim, exemplars)];
        let import = frame(u32::MAX, RequestBody::Import { label: &label, value: &value });
        assert!(import.len() <= memory::request_len(dim, exemplars));
        let farthest = Some(Match { label: &label, distance: u32::MAX });
        let recognition = Recognition {
            nearest: farthest,
            runner_up: farthest,
            threshold: u32::MAX,
            background: Some(u32::MAX),
        };
        for body in [
            ResponseBody::Embedding(&vec![255; dim]),
            ResponseBody::Pixels(&[255; memory::PIXELS_LEN]),
            ResponseBody::Entry { label: &label, value: &value },
            ResponseBody::Recognition(recognition),
            ResponseBody::Digests([u32::MAX; MAX_LAYERS].into_iter().collect()),
        ] {
            assert!(encoded(u32::MAX, body).len() <= memory::response_len(dim, exemplars));
        }
    }
    let name = "n".repeat(shared_model::model::format::MAX_TEXT);
    let limit = CalibratedThreshold { distance: u32::MAX, false_accept_rate: 1.0, false_reject_rate: 1.0 };
    let thresholds = Thresholds {
        equal_error: Some(limit),
        false_accept_1_percent: Some(limit),
        by_shots: Some([limit; 4]),
    };
    let largest = Tensor { shape: Shape::new(u16::MAX, u16::MAX, u16::MAX), ..host_model().output() };
    let model = ModelInfo {
        name: &name,
        input: largest,
        embedding: largest,
        thresholds,
        ram: u32::MAX,
        ..ModelInfo::of(&host_model())
    };
    let gallery = GalleryInfo {
        len: u16::MAX,
        capacity: u16::MAX,
        exemplars: u16::MAX,
        storage: Storage::OtherModel([255; 8]),
        compactions: u32::MAX,
        damage: u16::MAX,
    };
    let board = "b".repeat(MAX_BOARD_NAME);
    let (uptime, stack) = (u64::MAX, Some((u32::MAX, u32::MAX)));
    let info =
        Info { board: &board, firmware: "100.100.100", uptime, stack, chunk: u16::MAX, model, gallery };
    assert!(encoded(u32::MAX, ResponseBody::Info(info)).len() <= memory::response_len(1, 0));
}

fn count_frames(output: &[u8]) -> usize {
    output.iter().filter(|&&byte| byte == 0).count()
}

/// The ids of the answers in `output`, all of them whole.
fn responses(output: &[u8]) -> Vec<u32> {
    answers(output).iter().map(Answer::id).collect()
}
