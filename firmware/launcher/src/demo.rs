//! Shows the firmware at work on an emulated board.

use crate::{
    emulator::{self, Binary, Emulator, Program},
    image::{self, Image},
    output::print,
};
use shared_model::{
    Model,
    inspect::Shape,
    model::format::CalibratedThreshold,
    wire::{Info, Request, RequestBody, ResponseBody, client::Client, encode_frame},
};
use std::{
    error::Error,
    fmt::Write,
    time::{Duration, Instant},
};
use tinytriplet_boards::{BOARDS, Board};
use tinytriplet_ledger::text::thousands;

/// The digits that are shown. Replace the file to see others.
const DIGITS: &str = include_str!("../../demo/digits.txt");

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// Builds the firmware for `board`, boots it, and shows that its answers are those of the PC.
/// `model` is the model file that is built in.
pub fn run(board: &'static Board, model: &[u8]) -> Result {
    let digits =
        image::parse(DIGITS).map_err(|line| format!("demo/digits.txt: line {line} cannot be read"))?;

    print(&format!("Building the firmware for {}\n", board.name))?;
    let program = emulator::build(board, Binary::Firmware)?;
    let start = Instant::now();
    let mut client = Client::new(Emulator::boot(&program)?);
    client.wait_until_ready(Duration::from_secs(20))?;
    let boot = start.elapsed();

    let host = Model::decode(model)?;
    let info = client.info()?;
    if info.model.hash != host.hash() {
        return Err("the firmware was built with another model than this program".into());
    }
    let shape = info.model.input.shape;
    print(&introduction(&program, &info, model.len(), boot))?;

    let images: Vec<Vec<u8>> = digits.iter().map(|digit| fit(digit, shape)).collect();
    for same in [true, false] {
        let Some((a, b)) = pair(&digits, same) else { continue };
        let distance = compare(&mut client, &images[a], &images[b])?;
        print(&format!(
            "\n{}\n  {} The board says: {:.3}{}\n",
            image::side_by_side(&digits[a], &digits[b], 8),
            if same { "The same digit." } else { "Two digits." },
            real(&host, distance),
            verdict(&host, distance),
        ))?;
    }

    print(&matrix(&mut client, &host, &digits, &images)?)?;
    check_damaged_frame(&mut client)?;
    print_log(&mut client)?;
    check_parity(&mut client, &host, &images)?;
    print(&farewell(board))
}

fn introduction(program: &Program, info: &Info<'_>, model_len: usize, boot: Duration) -> String {
    let board = program.board();
    let model = &info.model;
    let hash: String = model.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "\n  board  {}: {}\n         up after {:.1} s in {}\n  \
         model  \"{}\" {hash}: {} to {} values, {}\n  \
         flash  {} of {} bytes, the model is {} of them\n  \
         RAM    {} of {} bytes, an inference is {} of them\n",
        board.name,
        board.description,
        boot.as_secs_f32(),
        board.emulator,
        model.name,
        model.input.shape,
        model.embedding.len(),
        model.distance,
        thousands(program.flash()),
        thousands(board.flash.len as u64),
        thousands(model_len as u64),
        thousands(program.ram()),
        thousands(board.ram.len as u64),
        thousands(model.ram.into()),
    )
}

/// Judges a distance by the model's threshold.
fn verdict(model: &Model<'_>, distance: u32) -> String {
    match model.metadata().thresholds.own(1) {
        None => String::new(),
        Some(CalibratedThreshold { distance: threshold, .. }) => {
            let word = if distance <= threshold { "same" } else { "different" };
            format!(", {word} (the threshold is {:.3})", real(model, threshold))
        }
    }
}

/// Prints the board's log.
fn print_log(client: &mut Client<Emulator>) -> Result {
    let lines = client.link_mut().log_lines()?;
    lines.iter().try_for_each(|line| print(&format!("  log    {line}\n")))
}

/// Returns the distance of two images, as the board computes it.
fn compare(client: &mut Client<Emulator>, a: &[u8], b: &[u8]) -> Result<u32> {
    client.show_pixels(a)?;
    client.show_pixels(b)?;
    Ok(client.compare()?)
}

