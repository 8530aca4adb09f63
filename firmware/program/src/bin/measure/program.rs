use crate::{
    stack,
    stopwatch::{Stopwatch, lap},
};
use core::{
    arch::global_asm,
    fmt::{self, Write as _},
    hint::black_box,
};
#[cfg(target_arch = "arm")]
use cortex_m::{asm::wfi, interrupt};
#[cfg(target_arch = "arm")]
use cortex_m_rt::entry;
use embedded_hal::digital::OutputPin;
use embedded_io::Write;
use firmware::model::{MEASURED, MEASURED_EMBEDDING_LEN, MEASURED_INPUT_LEN, MEASURED_SCRATCH_LEN};
use heapless::spsc::Queue;
#[cfg(target_arch = "riscv32")]
use riscv::{asm::wfi, interrupt};
#[cfg(target_arch = "riscv32")]
use riscv_rt::entry;
use shared_model::{
    Model,
    engine::TestImage,
    inspect::Step,
    model::crc32,
    prepare::{Format, Frame, can_prepare, prepare, scratch_len},
};
use static_cell::ConstStaticCell;
use tinytriplet_boards::{
    self as boards, BOARD,
    cost::{Cost, Line},
    photograph,
};
use tinytriplet_device::hardware::Parts;

/// Nothing is received.
static RX_QUEUE: ConstStaticCell<Queue<u8, 2>> = ConstStaticCell::new(Queue::new());
static PIXELS: ConstStaticCell<[u8; MEASURED_INPUT_LEN]> = ConstStaticCell::new([0; MEASURED_INPUT_LEN]);
static SCRATCH: ConstStaticCell<[u32; MEASURED_SCRATCH_LEN]> =
    ConstStaticCell::new([0; MEASURED_SCRATCH_LEN]);
static PHOTOGRAPH: ConstStaticCell<[u8; photograph::LEN]> = ConstStaticCell::new([0; photograph::LEN]);
static EMBEDDING: ConstStaticCell<[u8; MEASURED_EMBEDDING_LEN]> =
    ConstStaticCell::new([0; MEASURED_EMBEDDING_LEN]);

#[entry]
fn main() -> ! {
    // The system is not started: no tick and no watchdog.
    let Parts { serial, mut led, .. } = boards::init(RX_QUEUE.take().as_mut_view());
    // A broken light does not stop the measurement.
    let _ = OutputPin::set_high(&mut led);
    // Nothing is received, and nothing may interrupt.
    interrupt::disable();
    defmt::info!("measuring {=usize} models", MEASURED.len());
    let mut output = Output(serial);
    let stopwatch = Stopwatch::start();

    output.line(Line::Board(BOARD.name));
    check_stopwatch(&stopwatch, &mut output);
    let (pixels, scratch, embedding) = (PIXELS.take(), SCRATCH.take(), EMBEDDING.take());
    let photograph = PHOTOGRAPH.take();
    photograph::draw(photograph);
    for &file in MEASURED {
        measure(file, &stopwatch, pixels, scratch, embedding, &mut output);
        measure_preparation(file, &stopwatch, photograph, scratch, pixels, &mut output);
    }
    output.line(Line::Done);
    let _ = OutputPin::set_low(&mut led);
    loop {
        wfi();
    }
}

/// Counts known numbers of instructions.
fn check_stopwatch<Serial: Write>(stopwatch: &Stopwatch, output: &mut Output<Serial>) {
    let call = measure_call(stopwatch, nops_0);
    output.line(Line::Known(10, measure_call(stopwatch, nops_10).less(call)));
    output.line(Line::Known(100, measure_call(stopwatch, nops_100).less(call)));
    output.line(Line::Known(1_000, measure_call(stopwatch, nops_1000).less(call)));

    const ROUNDS: u32 = 1_500_000;
    let (short, long) = (measure_spin(stopwatch, 1), measure_spin(stopwatch, 1 + ROUNDS));
    output.line(Line::Known(2 * ROUNDS, long.less(short)));
}

/// Counts a call. It is one function, so that every call costs the same: for ARMv6-M a compiler may
/// have one address in a register already, and load another.
#[inline(never)]
fn measure_call(stopwatch: &Stopwatch, function: unsafe extern "C" fn()) -> Cost {
    // SAFETY: the function does nothing.
    stopwatch.measure(|| unsafe { function() })
}

/// Counts a loop: the same for any number of rounds.
#[inline(never)]
fn measure_spin(stopwatch: &Stopwatch, rounds: u32) -> Cost {
    // SAFETY: the function counts down and returns.
    stopwatch.measure(|| unsafe { spin(rounds) })
}

unsafe extern "C" {
    fn nops_0();
    fn nops_10();
    fn nops_100();
    fn nops_1000();
    /// Two instructions per round.
    fn spin(rounds: u32);
}

