//! What the ready configs' nets cost on each board, to the last instruction and byte, as `golden/ledger/` has it: so
//! that whatever makes an inference dearer is seen where it is reviewed.
//!
//! A new compiler counts differently, too: then the files are written anew. `host-train`'s report reads them.

use firmware::model;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind, elf::SHF_ALLOC};
use shared_model::model::layout::repack_to_vec;
use shared_model::{
    Layout, Model,
    inspect::{Operation, Shape, Step},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};
use tests::{golden, model_folder};
use tinytriplet_boards::{self as boards, BOARDS, Board, Counter, cost::Cost};
use tinytriplet_data::{Rng, drawn};
use tinytriplet_evaluation::export::export_untrained;
use tinytriplet_launcher::{
    emulator::{self, Binary},
    measure::{self, ModelReport, StepReport, measure},
};
use tinytriplet_recipe::{Backend, Config, PRESETS};
use tinytriplet_report::{
    ledger::{operation, path},
    text::thousands,
};
use tinytriplet_training::{device, net::Net};

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
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/ledger");
            let file = |name: String| name.strip_suffix(".txt").map(str::to_owned).unwrap_or(name);
            let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
            let files: BTreeSet<String> = files.map(|name| file(name.into_string().unwrap())).collect();
            let left_over: Vec<&String> = files.difference(&counting).collect();
            assert!(left_over.is_empty(), "of no board, in tests/golden/ledger: {left_over:?}");
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

