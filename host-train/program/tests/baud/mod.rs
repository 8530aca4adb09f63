//! Rates of a serial line, with a board at the other end of a pseudo-terminal. Where the two ends
//! have different rates, or the wire is too bad for the rate, what arrives is not what was sent.

use crate::program::program;
use embedded_io::{ErrorType, Read, ReadReady, Write};
use host_train::device::{Client, Port, Settings};
use serialport::{SerialPort, TTYPort};
use shared_model::{
    Model,
    wire::{BASE_BAUD, FrameReader, RequestBody, Restart},
};
use std::{
    convert::Infallible,
    io::{Read as _, Write as _},
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};
use tinytriplet_device::{
    app::{App, Memory},
    hardware::{Board, NoPin, NoText, Parts, System},
    memory,
    source::NoSource,
};
use tinytriplet_store::MemoryFlash;

const MODEL: &[u8] = include_bytes!("../../../../firmware/models/digits.model.postcard");
const FRAME: usize = 10_000;
const CAPACITY: usize = 4;

/// A board with a UART.
struct Uart {
    /// Its rate.
    baud: Arc<AtomicU32>,
    fastest: u32,
    started: Instant,
}

/// The wire between a board's UART and the PC's.
struct Wire {
    pc: TTYPort,
    board: Arc<AtomicU32>,
    /// The fastest rate at which it carries anything.
    good_to: Arc<AtomicU32>,
    /// Bytes that came out other than they went in.
    spoiled: Arc<AtomicUsize>,
    /// A byte that has arrived.
    next: Option<u8>,
}

impl Wire {
    fn carries(&self) -> bool {
        let board = self.board.load(SeqCst);
        board <= self.good_to.load(SeqCst) && self.pc.baud_rate().is_ok_and(|pc| pc == board)
    }

    fn byte(&self, byte: u8) -> u8 {
        if self.carries() {
            return byte;
        }
        self.spoiled.fetch_add(1, SeqCst);
        byte ^ 0x5a
    }

    fn arrives(&mut self) -> bool {
        let mut byte = [0];
        // Nobody may have the other end open.
        if self.next.is_none() && self.pc.read(&mut byte).is_ok_and(|len| len == 1) {
            self.next = Some(self.byte(byte[0]));
        }
        self.next.is_some()
    }
}

impl ErrorType for Wire {
    type Error = Infallible;
}

