//! Times for people.

use std::time::Duration;

/// Returns `12.3 s`, or `4 min 5 s`.
pub fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 99.95 => format!("{seconds:.1} s"),
        _ => whole_seconds(time),
    }
}

/// Returns `12 s`, `4 min 5 s`, or `2 h 4 min`.
pub(super) fn whole_seconds(time: Duration) -> String {
    match time.as_secs_f64().round() as u64 {
        seconds @ ..100 => format!("{seconds} s"),
        seconds @ ..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_for_people() {
        for (milliseconds, exact, whole) in [
            (1_234, "1.2 s", "1 s"),
            (99_949, "99.9 s", "1 min 40 s"),
            (99_950, "1 min 40 s", "1 min 40 s"),
            (119_700, "2 min 0 s", "2 min 0 s"),
            (245_000, "4 min 5 s", "4 min 5 s"),
            (7_440_000, "2 h 4 min", "2 h 4 min"),
        ] {
            let time = Duration::from_millis(milliseconds);
            assert_eq!((seconds(time), whole_seconds(time)), (exact.into(), whole.into()));
        }
    }
}
