//! The same random cases on every core: each kernel there is, in the instructions of each board, against the plain
//! kernels on the PC, which `engine.rs` proves to be what `docs/ARITHMETIC.md` says.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use shared_model::model::layout::repack_to_vec;
use shared_model::{
    Layout, Model,
    inspect::{Element, Operation, Step},
    model::format::Pool,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    path::{Path, PathBuf},
    sync::LazyLock,
};
use tests::{largest, model_folder, random};
use tinytriplet_boards as boards;
use tinytriplet_launcher::measure::{Models, measure};

/// Nets that a program measures.
const NETS: usize = 150;
/// Programs: as many as have the nets that the variable `NETS` asks for, or one.
static PROGRAMS: LazyLock<usize> = LazyLock::new(|| {
    let wanted = env::var("NETS").map_or(NETS, |nets| nets.parse().expect("NETS is a number"));
    wanted.div_ceil(NETS)
});
/// The fewest times that each case that [`cases`] knows must be among them.
const AT_LEAST: usize = 5;
/// Bytes of all packed files, which leave some of a Pico's 2 MB of flash to the program. It is never met: 150 nets have
/// 200,000 bytes.
const MOST_FLASH: usize = 1_500_000;
/// An inference's RAM, beside the stack: the most that a Pico's 256 KB hold.
const MOST_RAM: usize = 128 * 1024;

/// Every case that a step can be.
const CASES: [&str; 47] = [
    "Depthwise",
    "Depthwise extreme",
    "Depthwise signed",
    "Reference(Groups)",
    "Reference(Groups) extreme",
    "Reference(Groups) pooled",
    "Reference(Groups) pooled extreme",
    "Reference(Groups) pooled signed",
    "Reference(Groups) signed",
    "Depthwise pooled",
    "Rows apart",
    "Taps apart",
    "Winograd apart",
    "Rows",
    "Rows dense",
    "Rows dense extreme",
    "Rows dense signed",
    "Rows extreme",
    "Rows pooled",
    "Rows pooled extreme",
    "Rows pooled signed",
    "Rows signed",
    "Taps",
    "Taps extreme",
    "Taps pooled",
    "Taps pooled extreme",
    "Taps pooled signed",
    "Taps signed",
    "Weightless add",
    "Weightless add signed",
    "Weightless average",
    "Weightless max",
    "Weightless signed",
    "Weightless skip",
    "Winograd",
    "Winograd extreme",
    "Winograd pooled",
    "Winograd pooled extreme",
    "Winograd pooled signed",
    "Winograd signed",
    "Winograd pooled wide",
    "Winograd pooled narrow",
    "Taps pooled wide",
    "Taps pooled narrow",
    "Rows pooled wide",
    "Rows pooled narrow",
    "shortcut",
];

/// The cases that a step is.
fn cases(step: &Step<'_>, weights: Option<&[u8]>) -> Vec<String> {
    let kind = match &step.operation {
        Operation::Conv2d { pool: Some(_), .. } => " pooled",
        Operation::Conv2d { pool: None, .. } => "",
        Operation::Dense(_) => " dense",
        Operation::MaxPool2d(_) => " max",
        Operation::AveragePool2d(..) => " average",
        Operation::Skip => " skip",
        Operation::Add { .. } => " add",
    };
    let path = format!("{:?}", step.kernel);
    let mut cases = vec![format!("{path}{kind}")];
    let kind = kind.trim_end_matches(" max").trim_end_matches(" average").trim_end_matches(" skip");
    // Other instructions extend the signs of bytes.
    if step.input.element == Element::Signed {
        cases.push(format!("{path}{kind} signed"));
    }
    if step.keeps && matches!(step.operation, Operation::Conv2d { .. }) {
        cases.push("shortcut".to_owned());
    }
    if let Operation::Conv2d { pool: Some(pool), .. } = step.operation
        && pool != (Pool { kernel: [2, 2], stride: [2, 2] })
    {
        cases.push(format!("{path} apart"));
    }
    if let Operation::Conv2d { pool: Some(_), .. } = step.operation
        && step.kernel.is_fast()
    {
        cases.push(format!("{path}{kind} {}", if is_wide(step) { "wide" } else { "narrow" }));
    }
    // −128 and 127 only: sums as large as they come.
    if weights.is_some_and(|weights| weights.iter().all(|&weight| [127, 128].contains(&weight))) {
        cases.push(format!("{path}{kind} extreme"));
    }
    cases
}

/// The folders of the nets, one for each program.
static FOLDERS: LazyLock<Vec<PathBuf>> = LazyLock::new(|| (0..*PROGRAMS).map(folder).collect());

