//! Tortures the firmware's storage and the libraries that might have been used instead, and prints what they lose and
//! what they cost: `cargo run --release -p tests --bin torture -- --histories 100000 --seed 0`.

use std::{env, process::ExitCode};
use tests::{
    torture::{Candidate, Findings, Profile, enrol, torture},
    torture_candidates::{Ekv, Own, Sequential},
};

const PROFILE: Profile = Profile { capacity: 3, keys: 3, value_len: 8, operations: 24, clears: false, errors: false };

/// Records on a board.
const CAPACITY: usize = 16;

/// Bytes of a value on a board: a name's worth of text, and two embeddings or more.
const VALUE_LENS: [usize; 2] = [304, 608];

fn main() -> ExitCode {
    let Some((histories, seed)) = arguments() else {
        eprintln!("usage: torture [--histories N] [--seed S]");
        return ExitCode::FAILURE;
    };
    // What panics under torture is counted, not shown.
    std::panic::set_hook(Box::new(|_| {}));
    losses(histories, seed);
    costs();
    boards();
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

/// The part of every candidate and flash in the table of losses.
fn losses(histories: u64, seed: u64) {
    println!("Random histories of up to {} changes and reboots of 3 keys, values of 8 bytes,", PROFILE.operations);
    println!("with power cuts at any step. Seeds from {seed}.");
    println!();
    println!("candidate           flash, word   histories      cuts   failed  written twice");
    let seeds = seed..seed + histories;
    let own = "firmware::storage";
    print_losses(own, "2 x 256, 1", histories, torture::<Own<3>, 1, 256>(&PROFILE, 2, seeds.clone()));
    print_losses(own, "2 x 256, 4", histories, torture::<Own<3>, 4, 256>(&PROFILE, 2, seeds.clone()));
    print_losses(own, "4 x 128, 8", histories, torture::<Own<3>, 8, 128>(&PROFILE, 4, seeds.clone()));
    print_losses(own, "2 x 1280, 256", histories, torture::<Own<3>, 256, 1280>(&PROFILE, 2, seeds.clone()));
    let sequential = "sequential-storage";
    print_losses(sequential, "2 x 512, 1", histories, torture::<Sequential, 1, 512>(&PROFILE, 2, seeds.clone()));
    print_losses(sequential, "4 x 256, 1", histories, torture::<Sequential, 1, 256>(&PROFILE, 4, seeds.clone()));
    print_losses(sequential, "2 x 512, 4", histories, torture::<Sequential, 4, 512>(&PROFILE, 2, seeds.clone()));
    print_losses(sequential, "4 x 256, 4", histories, torture::<Sequential, 4, 256>(&PROFILE, 4, seeds.clone()));
    print_losses(sequential, "4 x 256, 8", histories, torture::<Sequential, 8, 256>(&PROFILE, 4, seeds.clone()));
    print_losses("ekv", "12 x 4096, 4", histories, torture::<Ekv, 4, 4096>(&PROFILE, 12, seeds));
    println!();
}

fn print_losses(name: &str, flash: &str, histories: u64, findings: Findings) {
    let Findings { tally, violations, shortest } = findings;
    let failed: u64 = violations.values().sum();
    println!("{name:<18}{flash:>15}{histories:>12}{:>10}{failed:>9}{:>15}", tally.faults(), tally.words_twice);
    if let Some(failing) = shortest {
        println!("  {violations:?}; the shortest, seed {}:", failing.seed);
        println!("    {:?}", failing.history);
        println!("    {:?}", failing.faults);
        println!("    {}", failing.violation);
    }
}

fn costs() {
    println!("{CAPACITY} records, each change replaces one; 4096-byte units, words of 4 bytes.");
    println!();
    println!("candidate           value  units    RAM   words/put  erases/put   worst put");
    for value_len in VALUE_LENS {
        print_cost::<Own<CAPACITY>>("firmware::storage", value_len);
        print_cost::<Sequential>("sequential-storage", value_len);
        print_cost::<Ekv>("ekv", value_len);
    }
    println!();
}

/// On the smallest flash on which a candidate works.
fn print_cost<C: Candidate<4, 4096>>(name: &str, value_len: usize) {
    const PUTS: u64 = 2_000;
    let works = |units| {
        std::panic::catch_unwind(|| enrol::<C, 4, 4096>(units, (CAPACITY, value_len), PUTS, false).ok()).ok().flatten()
    };
    let Some((units, cost)) = (2..=12).find_map(|units| works(units).map(|cost| (units, cost))) else {
        println!("{name:<18}{value_len:>7}   none of up to 12");
        return;
    };
    println!(
        "{name:<18}{value_len:>7}{units:>7}{:>7}{:>12}{:>12.2}{:>5} erases{:>6} words",
        C::ram(value_len),
        cost.words / PUTS,
        cost.erases as f64 / PUTS as f64,
        cost.worst.0,
        cost.worst.1,
    );
}

/// What the datasheets say of a flash, in milliseconds.
struct Datasheet {
    name: &'static str,
    /// Erasing a unit, programming a word: typically, and at most.
    erase: [f64; 2],
    word: [f64; 2],
    /// How often a unit can be erased.
    endurance: u64,
}

fn boards() {
    println!("The firmware's storage on boards: {CAPACITY} records, each change replaces one of them,");
    println!("all in one session, or one after each start. Times are estimates: the erases and");
    println!("words of the longest change, times what the datasheets say, typical and at most.");
    println!();
    println!("board, bank        value  starts  changes  changes until worn  longest change");
    println!("                                 an erase  (a unit's erases)");
    for value_len in VALUE_LENS {
        // RM0390 and DS10693, x32 parallelism; nRF52840 PS; W25Q16JV.
        let nucleo = Datasheet { name: "nucleo, 1 x 16 K", erase: [250.0, 500.0], word: [0.016, 0.1], endurance: 10_000 };
        print_board::<4, 16384>(&nucleo, 2, value_len);
        let nrf = Datasheet { name: "nrf52840, 4 x 4 K", erase: [85.0, 85.0], word: [0.041, 0.041], endurance: 10_000 };
        print_board::<4, 4096>(&nrf, 8, value_len);
        let pico = Datasheet { name: "pico, 4 x 4 K", erase: [45.0, 400.0], word: [0.4, 3.0], endurance: 100_000 };
        print_board::<256, 4096>(&pico, 8, value_len);
    }
}

fn print_board<const WORD: usize, const UNIT: usize>(board: &Datasheet, units: usize, value_len: usize) {
    const PUTS: u64 = 10_000;
    for reboots in [false, true] {
        let cost = match enrol::<Own<CAPACITY>, WORD, UNIT>(units, (CAPACITY, value_len), PUTS, reboots) {
            Ok(cost) => cost,
            Err(failure) => {
                println!("{:<18}{value_len:>6}  {failure:?}", board.name);
                return;
            }
        };
        let millis = |at: usize| cost.worst.0 as f64 * board.erase[at] + cost.worst.1 as f64 * board.word[at];
        println!(
            "{:<18}{value_len:>6}{:>8}{:>9.1}{:>20}{:>10.0} - {:.0} ms",
            board.name,
            if reboots { "each" } else { "one" },
            PUTS as f64 / (2 * cost.erases_of_a_unit) as f64,
            board.endurance * PUTS / cost.erases_of_a_unit,
            millis(0),
            millis(1),
        );
    }
}
