//! Embeds the model file, checks that the board can hold it, and lays out the board's memory.

use shared_model::{Layout, Model, model::layout::repack_to_vec};
use std::{
    env, fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

#[allow(dead_code)]
#[path = "src/boards.rs"]
mod boards;
#[allow(dead_code)]
#[path = "src/memory.rs"]
mod memory;
#[path = "src/measuring/model_folder.rs"]
mod model_folder;

const DEFAULT_MODEL: &str = "models/default.model.postcard";
/// `DEFMT_RTT_BUFFER_SIZE` unless it is set, as in the crate defmt-rtt.
const RTT_LEN: usize = 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TINYTRIPLET_MODEL");
    println!("cargo::rerun-if-env-changed=TINYTRIPLET_MODELS");
    println!("cargo::rerun-if-env-changed=TINYTRIPLET_CAPACITY");
    println!("cargo::rerun-if-env-changed=TINYTRIPLET_EXEMPLARS");
    println!("cargo::rerun-if-env-changed=DEFMT_LOG");
    println!("cargo::rerun-if-env-changed=DEFMT_RTT_BUFFER_SIZE");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
    if let Err(message) = build(&out) {
        println!("cargo::error={message}");
    }
}

fn build(out: &Path) -> Result<(), String> {
    let model = read(&model_path(), &out.join("model.postcard"))?;
    let measured = match measured_folder() {
        Some(folder) => read_folder(&folder, out)?,
        None => vec![model.clone()],
    };
    let gallery = GallerySize::chosen()?;
    let source = model_source(&model)? + &gallery.source() + &measured_source(&measured)?;
    fs::write(out.join("model.rs"), source)
        .map_err(|error| format!("cannot write to {}: {error}", out.display()))?;

    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        let board = chosen_board()?;
        check_fit(board, &model, gallery)?;
        check_measured_fit(board, &measured)?;
        link_for(board, out)?;
    }
    Ok(())
}

/// A model file, its weights laid out for the kernels of a board.
#[derive(Clone)]
struct ModelFile {
    path: PathBuf,
    packed: PathBuf,
    /// Of the packed file.
    bytes: Vec<u8>,
}

impl ModelFile {
    fn decode(&self) -> Result<Model<'_>, String> {
        Model::decode(&self.bytes).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

/// Reads a model file and writes it to `packed` as it is built in.
fn read(path: &Path, packed: &Path) -> Result<ModelFile, String> {
    println!("cargo::rerun-if-changed={}", path.display());
    let plain = fs::read(path).map_err(|error| {
        format!("cannot read the model {}: {error} (TINYTRIPLET_MODEL names another one)", path.display())
    })?;
    let bytes =
        repack_to_vec(&plain, Layout::Packed).map_err(|error| format!("{}: {error}", path.display()))?;
    fs::write(packed, &bytes).map_err(|error| format!("cannot write to {}: {error}", packed.display()))?;
    Ok(ModelFile { path: path.to_owned(), packed: packed.to_owned(), bytes })
}

fn read_folder(folder: &Path, out: &Path) -> Result<Vec<ModelFile>, String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let files = model_folder::list(folder)
        .map_err(|error| format!("cannot read the folder of models {}: {error}", folder.display()))?;
    if files.is_empty() {
        return Err(format!("TINYTRIPLET_MODELS names {}, where no *.postcard is", folder.display()));
    }
    let packed = |index| out.join(format!("measured-{index}.postcard"));
    files.iter().enumerate().map(|(index, path)| read(path, &packed(index))).collect()
}

/// What the environment variable names, counted from the workspace's folder.
fn named_path(variable: &str) -> Option<PathBuf> {
    let package = package();
    let path = env::var_os(variable).filter(|path| !path.is_empty())?;
    Some(package.parent().unwrap_or(&package).join(path))
}

fn package() -> PathBuf {
    PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets CARGO_MANIFEST_DIR"))
}

/// The file that `TINYTRIPLET_MODEL` names; else the one that is committed.
fn model_path() -> PathBuf {
    named_path("TINYTRIPLET_MODEL").unwrap_or_else(|| package().join(DEFAULT_MODEL))
}

/// The folder that `TINYTRIPLET_MODELS` names.
fn measured_folder() -> Option<PathBuf> {
    named_path("TINYTRIPLET_MODELS")
}

/// The part of `src/model.rs` that depends on the model file.
fn model_source(file: &ModelFile) -> Result<String, String> {
    let model = file.decode()?;
    Ok(format!(
        "static ALIGNED: &Aligned<[u8]> = &Aligned(*include_bytes!({:?}));\n\
         /// Bytes of an image.\npub const INPUT_LEN: usize = {};\n\
         /// Words of 32 bits that the engine needs to compute in.\npub const SCRATCH_LEN: usize = {};\n\
         /// Bytes of an embedding.\npub const EMBEDDING_LEN: usize = {};\n",
        file.packed,
        model.input_len(),
        model.scratch_len(),
        model.embedding_len(),
    ))
}

