//! The emulator's process.

use super::{EmulatorError, Line, Program};
use std::{
    io::{self, Read},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tinytriplet_boards::Emulated;

/// A shell's status for a program that it does not find.
const NOT_FOUND: i32 = 127;
/// The time that the emulator may need to start.
const START: Duration = Duration::from_secs(20);

/// A running emulator, which ends with this value.
pub struct Process {
    child: Child,
    tool: Tool,
}

impl Process {
    /// Starts the emulator of the program's board. It connects to both listeners: with the board's
    /// serial port to `serial`, and with QEMU's "qtest" protocol, which reads the board's memory,
    /// to `memory`. `flash` is the file that stands for the memory that the board
    /// [keeps](tinytriplet_boards::Board::kept_memory). If `counting`, virtual time passes by
    /// instructions, so that timers count them. `line` is the board's line to the PC.
    pub fn start(
        program: &Program,
        serial: &TcpListener,
        memory: &TcpListener,
        flash: Option<&Path>,
        counting: bool,
        line: Line,
    ) -> Result<Self, EmulatorError> {
        let address = |listener: &TcpListener| {
            listener.local_addr().map(|address| address.to_string()).map_err(EmulatorError::Socket)
        };
        let (serial, memory) = (address(serial)?, address(memory)?);
        let board = program.board();
        if line == Line::Usb && board.emulator != Emulated::Rp2040js {
            return Err(EmulatorError::NoUsb(board));
        }
        let (tool, mut command) = match board.emulator {
            Emulated::QemuArm { machine, serial_port, .. } => {
                let mut command = leashed(Tool::QemuArm.program());
                command.args(["-machine", machine]);
                for _ in 0..serial_port {
                    command.args(["-serial", "null"]);
                }
                (Tool::QemuArm, command)
            }
            Emulated::QemuRiscv32 { machine, .. } => {
                let mut command = leashed(Tool::QemuRiscv32.program());
                command.args(["-machine", machine, "-bios", "none"]);
                (Tool::QemuRiscv32, command)
            }
            Emulated::Rp2040js => {
                let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("emulator-js");
                if !scripts.join("node_modules/rp2040js").is_dir() {
                    return Err(EmulatorError::Missing(Tool::Rp2040js));
                }
                let mut command = leashed(Tool::Node.program());
                command.arg(scripts.join("rp2040.mjs")).arg(program.path()).args([&serial, &memory]);
                command.args(flash).arg(board.gallery.origin.to_string()).arg(line.name());
                (Tool::Node, command)
            }
            Emulated::None => return Err(EmulatorError::NoEmulator(board)),
        };
        if tool != Tool::Node {
            command.args(["-display", "none", "-monitor", "none"]);
            command.arg("-serial").arg(format!("tcp:{serial},nodelay=on"));
            // The protocol of QEMU's own tests: it reads and writes memory while the processor
            // runs.
            command.arg("-qtest").arg(format!("tcp:{memory},nodelay=on"));
            command.args(["-qtest-log", "none"]);
            if let (Some(flash), Some(memory)) = (flash, board.kept_memory()) {
                // In QEMU's options, a comma is doubled.
                let path = flash.display().to_string().replace(',', ",,");
                command.args(["-m", &format!("{}M", memory.len >> 20), "-machine", "memory-backend=kept"]);
                command
                    .arg("-object")
                    .arg(format!("memory-backend-file,id=kept,size={},mem-path={path},share=on", memory.len));
            }
            if let Some(shift) = board.counter.shift().filter(|_| counting) {
                command.arg("-icount").arg(format!("shift={shift}"));
            }
            command.arg("-kernel").arg(program.path());
        }
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        child.map(|child| Self { child, tool }).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => EmulatorError::Missing(tool),
            _ => EmulatorError::Start(tool, error.to_string()),
        })
    }

    /// Returns true if it has not ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until it connects.
    pub fn accept(&mut self, listener: &TcpListener) -> Result<TcpStream, EmulatorError> {
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
            if let Ok(Some(status)) = self.child.try_wait() {
                if status.code() == Some(NOT_FOUND) {
                    return Err(EmulatorError::Missing(self.tool));
                }
                let mut message = String::new();
                if let Some(stderr) = self.child.stderr.as_mut() {
                    // Without a message there is still the status.
                    let _ = stderr.read_to_string(&mut message);
                }
                return Err(EmulatorError::Start(self.tool, message.trim().to_owned()));
            }
            if start.elapsed() > START {
                return Err(EmulatorError::Start(
                    self.tool,
                    format!("no connection within {} s", START.as_secs()),
                ));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Returns a command that ends when its standard input does, and so with this program, however that
/// ends.
#[cfg(unix)]
fn leashed(program: &str) -> Command {
    // The shell's child that waits for the end must not hold the emulator's standard error open.
    // Killing the emulator is a power cut: it executes nothing more.
    const LEASH: &str = "exec 3<&0; \"$@\" 3<&- </dev/null & emulator=$!; \
        { read -r _; kill -9 $emulator; } <&3 >/dev/null 2>&1 & leash=$!; \
        exec 3<&- </dev/null; wait $emulator; status=$?; kill $leash; exit $status";
    let mut command = Command::new("sh");
    command.args(["-c", LEASH, "sh", program]);
    command
}

#[cfg(not(unix))]
fn leashed(program: &str) -> Command {
    Command::new(program)
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if cfg!(not(unix)) {
            // Both fail only if it has ended already.
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// A program that emulation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `qemu-system-arm`.
    QemuArm,
    /// `qemu-system-riscv32`.
    QemuRiscv32,
    /// `node`.
    Node,
    /// The npm package `rp2040js`.
    Rp2040js,
}

impl Tool {
    /// Returns its name.
    pub fn program(self) -> &'static str {
        match self {
            Self::QemuArm => "qemu-system-arm",
            Self::QemuRiscv32 => "qemu-system-riscv32",
            Self::Node => "node",
            Self::Rp2040js => "rp2040js",
        }
    }

    /// Returns commands that install it.
    pub(super) fn installation(self) -> &'static str {
        match self {
            Self::QemuArm => {
                "apt-get install qemu-system-arm     (Debian, Ubuntu)\n  \
                 dnf install qemu-system-arm-core    (Fedora)\n  \
                 brew install qemu                   (macOS)"
            }
            Self::QemuRiscv32 => {
                "apt-get install qemu-system-misc    (Debian, Ubuntu)\n  \
                 dnf install qemu-system-riscv-core  (Fedora)\n  \
                 brew install qemu                   (macOS)"
            }
            Self::Node => {
                "apt-get install nodejs npm          (Debian, Ubuntu)\n  \
                 dnf install nodejs nodejs-npm      (Fedora)\n  \
                 brew install node                   (macOS)"
            }
            Self::Rp2040js => concat!("npm ci --prefix ", env!("CARGO_MANIFEST_DIR"), "/emulator-js"),
        }
    }
}
