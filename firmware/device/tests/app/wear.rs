//! The flash is erased only so often, whatever is asked for, and however often the board is restarted.

use crate::{
    bench::{Bench, about, ask_last, board, gallery, image, list},
    model::EMBEDDING_LEN,
};
use shared_model::{
    gallery::value_len,
    wire::{RequestBody, RequestError, ResponseBody, Restart},
};
use tinytriplet_device::wear::{BURST, REST_SECONDS};

const SECOND: u64 = 1_000_000;

/// The value of an entry of one image.
fn value() -> Vec<u8> {
    let mut value = vec![0; value_len(EMBEDDING_LEN, 0)];
    value[0] = 1;
    value
}

/// Starts the board, lets it rest for `seconds`, and has an entry stored and all forgotten, so often: half of the flash is
/// erased each time, and once more at the start. Returns how often it was in all, and the seconds after which it may be
/// again if it was refused.
fn wear(bench: &mut Bench, seconds: u64, times: u32) -> (u32, Option<u16>) {
    let value = value();
    let pair = [RequestBody::Import { label: "a", value: &value }, RequestBody::Clear];
    bench.clock.now = seconds * SECOND;
    let answers = bench.ask(&pair.repeat(times as usize));
    bench.clock.now = 0;
    let refused = answers.iter().find_map(|answer| match answer.body() {
        ResponseBody::Done => None,
        ResponseBody::Error(RequestError::Resting { seconds }) => Some(seconds),
        body => panic!("{body:?}"),
    });
    (gallery(bench).compactions, refused)
}

#[test]
fn erases_are_rationed() {
    let mut bench = board();
    let (rest, minute) = (REST_SECONDS as u16, u64::from(REST_SECONDS));
    // The first change erases, too.
    assert_eq!(wear(&mut bench, 0, BURST - 1), (BURST, None));
    assert_eq!(wear(&mut bench, 0, 1), (BURST, Some(rest)));

    // Every minute, there is one more.
    assert_eq!(wear(&mut bench, minute / 2, 1), (BURST, Some(rest / 2)));
    assert_eq!(wear(&mut bench, minute / 2, 1), (BURST + 1, Some(rest)));
    assert_eq!(wear(&mut bench, 2 * minute, 3), (BURST + 3, Some(rest)));

    // A year of rest is no more than the ration.
    assert_eq!(wear(&mut bench, 365 * 24 * 3600, BURST + 1), (2 * BURST + 3, Some(rest)));
}

#[test]
fn nothing_is_lost_while_the_flash_rests() {
    let (mut bench, picture) = (board(), image(1));
    let enrolled = bench.ask(&about(&picture, RequestBody::Enrol { label: "cup" })).pop().unwrap();
    assert!(matches!(enrolled.body(), ResponseBody::Enrolled { count: 1, .. }), "{enrolled:?}");
    let value = value();
    let store = RequestBody::Import { label: "a", value: &value };
    for _ in 1..BURST {
        assert_eq!(bench.ask_one(store).body(), ResponseBody::Done);
    }
    let before = (list(&mut bench), bench.flash.clone());
    let refused = ResponseBody::Error(RequestError::Resting { seconds: REST_SECONDS as u16 });
    for change in [store, RequestBody::Clear, RequestBody::Forget { label: "cup" }] {
        assert_eq!(bench.ask_one(change).body(), refused, "{change:?}");
    }
    let again = ask_last(&mut bench, &about(&picture, RequestBody::Enrol { label: "cup" }));
    assert_eq!(again.body(), refused);
    assert_eq!((list(&mut bench), bench.flash.clone()), before);

    // What does not erase goes on within a session.
    bench.clock.now = u64::from(REST_SECONDS) * SECOND;
    let answers = bench.ask(&[store, RequestBody::Clear, store, RequestBody::Forget { label: "a" }]);
    let done = answers.iter().map(|answer| answer.body() == ResponseBody::Done);
    assert!(done.eq([true, false, true, true]), "{answers:?}");
}

#[test]
fn a_restart_gives_no_new_ration() {
    let mut bench = board();
    wear(&mut bench, 0, BURST);
    for _ in 0..3 {
        assert_eq!(bench.ask_one(RequestBody::Restart(Restart::Reset)).body(), ResponseBody::Done);
        assert_eq!(wear(&mut bench, 0, 1).0, BURST);
    }
    // An erase right before a restart counts, too.
    let value = value();
    bench.clock.now = u64::from(REST_SECONDS) * SECOND;
    let store = RequestBody::Import { label: "a", value: &value };
    bench.ask(&[store, RequestBody::Restart(Restart::Reset)]);
    assert_eq!(bench.clock.restarts, 4);
    assert_eq!(wear(&mut bench, 0, 1), (BURST + 1, Some(REST_SECONDS as u16)));

    // What memory holds when the power comes is no ration that was kept.
    for kept in [[0; 2], [u32::MAX; 2], [0xaaaa_aaaa; 2], [u32::MAX, 0x7472_6970]] {
        bench.clock.kept = kept;
        let before = gallery(&mut bench).compactions;
        assert_eq!(wear(&mut bench, 0, BURST).0, before + BURST, "{kept:x?}");
    }
}