/// Returns a table of all distances, as the board computes them.
fn matrix(
    client: &mut Client<Emulator>,
    model: &Model<'_>,
    digits: &[Image],
    images: &[Vec<u8>],
) -> Result<String> {
    let mut text = "\n  All pairs (distances by the board):\n\n     ".to_owned();
    for digit in digits {
        write!(text, "{:>8}", digit.label)?;
    }
    for (row, digit) in digits.iter().enumerate() {
        write!(text, "\n  {:>3}", digit.label)?;
        for column in 0..=row {
            let distance = compare(client, &images[row], &images[column])?;
            write!(text, "{:>8.3}", real(model, distance))?;
        }
    }
    text.push('\n');
    Ok(text)
}

/// Checks that a frame with a flipped bit is refused, and that the board goes on.
fn check_damaged_frame(client: &mut Client<Emulator>) -> Result {
    let mut buffer = [0; 32];
    let request = Request { id: 1, body: RequestBody::Ping };
    let len = encode_frame(&request, &mut buffer)?.len();
    buffer[1] ^= 4;
    client.send(&buffer[..len])?;
    let ResponseBody::Error(error) = client.receive_any()?.body else {
        return Err("the board answered a damaged frame as if it were whole".into());
    };
    client.ping()?;
    print(&format!("\n  A frame with a flipped bit is answered: {error}.\n"))
}

/// Checks that the board's embeddings are the PC's, byte for byte.
fn check_parity(client: &mut Client<Emulator>, model: &Model<'_>, images: &[Vec<u8>]) -> Result {
    let mut scratch = vec![0; model.scratch_len()];
    let mut embedding = vec![0; model.embedding_len()];
    let start = Instant::now();
    for (number, pixels) in images.iter().enumerate() {
        model.embed(pixels, &mut scratch, &mut embedding)?;
        client.show_pixels(pixels)?;
        if client.embed()? != embedding {
            return Err(format!("image {number}: the board's embedding is not the PC's").into());
        }
    }
    // The PC's share of the time is small.
    let rate = images.len() as f32 / start.elapsed().as_secs_f32();
    print(&format!(
        "\n  {} embeddings of {} bytes: the PC computes the same bytes.\n  \
         {rate:.0} images/s, emulated, serial line included.\n",
        images.len(),
        embedding.len()
    ))
}

fn farewell(board: &Board) -> String {
    let flash = |board: &Board| match board.uf2 {
        Some(_) => format!("  cargo run -p firmware -- --uf2 {}\n", board.name),
        None => format!(
            "  cargo run --release -p firmware --features {} \\\n      --target {}\n",
            board.name, board.target
        ),
    };
    let mut text = "\nNext, with such a board and a USB cable (docs/BOARDS.md):\n".to_owned();
    for real in BOARDS.iter().filter(|board| board.chip.is_some()) {
        text += &flash(real);
    }
    if let Some(other) = BOARDS.iter().find(|other| other.name != board.name) {
        text += &format!(
            "or another board in the emulator:\n  cargo run -p firmware -- --board {}\n",
            other.name
        );
    }
    text
}

/// Returns the first two digits whose labels are the same, or differ.
fn pair(digits: &[Image], same: bool) -> Option<(usize, usize)> {
    let pairs = (0..digits.len()).flat_map(|a| (a + 1..digits.len()).map(move |b| (a, b)));
    pairs.into_iter().find(|&(a, b)| (digits[a].label == digits[b].label) == same)
}

/// Scales the image to the model's size, with all channels alike.
fn fit(image: &Image, shape: Shape) -> Vec<u8> {
    let (height, width) = (usize::from(shape.height), usize::from(shape.width));
    let rows = image.pixels.len() / image.width.max(1);
    let mut pixels = Vec::new();
    for row in 0..height {
        for column in 0..width {
            let pixel = image.pixels[row * rows / height * image.width + column * image.width / width];
            pixels.extend(std::iter::repeat_n(pixel, shape.channels.into()));
        }
    }
    pixels
}

fn real(model: &Model<'_>, distance: u32) -> f32 {
    model.distance().real(distance, model.output().scale)
}
