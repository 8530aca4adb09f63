//! `history.csv` of a run: how training went, a line for each [`HistoryRow`].

use anyhow::{Context, Result, ensure};
use tinytriplet_evaluation::history::HistoryRow;

const HEAD: &str = "step,images_seen,seconds,loss,mined,learning_rate,held_out_precision_at_1";

/// Returns the history as comma-separated values.
pub fn to_csv(rows: &[HistoryRow]) -> String {
    let mut text = format!("{HEAD}\n");
    for row in rows {
        let HistoryRow { step, images_seen, seconds, loss, mined, learning_rate, precision_at_1 } = row;
        let precision = precision_at_1.map_or(String::new(), |precision| format!("{precision:.6}"));
        text += &format!(
            "{step},{images_seen},{seconds:.3},{loss:.6},{mined:.1},{learning_rate:.6e},{precision}\n"
        );
    }
    text
}

/// Reads what [`to_csv`] wrote, with the digits that it has.
///
/// # Errors
/// Returns an error if it is something else; the line is named.
pub fn from_csv(text: &str) -> Result<Vec<HistoryRow>> {
    let mut lines = text.lines();
    ensure!(lines.next() == Some(HEAD), "line 1 is not `{HEAD}`");
    lines.enumerate().map(|(at, line)| row(line).with_context(|| format!("line {}", at + 2))).collect()
}

fn row(line: &str) -> Result<HistoryRow> {
    let fields: Vec<&str> = line.split(',').collect();
    let &[step, images_seen, seconds, loss, mined, learning_rate, precision] = fields.as_slice() else {
        anyhow::bail!("{} values in place of 7", fields.len());
    };
    Ok(HistoryRow {
        step: step.parse()?,
        images_seen: images_seen.parse()?,
        seconds: seconds.parse()?,
        loss: loss.parse()?,
        mined: mined.parse()?,
        learning_rate: learning_rate.parse()?,
        precision_at_1: if precision.is_empty() { None } else { Some(precision.parse()?) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let row = |step, precision_at_1| HistoryRow {
            step,
            images_seen: 100 * step as u64,
            seconds: 1.5,
            loss: 0.123_456,
            mined: 12.5,
            learning_rate: 3e-3,
            precision_at_1,
        };
        let rows = vec![row(7, None), row(14, Some(0.987_654))];
        assert_eq!(from_csv(&to_csv(&rows)).unwrap(), rows);
        assert!(from_csv(&to_csv(&[])).unwrap().is_empty());
    }

    #[test]
    fn errors_name_the_line() {
        let error = |text: &str| format!("{:#}", from_csv(text).unwrap_err());
        assert!(error("").contains("line 1"));
        let text = to_csv(&[]) + "1,2,3,4,5,6,\n1,2,x,4,5,6,\n";
        assert!(error(&text).contains("line 3"), "{}", error(&text));
        assert!(error(&(to_csv(&[]) + "1,2\n")).contains("2 values"));
    }
}
