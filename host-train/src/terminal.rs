//! What a person sees while the program works: a bar on a terminal, a line now and then in a pipe or a log.
//!
//! Progress goes to standard error, results to standard output, so that results can be piped.

use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::IsTerminal,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// The status of a program that Ctrl-C ended, as shells have it.
pub const INTERRUPTED: u8 = 130;

/// Whether Ctrl-C was pressed.
static PRESSED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C is what [`interrupted`] tells, and a second one ends the program.
///
/// # Errors
/// The system does not let it listen.
pub fn listen_for_interrupt() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if PRESSED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
    })
}

/// Whether Ctrl-C was pressed since [`listen_for_interrupt`].
pub fn interrupted() -> bool {
    PRESSED.load(Ordering::Relaxed)
}

/// Progress of one long task.
pub struct Progress {
    bar: Option<ProgressBar>,
    task: &'static str,
    total: u64,
    started: Instant,
    printed: Instant,
}

const BAR: &str = "{prefix:>10} {bar:7} {pos}/{len} {msg}";
/// Without a terminal, a line is printed at most this often.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    /// Begins a task of `total` steps; 0 where that is not known.
    pub fn new(task: &'static str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let template = match total {
                0 => "{prefix:>10} {spinner} {elapsed} {msg}",
                _ => BAR,
            };
            let style = ProgressStyle::with_template(template).expect("the template is correct");
            let bar = ProgressBar::new(total).with_style(style).with_prefix(task);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let started = Instant::now();
        Self { bar, task, total, started, printed: started }
    }

    /// `done` steps are done; `note` stands behind the bar.
    pub fn set(&mut self, done: u64, note: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(note());
        } else if self.printed.elapsed() >= LINE_EVERY {
            self.printed = Instant::now();
            eprintln!("{:>10} {done}/{} {}", self.task, self.total, note());
        }
    }

    /// Prints something to standard output, not in the middle of the bar.
    pub fn suspend(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Changes the number of steps, where it becomes known late.
    pub fn set_total(&mut self, total: u64) {
        if self.total == total {
            return;
        }
        self.total = total;
        if let Some(bar) = &self.bar {
            bar.set_style(ProgressStyle::with_template(BAR).expect("the template is correct"));
            bar.set_length(total);
        }
    }

    /// Ends the task with a line that stays.
    pub fn finish(self, note: &str) {
        let (task, time) = (self.task, self.started.elapsed());
        drop(self);
        eprintln!("{task:>10} {note} ({})", seconds(time));
    }
}

impl Drop for Progress {
    /// The bar goes: behind it come results, or an error.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `12.3 s`, or `4 min 5 s`.
pub fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 100.0 => format!("{seconds:.1} s"),
        seconds => format!("{} min {:.0} s", (seconds / 60.0).floor(), seconds % 60.0),
    }
}

/// `1 image`, `3 images`, `1,000 images`.
pub fn count(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// The beginning of `text` that fits `columns`, with `…` at its end where there is more.
pub fn cut(text: &str, columns: usize) -> String {
    match text.char_indices().nth(columns) {
        Some(_) => text.chars().take(columns - 1).chain(['…']).collect(),
        None => text.into(),
    }
}

/// `1234567` as `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(count(1, "label"), "1 label");
        assert_eq!(count(2_000, "label"), "2,000 labels");
        assert_eq!((cut("größer", 6), cut("größer", 5)), ("größer".into(), "größ…".into()));
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_412_224), "1,412,224");
        assert_eq!(seconds(Duration::from_millis(1_234)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(245)), "4 min 5 s");
    }
}
