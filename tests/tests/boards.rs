//! Boards in an emulator, running the very image that is flashed, against the engine on the host.

mod images;

use firmware::model;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use shared_model::model::layout::repack_to_vec;
use shared_model::{
    Layout, Model, Threshold,
    gallery::Method,
    prepare::{Crop, Format, Frame, prepare, scratch_len},
    wire::{
        FrameError, ModelInfo, NO_ID, RequestBody, RequestError, ResponseBody,
        client::{Client, ClientError},
    },
};
use std::{
    env,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use tinytriplet_boards as boards;
use tinytriplet_launcher::{
    emulator::{self, Binary, Emulator},
    measure::{Models, measure},
};

fn boot(name: &str) -> Client<Emulator> {
    let board = boards::find(name).expect("a board of the table");
    let program = emulator::build(board, Binary::Firmware).unwrap_or_else(|error| panic!("{error}"));
    let emulator = Emulator::boot(&program).unwrap_or_else(|error| panic!("{error}"));
    let mut client = Client::new(emulator);
    client.wait_until_ready(Duration::from_secs(60)).unwrap();
    client
}

/// Embeds `count` images on the board and on the host: the same bytes. Compares neighbours on both: the same
/// distance. The board's weights are packed, the host's are plain, so that the host computes by the kernels that define
/// what comes out.
fn parity(client: &mut Client<Emulator>, count: usize) {
    let packed = Model::decode(model::FILE).unwrap();
    let plain = repack_to_vec(model::FILE, Layout::Plain).unwrap();
    let model = Model::decode(&plain).unwrap();
    assert_eq!((packed.layout(), model.layout()), (Layout::Packed, Layout::Plain));
    assert!(
        packed.steps().any(|step| step.kernel.is_fast()) && !model.steps().any(|step| step.kernel.is_fast())
    );
    assert_eq!(client.info().unwrap().model.hash, model.hash());
    assert_eq!(packed.hash(), model.hash());
    assert!(packed.hash_matches(model::FILE) && model.hash_matches(&plain));
    let mut scratch = vec![0; model.scratch_len()];
    let mut host = [vec![0; model.embedding_len()], vec![0; model.embedding_len()]];
    let images = images::test_images(count, model.input_len());
    assert_eq!(images.len(), count);
    for (index, pixels) in images.iter().enumerate() {
        host.swap(0, 1);
        model.embed(pixels, &mut scratch, &mut host[0]).unwrap();
        client.show_pixels(pixels).unwrap();
        assert_eq!(client.embed().unwrap(), host[0], "image {index}");
        if index % 50 == 1 {
            let distance = client.compare().unwrap();
            assert_eq!(distance, model.compare(&host[0], &host[1]), "images {} and {index}", index - 1);
        }
    }
    let distinct: std::collections::HashSet<&Vec<u8>> = images.iter().collect();
    assert!(distinct.len() > count * 9 / 10, "{} of {count} images are distinct", distinct.len());
}

/// Random frames that each board makes pixels of.
const FRAMES: usize = 50;

/// Shows a board random frames, other ones for each seed, in every format: it makes the pixels that the host makes,
/// byte for byte.
fn prepares(client: &mut Client<Emulator>, seed: u64) {
    let model = Model::decode(model::FILE).unwrap();
    let (preprocessing, shape) = (model.metadata().preprocessing, model.input().shape);
    let mut scratch = vec![0; scratch_len(preprocessing, shape)];
    let mut expected = vec![0; model.input_len()];
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut with_ink = 0;
    for number in 0..FRAMES {
        let format = Format::ALL[number % Format::ALL.len()];
        let (width, height) = (2 * rng.random_range(1..=30), rng.random_range(1..=60));
        let mut frame = Frame::new(format, width, height).unwrap();
        if rng.random() {
            let (left, top) = (rng.random_range(0..width), rng.random_range(0..height));
            let (width, height) = (rng.random_range(1..=width - left), rng.random_range(1..=height - top));
            frame = frame.cropped(Crop { left, top, width, height }).unwrap();
        }
        let mut bytes = vec![0; frame.row_len() * usize::from(height)];
        rng.fill_bytes(&mut bytes);
        if rng.random_ratio(2, 3) {
            // A few strokes on paper that is not quite even.
            bytes.iter_mut().for_each(|byte| *byte = 200 + *byte % 16);
            for _ in 0..3 {
                let from = rng.random_range(0..bytes.len());
                let rows = bytes[from..].chunks_mut(frame.row_len()).take(usize::from(height / 2));
                rows.for_each(|row| row.iter_mut().take(12).for_each(|byte| *byte = 20));
            }
        }
        prepare(frame, &bytes, preprocessing, shape, &mut scratch, &mut expected).unwrap();
        client.show_frame(frame, &bytes).unwrap();
        assert_eq!(client.pixels().unwrap(), expected, "frame {number}: {frame:?}");
        with_ink += usize::from(expected.iter().any(|&pixel| pixel > 0));
    }
    // Noise has none, a third of them; nor have some strokes that reach from edge to edge.
    assert!(with_ink > FRAMES / 3, "{with_ink} of {FRAMES} have ink");
}

/// Checks what a board reports of itself, how it refuses requests that make no sense, and that it goes on afterwards.
fn conversation(client: &mut Client<Emulator>, board: &str) {
    let model = Model::decode(model::FILE).unwrap();
    let info = client.info().unwrap();
    assert_eq!(info.board, board);
    assert_eq!(info.model, ModelInfo::of(&model));

    let expected = model.input_len() as u32;
    assert_eq!(
        client.show_pixels(&[0; 3]).unwrap_err(),
        ClientError::Refused(RequestError::ImageLength { expected, actual: 3 })
    );

    let mut refusal = |bytes: &[u8]| {
        client.send(bytes).unwrap();
        let response = client.receive_any().unwrap();
        assert_eq!(response.id, NO_ID);
        match response.body {
            ResponseBody::Error(RequestError::Frame(error)) => error,
            body => panic!("{body:?}"),
        }
    };
    assert_eq!(refusal(&[1, 1, 1, 0]), FrameError::Crc);
    assert_eq!(refusal(&[200, 1, 0]), FrameError::Cobs);
    assert_eq!(refusal(&[vec![1; 16 * 1024], vec![0]].concat()), FrameError::TooLong);
    client.ping().unwrap();
    rates(client, board);
}

/// A board goes over to a rate that it has, and the rest is said at that one. Emulators deliver at any.
fn rates(client: &mut Client<Emulator>, board: &str) {
    let none = client.ask(RequestBody::Rate { baud: 921_601 }).unwrap_err();
    assert_eq!(none, ClientError::Refused(RequestError::NoRate));
    // QEMU's RISC-V board has no clock that it would divide.
    let expected = (board != "riscv-virt").then_some(921_600);
    assert_eq!(client.speed_up(&[921_600], |_, _| Ok(())), Ok(expected));
    client.ping().unwrap();
    assert_eq!(client.baud(), expected);
}

/// A board says who it is, copes with nonsense, and computes what the host computes.
fn equals_the_host(board: &str, images: usize) {
    let seed = boards::BOARDS.iter().position(|other| other.name == board).expect("a board of the table");
    let mut client = boot(board);
    conversation(&mut client, board);
    prepares(&mut client, seed as u64);
    parity(&mut client, images);
}

#[test]
fn cortex_m0_plus_equals_the_host() {
    // Its emulator is some ten times slower than QEMU. By its name it comes first, and the others beside it.
    equals_the_host("pico", 250);
}

#[test]
fn cortex_m4_equals_the_host() {
    equals_the_host("mps2-an386", 1_000);
}

#[test]
fn cortex_m3_equals_the_host() {
    equals_the_host("mps2-an385", 1_000);
}

/// The same target as the Cortex-M4's, on another processor.
#[test]
fn cortex_m7_equals_the_host() {
    equals_the_host("mps2-an500", 200);
}

#[test]
fn cortex_m33_equals_the_host() {
    equals_the_host("mps2-an505", 1_000);
}

#[test]
fn risc_v_equals_the_host() {
    equals_the_host("riscv-virt", 1_000);
}

#[test]
fn nucleo_f446re_equals_the_host() {
    equals_the_host("nucleo-f446re", 200);
}

/// Every emulator counts to one instruction (`measure` refuses others), twice the same, and the steps are the whole.
#[test]
fn instructions_are_counted_exactly() {
    ["pico", "mps2-an386", "mps2-an505", "riscv-virt"].par_iter().for_each(|name| {
        let board = boards::find(name).expect("a board of the table");
        let report = || {
            measure(board, &Models::BuiltIn(model::FILE)).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        let first = report();
        assert_eq!(first, report(), "{name}");
        for net in &first.nets {
            let whole = net.embed.instructions;
            let steps: u64 = net.steps.iter().map(|step| step.cost.instructions).sum();
            // Each row of a step is observed, which takes some dozen instructions.
            assert!(whole.abs_diff(steps) < whole / 200, "{name}: {steps} instructions of {whole}");
        }
    });
}

/// A board logs through defmt, where a debug probe would read it, and defmt's decoder reads what is meant.
#[test]
fn boards_log_through_defmt() {
    let mut client = boot("mps2-an386");
    let pixels = &images::test_images(1, model::INPUT_LEN)[0];
    client.show_pixels(pixels).unwrap();
    client.enrol("Tasse ☕").unwrap();
    client.recognise(Method::Prototype, Threshold::None).unwrap();
    client.forget("Tasse ☕").unwrap();
    client.forget("Tasse ☕").unwrap_err();
    let entries = client.link_mut().log_entries().unwrap();
    assert!(entries.ends_with(&[0]), "{entries:?}");

    let program = emulator::build(boards::find("mps2-an386").unwrap(), Binary::Firmware);
    let mut decoder = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    decoder.args(["run", "--quiet", "--locked", "--manifest-path"]);
    decoder.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("log-decoder/Cargo.toml"));
    decoder.arg("--target-dir").arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("log-decoder"));
    decoder.arg("--").arg(program.unwrap_or_else(|error| panic!("{error}")).path());
    let pipes = decoder.env_remove("RUSTFLAGS").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = pipes.spawn().unwrap();
    // It ends when its input does.
    running.stdin.take().unwrap().write_all(&entries).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();

    let model = Model::decode(model::FILE).unwrap();
    let (version, name) = (env!("CARGO_PKG_VERSION"), model.metadata().name);
    let hash = u64::from_be_bytes(model.hash());
    let first = format!("info tinytriplet {version} on mps2-an386, model \"{name}\" {hash:016x}");
    assert_eq!(lines.next(), Some(&*first));
    assert!(lines.next().unwrap().starts_with("info ready: "), "{text}");
    let rest: Vec<&str> = lines.collect();
    let expected = [
        "info \"Tasse ☕\" enrolled: 1 images",
        "info \"Tasse ☕\", 0.0 away, known: true",
        "info \"Tasse ☕\" forgotten",
    ];
    assert_eq!(rest[..3], expected);
    // The request's number is random.
    assert!(rest[3].starts_with("warn request ") && rest[3].ends_with(": NoEntry"), "{text}");
    assert_eq!(rest.len(), 4, "{text}");
}
