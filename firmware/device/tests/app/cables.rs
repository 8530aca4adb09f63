//! Cables that are pulled, and PCs that talk at once: the next request is answered, and what was acknowledged is there.

use crate::bench::{about, board, image, list};
use core::convert::Infallible;
use embedded_io::{ErrorType, Read, ReadReady, Write};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::wire::{RequestBody, ResponseBody};
use tinytriplet_device::testing::{answers, frame};

/// The frames of a PC that enrols two things, enrols one of them again, and forgets the other.
fn conversation() -> Vec<Vec<u8>> {
    let [first, second, third] = [1, 2, 3].map(image);
    let requests = [
        about(&first, RequestBody::Enrol { label: "a" }),
        about(&second, RequestBody::Enrol { label: "b" }),
        about(&third, RequestBody::Enrol { label: "a" }),
        vec![RequestBody::Forget { label: "b" }],
    ];
    (1..).zip(requests.concat()).map(|(id, request)| frame(id, request)).collect()
}

/// The gallery after each frame of the conversation, by a board that hears all of it.
fn expected(frames: &[Vec<u8>]) -> Vec<Vec<(String, u32)>> {
    let mut expected: Vec<Vec<(String, u32)>> = vec![Vec::new()];
    for whole in 1..=frames.len() {
        let mut bench = board();
        bench.answer(&frames[..whole].concat());
        expected.push(list(&mut bench));
    }
    expected
}

#[test]
fn a_cable_pulled_anywhere_loses_nothing_that_was_acknowledged() {
    let frames = conversation();
    let expected = expected(&frames);
    assert_eq!(expected.last().unwrap(), &[("a".to_owned(), 2)]);
    let all = frames.concat();
    let mut ends = Vec::new();
    for frame in &frames {
        ends.push(ends.last().unwrap_or(&0) + frame.len());
    }
    // All cuts near the ends of frames, and some within.
    let is_near = |cut: usize| ends.iter().any(|end| cut.abs_diff(*end) < 4);
    let mut enrolled_or_not = [0, 0];
    for cut in (0..all.len()).filter(|&cut| is_near(cut) || cut % 61 == 0) {
        let whole = ends.iter().filter(|&&end| end <= cut).count();
        let mut bench = board();
        // The PC that comes next does not know of the half of a frame that its first one ends.
        let next = [frame(101, RequestBody::Ping), frame(102, RequestBody::Ping)].concat();
        let said = answers(&bench.answer(&[&all[..cut], &next].concat()));
        assert!(said[..whole].iter().map(|answer| answer.id()).eq(1..=whole as u32), "cut at {cut}");
        let last = said.last().unwrap();
        assert_eq!((last.id(), last.body()), (102, ResponseBody::Pong), "cut at {cut}");
        assert_eq!(list(&mut bench), expected[whole], "cut at {cut}");
        enrolled_or_not[usize::from(expected[whole].is_empty())] += 1;
    }
    assert!(enrolled_or_not.iter().all(|&count| count > 10), "{enrolled_or_not:?}");
}

/// A line to a PC that reads nothing until it has sent so many bytes: what the board says before that is lost, as where
/// its USB port gives up, or a UART sends to nobody.
struct DeafAtFirst<'t> {
    input: &'t [u8],
    deaf_until: usize,
    output: Vec<u8>,
}

impl ErrorType for DeafAtFirst<'_> {
    type Error = Infallible;
}

impl ReadReady for DeafAtFirst<'_> {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

impl Read for DeafAtFirst<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        // One byte at a time, so that the board answers where a frame ends.
        let len = buffer.len().min(1);
        let read = self.input.read(&mut buffer[..len])?;
        self.deaf_until = self.deaf_until.saturating_sub(read);
        Ok(read)
    }
}

impl Write for DeafAtFirst<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        if self.deaf_until == 0 {
            self.output.extend(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// It asks again, and is answered; nothing is done twice.
#[test]
fn a_pc_that_reads_nothing_at_first_is_answered_later() {
    let frames = conversation();
    let expected = expected(&frames);
    for unheard in 1..=frames.len() {
        let before = frames[..unheard].concat();
        // The last of them once more, as its answer was lost; then the rest.
        let input = [&before[..], &frames[unheard - 1], &frames[unheard..].concat()].concat();
        let mut bench = board();
        let mut line = DeafAtFirst { input: &input, deaf_until: before.len() + 1, output: Vec::new() };
        bench.run(&mut line).unwrap_or_else(|never| match never {});
        let heard = answers(&line.output);
        let ids = heard.iter().map(|answer| answer.id());
        assert!(ids.eq(unheard as u32..=frames.len() as u32), "{unheard}");
        assert!(heard.iter().all(|answer| !matches!(answer.body(), ResponseBody::Error(_))), "{heard:?}");
        assert_eq!(&list(&mut bench), expected.last().unwrap(), "{unheard}");
    }
}

/// What two PCs send at once is mixed in the middle of frames: they are refused, and no other thing is enrolled.
#[test]
fn frames_that_are_mixed_are_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let [first, second] = [1, 2].map(image);
    let mut whole_conversations = 0;
    for _ in 0..60 {
        let said = |pixels, label: &'static str, from: u32| -> Vec<u8> {
            (from..)
                .zip(about(pixels, RequestBody::Enrol { label }))
                .flat_map(|(id, r)| frame(id, r))
                .collect()
        };
        let [one, other] = [said(&first, "one", 1), said(&second, "other", 1_001)];
        let (mut left, mut mixed) = ([&one[..], &other[..]], Vec::new());
        while left.iter().any(|rest| !rest.is_empty()) {
            let who = rng.random_range(0..2);
            let (piece, rest) = left[who].split_at(rng.random_range(0..=left[who].len()));
            mixed.extend(piece);
            left[who] = rest;
        }
        let mut bench = board();
        let next = [frame(2_001, RequestBody::Ping), frame(2_002, RequestBody::Ping)].concat();
        let answers = answers(&bench.answer(&[mixed, next].concat()));
        assert_eq!(answers.last().unwrap().id(), 2_002);
        let gallery = list(&mut bench);
        assert!(gallery.iter().all(|(label, count)| ["one", "other"].contains(&&**label) && *count == 1));
        whole_conversations += gallery.len();
    }
    // In some orders nothing is mixed.
    assert!((1..120).contains(&whole_conversations), "{whole_conversations}");
}
