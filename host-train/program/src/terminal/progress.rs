use super::{
    output::{TASK, is_quiet, note},
    text::{seconds, whole_seconds},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    env,
    io::{self, IsTerminal},
    ops::Range,
    time::{Duration, Instant},
};
use tinytriplet_report::text::thousands;

/// Without a terminal, a line is printed this often at most.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Redraws a second: what changes more often cannot be read.
const HERTZ: u8 = 5;
/// The time that a task must have run before the rest can be estimated.
const TELLING: Duration = Duration::from_secs(2);

/// Progress of one long task.
pub struct Progress {
    view: View,
    task: &'static str,
    unit: &'static str,
    total: u64,
    started: Instant,
    /// The first count of [`set`](Self::set), and its time: a resumed training does not begin with
    /// 0.
    first: Option<(u64, Instant)>,
    shown: Instant,
}

enum View {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

impl View {
    fn new() -> Self {
        let is_dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        if is_quiet() {
            Self::Nothing
        } else if io::stderr().is_terminal() && !is_dumb {
            let target = ProgressDrawTarget::stderr_with_hz(HERTZ);
            Self::Bar(ProgressBar::with_draw_target(None, target))
        } else {
            Self::Lines
        }
    }

    fn every(&self) -> Duration {
        match self {
            Self::Bar(_) => Duration::from_secs(1) / HERTZ.into(),
            Self::Lines | Self::Nothing => LINE_EVERY,
        }
    }
}

impl Progress {
    /// Begins a task of `total` units, `steps` or `images`; 0 where that is not known.
    pub fn new(task: &'static str, total: u64, unit: &'static str) -> Self {
        let now = Instant::now();
        let progress = Self { view: View::new(), task, unit, total, started: now, first: None, shown: now };
        if let View::Bar(bar) = &progress.view {
            // The length draws it: in these looks already.
            bar.set_style(progress.style(""));
            bar.set_length(total);
            bar.enable_steady_tick(progress.view.every());
        }
        progress
    }

    /// Sets the units that are done; `details`, which may be empty, are shown with that.
    pub fn set(&mut self, done: u64, details: impl FnOnce() -> String) {
        let is_first = self.first.is_none();
        let (begun, since) = *self.first.get_or_insert((done, Instant::now()));
        let is_due = self.shown.elapsed() >= self.view.every();
        let is_new_bar = is_first && matches!(self.view, View::Bar(_));
        if !is_due && !is_new_bar {
            return;
        }
        self.shown = Instant::now();
        let left = left(begun..done, self.total, since.elapsed());
        let left = left.map_or(String::new(), |left| format!(", {} left", whole_seconds(left)));
        let details = details();
        match &self.view {
            View::Bar(bar) => {
                bar.set_style(self.style(&details));
                bar.set_prefix(left);
                bar.set_message(details);
                bar.set_position(done);
            }
            View::Lines => {
                let of =
                    if self.total > 0 { format!(" of {}", thousands(self.total)) } else { String::new() };
                let colon = if details.is_empty() { "" } else { ": " };
                note(self.task, format_args!("{}{of} {}{left}{colon}{details}", thousands(done), self.unit));
            }
            View::Nothing => {}
        }
    }

    /// Returns the bar's looks: details have a line of their own, cut to the terminal's width.
    fn style(&self, details: &str) -> ProgressStyle {
        let Self { task, unit, .. } = self;
        let mut template = match self.total {
            0 => format!("{task:>TASK$} {{spinner}} {{elapsed}}"),
            _ => format!("{task:>TASK$} {{bar:16}} {{human_pos}} of {{human_len}} {unit}{{prefix}}"),
        };
        if !details.is_empty() {
            template += &format!("\n{:TASK$} {{wide_msg}}", "");
        }
        ProgressStyle::with_template(&template).expect("the template is correct").progress_chars("━╸─")
    }

    /// Does something that prints, not in the middle of the bar.
    pub fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        match &self.view {
            View::Bar(bar) => bar.suspend(print),
            View::Lines | View::Nothing => print(),
        }
    }

    /// Changes the number of units, where it becomes known late.
    pub fn set_total(&mut self, total: u64) {
        self.total = total;
        if let View::Bar(bar) = &self.view {
            bar.set_length(total);
        }
    }

    /// Ends the task with a line that stays.
    pub fn finish(self, text: &str) {
        let (task, time) = (self.task, self.started.elapsed());
        drop(self);
        note(task, format_args!("{text} ({})", seconds(time)));
    }
}

impl Drop for Progress {
    /// Removes the bar: after it come results, or an error.
    fn drop(&mut self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }
}

/// Estimates how long the rest of `total` units will take, given that those of `done` took `time`;
/// `None` if that is too short to tell.
fn left(done: Range<u64>, total: u64, time: Duration) -> Option<Duration> {
    let rest = total.checked_sub(done.end)?;
    let fresh = done.end.saturating_sub(done.start);
    (time >= TELLING && fresh > 0).then(|| time.mul_f64(rest as f64 / fresh as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_when_it_is_known() {
        let seconds = Duration::from_secs;
        assert_eq!(left(0..10, 40, seconds(5)), Some(seconds(15)));
        // Of a resumed training, only what was done here counts.
        assert_eq!(left(900..910, 1_000, seconds(5)), Some(seconds(45)));
        assert_eq!(left(0..10, 40, seconds(1)), None, "too early");
        assert_eq!(left(10..10, 40, seconds(5)), None, "nothing done");
        assert_eq!(left(0..10, 0, seconds(5)), None, "no end is known");
    }
}