/// Returns the folder of a program's nets: the first ones of a fixed sequence that are small enough; the second half only
/// those that are a case which still comes too seldom, if there is one. Of the first half, every fifth is a deep one.
fn folder(program: usize) -> PathBuf {
    let mut rng = ChaCha8Rng::seed_from_u64(11 + program as u64);
    let mut count = BTreeMap::<String, usize>::new();
    let (mut files, mut results) = (Vec::new(), BTreeSet::new());
    for _ in 0..100 * NETS {
        if files.len() == NETS {
            break;
        }
        let file = match files.len() % 5 {
            4 if files.len() < NETS / 2 => random::deep_model(&mut rng),
            3 if files.len() < NETS / 2 => random::lone_conv(&mut rng),
            _ => random::model(&mut rng),
        };
        let packed = repack_to_vec(&file, Layout::Packed).unwrap();
        let model = Model::decode(&packed).unwrap();
        let plain = Model::decode(&file).unwrap();
        let cases: Vec<String> = model
            .steps()
            .zip(plain.steps())
            .flat_map(|(step, plain)| {
                let weights = match &plain.operation {
                    Operation::Conv2d { parameters, .. } | Operation::Dense(parameters) => {
                        Some(parameters.weights)
                    }
                    Operation::MaxPool2d(_)
                    | Operation::AveragePool2d(..)
                    | Operation::Skip
                    | Operation::Add { .. } => None,
                };
                cases(&step, weights)
            })
            .collect();
        let rare = |case: &str| count.get(case).is_none_or(|&count| count < AT_LEAST);
        let wanted = files.len() < NETS / 2
            || cases.iter().any(|case| rare(case))
            || !CASES.iter().any(|case| rare(case));
        if !wanted || model.ram_len() > MOST_RAM || packed.len() > MOST_FLASH / NETS {
            continue;
        }
        cases.into_iter().for_each(|case| *count.entry(case).or_default() += 1);
        results.insert(embedding(&plain));
        files.push((format!("{:03}", files.len()), file));
    }
    assert_eq!(files.len(), NETS);
    for case in CASES {
        assert!(count.get(case).is_some_and(|&count| count >= AT_LEAST), "{case}: {count:#?}");
    }
    // What is compared is not always the same nothing.
    assert!(results.len() > NETS * 9 / 10, "{} embeddings are distinct", results.len());
    let name = format!("kernels-{program}");
    model_folder::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), &files).unwrap()
}

fn embedding(model: &Model<'_>) -> Vec<u8> {
    let pixels: Vec<u8> = (0..model.input_len()).map(|index| (index * 37) as u8).collect();
    let mut embedding = vec![0; model.embedding_len()];
    model.embed(&pixels, &mut vec![0; model.scratch_len()], &mut embedding).unwrap();
    embedding
}

/// Returns true if a requantized sum of the layer may exceed 16 bits before it is saturated: then two outputs do not
/// fit in a word.
fn is_wide(step: &Step<'_>) -> bool {
    let (taps, parameters) = match &step.operation {
        Operation::Conv2d { geometry, parameters, .. } => (geometry.taps(), parameters),
        Operation::Dense(parameters) => (step.input.len(), parameters),
        Operation::MaxPool2d(_) | Operation::AveragePool2d(..) | Operation::Skip | Operation::Add { .. } => {
            return false;
        }
    };
    (0..parameters.channels()).any(|channel| {
        let input = if step.input.element == Element::Signed { 128 } else { 255 };
        let largest = taps as u64 * 128 * input + u64::from(parameters.bias(channel).unsigned_abs());
        (largest * parameters.multiplier(channel).unsigned_abs() as u64) >> 32 >= i16::MAX as u64
    })
}

/// Four images through each net: noise, 0, 255, and both in turns. `measure` compares what comes out. Then through the
/// nets of the largest sums, those of them that the board has memory for.
fn equals_the_plain_kernels(board: &str) {
    let board = boards::find(board).expect("a board of the table");
    let count = |folder: &Path| {
        let ledger = measure(board, &Models::Folder(folder.to_owned()))
            .unwrap_or_else(|error| panic!("{}: {error}", board.name));
        ledger.nets.len()
    };
    for folder in &*FOLDERS {
        assert_eq!(count(folder), NETS);
    }

    let mut files = Vec::new();
    for (name, file) in largest::models() {
        let packed = repack_to_vec(&file, Layout::Packed).unwrap();
        // Beside it are the stack, the log's buffer and the photograph whose preparation is measured.
        if Model::decode(&packed).unwrap().ram_len() + 40 * 1024 <= board.ram.len {
            files.push((name.to_owned(), file));
        }
    }
    // The convolutions of 16 x 17 x 256 and 16 x 16 x 290 bytes need half a megabyte, which a Pico has not.
    let fitting = if board.name == "pico" { 7 } else { largest::models().len() };
    assert_eq!(files.len(), fitting);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("largest-{fitting}"));
    assert_eq!(count(&model_folder::write(folder, &files).unwrap()), fitting);
}

#[test]
fn kernels_are_exact_on_cortex_m0_plus() {
    equals_the_plain_kernels("pico");
}

#[test]
fn kernels_are_exact_on_cortex_m3() {
    equals_the_plain_kernels("mps2-an385");
}

#[test]
fn kernels_are_exact_on_cortex_m4() {
    equals_the_plain_kernels("mps2-an386");
}

#[test]
fn kernels_are_exact_on_cortex_m7() {
    equals_the_plain_kernels("mps2-an500");
}

#[test]
fn kernels_are_exact_on_cortex_m33() {
    equals_the_plain_kernels("mps2-an505");
}

#[test]
fn kernels_are_exact_on_risc_v() {
    equals_the_plain_kernels("riscv-virt");
}
