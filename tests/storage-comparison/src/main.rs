//! Tortures the firmware's store and the libraries that might have been used instead, and prints what they lose and
//! what they cost: the tables of `docs/STORAGE.md`.

mod candidates;

use candidates::{Ekv, Sequential};
use std::{collections::BTreeMap, env, ops::Range, panic, process::ExitCode};
use tests::torture::{Candidate, Own, Profile, enrol, torture};
use tinytriplet_boards as boards;

/// Leaves out what the libraries lack: a limit to the number of records, and removing all of them.
const PROFILE: Profile = Profile {
    capacity: 3,
    keys: 3,
    value_len: 8,
    operations: 24,
    clears: false,
    within: true,
    errors: false,
};

/// Records on a board.
const CAPACITY: usize = 16;

/// Bytes of a value on a board: a name's worth of text, and two embeddings or more.
const VALUE_LENS: [usize; 2] = [304, 608];

fn main() -> ExitCode {
    let Some((histories, seed)) = arguments() else {
        eprintln!("usage: storage-comparison [--histories N] [--seed S]");
        return ExitCode::FAILURE;
    };
    // What panics under torture is counted, not shown.
    panic::set_hook(Box::new(|_| {}));
    losses(histories, seed);
    costs();
    wear();
    ExitCode::SUCCESS
}

/// The histories to play with each candidate, and the first seed.
fn arguments() -> Option<(u64, u64)> {
    let (mut histories, mut seed) = (20_000, 0);
    let mut arguments = env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next()?.parse().ok()?;
        match &*name {
            "--histories" => histories = value,
            "--seed" => seed = value,
            _ => return None,
        }
    }
    Some((histories, seed))
}

/// Prints what each candidate loses on flashes of some geometries.
fn losses(histories: u64, seed: u64) {
    println!(
        "{histories} random histories per line, of up to {} changes of 3 records and",
        PROFILE.operations
    );
    println!("reboots, values of 8 bytes, the power cut at any step; seeds from {seed}. A history");
    println!("fails with the first promise that is not kept. Once cuts are between words and");
    println!("erases only, once also within: then words are counted that were written though");
    println!("an erase or another write of them may have been cut.");
    println!();
    println!("                    units, word      cuts  failed      cuts  failed   words");
    println!("                                  between            within         twice");
    let seeds = seed..seed + histories;
    let own = "tinytriplet-store";
    print_losses::<Own<3>, 1, 256>(own, 2, &seeds);
    print_losses::<Own<3>, 4, 256>(own, 2, &seeds);
    print_losses::<Own<3>, 8, 128>(own, 4, &seeds);
    print_losses::<Own<3>, 256, 1536>(own, 2, &seeds);
    let sequential = "sequential-storage";
    print_losses::<Sequential, 1, 512>(sequential, 2, &seeds);
    print_losses::<Sequential, 1, 256>(sequential, 4, &seeds);
    print_losses::<Sequential, 4, 512>(sequential, 2, &seeds);
    print_losses::<Sequential, 4, 256>(sequential, 4, &seeds);
    print_losses::<Sequential, 8, 256>(sequential, 4, &seeds);
    print_losses::<Ekv, 4, 4096>("ekv", 12, &seeds);
    println!();
}

fn print_losses<C: Candidate<WORD, UNIT>, const WORD: usize, const UNIT: usize>(
    name: &str,
    units: usize,
    seeds: &Range<u64>,
) {
    let [between, within] = [false, true]
        .map(|within| torture::<C, WORD, UNIT>(&Profile { within, ..PROFILE }, units, seeds.clone()));
    println!(
        "{name:<19}{:>12}{:>10}{:>8}{:>10}{:>8}{:>10}",
        format!("{units} x {UNIT}, {WORD}"),
        between.tally.faults(),
        between.failed(),
        within.tally.faults(),
        within.failed(),
        within.tally.words_twice,
    );
    // The simplest there is: without cuts within, if it fails without.
    let Some(failing) = between.shortest.or(within.shortest) else { return };
    println!("    {}", kinds(&within.violations));
    print_wrapped(&failing.to_string());
}

fn kinds(violations: &BTreeMap<&'static str, u64>) -> String {
    let kinds = violations.iter().map(|(name, count)| format!("{count} {name}"));
    kinds.collect::<Vec<_>>().join(", ")
}

