//! Frames into the application: each gets one answer, and what a board was taught is there after a restart.
#![no_main]

use fuzz::{
    Choices,
    bench::{Bench, CAPACITY, EXEMPLARS, FRAME, answer},
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{
    Model, Threshold,
    gallery::{Method, value_len},
    model::crc32,
    wire::{
        FrameReader, Request, RequestBody, ResponseBody, Restart, Storage, VERSION, decode_message,
        encode_frame,
    },
};
use tests::random;

/// Bytes of a flash of two units.
const FLASH: usize = 2 * 4096;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let file = random::model(&mut ChaCha8Rng::seed_from_u64(choices.random_range(0..8)));
    let model = Model::decode(&file).expect("random nets are valid");
    let stream = stream(&model, &mut choices);
    if !harmless(&stream) {
        return;
    }
    let flash = match choices.random_range(0..4) {
        0 => None,
        1 => {
            let mut noise = vec![0xff; FLASH];
            choices.fill(&mut noise[..64]);
            Some(noise)
        }
        _ => Some(vec![0xff; FLASH]),
    };
    let mut board = Bench { model: model.clone(), flash, piece: choices.random_range(1..100) };
    let Some(taught) = contents_after(&mut board, &stream) else { return };
    if taught.0 == Storage::Flash {
        assert_eq!(contents_after(&mut board, &[]), Some(taught), "what a restart keeps");
    }
});

/// Labels with their values.
type Entries = Vec<(String, Vec<u8>)>;

/// Returns where a gallery is kept, and what is in it after the board has answered `stream`.
fn contents_after(board: &mut Bench<'_>, stream: &[u8]) -> Option<(Storage, Entries)> {
    // An end to what may be left open.
    let mut input = [stream, &[0]].concat();
    let indices = 0..CAPACITY as u16;
    let questions = [RequestBody::Info].into_iter().chain(indices.map(|index| RequestBody::Entry { index }));
    questions.zip(u32::MAX - 100..).for_each(|(body, id)| input.extend(frame(&Request { id, body })));
    let answers = board.answers(&input)?;
    let frames = input.split(|&byte| byte == 0).filter(|frame| !frame.is_empty());
    assert_eq!(answers.len(), frames.count(), "an answer to each frame");
    let mut answers = answers[answers.len() - 1 - CAPACITY..].iter().map(|payload| answer(payload));
    let Some(ResponseBody::Info(info)) = answers.next() else { panic!("no answer to who it is") };
    let mut entries: Entries = answers
        .filter_map(|body| match body {
            ResponseBody::Entry { label, value } => Some((label.to_owned(), value.to_vec())),
            _ => None,
        })
        .collect();
    assert_eq!(entries.len(), usize::from(info.gallery.len));
    entries.sort();
    Some((info.gallery.storage, entries))
}

/// Bytes to a board: requests, some of them twice or damaged, and noise.
fn stream(model: &Model<'_>, rng: &mut impl Rng) -> Vec<u8> {
    let (mut stream, mut last) = (Vec::new(), Vec::new());
    for _ in 0..rng.random_range(0..40) {
        let mut piece = match rng.random_range(0..12) {
            0 => last,
            1 => {
                let mut noise = vec![0; rng.random_range(0..64)];
                rng.fill(&mut noise[..]);
                noise
            }
            2 => {
                let mut payload = vec![VERSION; rng.random_range(1..48)];
                rng.fill(&mut payload[1..]);
                framed(payload)
            }
            _ => request(model, rng),
        };
        match rng.random_range(0..16) {
            0 if !piece.is_empty() => {
                let at = rng.random_range(0..piece.len());
                piece[at] ^= 1 << rng.random_range(0..8);
            }
            1 => piece.truncate(rng.random_range(0..=piece.len())),
            _ => {}
        }
        stream.extend_from_slice(&piece);
        last = piece;
    }
    stream
}

/// A request with whatever it takes.
fn request(model: &Model<'_>, rng: &mut impl Rng) -> Vec<u8> {
    // A wrong length now and then.
    let len = model.input_len() + usize::from(rng.random_range(0..16) == 0);
    let (a, b) = (random::pixels(rng, len), random::pixels(rng, len));
    let label =
        ["a", "b", "c", "d", "ü", "", "a label of more than thirty-one bytes"][rng.random_range(0..7)];
    let mut value = vec![0; value_len(model.embedding_len(), EXEMPLARS)];
    rng.fill(&mut value[..]);
    // Small counts are those that are true of some sums.
    value[1..4].fill(0);
    let threshold = match rng.random_range(0..4) {
        0 => Threshold::None,
        1 => Threshold::EqualError,
        2 => Threshold::FalseAccept1Percent,
        _ => Threshold::Distance(rng.random()),
    };
    let method = if rng.random() { Method::Prototype } else { Method::Neighbours(rng.random()) };
    let body = match rng.random_range(0..16) {
        0 => RequestBody::Ping,
        1 => RequestBody::Info,
        2 => RequestBody::Embed { pixels: &a },
        3 => RequestBody::Compare { a: &a, b: &b },
        4 => RequestBody::Recognise { pixels: &a, method, threshold },
        5 => RequestBody::Entry { index: rng.random_range(0..6) },
        6 => RequestBody::Import { label, value: &value },
        7 => RequestBody::Forget { label },
        8 => RequestBody::Clear,
        9 => RequestBody::Parity { pixels: &a },
        10 => RequestBody::Bench { runs: rng.random_range(0..4) },
        11 => RequestBody::SelfTest,
        12 => RequestBody::Restart(Restart::Reset),
        _ => RequestBody::Enrol { label, pixels: &a },
    };
    frame(&Request { id: rng.random_range(0..9), body })
}

fn frame(request: &Request<'_>) -> Vec<u8> {
    let mut buffer = vec![0; 2 * FRAME];
    encode_frame(request, &mut buffer).map_or_else(|_| Vec::new(), <[u8]>::to_vec)
}

/// A payload in a frame with the right CRC.
fn framed(mut payload: Vec<u8>) -> Vec<u8> {
    payload.extend(crc32(&payload).to_le_bytes());
    let mut frame = cobs::encode_vec(&payload);
    frame.push(0);
    frame
}

/// Returns true if no frame asks the board to panic or to hang, which it would do, or to compute for long.
fn harmless(stream: &[u8]) -> bool {
    let mut reader = FrameReader::<FRAME>::new();
    stream.iter().chain(&[0]).all(|&byte| {
        let Some(Ok(payload)) = reader.push(byte) else { return true };
        !matches!(
            decode_message::<Request<'_>>(payload).map(|request| request.body),
            Ok(RequestBody::Restart(Restart::Panic | Restart::Hang) | RequestBody::Bench { runs: 5.. })
        )
    })
}
