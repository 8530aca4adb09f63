//! The numbers in README.md and docs/RESULTS.md are those of the ledger and of the committed model,
//! and both pages have the same.

use shared_model::{Layout, Model, model::layout::repack_to_vec};
use tinytriplet_ledger::{Ledger, Net, boards};

const README: &str = include_str!("../../README.md");
const RESULTS: &str = include_str!("../../docs/RESULTS.md");
const BEST: &[u8] = include_bytes!("../../firmware/models/digits.model.postcard");

/// Returns the cells of the table whose heading begins with `heading`: of each row the first column
/// as a name, and the others by the titles of their columns.
fn table(page: &'static str, heading: &str) -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    let cells = |line: &'static str| -> Vec<&str> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('*')).collect()
    };
    let mut lines = page.lines().skip_while(|line| !line.starts_with(heading));
    let titles = cells(lines.next().unwrap_or_else(|| panic!("no table begins with {heading}")));
    let rows = lines.skip(1).take_while(|line| line.starts_with('|')).map(cells);
    rows.map(|row| (name(row[0]), titles[1..].iter().copied().zip(row[1..].iter().copied()).collect()))
        .collect()
}

/// Returns a net's name in the ledger.
fn name(cell: &str) -> String {
    let cell = cell.split(':').next().unwrap_or(cell).trim_matches('`');
    match cell {
        "LeNet-5" => "lenet5".into(),
        cell if cell.starts_with("the original project's") => "origin".into(),
        cell => cell.into(),
    }
}

/// Returns a number as the pages write it.
fn number(cell: &str) -> u64 {
    let digits: String = cell.chars().filter(|character| !",≈".contains(*character)).collect();
    let digits = digits.split(' ').next().unwrap_or(&digits);
    digits.parse().unwrap_or_else(|error| panic!("{cell}: {error}"))
}

fn cell<'a>(row: &[(&str, &'a str)], title: &str) -> &'a str {
    row.iter().find(|(other, _)| *other == title).unwrap_or_else(|| panic!("no column {title}")).1
}

fn ledger(board: &str) -> Ledger {
    boards().into_iter().find(|ledger| ledger.board == board).unwrap()
}

fn net<'a>(ledger: &'a Ledger, name: &str) -> &'a Net {
    ledger.nets.iter().find(|net| net.name == name).unwrap_or_else(|| panic!("the ledger has no net {name}"))
}

/// Returns the RAM for an inference, and the same with the stack.
fn ram(net: &Net) -> (u64, u64) {
    let inference = net.ram.image + net.ram.scratch + net.ram.embedding;
    (inference as u64, (inference + net.ram.stack) as u64)
}

#[test]
fn costs_on_a_chip_are_the_ledgers() {
    let rows = table(RESULTS, "| net | MACs |");
    assert_eq!(rows.len(), 9);
    let columns = [
        ("Cortex-M4, M7", "mps2-an386"),
        ("Cortex-M4, M7", "mps2-an500"),
        ("Cortex-M33", "mps2-an505"),
        ("Cortex-M3", "mps2-an385"),
        ("Cortex-M0+", "pico"),
        ("RV32IMAC", "riscv-virt"),
    ];
    for (name, row) in &rows {
        for (title, board) in columns {
            let instructions = net(&ledger(board), name).embed.instructions;
            assert_eq!(number(cell(row, title)), instructions, "{name} on {board}");
        }
        let ledger = ledger("mps2-an386");
        let net = net(&ledger, name);
        assert_eq!(number(cell(row, "MACs")), net.macs, "{name}");
        assert_eq!(number(cell(row, "RAM with stack (M4)")), ram(net).1, "{name}");
    }
}

#[test]
fn a_picos_cycles_and_milliseconds_are_the_ledgers() {
    let pico = ledger("pico");
    let clock = pico.megahertz.unwrap();
    for (name, row) in table(README, "| net |") {
        let net = net(&pico, &name);
        let cycles = net.embed.cycles.unwrap();
        let milliseconds = (cycles as f64 / f64::from(clock) / 1e3).round();
        assert_eq!(number(cell(&row, "time on a Pico")) as f64, milliseconds, "{name}");
        assert_eq!(number(cell(&row, "RAM with stack, on a Pico")), ram(net).1, "{name}");
        let written = thousands(cycles);
        assert!(RESULTS.contains(&written), "docs/RESULTS.md has not {written}, the cycles of {name}");
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut groups: Vec<&str> =
        digits.as_bytes().rchunks(3).map(|group| str::from_utf8(group).unwrap()).collect();
    groups.reverse();
    groups.join(",")
}

#[test]
fn each_name_has_one_number() {
    let default = net(&ledger("pico"), "default").clone();
    let model = Model::decode(BEST).unwrap();
    let packed = repack_to_vec(BEST, Layout::Packed).unwrap();
    assert_eq!(model.metadata().name, "best");
    let numbers = table(RESULTS, "| name | bytes |");
    let of = |name: &str| number(cell(&numbers.iter().find(|row| row.0 == name).unwrap().1, "bytes"));
    assert_eq!(of("RAM for an inference"), ram(&default).0);
    assert_eq!(of("RAM with stack, on a Pico"), ram(&default).1);
    assert_eq!(of("RAM with stack, on a Cortex-M4"), ram(net(&ledger("mps2-an386"), "default")).1);
    let (accuracies, chips) = (table(RESULTS, "| recipe |"), table(RESULTS, "| net | MACs |"));
    for (name, row) in table(README, "| net |") {
        let of = |rows: &[(String, Vec<(&str, &'static str)>)], title: &str| {
            cell(&rows.iter().find(|row| row.0 == name).unwrap().1, title)
        };
        for title in ["P@1, nearest training image", "5-shot prototypes"] {
            assert_eq!(cell(&row, title), of(&accuracies, title), "{name}: {title}");
        }
        let flash = number(cell(&row, "model in flash"));
        assert_eq!(flash, number(of(&chips, "model in flash")), "{name}");
        if name == "best" {
            assert_eq!(flash, packed.len() as u64);
        }
    }
    // The run in the transcript is the one in the table.
    let default = &accuracies.iter().find(|row| row.0 == "default").unwrap().1;
    for (row, title) in [
        ("P@1, nearest training image ", "P@1, nearest training image"),
        ("5-shot prototypes, ", "5-shot prototypes"),
    ] {
        let line = RESULTS.lines().find(|line| line.starts_with(row)).unwrap();
        let int8 = line.split_whitespace().rev().nth(1).unwrap();
        assert_eq!(format!("{int8} %"), cell(default, title), "{row}");
    }
    let flash = cell(&chips.iter().find(|row| row.0 == "default").unwrap().1, "model in flash");
    let ram = thousands(of("RAM for an inference"));
    let line = format!("on a board: RAM for an inference {ram} bytes, model in flash {flash} bytes");
    assert!(RESULTS.contains(&line), "docs/RESULTS.md has not: {line}");
}
