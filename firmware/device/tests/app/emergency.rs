//! A board whose model is damaged.

use crate::bench::board;
use shared_model::wire::{FrameError, NO_ID, RequestBody, RequestError, ResponseBody, Restart};
use tinytriplet_device::testing::{answers, frame};

#[test]
fn it_says_so_and_can_be_restarted() {
    let mut bench = board();
    bench.clock.has_bootloader = true;
    let requests = [
        RequestBody::Ping,
        RequestBody::Info,
        RequestBody::Enrol { label: "a" },
        RequestBody::Restart(Restart::Reset),
        RequestBody::Restart(Restart::Bootloader),
    ];
    let mut input: Vec<u8> = (1..).zip(requests).flat_map(|(id, body)| frame(id, body)).collect();
    input.extend([1, 1, 1, 0]);
    let answers = answers(&bench.answer_without_model(&input));
    let bodies: Vec<_> = answers.iter().map(|answer| (answer.id(), answer.body())).collect();
    let refused = ResponseBody::Error(RequestError::DamagedModel);
    assert_eq!(
        bodies,
        [
            (1, ResponseBody::Pong),
            (2, refused.clone()),
            (3, refused),
            (4, ResponseBody::Done),
            (5, ResponseBody::Done),
            (NO_ID, ResponseBody::Error(RequestError::Frame(FrameError::Crc))),
        ]
    );
    assert_eq!((bench.clock.restarts, bench.clock.bootloader), (1, 1));
    assert!(bench.lit && bench.clock.fed > 0);

    bench.clock.has_bootloader = false;
    let none = bench.answer_without_model(&frame(1, RequestBody::Restart(Restart::Bootloader)));
    assert_eq!(
        tinytriplet_device::testing::answers(&none)[0].body(),
        ResponseBody::Error(RequestError::NoBootloader)
    );
}
