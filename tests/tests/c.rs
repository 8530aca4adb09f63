//! tinytriplet-c: the interface for C. The example of `firmware/c` is built as its readers build it, by its Makefile.

use object::{
    Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, elf, read::archive::ArchiveFile,
};
use shared_model::{
    Gallery, Model, Threshold,
    gallery::Method,
    prepare::{
        Format, Frame, prepare, scratch_len,
        strokes::{Point, rasterise},
    },
};
use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

/// Makefiles that run at the same time would write the same files.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn build() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("c")
}

/// Returns what a command prints, if it succeeds.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let [text, errors] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{command:?}: {}\n{text}\n{errors}", output.status);
    text.into_owned()
}

/// Has the example's Makefile reach a goal, and returns what it prints.
fn make(goal: &str) -> String {
    let _one = ONE_AT_A_TIME.lock();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    output(
        Command::new("make")
            .args(["--silent", "-C"])
            .arg(root().join("firmware/c/example"))
            .arg(format!("BUILD={}", build().display()))
            .arg(format!("CARGO={}", cargo.display()))
            .arg(goal)
            // Those are meant for the tests' own build.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR"),
    )
}

/// Returns what the example has to print: the same drawings, by the crate.
fn expected() -> String {
    let file = fs::read(root().join("firmware/models/characters.model.postcard")).unwrap();
    let model = Model::decode(&file).unwrap();
    let mut memory = vec![0; 4096];
    let mut gallery = Gallery::new(&model, 0, &mut memory);
    for name in ["bar", "cross"] {
        gallery.enrol(name, &embed(&model, &photograph(&model, name, 3))).unwrap();
    }
    let mut text = String::new();
    for name in ["bar", "cross"] {
        let sources =
            [("before the camera", photograph(&model, name, 4)), ("by a pen", drawing(&model, name))];
        for (source, pixels) in sources {
            let embedding = embed(&model, &pixels);
            let bytes: String = embedding.iter().map(|byte| format!("{byte:02x}")).collect();
            let seen = gallery.recognise(&model, &embedding, Method::Prototype, Threshold::Own).unwrap();
            let (distance, label) = (seen.nearest.unwrap().distance, seen.label().unwrap_or("unknown"));
            text += &format!("{name} {source}: {bytes} is {label}, {distance} of {}\n", seen.threshold);
        }
    }
    // A pen's line is thinner than the thick one before the camera, but no other sign.
    assert_eq!(text.matches("is bar").count(), 2);
    assert_eq!(text.matches("is cross").count(), 2);
    text
}

fn embed(model: &Model<'_>, pixels: &[u8]) -> Vec<u8> {
    let mut embedding = vec![0; model.embedding_len()];
    model.embed(pixels, &mut vec![0; model.scratch_len()], &mut embedding).unwrap();
    embedding
}

/// Returns the pixels of what the example's camera sees.
fn photograph(model: &Model<'_>, name: &str, thick: usize) -> Vec<u8> {
    const SIDE: usize = 60;
    let (preprocessing, shape) = (model.metadata().preprocessing, model.input().shape);
    let frame: Vec<u8> = (0..SIDE * SIDE)
        .map(|place| {
            let (x, y) = (place % SIDE, place / SIDE);
            let upright = (30 - thick..30 + thick).contains(&x) && (10..50).contains(&y);
            let level = (30 - thick..30 + thick).contains(&y) && (12..48).contains(&x);
            if upright || (name == "cross" && level) { 20 } else { 230 }
        })
        .collect();
    let described = Frame::new(Format::Grey8, SIDE as u16, SIDE as u16).unwrap();
    let mut scratch = vec![0; scratch_len(preprocessing, shape)];
    let mut pixels = vec![0; model.input_len()];
    prepare(described, &frame, preprocessing, shape, &mut scratch, &mut pixels).unwrap();
    pixels
}

