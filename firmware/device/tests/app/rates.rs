//! The rate of the serial line: it is changed after the answer, and back by itself.

use crate::bench::board;
use shared_model::wire::{BASE_BAUD, RequestBody, RequestError, ResponseBody};
use tinytriplet_device::{
    app::PC_MICROS,
    testing::{answers, frame},
};

const RATE: RequestBody<'_> = RequestBody::Rate { baud: 460_800 };

#[test]
fn a_line_has_the_rate_that_was_asked_for_if_it_can() {
    let mut bench = board();
    bench.clock.fastest = 460_800;
    assert_eq!(bench.ask_one(RATE).body(), ResponseBody::Done);
    assert_eq!(bench.clock.baud, 460_800);

    let refused = ResponseBody::Error(RequestError::NoRate);
    let slow = RequestBody::Rate { baud: BASE_BAUD };
    let answers = bench.ask(&[RATE, RequestBody::Rate { baud: 460_801 }, RequestBody::Rate { baud: 0 }]);
    assert_eq!((answers[1].body(), answers[2].body()), (refused.clone(), refused));
    assert_eq!(bench.clock.baud, 460_800, "what is refused changes nothing");
    bench.ask(&[RATE, slow]);
    assert_eq!(bench.clock.baud, BASE_BAUD);
}

#[test]
fn an_answer_that_is_given_again_changes_no_rate() {
    let mut bench = board();
    bench.clock.fastest = 460_800;
    let slow = frame(2, RequestBody::Rate { baud: BASE_BAUD });
    let sent = bench.answer(&[frame(1, RATE), slow.clone(), slow].concat());
    assert_eq!(answers(&sent).len(), 3);
    assert_eq!(bench.clock.baud, BASE_BAUD);
}

#[test]
fn after_a_silence_a_line_has_its_first_rate() {
    // Each piece is one reading of the clock later than the one before; an answer takes two more.
    let baud_after = |silence: u64, rest: &[u8]| {
        let mut bench = board();
        bench.clock.fastest = 460_800;
        bench.piece = frame(1, RATE).len();
        bench.clock.step = silence;
        bench.answer(&[&frame(1, RATE), rest].concat());
        bench.clock.baud
    };
    let ping = frame(2, RequestBody::Ping);
    assert_eq!(baud_after(PC_MICROS / 2, &[]), 460_800);
    assert_eq!(baud_after(PC_MICROS, &[]), BASE_BAUD);
    // Requests keep the rate, and noise does not.
    assert_eq!(baud_after(PC_MICROS / 2, &ping.repeat(20)), 460_800);
    assert_eq!(baud_after(PC_MICROS / 2, &[1, 1, 1, 0].repeat(40)), BASE_BAUD);
}