/// How much the gallery holds.
#[derive(Clone, Copy)]
struct GallerySize {
    capacity: usize,
    exemplars: usize,
}

impl GallerySize {
    /// What `TINYTRIPLET_CAPACITY` and `TINYTRIPLET_EXEMPLARS` say.
    fn chosen() -> Result<Self, String> {
        let number = |variable: &str, usual: usize, range: RangeInclusive<usize>| {
            let Some(text) = env::var_os(variable).filter(|text| !text.is_empty()) else { return Ok(usual) };
            let number =
                text.to_str().and_then(|text| text.parse().ok()).filter(|number| range.contains(number));
            number.ok_or(format!(
                "{variable} is a number from {} to {}, not {}",
                range.start(),
                range.end(),
                text.display()
            ))
        };
        Ok(Self {
            capacity: number("TINYTRIPLET_CAPACITY", 16, 1..=1_000)?,
            exemplars: number("TINYTRIPLET_EXEMPLARS", 0, 0..=255)?,
        })
    }

    fn source(self) -> String {
        format!(
            "/// Entries that the gallery holds: `TINYTRIPLET_CAPACITY`.\npub const CAPACITY: usize = {};\n\
             /// Embeddings that it keeps of each: `TINYTRIPLET_EXEMPLARS`.\npub const EXEMPLARS: usize = {};\n",
            self.capacity, self.exemplars
        )
    }
}

/// The part of `src/model.rs` that depends on the models to be measured.
fn measured_source(files: &[ModelFile]) -> Result<String, String> {
    let mut text = String::new();
    let mut list = String::new();
    let [mut input, mut scratch, mut embedding] = [0; 3];
    for (index, file) in files.iter().enumerate() {
        let model = file.decode()?;
        input = model.input_len().max(input);
        scratch = model.scratch_len().max(scratch);
        embedding = model.embedding_len().max(embedding);
        text += &format!(
            "static MEASURED_{index}: &Aligned<[u8]> = &Aligned(*include_bytes!({:?}));\n",
            file.packed
        );
        list += &format!("&MEASURED_{index}.0, ");
    }
    text += &format!(
        "/// The model files that the program \"measure\" measures.\npub static MEASURED: &[&[u8]] = &[{list}];\n\
         /// Bytes of the largest image of theirs.\npub const MEASURED_INPUT_LEN: usize = {input};\n\
         /// Words of 32 bits that the engine needs for any of them.\npub const MEASURED_SCRATCH_LEN: usize = {scratch};\n\
         /// Bytes of their largest embedding.\npub const MEASURED_EMBEDDING_LEN: usize = {embedding};\n",
    );
    Ok(text)
}

/// The one board whose feature is on.
fn chosen_board() -> Result<&'static boards::Board, String> {
    let feature = |board: &&boards::Board| {
        let name = board.name.to_uppercase().replace('-', "_");
        env::var_os(format!("CARGO_FEATURE_{name}")).is_some()
    };
    let chosen: Vec<_> = boards::BOARDS.iter().filter(feature).collect();
    match chosen[..] {
        [board] => Ok(board),
        _ => {
            let names = boards::BOARDS.map(|board| board.name).join(", ");
            Err(format!(
                "a firmware is for one board, {} were given: --features with one of {names}",
                chosen.len()
            ))
        }
    }
}

/// Whether RAM and flash suffice, as far as the model decides it. The linker checks the rest.
fn check_fit(board: &boards::Board, file: &ModelFile, gallery: GallerySize) -> Result<(), String> {
    let model = file.decode()?;
    let GallerySize { capacity, exemplars } = gallery;
    let (input_len, scratch_len, dim) = (model.input_len(), model.scratch_len(), model.embedding_len());
    let sizes = memory::Sizes { input_len, scratch_len, dim, exemplars, capacity };
    let ram = rtt_len() + memory::ram_len(sizes);
    let name = model.metadata().name;
    if ram > board.ram.len {
        return Err(format!(
            "the model \"{name}\" needs {ram} bytes of RAM ({} of them to compute in, {} for a gallery of {capacity} \
             entries), {} has {}",
            4 * scratch_len,
            memory::gallery_len(dim, exemplars, capacity),
            board.name,
            board.ram.len
        ));
    }
    let flash = program_flash(board).len;
    if file.bytes.len() > flash {
        return Err(format!(
            "the model \"{name}\" has {} bytes, {} has {flash} bytes of flash, program included",
            file.bytes.len(),
            board.name,
        ));
    }
    Ok(())
}