/// Returns the pixels of what the example's pen draws.
fn drawing(model: &Model<'_>, name: &str) -> Vec<u8> {
    let shape = model.input().shape;
    let points = [(300, 100, true), (300, 500, false), (120, 300, true), (480, 300, false)]
        .map(|(x, y, begins)| Point { x, y, begins });
    let points = &points[..if name == "cross" { 4 } else { 2 }];
    let mut pixels = vec![0; model.input_len()];
    rasterise(points, [shape.height, shape.width], &mut [0; 1024], &mut pixels).unwrap();
    pixels
}

#[test]
fn the_header_is_what_the_crate_says() {
    let manifest = root().join("firmware/c/header/Cargo.toml");
    output(
        Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["run", "--quiet", "--manifest-path"])
            .arg(manifest)
            .arg("--target-dir")
            .arg(build().join("header"))
            .args(["--", "--check"]),
    );
}

#[test]
fn the_example_has_the_crates_bytes_on_a_pc() {
    assert_eq!(make("run"), expected());
}

#[test]
fn the_example_has_the_crates_bytes_on_a_cortex_m4() {
    assert_eq!(make("run-mps2"), expected());
}

/// Builds the example by CMake, and returns what it prints.
fn cmake(folder: &str, arguments: &[&str]) -> String {
    let folder = build().join(folder);
    output(
        Command::new("cmake")
            .arg("-S")
            .arg(root().join("firmware/c/example"))
            .arg("-B")
            .arg(&folder)
            .args(arguments)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR"),
    );
    output(
        Command::new("cmake")
            .arg("--build")
            .arg(&folder)
            .args(["--target", "recognise"])
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR"),
    );
    folder.join("recognise").into_os_string().into_string().unwrap()
}

#[test]
fn a_cmake_project_has_the_crates_bytes() {
    assert_eq!(output(&mut Command::new(cmake("cmake", &[]))), expected());
    let program = cmake("cmake-mps2", &["--toolchain", "cortex-m4.cmake"]);
    assert_eq!(boot(Path::new(&program)), expected());
}

