//! Checks what is linked into a firmware.

use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionKind, SymbolKind};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};
use tinytriplet_boards as boards;
use tinytriplet_launcher::emulator::{self, Binary};

/// No panic can be reached from an inference, which a board makes in slices: nothing that one calls, or calls in turn, is
/// panic machinery.
///
/// Calls are found by the relocations that the linker leaves in the program. Each is a call, a jump, or an address in code
/// or in a table; whatever one names counts as called.
#[test]
fn an_inference_links_no_panic() {
    let board = boards::find("mps2-an386").unwrap();
    let program = emulator::build(board, Binary::Firmware).unwrap_or_else(|error| panic!("{error}"));
    let bytes = fs::read(program.path()).unwrap();
    let elf = object::File::parse(&*bytes).unwrap();

    // Functions and tables by their first address. Thumb addresses are odd.
    let symbols: BTreeMap<u64, (u64, &str)> = elf
        .symbols()
        .filter(|symbol| matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data) && symbol.size() > 0)
        .map(|symbol| (symbol.address() & !1, (symbol.size(), symbol.name().unwrap())))
        .collect();
    let at = |address: u64| {
        let (start, (size, _)) = symbols.range(..=address & !1).next_back()?;
        (address & !1 < start + size).then_some(*start)
    };

    let loaded = elf.sections().filter(|section| {
        matches!(section.kind(), SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::Data)
    });
    let mut calls = BTreeMap::<u64, BTreeSet<u64>>::new();
    let mut vague = BTreeSet::new(); // what says less than which symbol it means
    for (place, relocation) in loaded.flat_map(|section| section.relocations()) {
        // In a linked program the place is an address.
        let (Some(from), RelocationTarget::Symbol(index)) = (at(place), relocation.target()) else {
            continue;
        };
        let symbol = elf.symbol_by_index(index).unwrap();
        if symbol.kind() == SymbolKind::Section {
            vague.insert(from);
        }
        calls.entry(from).or_default().extend(at(symbol.address()));
    }

    let name = |start: &u64| symbols[start].1;
    let start = *symbols
        .keys()
        .find(|start| name(start).contains("shared_model") && name(start).contains("Inference4step17h"))
        .expect("the engine is a function of its own");
    let (mut reached, mut open) = (BTreeMap::from([(start, None)]), vec![start]);
    while let Some(from) = open.pop() {
        for &to in calls.get(&from).into_iter().flatten() {
            reached.entry(to).or_insert_with(|| {
                open.push(to);
                Some(from)
            });
        }
    }
    let panics = |start: &&u64| {
        ["panic", "_failed", "_fail", "core..fmt"].iter().any(|part| name(start).contains(part))
    };
    if let Some(found) = reached.keys().find(panics) {
        let mut chain = vec![name(found)];
        let mut place = reached[found];
        while let Some(from) = place {
            chain.push(name(&from));
            place = reached[&from];
        }
        panic!("an inference can reach\n  {}", chain.join("\n  called by "));
    }
    assert_eq!(reached.keys().find(|start| vague.contains(start)).map(name), None, "calls whom?");
    // The search has found the kernels, and would find a panic: the application has some.
    assert!(reached.keys().any(|start| name(start).contains("dense")), "{} symbols reached", reached.len());
    assert!(symbols.keys().any(|start| panics(&start)));
}