/// Indented, in lines of 80 columns.
fn print_wrapped(text: &str) {
    let mut line = String::from("   ");
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > 80 {
            println!("{line}");
            line = String::from("   ");
        }
        line += " ";
        line += word;
    }
    println!("{line}");
}

fn costs() {
    println!("{CAPACITY} records, each change replaces one of them; units of 4096 bytes, words of 4;");
    println!("on the fewest units that will do, and on 12. RAM on this PC, without the stack.");
    println!();
    println!("                    value    RAM  units   words    erases   longest change");
    println!("                                        a change  a change");
    for value_len in VALUE_LENS {
        print_costs::<Own<CAPACITY>>("tinytriplet-store", value_len);
        print_costs::<Sequential>("sequential-storage", value_len);
        print_costs::<Ekv>("ekv", value_len);
    }
    println!();
}

fn print_costs<C: Candidate<4, 4096>>(name: &str, value_len: usize) {
    const CHANGES: u64 = 2_000;
    // ekv panics where it has too few pages.
    let cost = |units| {
        let cost = || enrol::<C, 4, 4096>(units, (CAPACITY, value_len), CHANGES, false).ok();
        panic::catch_unwind(cost).ok().flatten().map(|cost| (units, cost))
    };
    for (units, cost) in (2..12).find_map(cost).into_iter().chain(cost(12)) {
        println!(
            "{name:<19}{value_len:>6}{:>7}{units:>7}{:>8}{:>10.2}{:>5} erases, {} words",
            C::ram(value_len),
            cost.words / CHANGES,
            cost.erases as f64 / CHANGES as f64,
            cost.worst.0,
            cost.worst.1,
        );
    }
}

/// A flash's times by its datasheet, in milliseconds.
struct Datasheet {
    /// As in the table of boards.
    board: &'static str,
    /// Erasing a unit, programming a word: typically, and at most.
    erase: [f64; 2],
    word: [f64; 2],
    /// The number of times that a unit can be erased.
    endurance: u64,
}

fn wear() {
    println!("tinytriplet-store on boards: {CAPACITY} records, each change replaces one of them. Until");
    println!("worn: changes that the least endurance of the datasheet is enough for. Times are");
    println!("estimates: the erases and words of the longest change, times what the datasheet");
    println!("says, typical and most; none was measured.");
    println!();
    println!("board, bank             value changes changes  erases a    until  longest");
    println!("                              a start  a move    10,000     worn  change, ms");
    for value_len in VALUE_LENS {
        // RM0390 and DS10693, x8 parallelism, as the HAL has it, so that a word is four bytes; nRF52840 PS; W25Q16JV.
        let nucleo = Datasheet {
            board: "nucleo-f446re",
            erase: [400.0, 800.0],
            word: [4.0 * 0.016, 4.0 * 0.1],
            endurance: 10_000,
        };
        print_board::<4, 16384>(&nucleo, value_len);
        let nrf =
            Datasheet { board: "nrf52840-dk", erase: [85.0, 85.0], word: [0.041, 0.041], endurance: 10_000 };
        print_board::<4, 4096>(&nrf, value_len);
        let pico = Datasheet { board: "pico", erase: [45.0, 400.0], word: [0.4, 3.0], endurance: 100_000 };
        print_board::<256, 4096>(&pico, value_len);
    }
}

fn print_board<const WORD: usize, const UNIT: usize>(board: &Datasheet, value_len: usize) {
    const CHANGES: u64 = 10_000;
    let region = boards::find(board.board).expect("a board of the table").gallery;
    let units = region.len / UNIT;
    let name = format!("{}, {} x {} K", board.board, units / 2, UNIT / 1024);
    for reboots in [false, true] {
        let cost = match enrol::<Own<CAPACITY>, WORD, UNIT>(units, (CAPACITY, value_len), CHANGES, reboots) {
            Ok(cost) => cost,
            Err(failure) => {
                println!("{name:<26}{value_len:>5}  {failure:?}");
                return;
            }
        };
        let millis = |at: usize| cost.worst.0 as f64 * board.erase[at] + cost.worst.1 as f64 * board.word[at];
        println!(
            "{name:<24}{value_len:>5}{:>8}{:>8.1}{:>10}{:>9}{:>6.0} to {:.0}",
            if reboots { "1" } else { "all" },
            CHANGES as f64 / (2 * cost.erases_of_a_unit) as f64,
            cost.erases_of_a_unit,
            board.endurance * CHANGES / cost.erases_of_a_unit,
            millis(0),
            millis(1),
        );
    }
}