/// Returns what a program prints on an emulated Cortex-M4.
fn boot(program: &Path) -> String {
    output(
        Command::new("qemu-system-arm")
            .args(["-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "stdio"])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
            .arg(program),
    )
}

/// The Arduino IDE's part is played by its compiler, and by a header with a serial port.
#[test]
fn an_arduino_sketch_has_the_crates_bytes() {
    let [folder, objects] = ["arduino", "arduino-objects"].map(|name| build().join(name));
    for folder in [&folder, &objects] {
        let _ = fs::remove_dir_all(folder);
    }
    fs::create_dir_all(&objects).unwrap();
    output(
        Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["run", "--quiet", "-p", "tinytriplet-c", "--example", "arduino", "--"])
            .arg(root().join("firmware/models/characters.model.postcard"))
            .arg(&folder)
            .arg("thumbv7em-none-eabi")
            .current_dir(root())
            .env_remove("RUSTFLAGS"),
    );
    let stub = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/arduino");
    let sketch = folder.join("examples/Recognise");
    let compile = |compiler: &str, language: &str, file: &Path, more: &[&str]| {
        let object = objects.join(file.file_name().unwrap()).with_added_extension("o");
        output(
            Command::new(compiler)
                .args(["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=softfp", "-mfpu=fpv4-sp-d16", "-O2"])
                .args(["-ffreestanding", "-Wall", "-Wextra", "-Werror", "-c", "-x", language])
                .args(more)
                .arg("-I")
                .arg(folder.join("src"))
                .arg("-I")
                .arg(&stub)
                .arg("-I")
                .arg(root().join("firmware/c/example"))
                .arg(file)
                .arg("-o")
                .arg(&object),
        );
        object
    };
    let cpp = ["-fno-exceptions", "-fno-rtti", "-include", "Arduino.h"];
    let parts = [
        compile("arm-none-eabi-g++", "c++", &sketch.join("Recognise.ino"), &cpp),
        compile("arm-none-eabi-gcc", "c", &sketch.join("recognise.c"), &[]),
        compile("arm-none-eabi-g++", "c++", &stub.join("board.cpp"), &cpp),
        // Its serial port and its start, for the sketch.
        compile(
            "arm-none-eabi-gcc",
            "c",
            &root().join("firmware/c/example/mps2.c"),
            &["-Dput=uart_put", "-Drecognise=run_sketch"],
        ),
    ];
    let program = objects.join("sketch.elf");
    output(
        Command::new("arm-none-eabi-gcc")
            .args(["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=softfp", "-mfpu=fpv4-sp-d16"])
            .args(["-nostdlib", "-Wl,--gc-sections", "-T"])
            .arg(root().join("firmware/c/example/mps2.ld"))
            .args(parts)
            .arg("-L")
            .arg(folder.join("src/cortex-m4/fpv4-sp-d16-softfp"))
            .args(["-ltinytriplet_c", "-lgcc", "-o"])
            .arg(&program),
    );
    assert_eq!(boot(&program), expected());
    let properties = fs::read_to_string(folder.join("library.properties")).unwrap();
    let version = concat!("version=", env!("CARGO_PKG_VERSION"), "\n");
    assert!(properties.contains(version), "{properties}");
}

/// The options of the example's program for a Cortex-M4.
const M4: [&str; 9] = [
    "-mcpu=cortex-m4",
    "-mthumb",
    "-mfloat-abi=hard",
    "-mfpu=fpv4-sp-d16",
    "-O2",
    "-ffreestanding",
    "-nostdlib",
    "-ffunction-sections",
    "-Wl,--gc-sections",
];

/// Returns the archive for a Cortex-M4.
fn m4_library() -> PathBuf {
    make("mps2-library");
    build().join("boards/thumbv7em-none-eabihf/release/libtinytriplet_c.a")
}

/// Returns the command that links a program of `tests/c/parts.c` with as much of the library as `part` says.
fn parts(part: &str, headers: &Path, program: &Path) -> Command {
    let library = m4_library();
    make(&build().join("model.h").display().to_string());
    let example = root().join("firmware/c/example");
    let mut command = Command::new("arm-none-eabi-gcc");
    command.args(M4).arg(format!("-DPART={part}"));
    for folder in [build().as_path(), headers, &example] {
        command.arg("-I").arg(folder);
    }
    command.arg("-T").arg(example.join("mps2.ld"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/parts.c")).arg(example.join("mps2.c"));
    command.arg(library).arg("-lgcc").arg("-o").arg(program);
    command
}

/// A gallery in RAM brings no store with it.
#[test]
fn a_program_links_what_it_calls() {
    let headers = root().join("firmware/c/include");
    let sizes = ["EMBED", "GALLERY_IN_RAM", "GALLERY_IN_FLASH"].map(|part| {
        let program = build().join(part);
        output(&mut parts(part, &headers, &program));
        let bytes = fs::read(program).unwrap();
        let program = object::File::parse(&*bytes).unwrap();
        let flash = program
            .sections()
            .filter(|section| matches!(section.kind(), SectionKind::Text | SectionKind::ReadOnlyData))
            .map(|section| section.size())
            .sum::<u64>();
        let stores = program.symbols().filter(|symbol| {
            symbol
                .name()
                .is_ok_and(|name| name.contains("tinytriplet_store") || name.contains("persistent_gallery"))
        });
        println!("{part}: {flash} bytes of code and constants, the model among them");
        (flash, stores.count())
    });
    let [embed, ram, flash] = sizes;
    assert_eq!([embed.1, ram.1], [0, 0]);
    assert!(flash.1 > 5, "{} functions of the store are linked", flash.1);
    // By much: the store alone takes 10 KB.
    assert!(embed.0 + 2_000 < ram.0 && ram.0 + 10_000 < flash.0, "{sizes:?}");
}

/// The linker says so, and names the version, if the header belongs to another library.
#[test]
fn a_header_of_another_version_does_not_link() {
    let headers = build().join("other");
    fs::create_dir_all(&headers).unwrap();
    let header = fs::read_to_string(root().join("firmware/c/include/tinytriplet.h")).unwrap();
    let version = tinytriplet_c::TT_ABI_VERSION;
    let other = header.replace(&format!("_abi{version}\n"), &format!("_abi{}\n", version + 1));
    assert_ne!(header, other);
    fs::write(headers.join("tinytriplet.h"), other).unwrap();
    let linked = parts("EMBED", &headers, &build().join("unlinked")).output().unwrap();
    let errors = String::from_utf8_lossy(&linked.stderr);
    assert!(!linked.status.success());
    let wanted = format!("undefined reference to `tt_embed_abi{}'", version + 1);
    assert!(errors.contains(&wanted), "{errors}");
}

/// The library asks for no function of anybody's, and is code and constants: nothing is to be copied, cleared, constructed
/// or relocated when the program starts.
#[test]
fn the_library_needs_nothing_at_run_time() {
    let bytes = fs::read(m4_library()).unwrap();
    let archive = ArchiveFile::parse(&*bytes).unwrap();
    let [mut defined, mut undefined] = [BTreeSet::new(), BTreeSet::new()];
    let mut writable = Vec::new();
    for member in archive.members() {
        // A copy is aligned, as a member of an archive is not.
        let member = member.unwrap().data(&*bytes).unwrap().to_vec();
        let member = object::File::parse(&*member).unwrap();
        for symbol in member.symbols().filter(|symbol| symbol.is_global()) {
            let names = if symbol.is_undefined() { &mut undefined } else { &mut defined };
            names.insert(symbol.name().unwrap().to_owned());
        }
        // What a start-up would have to copy, clear or call, and what a loader would have to relocate.
        writable.extend(member.sections().filter_map(|section| {
            let SectionFlags::Elf { sh_flags } = section.flags() else { panic!("not an ELF file") };
            let is_loaded = section.size() > 0 && sh_flags & u64::from(elf::SHF_ALLOC) != 0;
            let is_writable = is_loaded && sh_flags & u64::from(elf::SHF_WRITE) != 0;
            is_writable.then(|| section.name().unwrap().to_owned())
        }));
    }
    assert_eq!(writable, [""; 0]);
    assert_eq!(undefined.difference(&defined).collect::<Vec<_>>(), [""; 0]);
    let exported: Vec<_> = defined.iter().filter(|name| name.starts_with("tt_")).collect();
    assert_eq!(exported.len(), 20, "{exported:?}");
    let end = format!("_abi{}", tinytriplet_c::TT_ABI_VERSION);
    assert!(exported.iter().all(|name| name.ends_with(&end)), "{exported:?}");
}

/// What C passes wrong is found, and nothing is read or written that it should not be.
#[test]
fn wrong_arguments_are_errors() {
    run_sanitized("wrong_arguments");
}

/// Functions for the flash that fail, lie or call again leave the gallery as it was.
#[test]
fn a_gallery_in_flash_is_intact_whatever_its_functions_do() {
    run_sanitized("flash");
}

/// Runs a program of `tests/c`, built with the sanitizers: its arrays lie in allocations of their own.
fn run_sanitized(name: &str) {
    make("all-pc");
    let program = build().join(name);
    let test = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(name).with_added_extension("c");
    output(
        Command::new("cc")
            .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined"])
            .arg(format!("-I{}", build().display()))
            .arg(format!("-I{}", root().join("firmware/c/include").display()))
            .arg("-o")
            .arg(&program)
            .arg(test)
            .arg(build().join("pc/release/libtinytriplet_c.a"))
            .args(["-lpthread", "-ldl", "-lm"]),
    );
    output(&mut Command::new(program));
}
