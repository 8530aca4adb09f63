//! The cost of the presets' nets on each board, to the last instruction and byte, as the ledger in `firmware/ledger/data`
//! has it: so that a change that makes an inference dearer is seen where it is reviewed.
//!
//! A new compiler counts differently, too: then the files are written again. `host-train`'s report reads them.

use firmware::model;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind, elf::SHF_ALLOC};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};
use tests::{golden, model_folder};
use tinytriplet_boards::{self as boards, BOARDS, Board, Counter};
use tinytriplet_data::{Rng, drawn};
use tinytriplet_evaluation::export::export_untrained;
use tinytriplet_launcher::{
    emulator::{self, Binary},
    measure::{Models, measure},
};
use tinytriplet_ledger::{Net as Counted, Program, Size};
use tinytriplet_recipe::{Backend, Config, PRESETS};
use tinytriplet_training::{device, net::Net};

/// The folder of the ledger, from the workspace's.
const FOLDER: &str = "firmware/ledger/data";

const COMMAND: &str = "BLESS=1 cargo test -p tests --test ledger";

macro_rules! boards {
    ($($test:ident: $board:literal,)*) => {
        $(#[test]
        fn $test() {
            ledger($board);
        })*

        /// Every board whose emulator counts has a ledger, and no ledger is without its board.
        #[test]
        fn no_board_is_forgotten() {
            let counting = BOARDS.iter().filter(|board| board.counter != Counter::Dwt);
            let counting: BTreeSet<String> = counting.map(|board| board.name.to_owned()).collect();
            let tested: BTreeSet<String> = [$($board.to_owned()),*].into();
            assert_eq!(tested, counting);
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FOLDER);
            let file = |name: String| name.strip_suffix(".json").map(str::to_owned).unwrap_or(name);
            let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
            let files: BTreeSet<String> = files.map(|name| file(name.into_string().unwrap())).collect();
            let left_over: Vec<&String> = files.difference(&counting).collect();
            assert!(left_over.is_empty(), "of no board, in {FOLDER}: {left_over:?}");
            // A missing file fails the test of its board.
        }
    };
}

boards! {
    cortex_m0_plus: "pico",
    cortex_m3: "mps2-an385",
    cortex_m4: "mps2-an386",
    cortex_m7: "mps2-an500",
    cortex_m33: "mps2-an505",
    risc_v: "riscv-virt",
}

/// With this one, all nets together would not fit a Pico's flash of 2 MiB. What it costs is estimated from the
/// others.
const TOO_LARGE: &str = "characters-large";