impl ReadReady for Wire {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.arrives())
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        while !self.arrives() {}
        buffer[0] = self.next.take().unwrap();
        Ok(1)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let sent: Vec<u8> = bytes.iter().map(|&byte| self.byte(byte)).collect();
        // A board does not know whether anybody listens.
        let _ = self.pc.write_all(&sent);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl System for Uart {
    fn now(&mut self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    fn sleep(&mut self) {}

    fn feed_watchdog(&mut self) {}

    fn restart(&mut self) {
        // As all of its registers.
        self.baud.store(BASE_BAUD, SeqCst);
        self.started = Instant::now();
    }

    fn stack(&mut self) -> Option<(u32, u32)> {
        None
    }

    fn has_baud(&self, baud: u32) -> bool {
        (BASE_BAUD..=self.fastest).contains(&baud)
    }

    fn set_baud(&mut self, baud: u32) {
        self.baud.store(baud, SeqCst);
    }
}

struct Hardware;

impl Board for Hardware {
    type Serial = Wire;
    type Led = NoPin;
    type Button = NoPin;
    type Flash = MemoryFlash<'static>;
    type System = Uart;
    type Source = NoSource;
    type Text = NoText;
}

/// A board that runs, and what a test can see and do of its line.
struct Bench {
    port: String,
    baud: Arc<AtomicU32>,
    good_to: Arc<AtomicU32>,
    spoiled: Arc<AtomicUsize>,
}

impl Bench {
    /// Starts a board with rates up to `fastest`, at a wire for rates up to `good_to`.
    fn start(fastest: u32, good_to: u32) -> Self {
        let (mut pc, other) = TTYPort::pair().unwrap();
        pc.set_timeout(Duration::from_millis(1)).unwrap();
        let port = other.name().unwrap();
        let baud = Arc::new(AtomicU32::new(BASE_BAUD));
        let good_to = Arc::new(AtomicU32::new(good_to));
        let spoiled = Arc::new(AtomicUsize::new(0));
        let bench = Self { port, baud, good_to, spoiled };
        let serial = Wire {
            pc,
            board: bench.baud.clone(),
            good_to: bench.good_to.clone(),
            spoiled: bench.spoiled.clone(),
            next: None,
        };
        let system = Uart { baud: bench.baud.clone(), fastest, started: Instant::now() };
        thread::spawn(move || {
            // The terminal's settings, the rate among them, last as long as one end of it is open.
            let _other = other;
            let model = Model::decode(MODEL).unwrap();
            let (input, dim) = (model.input_len(), model.embedding_len());
            let parts = Parts::<Hardware> {
                serial,
                led: NoPin,
                button: NoPin,
                flash: None,
                system,
                source: NoSource,
                text: NoText,
            };
            let memory = Memory {
                reader: &mut FrameReader::<FRAME>::new(),
                scratch: &mut vec![0; memory::scratch_len(&model)],
                buffer: &mut vec![0; memory::buffer_len(input, dim, 0)],
                gallery: &mut vec![0; memory::gallery_len(dim, 0, CAPACITY)],
            };
            App::<Hardware, FRAME, CAPACITY>::new("uart", model, 0, parts, memory).unwrap().run().unwrap();
        });
        bench
    }

    fn baud(&self) -> u32 {
        self.baud.load(SeqCst)
    }

    /// Waits until the board has a rate: it changes once its answer is sent.
    #[track_caller]
    fn gets(&self, baud: u32) {
        let start = Instant::now();
        while self.baud() != baud {
            assert!(start.elapsed() < Duration::from_secs(1), "{} baud", self.baud());
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn device(&self, arguments: &[&str]) -> Output {
        let folder = tempfile::tempdir().unwrap();
        let arguments = [&["device", "--port", &self.port], arguments].concat();
        program(folder.path(), &arguments).output().unwrap()
    }

    /// Opens the line, and does not speak yet.
    fn client(&self) -> Client<Port> {
        let port = Port::open(&self.port.parse().unwrap(), &Settings::default()).unwrap();
        let mut client = Client::new(port);
        client.set_patience(Duration::from_secs(1));
        client
    }

    /// Returns what `device info` says of the line.
    #[track_caller]
    fn line(&self, arguments: &[&str]) -> String {
        let output = self.device(&[&["info"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let out = String::from_utf8(output.stdout).unwrap();
        let line = out.lines().find_map(|line| line.strip_prefix("line "));
        line.unwrap_or_else(|| panic!("no line in\n{out}")).trim().into()
    }
}

#[test]
fn the_fastest_rate_of_the_board_is_used_and_left_again() {
    for (fastest, rate) in [(921_600, "921,600 baud"), (500_000, "460,800 baud"), (115_200, "115,200 baud")] {
        let bench = Bench::start(fastest, 921_600);
        for _ in 0..2 {
            assert_eq!(bench.line(&[]), rate);
            // The next program finds it as this one did, and need not wait.
            bench.gets(BASE_BAUD);
        }
        assert_eq!(bench.line(&["--baud", "115200"]), "115,200 baud");
    }
}

#[test]
fn a_rate_that_the_wire_does_not_carry_is_given_up() {
    // At both faster ones the confirmation is lost, and the board goes back by itself.
    let bench = Bench::start(921_600, 300_000);
    assert_eq!(bench.line(&[]), "230,400 baud");
    assert!(bench.spoiled.load(SeqCst) > 0);
    let bench = Bench::start(921_600, 115_200);
    assert_eq!(bench.line(&[]), "115,200 baud");
    assert_eq!(bench.baud(), BASE_BAUD);
}

#[test]
fn a_wire_that_gets_bad_costs_the_rate_and_no_request() {
    let bench = Bench::start(921_600, 921_600);
    let mut client = bench.client();
    assert_eq!(client.speed_up(&[921_600], Port::set_baud), Ok(Some(921_600)));
    client.show_pixels(&[7; 784]).unwrap();
    assert_eq!(client.enrol("a"), Ok(1));
    bench.good_to.store(115_200, SeqCst);
    assert_eq!(client.enrol("a"), Ok(2));
    assert_eq!((client.baud(), bench.baud()), (None, BASE_BAUD));
    assert_eq!(client.enrol("a"), Ok(3));
}

#[test]
fn a_rate_is_asked_for_again_after_a_pause() {
    let bench = Bench::start(460_800, 921_600);
    let mut client = bench.client();
    assert_eq!(client.speed_up(&[921_600, 460_800], Port::set_baud), Ok(Some(460_800)));
    assert_eq!(bench.baud(), 460_800);
    for pause in [1_000, 1_700, 2_600] {
        thread::sleep(Duration::from_millis(pause));
        client.ping().unwrap();
        assert_eq!((client.baud(), bench.baud()), (Some(460_800), 460_800), "{pause} ms");
    }
    // A board that restarts begins at the first rate.
    client.restart(Restart::Reset).unwrap();
    assert_eq!(client.baud(), None);
    bench.gets(BASE_BAUD);
    client.wait_until_ready(Duration::from_secs(5)).unwrap();
}

#[test]
fn a_board_whose_pc_is_gone_has_its_first_rate_again() {
    let bench = Bench::start(921_600, 921_600);
    let mut client = bench.client();
    client.ask(RequestBody::Rate { baud: 460_800 }).unwrap();
    bench.gets(460_800);
    // Whatever the next program sends at the first rate is noise to it until then.
    client.wait_until_ready(Duration::from_secs(5)).unwrap();
    assert_eq!((client.baud(), bench.baud()), (None, BASE_BAUD));
}
