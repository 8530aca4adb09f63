//! The log of an emulated board.

use super::{EmulatorError, Program};
use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

/// The board's log: SEGGER's "real time transfer", a ring buffer that a debug probe, or here the
/// emulator, empties while the processor runs.
const RTT: &str = "_SEGGER_RTT";
/// First bytes of the control block, once the firmware has set it up.
const RTT_MAGIC: &[u8] = b"SEGGER RTT";
/// Offset in the control block of the first channel to the PC.
const CHANNEL: u64 = 24;
/// Offset in a channel of the index up to which the PC has read.
const READ_INDEX: u64 = 16;

/// Reads a board's log.
pub struct Log {
    program: PathBuf,
    /// `None` for a program of somebody else's that has no log.
    control_block: Option<u64>,
    memory: Memory,
    /// Bytes that were read. The last entry may be incomplete.
    pending: Vec<u8>,
}

impl Log {
    pub fn new(program: &Program, memory: TcpStream) -> Result<Self, EmulatorError> {
        let control_block = program.address(RTT);
        let program = program.path().to_owned();
        Ok(Self { program, control_block, memory: Memory::new(memory)?, pending: Vec::new() })
    }

    /// Returns true if anything was logged.
    pub fn has_begun(&mut self) -> Result<bool, EmulatorError> {
        self.drain()?;
        Ok(!self.pending.is_empty())
    }

    /// Returns the complete entries since the last call, as defmt has encoded them: each ends with
    /// its only zero.
    pub fn entries(&mut self) -> Result<Vec<u8>, EmulatorError> {
        self.drain()?;
        let complete = self.pending.iter().rposition(|&byte| byte == 0).map_or(0, |last| last + 1);
        Ok(self.pending.drain(..complete).collect())
    }

    /// Returns the entries since the last call, as text. `defmt-print`, which belongs to defmt,
    /// decodes them; if it is not installed, a line says so. (Its library would bring thirty crates
    /// into the workspace, and change features of those that Burn uses.)
    pub fn lines(&mut self) -> Result<Vec<String>, EmulatorError> {
        let entries = self.entries()?;
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = Command::new("defmt-print");
        command.args(["--log-format", "{L} {s}", "-e"]).arg(&self.program);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = match child {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let hint = "to read them: cargo install defmt-print --locked";
                return Ok(vec![format!("({} bytes; {hint})", entries.len())]);
            }
            child => child.map_err(EmulatorError::Socket)?,
        };
        // The input is closed after the entries, which ends the program.
        let written = child.stdin.take().map_or(Ok(()), |mut input| input.write_all(&entries));
        let output = child.wait_with_output().map_err(EmulatorError::Socket)?;
        written.map_err(EmulatorError::Socket)?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    /// Has the PC at the board's USB port read what the board sends, or not any more.
    pub fn set_usb_reading(&mut self, is_reading: bool) -> Result<(), EmulatorError> {
        self.memory.ask(&format!("usb-read {}\n", u8::from(is_reading))).map(drop)
    }

    /// Moves the content of the ring buffer to `pending`.
    fn drain(&mut self) -> Result<(), EmulatorError> {
        let Some(control_block) = self.control_block else { return Ok(()) };
        let block = self.memory.read(control_block, CHANNEL + 24)?;
        if !block.starts_with(RTT_MAGIC) {
            return Ok(());
        }
        let word = |index: u64| {
            let at = (CHANNEL + 4 * index) as usize;
            u64::from(u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]))
        };
        let (buffer, len, write, read) = (word(1), word(2), word(3), word(4));
        if write >= len || read >= len {
            return Err(EmulatorError::Log("its buffer is damaged".to_owned()));
        }
        let parts = if read <= write { [(read, write), (0, 0)] } else { [(read, len), (0, write)] };
        for (start, end) in parts {
            if start < end {
                let bytes = self.memory.read(buffer + start, end - start)?;
                self.pending.extend(bytes);
            }
        }
        self.memory.write_word(control_block + CHANNEL + READ_INDEX, write)
    }
}

/// The emulated board's memory, by the "qtest" protocol: one line asks, one line answers.
struct Memory(BufReader<TcpStream>);

impl Memory {
    fn new(stream: TcpStream) -> Result<Self, EmulatorError> {
        stream.set_read_timeout(Some(Duration::from_secs(10))).map_err(EmulatorError::Socket)?;
        Ok(Self(BufReader::new(stream)))
    }

    fn read(&mut self, address: u64, len: u64) -> Result<Vec<u8>, EmulatorError> {
        let answer = self.ask(&format!("read {address:#x} {len:#x}\n"))?;
        let digits = answer.strip_prefix("0x").unwrap_or_default().as_bytes();
        let byte = |pair: &[u8]| {
            let digit = |c: u8| char::from(c).to_digit(16);
            Some((digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?) as u8)
        };
        let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
        bytes.filter(|bytes| bytes.len() as u64 == len).ok_or_else(|| unexpected(&answer))
    }

    fn write_word(&mut self, address: u64, word: u64) -> Result<(), EmulatorError> {
        self.ask(&format!("writel {address:#x} {word:#x}\n")).map(|_| ())
    }

    /// Sends a line, and returns the answer after its `OK`.
    fn ask(&mut self, line: &str) -> Result<String, EmulatorError> {
        self.0.get_mut().write_all(line.as_bytes()).map_err(EmulatorError::Socket)?;
        let mut answer = String::new();
        self.0.read_line(&mut answer).map_err(EmulatorError::Socket)?;
        match answer.trim_end().strip_prefix("OK") {
            Some(rest) => Ok(rest.trim_start().to_owned()),
            None => Err(unexpected(&answer)),
        }
    }
}

fn unexpected(answer: &str) -> EmulatorError {
    EmulatorError::Log(format!("the emulator answered {answer:?}"))
}
