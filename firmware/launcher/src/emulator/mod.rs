//! An emulated board: the firmware in an emulator, with its serial line on a socket. Its log is
//! read from memory, as a debug probe would.

mod build;
mod flash_file;
mod log;
mod process;
mod program;

pub use build::{Binary, build, flash_path, target_folder, workspace};
pub use process::Tool;
pub use program::Program;

use flash_file::FlashFile;
use log::Log;
use process::Process;
use std::{
    fmt, io,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tinytriplet_boards::Board;

/// The time to wait for the firmware's first log entry. It may have been built without a log.
const FIRST_LOG: Duration = Duration::from_secs(1);
/// The time that a read waits for bytes.
const READ_TIMEOUT: Duration = Duration::from_millis(50);
/// The time that a write waits for a board that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The line between a board and the PC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The UART of the table in docs/BOARDS.md.
    Uart,
    /// The board's USB port.
    Usb,
}

impl Line {
    /// Returns its name in the emulator's command line.
    fn name(self) -> &'static str {
        match self {
            Self::Uart => "uart",
            Self::Usb => "usb",
        }
    }
}

/// A running board. It is read from and written to over its serial line. Dropping it cuts the
/// power: nothing more is executed.
///
/// A board that resets itself, as after a panic, starts again.
pub struct Emulator {
    serial: TcpStream,
    log: Log,
    // After the sockets, so that nothing of the process is left when it has ended.
    process: Process,
    // After the process, which uses the file.
    _flash: Option<FlashFile>,
}

impl Emulator {
    /// Starts the program on its board, with an empty gallery.
    ///
    /// # Errors
    /// Returns [`EmulatorError::NoEmulator`], [`EmulatorError::Missing`] or
    /// [`EmulatorError::Start`] if there is no emulator of this board, if it is not installed, or
    /// if it does not start.
    pub fn boot(program: &Program) -> Result<Self, EmulatorError> {
        Self::boot_over(Line::Uart, program)
    }

    /// Starts the program on its board, with an empty gallery, and talks to it over `line`.
    ///
    /// # Errors
    /// Returns the errors of [`boot`](Self::boot), and [`EmulatorError::NoUsb`] if the emulator has
    /// no such line.
    pub fn boot_over(line: Line, program: &Program) -> Result<Self, EmulatorError> {
        Self::start(program, FlashFile::temporary(program.board())?, false, line)
    }

    /// Starts the program on its board, with the gallery in the file at `path`. A new file has an
    /// empty gallery. If the emulator [keeps](Board::kept_memory) no memory of the board, there is
    /// no file. `line` is the line that it is talked to over.
    ///
    /// # Errors
    /// Returns the errors of [`boot_over`](Self::boot_over), [`EmulatorError::File`] if the file cannot be
    /// used, and [`EmulatorError::InUse`] if another emulator uses it.
    pub fn boot_with_flash(program: &Program, path: &Path, line: Line) -> Result<Self, EmulatorError> {
        Self::start(program, FlashFile::open(program.board(), path)?, false, line)
    }

    /// Starts the program on its board, and makes the board's
    /// [counter](tinytriplet_boards::Counter) count instructions.
    ///
    /// # Errors
    /// Returns the errors of [`boot`](Self::boot).
    pub fn boot_counting(program: &Program) -> Result<Self, EmulatorError> {
        Self::start(program, FlashFile::temporary(program.board())?, true, Line::Uart)
    }

    fn start(
        program: &Program,
        flash: Option<FlashFile>,
        counting: bool,
        line: Line,
    ) -> Result<Self, EmulatorError> {
        let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(EmulatorError::Socket);
        let (serial, memory) = (listen()?, listen()?);
        let path = flash.as_ref().map(FlashFile::path);
        let mut process = Process::start(program, &serial, &memory, path, counting, line)?;
        let serial = process.accept(&serial)?;
        serial
            .set_read_timeout(Some(READ_TIMEOUT))
            .and_then(|()| serial.set_write_timeout(Some(WRITE_TIMEOUT)))
            .map_err(EmulatorError::Socket)?;
        let memory = process.accept(&memory)?;
        let mut log = Log::new(program, memory)?;
        // The firmware logs when its serial line is set up. QEMU may read a second later what
        // arrives before that.
        let start = Instant::now();
        while !log.has_begun()? && start.elapsed() < FIRST_LOG {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Self { serial, log, process, _flash: flash })
    }

    /// Returns the board's log since the last call, as defmt encodes it.
    ///
    /// # Errors
    /// Returns [`EmulatorError::Socket`] if the emulator has ended, and [`EmulatorError::Log`] if
    /// the log is damaged.
    pub fn log_entries(&mut self) -> Result<Vec<u8>, EmulatorError> {
        self.log.entries()
    }

