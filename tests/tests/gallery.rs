//! Boards in an emulator: what they were taught they know, as a gallery on the PC would, and they know it still after the
//! power was cut, at whatever moment.

mod images;

use firmware::model;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{
    Gallery, Model, Threshold,
    gallery::{self, Method},
    model::crc32,
    wire::{
        Request, RequestBody, RequestError, Restart, Storage,
        client::{Client, ClientError},
        encode_frame,
    },
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};
use tinytriplet_boards as boards;
use tinytriplet_device::wear;
use tinytriplet_launcher::emulator::{self, Binary, Emulator, Line, Program};

/// The longest time for a board to boot, or to come back, on a machine with other work.
const READY: Duration = Duration::from_secs(60);

/// A board with a flash that outlasts its emulator.
struct Board {
    program: Program,
    flash: PathBuf,
}

impl Board {
    /// `test` gives the flash's file a name of its own: tests run at the same time.
    fn new(name: &str, test: &str) -> Self {
        Self::with(Binary::Firmware, name, test)
    }

    fn with(binary: Binary<'_>, name: &str, test: &str) -> Self {
        let board = boards::find(name).expect("a board of the table");
        let program = emulator::build(board, binary).unwrap_or_else(|error| panic!("{error}"));
        let flash = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{test}.flash"));
        // Left over from an earlier run, if it is there.
        let _ = std::fs::remove_file(&flash);
        Self { program, flash }
    }

    fn boot(&self) -> Client<Emulator> {
        let emulator = Emulator::boot_with_flash(&self.program, &self.flash, Line::Uart);
        let mut client = Client::new(emulator.unwrap_or_else(|error| panic!("{error}")));
        client.wait_until_ready(READY).unwrap();
        client
    }
}

/// Labels, and the values that belong to them.
#[derive(Clone, PartialEq)]
struct Entries(BTreeMap<String, Vec<u8>>);

impl std::fmt::Debug for Entries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let short = |(label, value): (_, &Vec<u8>)| (label, value[0], crc32(value));
        f.debug_list().entries(self.0.iter().map(short)).finish()
    }
}

fn entries(board: &mut Client<Emulator>) -> Entries {
    let len = board.info().unwrap().gallery.len;
    let entry = |index| {
        let (label, value) = board.entry(index).unwrap();
        (label.to_owned(), value.to_vec())
    };
    Entries((0..len).map(entry).collect())
}

fn entries_of(gallery: &Gallery<'_>) -> Entries {
    Entries(gallery.entries().map(|entry| (entry.label().to_owned(), entry.value().to_vec())).collect())
}

fn embed(model: &Model<'_>, pixels: &[u8]) -> Vec<u8> {
    let (mut scratch, mut embedding) = (vec![0; model.scratch_len()], vec![0; model.embedding_len()]);
    model.embed(pixels, &mut scratch, &mut embedding).unwrap();
    embedding
}