/// The same for the models to be measured, all of which are in the program.
fn check_measured_fit(board: &boards::Board, files: &[ModelFile]) -> Result<(), String> {
    for file in files {
        let model = file.decode()?;
        let ram = rtt_len() + memory::OTHER_LEN + memory::STACK_LEN + model.ram_len();
        if ram > board.ram.len {
            return Err(format!(
                "{}: measuring it needs {ram} bytes of RAM, {} has {}",
                file.path.display(),
                board.name,
                board.ram.len
            ));
        }
    }
    let len: usize = files.iter().map(|file| file.bytes.len()).sum();
    let flash = program_flash(board).len;
    if len > flash {
        return Err(format!(
            "the models to be measured have {len} bytes together, {} has {flash} bytes of flash: \
             measure fewer at a time",
            board.name
        ));
    }
    Ok(())
}

/// The flash that the gallery leaves to the program, but for the vectors, which are where the flash begins.
fn program_flash(board: &boards::Board) -> boards::Region {
    let (flash, gallery) = (board.flash, board.gallery);
    if gallery.end() == flash.end() {
        boards::Region { len: flash.len - gallery.len, ..flash }
    } else if flash.origin < gallery.origin && gallery.end() < flash.end() {
        boards::Region { origin: gallery.end(), len: (flash.end() - gallery.end()) as usize }
    } else {
        flash
    }
}

/// Bytes of the log's buffer.
fn rtt_len() -> usize {
    env::var("DEFMT_RTT_BUFFER_SIZE").ok().and_then(|size| size.parse().ok()).unwrap_or(RTT_LEN)
}

/// Writes the linker's `memory.x` and has it used.
fn link_for(board: &boards::Board, out: &Path) -> Result<(), String> {
    let riscv = board.target.starts_with("riscv");
    let stack = format!(
        "ASSERT({} >= {}, \"less than {} bytes of RAM are left to the stack\");\n",
        if riscv { "SIZEOF(.stack)" } else { "_stack_start - _stack_end" },
        memory::STACK_LEN,
        memory::STACK_LEN
    );
    fs::write(out.join("memory.x"), memory_x(board, riscv))
        .and_then(|()| fs::write(out.join("stack.x"), stack))
        .map_err(|error| format!("cannot write to {}: {error}", out.display()))?;
    println!("cargo::rustc-link-search={}", out.display());
    if riscv {
        // cortex-m-rt includes it.
        println!("cargo::rustc-link-arg-bins=-Tmemory.x");
    }
    for argument in ["--nmagic", "--emit-relocs", "-Tlink.x", "-Tdefmt.x", "-Tstack.x"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    println!("cargo::rustc-env=FIRMWARE_BOARD={}", board.name);
    if env::var_os("DEFMT_LOG").is_none() {
        println!("cargo::rustc-env=DEFMT_LOG=info");
    }
    Ok(())
}

/// The board's memories, as cortex-m-rt and riscv-rt want to be told.
fn memory_x(board: &boards::Board, riscv: bool) -> String {
    let region =
        |name: &str, origin: u32, len: usize| format!("  {name} : ORIGIN = {origin:#010x}, LENGTH = {len}\n");
    let (flash, program) = (board.flash, program_flash(board));
    let boot_len = if board.boot == boards::Boot::Stage2 { boards::STAGE2_LEN } else { 0 };
    let vectors = flash.origin + boot_len as u32;
    let mut text = "MEMORY\n{\n".to_owned();
    if boot_len > 0 {
        text += &region("BOOT2", flash.origin, boot_len);
    }
    text += &region("FLASH", vectors, (program.end() - vectors) as usize);
    text += &region("RAM", board.ram.origin, board.ram.len);
    text += "}\n";
    if program.origin > flash.origin {
        // Between the vectors and the rest of the program is the gallery.
        text += &format!("_stext = {:#010x};\n", program.origin);
    }
    text += match board.boot {
        boards::Boot::Vectors => "",
        boards::Boot::Stage2 => {
            "SECTIONS { .boot2 ORIGIN(BOOT2) : { KEEP(*(.boot2)); } > BOOT2 } INSERT BEFORE .text;\n"
        }
        boards::Boot::ImageDefinition => {
            "SECTIONS { .start_block : ALIGN(4) { KEEP(*(.start_block)); } > FLASH } INSERT AFTER .vector_table;\n\
             _stext = ADDR(.start_block) + SIZEOF(.start_block);\n"
        }
    };
    if riscv {
        for (section, memory) in [
            ("TEXT", "FLASH"),
            ("RODATA", "FLASH"),
            ("DATA", "RAM"),
            ("BSS", "RAM"),
            ("HEAP", "RAM"),
            ("STACK", "RAM"),
        ] {
            text += &format!("REGION_ALIAS(\"REGION_{section}\", {memory});\n");
        }
        // cortex-m-rt's name for the end of what the stack must not reach.
        text += "PROVIDE(_stack_end = _eheap);\n";
    }
    text
}
