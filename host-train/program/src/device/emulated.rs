//! A board in an emulator, which the project's launcher (`cargo run -p firmware`) builds and boots.

use super::{
    error::PortError,
    settings::{READ, Settings},
};
use std::{
    env,
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

/// The time that the launcher may take to end once its input has.
const END: Duration = Duration::from_secs(5);

/// The end of the name of a board that is talked to over its USB port.
const USB: &str = ":usb";

/// The launcher. Its standard input and output are the board's serial line. It ends when this is
/// dropped, and with it the board: what is not in its flash is lost, as when its power is cut.
pub(super) struct Emulated {
    launcher: Child,
    /// `None` at the end.
    input: Option<ChildStdin>,
    output: Receiver<Vec<u8>>,
    /// Bytes that have been received and not yet been read.
    rest: Vec<u8>,
}

impl Emulated {
    pub fn start(board: &str, settings: &Settings) -> Result<Self, PortError> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let failed = |error| PortError::Launcher { board: board.into(), workspace: workspace.clone(), error };
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let (name, line) = board.strip_suffix(USB).map_or((board, None), |name| (name, Some("--usb")));
        command.args(["run", "--quiet", "--package", "firmware", "--", "--serve", name]).args(line);
        if settings.quiet {
            command.arg("--quiet");
        }
        if let Some(flash) = &settings.flash {
            // It is started in another folder than this program was.
            let flash: PathBuf = std::path::absolute(flash).map_err(failed)?;
            command.arg("--flash").arg(flash);
        }
        // Ctrl-C is for this program, which then ends the board in order.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut launcher = command
            .current_dir(&workspace)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let input = launcher.stdin.take();
        let (sender, output) = channel();
        if let Some(mut bytes) = launcher.stdout.take() {
            // It ends with the launcher. A pipe knows no timeouts, a channel does.
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(len @ 1..) = bytes.read(&mut buffer) {
                    if sender.send(buffer[..len].to_vec()).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Self { launcher, input, output, rest: Vec::new() })
    }

    /// Returns how the launcher ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let start = Instant::now();
        // Its output ends a little before it does.
        while start.elapsed() < Duration::from_secs(1) {
            if let Ok(Some(status)) = self.launcher.try_wait() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

impl Read for Emulated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.rest = match self.output.recv_timeout(READ) {
                Ok(bytes) => bytes,
                Err(RecvTimeoutError::Timeout) => return Err(ErrorKind::TimedOut.into()),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            };
        }
        let len = buffer.len().min(self.rest.len());
        buffer[..len].copy_from_slice(&self.rest[..len]);
        self.rest.drain(..len);
        Ok(len)
    }
}

impl Write for Emulated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.input.as_mut().map_or(Err(ErrorKind::BrokenPipe.into()), |input| input.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.input.as_mut().map_or(Ok(()), |input| input.flush())
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        self.input = None;
        let start = Instant::now();
        while start.elapsed() < END {
            if !matches!(self.launcher.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = self.launcher.kill();
        let _ = self.launcher.wait();
    }
}
