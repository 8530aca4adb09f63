//! The cost of a net on boards: as the ledger counted it, or estimated from what the ledger counted
//! of others.

use super::BoardEstimate;
use shared_model::Model;
use tinytriplet_ledger::{Cost, Kernel, Ledger, Step, Work, boards};

/// Returns the cost of an inference of `model`, which is packed, on each board of the ledger.
/// `flash` is the length of its file. Empty if a layer takes a plain kernel, which the ledger does
/// not have.
pub fn estimates(model: &Model<'_>, flash: usize) -> Vec<BoardEstimate> {
    let works: Vec<Work> = model.steps().map(|step| Work::new(&step)).collect();
    let on = |board: Ledger| {
        let counted = board.nets.iter().find(|net| net.steps.iter().map(|step| &step.work).eq(&works));
        let cost = match counted {
            Some(net) => net.embed,
            None => {
                let known: Vec<&Step> = board.nets.iter().flat_map(|net| &net.steps).collect();
                estimate(&works, &known)?
            }
        };
        // The stack hardly depends on the net; where it was not measured, the largest is the safe
        // guess.
        let largest = board.nets.iter().map(|net| net.ram.stack).max()?;
        let clocked = cost.cycles.zip(board.megahertz);
        let milliseconds = clocked.map(|(cycles, mhz)| cycles as f64 / f64::from(mhz) / 1e3);
        Some(BoardEstimate {
            board: board.board,
            description: board.description,
            instructions: cost.instructions,
            counted: counted.is_some(),
            milliseconds,
            ram: model.ram_len() + counted.map_or(largest, |net| net.ram.stack),
            flash,
        })
    };
    boards().into_iter().filter_map(on).collect()
}

/// Estimates the cost of steps together, judged by steps that were counted; `None` if none was
/// counted of a step's kernel.
fn estimate(works: &[Work], known: &[&Step]) -> Option<Cost> {
    let sum = |of: &dyn Fn(Cost) -> Option<u64>| -> Option<u64> {
        works.iter().map(|work| step(work, known, of)).sum::<Option<f64>>().map(|sum| sum.round() as u64)
    };
    let instructions = sum(&|cost| Some(cost.instructions))?;
    Some(Cost { instructions, cycles: sum(&|cost| cost.cycles) })
}

/// Returns the cost of a step: so much for each multiplication, for each value that is gathered for
/// a window, and for each value that is put out, by the steps of its path that were counted.
fn step(work: &Work, known: &[&Step], of: &dyn Fn(Cost) -> Option<u64>) -> Option<f64> {
    if work.kernel == Kernel::Reference {
        return None;
    }
    let alike: Vec<(&Work, f64)> = known
        .iter()
        .filter(|entry| entry.work.kernel == work.kernel)
        .map(|entry| Some((&entry.work, of(entry.cost)? as f64)))
        .collect::<Option<_>>()?;
    if alike.is_empty() {
        return None;
    }
    let rows: Vec<[f64; 3]> =
        alike.iter().map(|(known, cost)| drivers(known).map(|count| count / cost)).collect();
    let prices = prices(&rows);
    Some(drivers(work).iter().zip(prices).map(|(count, price)| count * price).sum())
}

/// Returns the numbers that a step's cost grows with: multiplications, gathered values, outputs before the
/// pool.
fn drivers(work: &Work) -> [f64; 3] {
    let [height, width, channels] = work.output.map(f64::from);
    if work.kernel == Kernel::Weightless {
        // Values instead of multiplications.
        let [rows, columns] = work.window.unwrap_or([1, 1]).map(f64::from);
        let outputs = height * width * channels;
        return [outputs * rows * columns, 0.0, outputs];
    }
    let macs = work.macs as f64;
    let pooled = if work.pool == Some([2, 2]) { 4.0 } else { 1.0 };
    let positions = height * width * pooled;
    [macs, macs / channels, positions * channels]
}

/// Prices, none negative, by which all rows come as near to 1 as can be: least squares by
/// coordinate descent, which for three unknowns is there after some thousand turns.
fn prices(rows: &[[f64; 3]]) -> [f64; 3] {
    let mut prices = [0.0; 3];
    for turn in 0..9_000 {
        let of = turn % 3;
        let others =
            |row: &[f64; 3]| row.iter().zip(&prices).map(|(x, p)| x * p).sum::<f64>() - row[of] * prices[of];
        let missing: f64 = rows.iter().map(|row| row[of] * (1.0 - others(row))).sum();
        let squares: f64 = rows.iter().map(|row| row[of] * row[of]).sum();
        prices[of] = (missing / squares).max(0.0);
    }
    prices
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinytriplet_ledger::Net;

    #[test]
    fn prices_follow_from_what_was_counted() {
        // 2 a multiplication, 3 a gathered value, 5 an output.
        let counts = [[100.0, 10.0, 7.0], [400.0, 10.0, 1.0], [50.0, 40.0, 3.0], [9.0, 3.0, 30.0]];
        let cost = |row: &[f64; 3]| 2.0 * row[0] + 3.0 * row[1] + 5.0 * row[2];
        let found = prices(&counts.map(|row| row.map(|count| count / cost(&row))));
        assert!(
            found.iter().zip([2.0, 3.0, 5.0]).all(|(found, price)| (found - price).abs() < 1e-3),
            "{found:?}"
        );
    }

    /// Returns the error of each net of a board, estimated from the others.
    fn leave_one_out(board: &Ledger) -> Vec<(String, f64)> {
        let error = |net: &Net| {
            let others = board.nets.iter().filter(|other| other.name != net.name);
            let known: Vec<&Step> = others.flat_map(|net| &net.steps).collect();
            let works: Vec<Work> = net.steps.iter().map(|step| step.work.clone()).collect();
            let cost = estimate(&works, &known).unwrap();
            assert_eq!(cost.cycles.is_some(), net.embed.cycles.is_some());
            (net.name.clone(), cost.instructions as f64 / net.embed.instructions as f64 - 1.0)
        };
        board.nets.iter().map(error).collect()
    }

    /// Within a quarter, or a little more, but for two nets that are cheaper than their like: most of
    /// what they do is a first layer, and each of those has another size and some have code of their own.
    #[test]
    fn each_net_estimated_from_the_others() {
        for board in boards() {
            for (net, error) in leave_one_out(&board) {
                let cheaper = ["origin", "lenet5"].contains(&net.as_str());
                let within = if cheaper { 0.2..0.8 } else { -0.28..0.25 };
                assert!(within.contains(&error), "{}: {net} is {:+.1} % off", board.board, 100.0 * error);
            }
        }
    }
}