/// The nets of the presets, untrained, and the folder of their model files. All boards have the same, so that they can be
/// built at once.
struct Nets {
    folder: PathBuf,
    /// The name of a preset, and its model file.
    files: Vec<(String, Vec<u8>)>,
    /// Presets with the same net as another one, which is named second.
    same: Vec<(&'static str, String)>,
}

static NETS: LazyLock<Nets> = LazyLock::new(|| {
    let data = drawn::dataset(1, 20, 1).train;
    let (mut files, mut same) = (Vec::<(String, Vec<u8>)>::new(), Vec::new());
    for (name, _) in PRESETS.into_iter().filter(|(name, _)| *name != TOO_LARGE) {
        let Config { data: recipe_data, mut net, .. } = Config::preset(name).unwrap();
        let shape = recipe_data.shape();
        let len = [shape.height, shape.width, shape.channels].map(usize::from).iter().product();
        // Images of other shapes cost the same, whatever they show.
        let images: Vec<Vec<u8>> = (0..data.len())
            .map(|index| data.image(index).iter().copied().cycle().take(len).collect())
            .collect();
        let images: Vec<&[u8]> = images.iter().map(Vec::as_slice).collect();
        // What a board computes is not another net for it.
        net.weight_standardization = false;
        // As at the beginning of a training; all with one seed, so that equal nets have equal weights.
        let device = device(Backend::Flex).unwrap();
        let net = Net::new(&net, shape, &mut Rng::new(1).stream(0), &device).unwrap();
        let file = export_untrained(&net.to_float_net(), &images).unwrap();
        match files.iter().find(|(_, other)| *other == file) {
            Some((other, _)) => same.push((name, other.clone())),
            None => files.push((name.to_owned(), file)),
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ledger");
    Nets { folder: model_folder::write(folder, &files).unwrap(), files, same }
});

fn ledger(board: &str) {
    let board = boards::find(board).expect("a board of the table");
    let nets = &*NETS;
    let mut ledger = measure(board, &Models::Folder(nets.folder.clone()))
        .unwrap_or_else(|error| panic!("{}: {error}", board.name));
    let order = |net: &Counted| nets.files.iter().position(|(name, _)| *name == net.name);
    ledger.nets.sort_by_key(order);
    for net in &mut ledger.nets {
        let same = nets.same.iter().filter(|(_, other)| *other == net.name);
        net.also = same.map(|&(name, _)| name.to_owned()).collect();
        assert_whole(net);
    }
    ledger.program = Some(program(board));
    golden::check(&format!("{FOLDER}/{}.json", board.name), &ledger.to_json(), COMMAND);
}

/// The steps are counted in another run, which observes each row of them and takes other ways in between: some dozen
/// instructions per row. Small nets have many rows for their instructions. But no step is left out.
fn assert_whole(net: &Counted) {
    let whole = net.embed.instructions;
    let sum: u64 = net.steps.iter().map(|step| step.cost.instructions).sum();
    assert!(whole.abs_diff(sum) < whole / 50, "{}: {sum} instructions of {whole}", net.name);
    assert_eq!(net.steps.iter().map(|step| step.work.macs).sum::<u64>(), net.macs);
}

/// The parts of the program that is flashed.
fn program(board: &'static Board) -> Program {
    let program = emulator::build(board, Binary::Firmware).unwrap_or_else(|error| panic!("{error}"));
    let file = fs::read(program.path()).unwrap();
    let elf = object::File::parse(&*file).unwrap();

    let mut code = BTreeMap::<&str, u64>::new();
    let mut places = BTreeSet::new();
    for symbol in elf.symbols() {
        let (name, size) = (symbol.name().unwrap_or_default(), symbol.size());
        // A function with several names is one.
        if symbol.kind() == SymbolKind::Text
            && size > 0
            && let Some(part) = part(name)
            && places.insert(symbol.address())
        {
            *code.entry(part).or_default() += size;
        }
    }
    let kernels: u64 = code.iter().filter(|(part, _)| is_kernel(part)).map(|(_, size)| size).sum();
    assert!(kernels > 1_000, "the names of the kernels' functions are not understood: {code:?}");

    let (mut sections, mut flash, mut ram) = (Vec::new(), 0, 0);
    for section in elf.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
        let name = section.name().unwrap();
        // riscv-rt has a section for the rest, which is the stack's.
        if sh_flags & u64::from(SHF_ALLOC) == 0 || section.size() == 0 || name == ".stack" {
            continue;
        }
        sections.push(Size { name: name.to_owned(), bytes: section.size() });
        flash += if section.file_range().is_some() { section.size() } else { 0 };
        ram += if section.address() >= u64::from(board.ram.origin) { section.size() } else { 0 };
    }
    assert_eq!((flash, ram), (program.flash(), program.ram()));
    let code = code.into_iter().map(|(name, bytes)| Size { name: name.to_owned(), bytes });
    Program { model: model::FILE.len(), flash, ram, code: code.collect(), sections }
}

/// Returns the part of the engine that a function belongs to, by its mangled name.
fn part(name: &str) -> Option<&'static str> {
    // The names of functions in assembly begin with `asm_`.
    if name.contains("8cortex_m") && name.contains("asm_") {
        return Some("assembly");
    }
    // Either a path of lengths and names, `12shared_model6engine4fast4pack`, or within `<` and `>`,
    // `shared_model..engine..fast`.
    let parts = [
        ("6engine4fast4pack", "..engine..fast..pack", "shared_model::engine::fast::pack, for decode"),
        ("6engine4fast", "..engine..fast", "shared_model::engine::fast, other"),
        ("6engine6kernel", "..engine..kernel", "shared_model::engine::kernel"),
        ("6engine5embed", "..engine..embed", "shared_model::engine::embed"),
        ("5model", "..model..", "shared_model::model"),
        ("", "", "shared_model, other"),
    ];
    let is = |path: &str, brackets: &str| {
        name.contains(&format!("12shared_model{path}")) || name.contains(&format!("shared_model{brackets}"))
    };
    parts.iter().find(|(path, brackets, _)| is(path, brackets)).map(|&(_, _, part)| part)
}

fn is_kernel(part: &str) -> bool {
    part == "assembly"
        || part.starts_with("shared_model::engine::fast")
        || part == "shared_model::engine::kernel"
}
