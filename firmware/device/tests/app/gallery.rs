//! Enrolling, recognising, remembering.

use crate::{
    bench::{Bench, about, ask_last, board, embedding, gallery as info, host_model, image, list},
    model::{CAPACITY, EMBEDDING_LEN, EXEMPLARS},
};
use shared_model::{
    Gallery, Threshold,
    gallery::{self, Doubt, GalleryError, LabelError, Method},
    wire::{RequestBody, RequestError, ResponseBody, Restart, Storage},
};
use tinytriplet_device::testing::{Answer, answers, frame};

fn enrol<'a>(label: &'a str, pixels: &'a [u8]) -> Vec<RequestBody<'a>> {
    about(pixels, RequestBody::Enrol { label })
}

fn recognise(pixels: &[u8], threshold: Threshold) -> Vec<RequestBody<'_>> {
    about(pixels, RequestBody::Recognise { method: Method::Prototype, threshold })
}

/// The error that the last request is answered with.
fn refusal(bench: &mut Bench, requests: &[RequestBody<'_>]) -> RequestError {
    match ask_last(bench, requests).body() {
        ResponseBody::Error(error) => error,
        body => panic!("{body:?}"),
    }
}

/// The number of images, and of labels.
#[track_caller]
fn enrolled(answer: &Answer) -> (u32, u16) {
    let ResponseBody::Enrolled { count, entries, .. } = answer.body() else { panic!("{:?}", answer.body()) };
    (count, entries)
}

#[test]
fn a_slip_is_told_and_taken_back() {
    let (a, b) = (image(1), image(2));
    let mut bench = board();
    let doubt = |answer: &Answer| match answer.body() {
        ResponseBody::Enrolled { doubt: Some(Doubt::Like(other)), .. } => Some(other.label.to_owned()),
        ResponseBody::Enrolled { doubt: None, .. } => None,
        body => panic!("{body:?}"),
    };
    assert_eq!(doubt(&ask_last(&mut bench, &enrol("a", &a))), None);
    let before = bench.ask_one(RequestBody::Entry { index: 0 });
    let nothing = ResponseBody::Error(RequestError::NothingToTakeBack);
    let taken = |label, count| ResponseBody::TakenBack { label, count };

    // The same image under another label; in one session, which ends with a restart of the board.
    let answers = bench.ask(&[&enrol("b", &a)[..], &[RequestBody::TakeBack, RequestBody::TakeBack]].concat());
    let [.., slip, back, again] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(doubt(slip), Some("a".to_owned()));
    assert_eq!((back.body(), again.body()), (taken("b", 0), nothing.clone()));
    assert_eq!(list(&mut bench), [("a".to_owned(), 1)]);
    let answers = bench.ask(&[&enrol("a", &b)[..], &[RequestBody::TakeBack]].concat());
    assert_eq!(answers.last().unwrap().body(), taken("a", 1));
    assert_eq!(bench.ask_one(RequestBody::Entry { index: 0 }).body(), before.body());

    // Not after a restart, another image, or another change.
    bench.ask(&enrol("a", &b));
    assert_eq!(bench.ask_one(RequestBody::TakeBack).body(), nothing);
    let others = [about(&a, RequestBody::Embed), vec![RequestBody::Forget { label: "c" }]];
    for other in others {
        let answers = bench.ask(&[&enrol("a", &b)[..], &other, &[RequestBody::TakeBack]].concat());
        assert_eq!(answers.last().unwrap().body(), nothing);
    }
    assert_eq!(list(&mut bench), [("a".to_owned(), 4)]);
}

#[test]
fn it_recognises_what_a_gallery_on_the_pc_does() {
    let images: Vec<Vec<u8>> = (0..12).map(image).collect();
    let labels = ["a", "b", "c"];
    let model = host_model();
    let mut memory = vec![0; 3 * gallery::entry_len(EMBEDDING_LEN, EXEMPLARS)];
    let mut gallery = Gallery::new(&model, EXEMPLARS, &mut memory);
    let mut requests = Vec::new();
    for (index, pixels) in images[..9].iter().enumerate() {
        let label = labels[index % 3];
        gallery.enrol(label, &embedding(pixels)).unwrap();
        requests.extend(enrol(label, pixels));
    }
    let thresholds = [Threshold::Distance(1), Threshold::EqualError, Threshold::Own, Threshold::None];
    let asked: Vec<_> = images
        .iter()
        .flat_map(|pixels| thresholds.iter().map(move |&threshold| (pixels, threshold)))
        .collect();
    requests.extend(asked.iter().flat_map(|&(pixels, threshold)| recognise(pixels, threshold)));
    let mut answers = board().ask(&requests);
    answers.retain(|answer| answer.body() != ResponseBody::Done);
    for (answer, (count, entries)) in
        answers.iter().zip([(1, 1), (1, 2), (1, 3), (2, 3), (2, 3), (2, 3), (3, 3), (3, 3), (3, 3)])
    {
        assert_eq!(enrolled(answer), (count, entries));
    }
    for ((pixels, threshold), answer) in asked.into_iter().zip(&answers[9..]) {
        let expected = gallery.recognise(&model, &embedding(pixels), Method::Prototype, threshold).unwrap();
        assert_eq!(answer.body(), ResponseBody::Recognition(expected));
        assert!(expected.margin().unwrap() >= 0);
    }
}

/// An entry that is far from everything: whatever is seen is nearer to something that the model was
/// trained on.
#[test]
fn what_is_nearer_to_the_background_is_unknown() {
    let pixels = image(1);
    let mut value = 1_u32.to_le_bytes().to_vec();
    value.extend(embedding(&pixels).iter().flat_map(|&byte| i32::from(!byte as i8).to_le_bytes()));
    value.resize(gallery::value_len(EMBEDDING_LEN, EXEMPLARS), 0);
    let mut bench = board();
    bench.ask_one(RequestBody::Import { label: "far", value: &value });
    let mut label = |threshold| match ask_last(&mut bench, &recognise(&pixels, threshold)).body() {
        ResponseBody::Recognition(found) => {
            assert_eq!(found.nearest.map(|nearest| nearest.label), Some("far"));
            (found.label().map(str::to_owned), found.background.is_some())
        }
        body => panic!("{body:?}"),
    };
    assert_eq!(label(Threshold::Distance(u32::MAX)), (None, true));
    assert_eq!(label(Threshold::None), (Some("far".to_owned()), false));
}

#[test]
fn known_up_to_the_limit_and_no_farther() {
    let (seen, other) = (image(1), image(2));
    let distance = host_model().compare(&embedding(&seen), &embedding(&other));
    let mut bench = board();
    bench.ask(&enrol("it", &seen));
    let mut label = |threshold| match ask_last(&mut bench, &recognise(&other, threshold)).body() {
        ResponseBody::Recognition(recognition) => {
            (recognition.label().map(str::to_owned), recognition.threshold)
        }
        body => panic!("{body:?}"),
    };
    assert_eq!(label(Threshold::Distance(distance)), (Some("it".to_owned()), distance));
    assert_eq!(label(Threshold::Distance(distance - 1)), (None, distance - 1));
    assert_eq!(label(Threshold::None).0, Some("it".to_owned()));
    let thresholds = host_model().metadata().thresholds;
    assert_eq!(label(Threshold::EqualError).1, thresholds.equal_error.unwrap().distance);
    assert_eq!(label(Threshold::FalseAccept1Percent).1, thresholds.false_accept_1_percent.unwrap().distance);
    assert_eq!(label(Threshold::Own).1, thresholds.own(1).unwrap().distance);
}

#[test]
fn an_empty_gallery_knows_nothing() {
    let pixels = image(1);
    let answer = ask_last(&mut board(), &recognise(&pixels, Threshold::None));
    let ResponseBody::Recognition(recognition) = answer.body() else { panic!("{:?}", answer.body()) };
    assert_eq!((recognition.nearest, recognition.label(), recognition.margin()), (None, None, None));
}

#[test]
fn what_cannot_be_is_refused() {
    let pixels = image(1);
    let mut bench = board();
    let long = "x".repeat(32);
    for (label, error) in
        [("", LabelError::Empty), (&*long, LabelError::TooLong), ("a\n", LabelError::Control)]
    {
        let expected = RequestError::Gallery(GalleryError::Label(error));
        assert_eq!(refusal(&mut bench, &enrol(label, &pixels)), expected);
    }
    assert_eq!(refusal(&mut bench, &[RequestBody::Forget { label: "x" }]), RequestError::NoEntry);
    assert_eq!(refusal(&mut bench, &[RequestBody::Entry { index: 0 }]), RequestError::NoEntry);
    for runs in [0, 1_001] {
        assert_eq!(refusal(&mut bench, &[RequestBody::Bench { runs }]), RequestError::Runs);
    }
    let value = vec![0; gallery::value_len(EMBEDDING_LEN, EXEMPLARS)];
    let import = RequestBody::Import { label: "x", value: &value };
    assert_eq!(refusal(&mut bench, &[import]), RequestError::Gallery(GalleryError::Value));
    let import = RequestBody::Import { label: "x", value: &value[1..] };
    assert_eq!(refusal(&mut bench, &[import]), RequestError::Gallery(GalleryError::Length));
    let neighbours = RequestBody::Recognise { method: Method::Neighbours(3), threshold: Threshold::None };
    assert_eq!(
        refusal(&mut bench, &about(&pixels, neighbours)),
        RequestError::Gallery(GalleryError::NoExemplars)
    );
    assert_eq!(list(&mut bench), []);
}

#[test]
fn a_full_gallery_still_learns_what_it_knows() {
    let pixels = image(1);
    let labels: Vec<String> = (0..=CAPACITY).map(|number| format!("label {number}")).collect();
    let mut bench = board();
    let requests: Vec<_> = labels.iter().map(|label| RequestBody::Enrol { label }).collect();
    // One image for all.
    let answers = bench.ask(&[&about(&pixels, requests[0])[..], &requests[1..]].concat());
    let answers = &answers[answers.len() - requests.len()..];
    let full = RequestError::Gallery(GalleryError::Full);
    assert_eq!(answers[CAPACITY].body(), ResponseBody::Error(full));
    assert!(answers[..CAPACITY].iter().all(|answer| matches!(answer.body(), ResponseBody::Enrolled { .. })));
    let entries = CAPACITY as u16;
    let mut enrol = |request| ask_last(&mut bench, &about(&pixels, request));
    assert_eq!(enrolled(&enrol(requests[0])), (2, entries));
    assert_eq!(bench.ask_one(RequestBody::Forget { label: "label 3" }).body(), ResponseBody::Done);
    let mut enrol = |request| ask_last(&mut bench, &about(&pixels, request));
    assert_eq!(enrolled(&enrol(requests[CAPACITY])), (1, entries));
}

#[test]
fn it_remembers() {
    let (a, b) = (image(1), image(2));
    let mut bench = board();
    bench.ask(&[enrol("a", &a), enrol("b", &b), enrol("b", &a)].concat());
    assert_eq!(list(&mut bench), [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    bench.ask_one(RequestBody::Forget { label: "a" });
    assert_eq!(list(&mut bench), [("b".to_owned(), 2)]);
    bench.ask_one(RequestBody::Clear);
    assert_eq!(list(&mut bench), []);
    assert_eq!(info(&mut bench).storage, Storage::Flash);
}

#[test]
fn without_a_flash_it_forgets_and_says_so() {
    let pixels = image(1);
    let mut bench = Bench { flash: None, ..board() };
    let answer = ask_last(&mut bench, &enrol("a", &pixels));
    assert_eq!(enrolled(&answer), (1, 1));
    assert_eq!((info(&mut bench).len, info(&mut bench).storage), (0, Storage::Ram));
}

#[test]
fn an_entry_goes_out_and_in_again() {
    let (a, b) = (image(1), image(2));
    let mut bench = board();
    bench.ask(&[enrol("a", &a), enrol("a", &b)].concat());
    let answer = bench.ask_one(RequestBody::Entry { index: 0 });
    let ResponseBody::Entry { label, value } = answer.body() else { panic!("{:?}", answer.body()) };
    let mut other = board();
    let imports = ["a", "c"].map(|label| RequestBody::Import { label, value });
    assert_eq!(label, "a");
    other.ask(&[&enrol("a", &b)[..], &imports].concat());
    assert_eq!(list(&mut other), [("a".to_owned(), 2), ("c".to_owned(), 2)]);
    assert_eq!(other.ask_one(RequestBody::Entry { index: 0 }).body(), answer.body());
}

/// Another model's gallery is kept until it is cleared.
#[test]
fn the_gallery_of_another_model_is_left_alone() {
    let pixels = image(1);
    let mut bench = board();
    bench.ask(&enrol("a", &pixels));
    // In the flash, the model is named in the header of the bank that counts.
    let (hash, other) = (host_model().hash(), [7; 8]);
    let flash = bench.flash.as_mut().unwrap();
    write_owner(flash, hash, other);
    let before = flash.clone();

    let refused = RequestError::NoGallery(Storage::OtherModel(other));
    assert_eq!(info(&mut bench).storage, Storage::OtherModel(other));
    for request in [
        enrol("b", &pixels),
        recognise(&pixels, Threshold::None),
        vec![RequestBody::Forget { label: "a" }],
        vec![RequestBody::Entry { index: 0 }],
    ] {
        assert_eq!(refusal(&mut bench, &request), refused);
    }
    assert_eq!(*bench.flash.as_ref().unwrap(), before);
    // Back to the other firmware: all there.
    write_owner(bench.flash.as_mut().unwrap(), other, hash);
    assert_eq!(list(&mut bench), [("a".to_owned(), 1)]);
    write_owner(bench.flash.as_mut().unwrap(), hash, other);

    let answer = ask_last(&mut bench, &[&[RequestBody::Clear], &enrol("b", &pixels)[..]].concat());
    assert_eq!(enrolled(&answer), (1, 1));
    assert_eq!(list(&mut bench), [("b".to_owned(), 1)]);
}

/// Has the bank that one model owns be another's.
fn write_owner(flash: &mut [u8], from: [u8; 8], to: [u8; 8]) {
    let at = flash.windows(8).position(|bytes| bytes == from).expect("the model's hash is in the flash");
    let header = at - OWNER..at - OWNER + HEADER;
    flash[at..at + 8].copy_from_slice(&to);
    let crc = shared_model::model::crc32(&flash[header.start..header.end - 4]).to_le_bytes();
    flash[header.end - 4..header.end].copy_from_slice(&crc);
}

/// The owner's offset in a bank's header, and the header's length: see docs/STORAGE.md.
const OWNER: usize = 16;
const HEADER: usize = 28;

#[test]
fn asked_twice_done_once() {
    let pixels = image(1);
    let shown: Vec<u8> = (1..).zip(enrol("a", &pixels)).flat_map(|(id, body)| frame(id, body)).collect();
    let request = frame(3, RequestBody::Enrol { label: "a" });
    assert!(shown.ends_with(&request));
    let mut bench = board();
    // The answer was damaged on its way, and the request then once on its own.
    let mut damaged = request.clone();
    damaged[request.len() / 2] ^= 1;
    let again = frame(6, RequestBody::Enrol { label: "a" });
    let output = bench.answer(&[&shown[..], &damaged, &request, &again].concat());
    let answers = answers(&output);
    assert_eq!(answers[2], answers[4]);
    assert_eq!(enrolled(&answers[4]), (1, 1));
    assert_eq!(enrolled(&answers[5]), (2, 1));
    assert_eq!(list(&mut bench), [("a".to_owned(), 2)]);
    // The same id with other bytes is another request.
    let forget = frame(3, RequestBody::Forget { label: "a" });
    bench.answer(&[shown, forget].concat());
    assert_eq!(list(&mut bench), []);
}

#[test]
fn a_restart_is_answered_first() {
    let mut bench = board();
    assert_eq!(bench.ask_one(RequestBody::Restart(Restart::Reset)).body(), ResponseBody::Done);
    assert_eq!(bench.clock.restarts, 1);
}

#[test]
fn a_boot_loader_is_entered_where_there_is_one() {
    let mut bench = board();
    let request = RequestBody::Restart(Restart::Bootloader);
    assert_eq!(bench.ask_one(request).body(), ResponseBody::Error(RequestError::NoBootloader));
    bench.clock.has_bootloader = true;
    assert_eq!(bench.ask_one(request).body(), ResponseBody::Done);
    assert_eq!((bench.clock.bootloader, bench.clock.restarts), (1, 0));
}

#[test]
fn the_watchdog_is_fed_before_each_request_of_a_burst() {
    let mut bench = board();
    bench.piece = 1_000;
    let burst: Vec<u8> = (1..=7).flat_map(|id| frame(id, RequestBody::Clear)).collect();
    assert!(burst.len() <= 64, "they come in one read");
    assert_eq!(answers(&bench.answer(&burst)).len(), 7);
    assert!(bench.clock.fed >= 7, "fed {} times", bench.clock.fed);
}

#[cfg(not(feature = "fault-injection"))]
#[test]
fn faults_are_not_injected_unless_they_are_built_in() {
    let mut bench = board();
    for how in [Restart::Panic, Restart::Hang, Restart::Overflow] {
        let refused = ResponseBody::Error(RequestError::NoFaultInjection);
        assert_eq!(bench.ask_one(RequestBody::Restart(how)).body(), refused);
    }
    assert_eq!(bench.clock.restarts, 0);
}

#[test]
fn it_proves_itself() {
    let pixels = image(3);
    let requests = [RequestBody::SelfTest, RequestBody::Bench { runs: 3 }];
    let mut answers = board().ask(&[&about(&pixels, RequestBody::Parity)[..], &requests].concat());
    answers.drain(..2);
    answers.swap(0, 1);
    let golden = host_model().metadata().golden_crc;
    assert_eq!(answers[0].body(), ResponseBody::SelfTest { expected: golden, actual: golden });
    let ResponseBody::Digests(digests) = answers[1].body() else { panic!("{:?}", answers[1].body()) };
    assert_eq!(digests.len(), host_model().steps().count());
    assert_eq!(digests.last(), Some(&shared_model::model::crc32(&embedding(&pixels))));
    // The clock of this board goes on by one with each look, and the line's end is something to read.
    assert_eq!(answers[2].body(), ResponseBody::Bench { runs: 1, microseconds: 1 });
}