/// Teaches a board and the PC the same, asks both about the same images, and cuts the board's power.
fn teach_and_ask(name: &str, kept: bool) {
    let board = Board::new(name, "teach");
    let host = Model::decode(model::FILE).unwrap();
    let mut memory = vec![0; model::CAPACITY * gallery::entry_len(model::EMBEDDING_LEN, model::EXEMPLARS)];
    let mut mirror = Gallery::new(&host, model::EXEMPLARS, &mut memory);
    let images = images::test_images(60, host.input_len());
    let embeddings: Vec<Vec<u8>> = images.iter().map(|pixels| embed(&host, pixels)).collect();

    let mut client = board.boot();
    let info = client.info().unwrap().gallery;
    assert_eq!(info.storage, if kept { Storage::Flash } else { Storage::Ram });
    assert_eq!((info.len, usize::from(info.capacity)), (0, model::CAPACITY));
    for index in 0..20 {
        let label = ["7", "8", "9", "é"][index % 4];
        let count = mirror.enrol(label, &embeddings[index]).unwrap();
        client.show_pixels(&images[index]).unwrap();
        assert_eq!(client.enrol(label), Ok(count));
    }
    client.forget("é").unwrap();
    assert!(mirror.remove("é"));

    let ask =
        |client: &mut Client<Emulator>, mirror: &Gallery<'_>, images: &[Vec<u8>], embeddings: &[Vec<u8>]| {
            for (pixels, embedding) in images.iter().zip(embeddings) {
                let nearest = mirror.nearest(embedding, Method::Prototype).unwrap();
                let distance = nearest.first.unwrap().distance;
                client.show_pixels(pixels).unwrap();
                for threshold in [
                    Threshold::None,
                    Threshold::Own,
                    Threshold::EqualError,
                    Threshold::FalseAccept1Percent,
                    Threshold::Distance(distance),
                    Threshold::Distance(distance.saturating_sub(1)),
                ] {
                    let expected = mirror.recognise(&host, embedding, Method::Prototype, threshold).unwrap();
                    assert_eq!(client.recognise(Method::Prototype, threshold), Ok(expected));
                }
            }
        };
    ask(&mut client, &mirror, &images, &embeddings);
    assert_eq!(entries(&mut client), entries_of(&mirror));
    // A slip, which is taken back: of a label that is there, and of one that was not.
    for label in ["7", "slip"] {
        client.show_pixels(&images[1]).unwrap();
        let (count, doubt) = client.enrol_and_doubt(label).unwrap();
        let doubt = doubt.map(|doubt| format!("{doubt:?}"));
        assert_eq!(mirror.enrol(label, &embeddings[1]), Ok(count));
        assert_eq!(doubt, mirror.doubt(&host, label, &embeddings[1]).map(|doubt| format!("{doubt:?}")));
        let mut value = vec![0; mirror.value_len()];
        let left = mirror.taken_back(label, &embeddings[1], &mut value).unwrap();
        if left == 0 {
            assert!(mirror.remove(label));
        } else {
            mirror.insert(label, &value).unwrap();
        }
        assert_eq!(client.take_back(), Ok((label, left)));
        assert!(client.take_back().is_err());
        assert_eq!(entries(&mut client), entries_of(&mirror));
    }
    let stack = client.info().unwrap().stack.expect("the board looks after its stack");
    assert!(stack.0 > 1_000 && stack.0 < stack.1, "{stack:?}");
    let (expected, actual) = client.self_test().unwrap();
    assert_eq!(expected, actual);
    assert!(client.bench(2).unwrap() > Duration::ZERO);

    if kept {
        drop(client);
        let mut client = board.boot();
        assert_eq!(entries(&mut client), entries_of(&mirror));
        ask(&mut client, &mirror, &images[..10], &embeddings[..10]);
        // One more on top of what was kept.
        let count = mirror.enrol("7", &embeddings[20]).unwrap();
        client.show_pixels(&images[20]).unwrap();
        assert_eq!(client.enrol("7"), Ok(count));
        assert_eq!(entries(&mut client), entries_of(&mirror));
    }
}

#[test]
fn cortex_m4_knows_and_remembers() {
    teach_and_ask("mps2-an386", true);
}

#[test]
fn cortex_m33_knows_and_remembers() {
    teach_and_ask("mps2-an505", true);
}

#[test]
fn risc_v_knows_and_remembers() {
    teach_and_ask("riscv-virt", true);
}

#[test]
fn pico_knows_and_remembers() {
    teach_and_ask("pico", true);
}

/// QEMU has no flash controller for it: the gallery is gone with the power, and the board says so.
#[test]
fn nucleo_f446re_knows() {
    teach_and_ask("nucleo-f446re", false);
}

/// Cuts the power while the board enrols, at any moment of it: the image is enrolled or not, and nothing else changes.
fn cut_the_power(name: &str, cuts: usize) {
    let board = Board::new(name, "cuts");
    let host = Model::decode(model::FILE).unwrap();
    let images = images::test_images(10, host.input_len());
    let mut client = board.boot();
    // How long an enrolment takes here, from sending it to the answer.
    let mut usual = Duration::ZERO;
    for (pixels, label) in images.iter().zip(["a", "b", "c"].iter().cycle()) {
        client.show_pixels(pixels).unwrap();
        let start = Instant::now();
        client.enrol(label).unwrap();
        usual += start.elapsed() / 10;
    }
    let mut known = entries(&mut client);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut carried_out = 0;
    for cut in 0..cuts {
        let pixels = &images[cut % images.len()];
        let label = ["a", "b", "c", "d"][cut % 4];
        client.show_pixels(pixels).unwrap();
        let mut frame = [0; 64];
        let request = Request { id: 1, body: RequestBody::Enrol { label } };
        let len = encode_frame(&request, &mut frame).unwrap().len();
        client.send(&frame[..len]).unwrap();
        thread::sleep(usual.mul_f64(rng.random_range(0.0..2.5)));
        drop(client);

        client = board.boot();
        let now = entries(&mut client);
        if now != known {
            carried_out += 1;
            let mut memory =
                vec![0; model::CAPACITY * gallery::entry_len(model::EMBEDDING_LEN, model::EXEMPLARS)];
            let mut expected = Gallery::new(&host, model::EXEMPLARS, &mut memory);
            known.0.iter().for_each(|(label, value)| expected.insert(label, value).unwrap());
            expected.enrol(label, &embed(&host, pixels)).unwrap();
            assert_eq!(now, entries_of(&expected), "cut {cut}");
        }
        known = now;
    }
    println!("{name}: {carried_out} of {cuts} enrolments were done before the power was cut");
    assert!(carried_out > 0 && carried_out < cuts, "{carried_out} of {cuts}");
}