#[cfg(target_arch = "arm")]
global_asm!(
    ".section .text.spin, \"ax\"",
    ".global spin",
    ".thumb_func",
    "spin:",
    "2:",
    "subs r0, #1",
    "bne 2b",
    "bx lr",
);
// A branch to a global symbol would be two instructions.
#[cfg(target_arch = "riscv32")]
global_asm!(
    ".section .text.spin, \"ax\"",
    ".global spin",
    "spin:",
    "2:",
    "addi a0, a0, -1",
    "bnez a0, 2b",
    "ret",
);

/// Makes a function of `$count` `nop` instructions and a return. (In a function of the compiler's,
/// a thousand of them would move its constants out of reach on ARMv6-M.)
macro_rules! nops {
    ($name:literal, $count:literal) => {
        global_asm!(
            concat!(".section .text.", $name, ", \"ax\""),
            concat!(".global ", $name),
            #[cfg(target_arch = "arm")]
            ".thumb_func",
            concat!($name, ":"),
            concat!(".rept ", $count),
            "nop",
            ".endr",
            #[cfg(target_arch = "arm")]
            "bx lr",
            #[cfg(target_arch = "riscv32")]
            "ret",
        );
    };
}
nops!("nops_0", 0);
nops!("nops_10", 10);
nops!("nops_100", 100);
nops!("nops_1000", 1000);

/// Measures one model.
#[inline(never)]
fn measure<Serial: Write>(
    file: &'static [u8],
    stopwatch: &Stopwatch,
    pixels: &mut [u8],
    scratch: &mut [u32],
    embedding: &mut [u8],
    output: &mut Output<Serial>,
) {
    let model = match Model::decode(file) {
        Ok(model) => model,
        Err(error) => defmt::panic!("the build script found the model valid: {}", error),
    };
    let pixels = &mut pixels[..model.input_len()];
    let embedding = &mut embedding[..model.embedding_len()];
    TestImage::Noise.draw(pixels);
    output.line(Line::Model(model.hash(), model.metadata().name));

    let decode = || _ = black_box(Model::decode(black_box(file)).is_ok());
    output.line(Line::Decode(stopwatch.measure(decode)));
    output.line(Line::DecodeStack(stack::used_by(decode)));

    // All lengths are right.
    let mut embed = || _ = black_box(model.embed(black_box(pixels), scratch, embedding));
    output.line(Line::Embed(stopwatch.measure(&mut embed)));
    output.line(Line::EmbedStack(stack::used_by(&mut embed)));
    output.line(Line::Scratch(4 * model.scratch_len() as u32));

    let observe = |step: &Step<'_>, _: &[u8]| lap(step.layer);
    stopwatch.measure_laps(|| _ = model.embed_observed(pixels, scratch, embedding, observe));
    for step in model.steps() {
        output.line(Line::Step(step.last_layer() as u32, stopwatch.lap(step.layer)));
    }

    for (index, image) in (0..).zip(TestImage::ALL) {
        image.draw(pixels);
        // If an inference does nothing, the last result must not pass for this one.
        embedding.fill(0x55);
        let _ = model.embed(pixels, scratch, embedding);
        output.line(Line::Embedding(index, crc32(embedding)));
    }
}

/// Measures what it costs to make a model's pixels of the photograph.
#[inline(never)]
fn measure_preparation<Serial: Write>(
    file: &'static [u8],
    stopwatch: &Stopwatch,
    photograph: &[u8],
    scratch: &mut [u32],
    pixels: &mut [u8],
    output: &mut Output<Serial>,
) {
    let [height, width] = photograph::SIZE;
    let (Ok(model), Ok(frame)) = (Model::decode(file), Frame::new(Format::Grey8, width, height)) else {
        defmt::panic!("neither the model nor the size of the photograph is impossible");
    };
    let (preprocessing, shape) = (model.metadata().preprocessing, model.input().shape);
    if !can_prepare(preprocessing, shape) {
        return;
    }
    let pixels = &mut pixels[..model.input_len()];
    let mut once = || {
        _ = black_box(prepare(frame, black_box(photograph), preprocessing, shape, scratch, pixels).is_ok());
    };
    output.line(Line::Prepare(stopwatch.measure(&mut once)));
    output.line(Line::PrepareStack(stack::used_by(&mut once)));
    output.line(Line::PrepareScratch(4 * scratch_len(preprocessing, shape) as u32));
    // What the last preparation left must not pass for the result of this one.
    pixels.fill(0x55);
    let _ = prepare(frame, photograph, preprocessing, shape, scratch, pixels);
    output.line(Line::Pixels(crc32(pixels)));
}

/// Writes lines to the serial port.
struct Output<Serial>(Serial);

impl<Serial: Write> Output<Serial> {
    fn line(&mut self, line: Line<'_>) {
        // The boards' serial ports have no errors.
        let _ = writeln!(self, "{line}");
        let _ = self.0.flush();
    }
}

impl<Serial: Write> fmt::Write for Output<Serial> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write_all(text.as_bytes()).map_err(|_| fmt::Error)
    }
}