/// The models, and the folder that they are in. All boards take the same, and thereby can be built at once.
struct Models {
    folder: PathBuf,
    /// Name of the config, and its model file.
    files: Vec<(String, Vec<u8>)>,
    /// Configs whose nets are those of others, which are named second.
    same: Vec<(&'static str, String)>,
}

static MODELS: LazyLock<Models> = LazyLock::new(|| {
    let data = drawn::dataset(1, 20, 1).train;
    let images: Vec<&[u8]> = (0..data.len()).map(|index| data.image(index)).collect();
    let (mut files, mut same) = (Vec::<(String, Vec<u8>)>::new(), Vec::new());
    for (name, _) in PRESETS {
        let config = Config::preset(name).unwrap();
        // As a training begins; all with one seed, so that equal nets have equal weights.
        let device = device(Backend::Flex).unwrap();
        let net = Net::new(&config.net, Shape::new(28, 28, 1), &mut Rng::new(1).stream(0), &device).unwrap();
        let file = export_untrained(&net.to_float_net(), &images).unwrap();
        match files.iter().find(|(_, other)| *other == file) {
            Some((other, _)) => same.push((name, other.clone())),
            None => files.push((name.to_owned(), file)),
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ledger");
    Models { folder: model_folder::write(folder, &files).unwrap(), files, same }
});

fn ledger(board: &str) {
    let board = boards::find(board).expect("a board of the table");
    let models = &*MODELS;
    let report = measure(board, &measure::Models::Folder(models.folder.clone()))
        .unwrap_or_else(|error| panic!("{}: {error}", board.name));
    let mut text = head(board, models);
    for (name, file) in &models.files {
        let file_name = format!("{name}.postcard");
        let measured = report.models.iter().find(|model| model.file == file_name).expect("it was measured");
        write_model(&mut text, name, file, measured);
    }
    write_program(&mut text, board);
    if let Some(line) = text.lines().find(|line| line.chars().count() > 100) {
        panic!("longer than 100 columns: {line}");
    }
    golden::check(&format!("ledger/{}.txt", board.name), &text, COMMAND);
}

fn head(board: &Board, models: &Models) -> String {
    let mut text = format!(
        "What inference costs on {}: {}.\n\
         Counted in {}, by tests/tests/ledger.rs. Do not edit:\n  {COMMAND}\n\n\
         The nets of the ready configs, untrained, with random weights of seed 1.\n",
        board.name, board.description, board.emulator
    );
    for (name, other) in &models.same {
        writeln!(text, "Left out: {name}, whose net is that of {other}.").unwrap();
    }
    if let Counter::StandIn { .. } = board.counter {
        writeln!(text, "Cycles are those of {}' model of the processor.", board.emulator).unwrap();
    }
    text
}

fn write_model(text: &mut String, name: &str, plain: &[u8], measured: &ModelReport) {
    let packed = repack_to_vec(plain, Layout::Packed).unwrap();
    let model = Model::decode(&packed).unwrap();
    let hash: String = model.hash().iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(text, "\n{name} (model {hash})").unwrap();
    let cycles = measured.embed.cycles.is_some();
    let heads = if cycles { &["instructions", "cycles"][..] } else { &["instructions"] };
    let mut row = format!("  {:21} {:18} {:9}{:>10}", "step", "input → output", "path", "MACs");
    heads.iter().for_each(|head| write!(row, "{head:>13}{:>6}", "/MAC").unwrap());
    writeln!(text, "{row}").unwrap();

    let mut row = |step: &str, shapes: &str, path: &str, macs: u64, cost: Cost| {
        let mut row = format!("  {step:21} {shapes:18} {path:9}");
        row += &if macs > 0 { format!("{:>10}", thousands(macs)) } else { " ".repeat(10) };
        for count in [cost.instructions, cost.cycles].into_iter().flatten() {
            write!(row, "{:>13}", thousands(count.into())).unwrap();
            let each = f64::from(count) / macs as f64;
            row += &if macs > 0 { format!("{each:>6.2}") } else { " ".repeat(6) };
        }
        writeln!(text, "{}", row.trim_end()).unwrap();
    };
    let steps: Vec<(Step<'_>, &StepReport)> = model.steps().zip(&measured.steps).collect();
    assert_eq!((steps.len(), model.steps().count()), (measured.steps.len(), measured.steps.len()));
    let mut sum = 0;
    for (step, report) in &steps {
        assert_eq!((step.last_layer(), step.macs()), (report.layer, report.macs));
        sum += u64::from(report.cost.instructions.expect("the board counts instructions"));
        let shapes = format!("{} → {}", step.input.shape, step.output.shape);
        row(&operation(step), &shapes, path(step.kernel), report.macs, report.cost);
    }
    row("embed, the whole", "", "", model.macs(), measured.embed);
    row("decode", "", "", 0, measured.decode);
    // The steps are counted in another run, which observes each row of them and goes other ways between: some dozen
    // instructions a row. Small nets have many rows for their instructions. But there is no step that nobody counts.
    let whole = u64::from(measured.embed.instructions.expect("the board counts instructions"));
    assert!(whole.abs_diff(sum) < whole / 50, "{name}: {sum} instructions of {whole}");

    assert_eq!(measured.scratch as usize, 4 * model.scratch_len());
    let (image, scratch, embedding) = (model.input_len(), 4 * model.scratch_len(), model.embedding_len());
    let stack = measured.embed_stack as usize;
    writeln!(
        text,
        "  RAM of an inference: image {} + scratch {} + embedding {} + stack {} = {} bytes",
        bytes(image),
        bytes(scratch),
        bytes(embedding),
        bytes(stack),
        bytes(image + scratch + embedding + stack)
    )
    .unwrap();
    writeln!(text, "  Stack of decode: {} bytes", bytes(measured.decode_stack as usize)).unwrap();
    let weights: usize = model.steps().filter_map(|step| weights(&step)).sum();
    writeln!(
        text,
        "  File: {} bytes packed, {} plain; weights {} bytes / {} parameters = {:.3}",
        bytes(packed.len()),
        bytes(plain.len()),
        bytes(weights),
        bytes(model.parameters()),
        weights as f64 / model.parameters() as f64
    )
    .unwrap();
}

/// Bytes of a step's weights, as they are in its file.
fn weights(step: &Step<'_>) -> Option<usize> {
    match &step.operation {
        Operation::Conv2d { parameters, .. } | Operation::Dense(parameters) => Some(parameters.weights.len()),
        Operation::MaxPool2d(_) | Operation::AveragePool2d(..) => None,
    }
}

/// What the program that is flashed consists of.
fn write_program(text: &mut String, board: &'static Board) {
    let program = emulator::build(board, Binary::Firmware).unwrap_or_else(|error| panic!("{error}"));
    let file = fs::read(program.path()).unwrap();
    let elf = object::File::parse(&*file).unwrap();

    let mut code = BTreeMap::<&str, u64>::new();
    let mut places = BTreeSet::new();
    for symbol in elf.symbols() {
        let (name, size) = (symbol.name().unwrap_or_default(), symbol.size());
        // A function of several names is one.
        if symbol.kind() == SymbolKind::Text
            && size > 0
            && let Some(part) = part(name)
            && places.insert(symbol.address())
        {
            *code.entry(part).or_default() += size;
        }
    }
    writeln!(text, "\nThe engine's code in the firmware (what is inlined counts where it went)").unwrap();
    let mut row = |name: &str, size: u64| writeln!(text, "  {name:39}{:>10}", thousands(size)).unwrap();
    code.iter().for_each(|(part, &size)| row(part, size));
    let kernels: u64 = code.iter().filter(|(part, _)| is_kernel(part)).map(|(_, size)| size).sum();
    assert!(kernels > 1_000, "the names of the kernels' functions are not understood: {code:?}");
    row("kernels: assembly, fast and kernel", kernels);

    let model = bytes(model::FILE.len());
    writeln!(text, "\nThe firmware, with its built-in model of {model} bytes").unwrap();
    let mut row = |name: &str, size: u64| writeln!(text, "  {name:39}{:>10}", thousands(size)).unwrap();
    let (mut flash, mut ram) = (0, 0);
    for section in elf.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else { continue };
        let name = section.name().unwrap();
        // riscv-rt calls a section what is left to the stack.
        if sh_flags & u64::from(SHF_ALLOC) == 0 || section.size() == 0 || name == ".stack" {
            continue;
        }
        row(name, section.size());
        flash += if section.file_range().is_some() { section.size() } else { 0 };
        ram += if section.address() >= u64::from(board.ram.origin) { section.size() } else { 0 };
    }
    assert_eq!((flash, ram), (program.flash(), program.ram()));
    row("flash", flash);
    row("RAM, without the stack", ram);
}

/// Which part of the engine a function belongs to, by its mangled name.
fn part(name: &str) -> Option<&'static str> {
    // `tinytriplet_` is what functions in assembly begin with.
    if name.starts_with("tinytriplet_") {
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

fn bytes(count: usize) -> String {
    thousands(count as u64)
}