#[test]
fn power_cuts_on_cortex_m4() {
    cut_the_power("mps2-an386", 40);
}

#[test]
fn power_cuts_on_the_pico() {
    cut_the_power("pico", 12);
}

/// Restarts a board in each of these ways: it is back, and all of its gallery if it keeps one.
fn comes_back(name: &str, ways: &[Restart]) {
    let board = Board::with(Binary::FaultInjection, name, "back");
    let mut client = board.boot();
    let images = images::test_images(1, model::INPUT_LEN);
    client.show_pixels(&images[0]).unwrap();
    client.enrol("7").unwrap();
    let kept = client.info().unwrap().gallery.storage == Storage::Flash;
    let before = entries(&mut client);
    for &way in ways {
        let uptime = client.info().unwrap().uptime;
        client.restart(way).unwrap();
        client.wait_until_ready(READY).unwrap();
        assert!(client.info().unwrap().uptime < uptime + 8_000, "{name}: {way:?}");
        if kept {
            assert_eq!(entries(&mut client), before, "{name}: {way:?}");
        } else {
            assert_eq!(entries(&mut client), Entries(BTreeMap::new()));
        }
    }
}

#[test]
fn cortex_m4_comes_back() {
    comes_back("mps2-an386", &[Restart::Reset, Restart::Panic, Restart::Overflow]);
}

#[test]
fn risc_v_comes_back() {
    comes_back("riscv-virt", &[Restart::Reset, Restart::Panic]);
}

#[test]
fn nucleo_f446re_comes_back() {
    comes_back("nucleo-f446re", &[Restart::Reset, Restart::Panic]);
}

/// The watchdog ends a hang.
#[test]
fn pico_comes_back() {
    comes_back("pico", &[Restart::Reset, Restart::Panic, Restart::Hang, Restart::Overflow]);
}

/// Stores and clears in turn until the flash rests, at most so many times; returns whether it does.
fn rests(client: &mut Client<Emulator>, times: u32) -> bool {
    let mut value = vec![0; gallery::value_len(model::EMBEDDING_LEN, model::EXEMPLARS)];
    value[0] = 1;
    (0..times).any(|_| {
        let [stored, cleared] = [client.import("a", &value), client.clear()];
        [stored, cleared].into_iter().any(|result| match result {
            Ok(()) => false,
            Err(ClientError::Refused(RequestError::Resting { .. })) => true,
            Err(error) => panic!("{error}"),
        })
    })
}

/// The ration of erases outlasts a restart, and a stack that is too small: it does not run over variables. A loss of power
/// gives a new one.
fn the_ration_outlasts(name: &str, ways: &[Restart]) {
    let board = Board::with(Binary::FaultInjection, name, "ration");
    let mut client = board.boot();
    assert!(!rests(&mut client, wear::BURST - 1), "{name}");
    assert!(rests(&mut client, 3), "{name}");
    for &way in ways {
        client.restart(way).unwrap();
        client.wait_until_ready(READY).unwrap();
        // Four erases; a slow machine may have given it a minute for one.
        assert!(rests(&mut client, 3), "{name}: {way:?}");
    }
    drop(client);
    assert!(!rests(&mut board.boot(), wear::BURST - 1), "{name}");
}

#[test]
fn the_ration_of_erases_outlasts_restarts() {
    the_ration_outlasts("mps2-an386", &[Restart::Reset, Restart::Panic, Restart::Overflow]);
}

#[test]
fn the_ration_of_erases_outlasts_restarts_of_a_pico() {
    the_ration_outlasts("pico", &[Restart::Reset, Restart::Overflow]);
}
