use super::board::Board;
use crate::terminal::{print, seconds};
use anyhow::{Context, Result, ensure};
use shared_model::wire::Restart;
use std::time::{Duration, Instant};

/// The time that a board may take to come back: longer than any watchdog waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// Restarts the board, and waits until it answers again.
pub fn run(mut board: Board, panic: bool, hang: bool) -> Result<()> {
    let how = match (panic, hang) {
        (true, _) => Restart::Panic,
        (_, true) => Restart::Hang,
        _ => Restart::Reset,
    };
    board.client.restart(how)?;
    let start = Instant::now();
    board.client.wait_until_ready(PATIENCE).with_context(|| {
        let reason = if hang { " (has it a watchdog?)" } else { "" };
        format!("the board has not come back within {}{reason}: reset it by hand", seconds(PATIENCE))
    })?;
    let uptime = Duration::from_millis(board.client.info()?.uptime);
    let waited = start.elapsed();
    // An emulated board's clock may run fast.
    ensure!(
        board.is_emulated || uptime <= waited + Duration::from_secs(1),
        "the board answers but has not restarted: it has been running for {}",
        seconds(uptime)
    );
    Ok(print(format_args!("{}: back after {}\n", board.name, seconds(waited)))?)
}

/// Restarts the board into its boot loader.
pub fn into_bootloader(mut board: Board) -> Result<()> {
    board.client.restart(Restart::Bootloader)?;
    Ok(print(format_args!("{}: a drive until it gets a UF2 file, or is plugged in again\n", board.name))?)
}
