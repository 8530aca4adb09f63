//! A board that is not there: the firmware in `qemu-system-arm`, its serial line on a socket, its log read from
//! memory as a debug probe would.

mod build;
mod log;
mod program;

pub use build::build;
pub use program::Program;

use crate::boards::Board;
use log::Log;
use std::{
    fmt, io,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The emulator's program.
const QEMU: &str = "qemu-system-arm";
/// A shell's status for a program that is not there.
const NOT_FOUND: i32 = 127;
/// How long the emulator may take to start.
const START: Duration = Duration::from_secs(20);
/// How long the firmware's first words are waited for; it may have been built to be silent.
const FIRST_LOG: Duration = Duration::from_secs(1);
/// How long a read waits for bytes before it says that there are none.
const READ_TIMEOUT: Duration = Duration::from_millis(50);
/// How long a write waits for a board that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// A running board. What is read and written goes over its serial line; it is switched off when dropped.
pub struct Emulator {
    serial: TcpStream,
    log: Log,
    // Last, so that QEMU ends after the sockets: nothing of it is left then.
    qemu: Qemu,
}

impl Emulator {
    /// Starts the program on its board.
    ///
    /// # Errors
    /// QEMU is not installed, or does not start.
    pub fn boot(program: &Program) -> Result<Self, EmulatorError> {
        let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(EmulatorError::Socket);
        let (serial, memory) = (listen()?, listen()?);
        let mut qemu = Qemu::start(program, &serial, &memory)?;
        let serial = qemu.accept(&serial)?;
        serial
            .set_read_timeout(Some(READ_TIMEOUT))
            .and_then(|()| serial.set_write_timeout(Some(WRITE_TIMEOUT)))
            .map_err(EmulatorError::Socket)?;
        let memory = qemu.accept(&memory)?;
        let mut log = Log::new(program, memory)?;
        // The firmware logs when its serial line is set up. QEMU may look a second later at what arrives before.
        let start = Instant::now();
        while !log.has_begun()? && start.elapsed() < FIRST_LOG {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Self { serial, log, qemu })
    }

    /// What the board has logged since the last call, as defmt encodes it.
    ///
    /// # Errors
    /// The emulator has ended, or the log is damaged.
    pub fn log_entries(&mut self) -> Result<Vec<u8>, EmulatorError> {
        self.log.entries()
    }

    /// What the board has logged since the last call, a line an entry. The board drops entries when its
    /// buffer is full.
    ///
    /// # Errors
    /// The emulator has ended, or the log is damaged.
    pub fn log_lines(&mut self) -> Result<Vec<String>, EmulatorError> {
        self.log.lines()
    }

    /// Whether it still runs. A board that resets itself, as after a panic, ends the emulator.
    pub fn is_running(&mut self) -> bool {
        matches!(self.qemu.0.try_wait(), Ok(None))
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

/// The process, which ends with this value.
struct Qemu(Child);

impl Qemu {
    fn start(program: &Program, serial: &TcpListener, memory: &TcpListener) -> Result<Self, EmulatorError> {
        let board = program.board();
        let address = |listener: &TcpListener| {
            let address = listener.local_addr().map_err(EmulatorError::Socket)?;
            Ok(format!("tcp:{address},nodelay=on"))
        };
        let mut command = leashed(QEMU);
        command.args(["-M", board.machine, "-display", "none", "-monitor", "none", "-no-reboot"]);
        for _ in 0..board.serial_port {
            command.args(["-serial", "null"]);
        }
        command.args(["-serial", &address(serial)?]);
        // The protocol of QEMU's own tests: it reads and writes memory while the processor runs.
        command.args(["-qtest", &address(memory)?, "-qtest-log", "none"]);
        command.arg("-kernel").arg(program.path());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        child.map(Self).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => EmulatorError::NoQemu,
            _ => EmulatorError::Start(error.to_string()),
        })
    }

    /// Waits until it connects.
    fn accept(&mut self, listener: &TcpListener) -> Result<TcpStream, EmulatorError> {
        listener.set_nonblocking(true).map_err(EmulatorError::Socket)?;
        let start = Instant::now();
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).map_err(EmulatorError::Socket)?;
                    stream.set_nodelay(true).map_err(EmulatorError::Socket)?;
                    return Ok(stream);
                }
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Err(EmulatorError::Socket(error));
                }
                Err(_) => {}
            }
            if let Ok(Some(status)) = self.0.try_wait() {
                if status.code() == Some(NOT_FOUND) {
                    return Err(EmulatorError::NoQemu);
                }
                let mut message = String::new();
                if let Some(stderr) = self.0.stderr.as_mut() {
                    // Without a message there is still the fact.
                    let _ = stderr.read_to_string(&mut message);
                }
                return Err(EmulatorError::Start(message.trim().to_owned()));
            }
            if start.elapsed() > START {
                return Err(EmulatorError::Start(format!("no connection within {} s", START.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A command that ends when its standard input does, thus with this program, however that ends.
#[cfg(unix)]
fn leashed(program: &str) -> Command {
    // The shell's child that waits for the end must not hold QEMU's standard error open.
    const LEASH: &str = "exec 3<&0; \"$@\" 3<&- </dev/null & qemu=$!; \
        { read -r _; kill $qemu; } <&3 >/dev/null 2>&1 & leash=$!; \
        exec 3<&- </dev/null; wait $qemu; status=$?; kill $leash; exit $status";
    let mut command = Command::new("sh");
    command.args(["-c", LEASH, "sh", program]);
    command
}

#[cfg(not(unix))]
fn leashed(program: &str) -> Command {
    Command::new(program)
}

impl Drop for Qemu {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        if cfg!(not(unix)) {
            // Fails only where it has ended already, as does the next.
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
}

/// Why a board could not be emulated.
#[derive(Debug)]
pub enum EmulatorError {
    /// The firmware could not be built for this board; Cargo has said why.
    Build(&'static Board),
    /// A file could not be read or written.
    File(PathBuf, io::Error),
    /// The file is no firmware of this project.
    NoFirmware(PathBuf),
    /// `qemu-system-arm` is not installed.
    NoQemu,
    /// QEMU ended at once, with this message.
    Start(String),
    /// A socket to QEMU could not be had.
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
            Self::NoQemu => write!(
                f,
                "the emulator {QEMU} is not installed. `.ci/setup` installs it, and so do\n  \
                 apt-get install qemu-system-arm     (Debian, Ubuntu)\n  \
                 dnf install qemu-system-arm-core    (Fedora)\n  \
                 brew install qemu                   (macOS)"
            ),
            Self::Start(message) => write!(f, "the emulator {QEMU} did not start: {message}"),
            Self::Socket(error) => write!(f, "no socket between this program and {QEMU}: {error}"),
            Self::Log(message) => write!(f, "the board's log cannot be read: {message}"),
        }
    }
}

impl std::error::Error for EmulatorError {}
