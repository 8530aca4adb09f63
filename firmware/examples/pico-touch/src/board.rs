//! The wires, as docs/TOUCH.md has them.

use core::cell::RefCell;
use cortex_m_rt::entry;
use embedded_hal::{delay::DelayNs, spi::MODE_0};
use embedded_hal_bus::spi::ExclusiveDevice;
use firmware::start;
use mipidsi::{
    Builder,
    interface::SpiInterface,
    models::ILI9341Rgb565,
    options::{ColorOrder, Orientation, Rotation},
};
use pico_touch::{Calibration, Lines, POINTS, Panel, Text, Xpt2046};
use rp2040_hal::{Spi, fugit::RateExtU32, gpio::FunctionSpi};
use shared_model::prepare::strokes::Point;
use static_cell::ConstStaticCell;
use tinytriplet_boards::init_with_spare;

/// Bytes that are sent to the screen at once.
const BATCH: usize = 512;

static LINES: ConstStaticCell<RefCell<Lines>> = ConstStaticCell::new(RefCell::new(Lines::new()));
static STROKES: ConstStaticCell<[Point; POINTS]> =
    ConstStaticCell::new([Point { x: 0, y: 0, begins: false }; POINTS]);
static SENDING: ConstStaticCell<[u8; BATCH]> = ConstStaticCell::new([0; BATCH]);

/// Waits by counting the processor's cycles.
#[derive(Clone, Copy)]
struct Delay {
    megahertz: u32,
}

impl DelayNs for Delay {
    fn delay_ns(&mut self, ns: u32) {
        cortex_m::asm::delay((u64::from(ns) * u64::from(self.megahertz) / 1_000) as u32 + 1);
    }
}

#[entry]
fn main() -> ! {
    let (parts, spare) = init_with_spare(start::receive_queue());
    let mut resets = spare.resets;
    let mut delay = Delay { megahertz: spare.system_hertz / 1_000_000 };

    // The screen, which only listens.
    let pins = (spare.gp19.into_function::<FunctionSpi>(), spare.gp18.into_function::<FunctionSpi>());
    let bus = Spi::<_, _, _, 8>::new(spare.spi0, pins);
    let bus = bus.init(&mut resets, spare.peripheral_clock, 31_250_000.Hz(), MODE_0);
    let Ok(device) = ExclusiveDevice::new(bus, spare.gp17.into_push_pull_output(), delay);
    let interface = SpiInterface::new(device, spare.gp20.into_push_pull_output(), SENDING.take());
    let screen = Builder::new(ILI9341Rgb565, interface)
        .reset_pin(spare.gp21.into_push_pull_output())
        .color_order(ColorOrder::Bgr)
        .orientation(Orientation::new().rotate(Rotation::Deg90).flip_vertical())
        .init(&mut delay);
    let Ok(screen) = screen else { panic!("the screen's bus failed") };

    // The touch controller: at most 2.5 MHz.
    let pins = (
        spare.gp11.into_function::<FunctionSpi>(),
        spare.gp12.into_function::<FunctionSpi>(),
        spare.gp10.into_function::<FunctionSpi>(),
    );
    let bus = Spi::<_, _, _, 8>::new(spare.spi1, pins);
    let bus = bus.init(&mut resets, spare.peripheral_clock, 2_000_000.Hz(), MODE_0);
    let Ok(device) = ExclusiveDevice::new(bus, spare.gp13.into_push_pull_output(), delay);
    let touch = Xpt2046::new(device, Calibration::USUAL);

    let lines: &'static RefCell<Lines> = LINES.take();
    // The chip's bus has no errors.
    let Ok(panel) = Panel::new(screen, touch, lines, STROKES.take());
    start::run(parts.with_source(panel).with_text(Text(lines)))
}