    /// Returns the board's log since the last call, with one line per entry. The board drops
    /// entries when its buffer is full.
    ///
    /// # Errors
    /// Returns [`EmulatorError::Socket`] if the emulator has ended, and [`EmulatorError::Log`] if
    /// the log is damaged.
    pub fn log_lines(&mut self) -> Result<Vec<String>, EmulatorError> {
        self.log.lines()
    }

    /// Has the PC at the board's USB port read what the board sends, as it does at first, or not any
    /// more. The port stays open.
    ///
    /// # Errors
    /// Returns [`EmulatorError::Log`] if the line is not [`Line::Usb`], and
    /// [`EmulatorError::Socket`] if the emulator has ended.
    pub fn set_usb_reading(&mut self, is_reading: bool) -> Result<(), EmulatorError> {
        self.log.set_usb_reading(is_reading)
    }

    /// Reads a line of text that the board sends, without its end.
    ///
    /// # Errors
    /// Returns [`io::ErrorKind::TimedOut`] if none comes within `patience`,
    /// [`io::ErrorKind::UnexpectedEof`] if the emulator has ended, and the errors of the socket.
    pub fn read_text(&mut self, patience: Duration) -> io::Result<String> {
        let start = Instant::now();
        let (mut line, mut byte) = (Vec::new(), [0]);
        loop {
            match self.read(&mut byte) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) if byte == *b"\n" => {
                    let text = line.strip_suffix(b"\r").unwrap_or(&line);
                    return Ok(String::from_utf8_lossy(text).into_owned());
                }
                Ok(_) => line.extend(byte),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                }
                Err(error) => return Err(error),
            }
            if start.elapsed() > patience {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    /// Returns another handle to the serial line.
    ///
    /// # Errors
    /// Returns the error of the operating system.
    pub fn serial(&self) -> io::Result<TcpStream> {
        self.serial.try_clone()
    }

    /// Returns true if the emulator still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }
}

impl Read for Emulator {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.serial.read(buffer)
    }
}

impl Write for Emulator {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.serial.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.serial.flush()
    }
}

/// The reason why a board could not be emulated.
#[derive(Debug)]
pub enum EmulatorError {
    /// The firmware could not be built for this board. Cargo has printed why.
    Build(&'static Board),
    /// A file could not be read or written.
    File(PathBuf, io::Error),
    /// The file is not a firmware of this project.
    NoFirmware(PathBuf),
    /// Flashing this firmware would overwrite the board's gallery.
    Gallery(PathBuf),
    /// There is no emulator of this board.
    NoEmulator(&'static Board),
    /// The emulator of this board has no USB port.
    NoUsb(&'static Board),
    /// Another emulator uses this file.
    InUse(PathBuf),
    /// This tool is not installed.
    Missing(Tool),
    /// The emulator ended at once, with this message.
    Start(Tool, String),
    /// A socket to the emulator could not be used.
    Socket(io::Error),
    /// The board's log cannot be read.
    Log(String),
}

impl fmt::Display for EmulatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(board) => write!(
                f,
                "the firmware could not be built for {}: see above. Is the compiler's target there? \
                 `rustup target add {}` installs it",
                board.name, board.target
            ),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::NoFirmware(path) => write!(f, "{} is not a firmware of tinytriplet", path.display()),
            Self::Gallery(path) => {
                write!(
                    f,
                    "{} would overwrite the board's gallery: its linker laid it out wrong",
                    path.display()
                )
            }
            Self::NoEmulator(board) => {
                write!(
                    f,
                    "there is no emulator of {}: flash it to a real one, see docs/BOARDS.md",
                    board.name
                )
            }
            Self::NoUsb(board) => {
                write!(
                    f,
                    "{} does not emulate the USB port of {}: leave --usb out",
                    board.emulator, board.name
                )
            }
            Self::InUse(path) => {
                write!(
                    f,
                    "{} is the flash of a board that runs: end it, or give another file",
                    path.display()
                )
            }
            Self::Missing(tool) => write!(
                f,
                "{} is not installed. `.ci/setup` installs it, and so does\n  {}",
                tool.program(),
                tool.installation()
            ),
            Self::Start(tool, message) => {
                write!(f, "the emulator {} did not start: {message}", tool.program())
            }
            Self::Socket(error) => write!(f, "no socket between this program and the emulator: {error}"),
            Self::Log(message) => write!(f, "the board's log cannot be read: {message}"),
        }
    }
}

impl std::error::Error for EmulatorError {}
