//! The firmware of `firmware/examples`: packages of their own, which depend on the crates as any other firmware does.
//! They are built and booted, and have the PC's bytes.

use shared_model::Model;
use std::{
    env, fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tinytriplet_launcher::emulator::{Emulator, Program};

const MODEL: &[u8] = include_bytes!("../../firmware/models/characters.model.postcard");

const CORTEX_M4: &str = "thumbv7em-none-eabihf";
/// ARM's board with a Cortex-M4.
const MPS2: &str = "mps2-an386";

/// Builds an example for a target.
fn build(name: &str, target: &str) -> PathBuf {
    build_with(name, target, "examples", &[])
}

/// Builds an example for a target in a folder, with more arguments for Cargo.
fn build_with(name: &str, target: &str, folder: &str, arguments: &[&str]) -> PathBuf {
    let arguments = [&["--locked"], arguments].concat();
    build_package(&workspace().join("firmware/examples").join(name), name, target, folder, &arguments)
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Builds a package that lies anywhere.
fn build_package(package: &Path, name: &str, target: &str, folder: &str, arguments: &[&str]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--target", target])
        .args(arguments)
        .arg("--target-dir")
        .arg(&folder)
        // There, as its own `cargo build` would look for `memory.x`.
        .current_dir(package)
        // Those are meant for the tests' own build.
        .env_remove("RUSTFLAGS")
        .status();
    assert!(status.unwrap().success(), "{name} cannot be built");
    folder.join(target).join("release").join(name)
}

/// Returns what a program prints over semihosting on a machine of QEMU, once it has ended well.
fn boot(machine: &str, program: &Path) -> String {
    let output = Command::new("qemu-system-arm")
        .args(["-M", machine, "-display", "none", "-monitor", "none", "-serial", "none"])
        .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
        .arg(program)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("qemu-system-arm: {error}. `.ci/setup` installs it"));
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
    assert!(output.status.success(), "{}: {}\n{text}", program.display(), output.status);
    text
}

/// Returns the lines that the examples print: a bar and a slash, each four pixels wide.
fn expected() -> String {
    let model = Model::decode(MODEL).unwrap();
    let mut text = String::new();
    for (name, slant) in [("bar", 0), ("slash", 1)] {
        let pixels: Vec<u8> = (0..28 * 28)
            .map(|pixel| {
                let (x, y) = (pixel % 28, pixel / 28);
                let left = 12 + slant * (14_usize.saturating_sub(y)) / 2;
                if (4..24).contains(&y) && (left..left + 4).contains(&x) { 255 } else { 0 }
            })
            .collect();
        let mut embedding = vec![0; model.embedding_len()];
        model.embed(&pixels, &mut vec![0; model.scratch_len()], &mut embedding).unwrap();
        text += &format!("{embedding:?} is {name}\n");
    }
    text
}

#[test]
fn a_plain_firmware_has_the_pcs_bytes() {
    assert_eq!(boot(MPS2, &build("plain", CORTEX_M4)), expected());
}

/// A core without the DSP extension may have the target of one with it.
#[test]
fn a_firmware_without_assembly_has_the_pcs_bytes() {
    let has_assembly =
        |program: &Path| fs::read(program).unwrap().windows(9).any(|text| text == b"asm_dense");
    assert!(has_assembly(&build("plain", CORTEX_M4)));
    let program = build_with("plain", CORTEX_M4, "portable", &["--features", "shared-model/portable"]);
    assert!(!has_assembly(&program));
    assert_eq!(boot(MPS2, &program), expected());
}

/// A firmware whose parts want different versions of the crate has both, with the kernels of both.
#[test]
fn two_versions_of_the_crate_are_linked_into_one_program() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("two-versions");
    let _ = fs::remove_dir_all(&folder);
    let [program, older] = [folder.join("program"), folder.join("older")];
    let (root, example) = (workspace(), workspace().join("firmware/examples/plain"));
    copy(&root.join("shared-model"), &older.join("shared-model"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let [lints, package] = ["[workspace.lints.rust]", "[workspace.package]"]
        .map(|table| manifest.split_once(table).map(|(_, rest)| rest.split("\n\n").next().unwrap()).unwrap());
    let package = package.replace("version = \"0.1.0\"", "version = \"0.0.1\"");
    let manifest = format!(
        "[workspace]\nmembers = [\"shared-model\"]\n\
         [workspace.package]{package}\n[workspace.lints.rust]{lints}\n"
    );
    fs::write(older.join("Cargo.toml"), manifest).unwrap();

    copy(&example, &program);
    let manifest = fs::read_to_string(example.join("Cargo.toml")).unwrap();
    let path = root.join("shared-model").display().to_string();
    let manifest = manifest.replace("../../../shared-model", &path).replace(
        "\n[build-dependencies]",
        "older = { package = \"shared-model\", path = \"../older/shared-model\" }\n\n[build-dependencies]",
    );
    fs::write(program.join("Cargo.toml"), manifest).unwrap();
    let script = fs::read_to_string(example.join("build.rs")).unwrap();
    let models = root.join("firmware/models").display().to_string();
    fs::write(program.join("build.rs"), script.replace("../../models", &models)).unwrap();
    // What was enrolled by one version is recognised by the other.
    let source = fs::read_to_string(example.join("src/main.rs")).unwrap();
    let (enrols, recognises) = source.split_once("    for slant in [0, 1] {").unwrap();
    let source = format!(
        "{enrols}    let older = older::Model::decode(model::FILE).expect(\"it reads the same files\");\n    \
         for slant in [0, 1] {{{}",
        recognises.replacen("model.embed(", "older.embed(", 1)
    );
    fs::write(program.join("src/main.rs"), source).unwrap();

    let path = build_package(&program, "plain", CORTEX_M4, "two-versions-built", &[]);
    let bytes = fs::read(&path).unwrap();
    // Each has its symbol in the table of names.
    let mangled = b"dense9asm_dense17h";
    assert_eq!(bytes.windows(mangled.len()).filter(|text| text == mangled).count(), 2);
    assert_eq!(boot(MPS2, &path), expected());
}

/// Copies a folder, but for what Cargo has built.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if !entry.file_type().unwrap().is_dir() {
            fs::copy(entry.path(), to).unwrap();
        } else if entry.file_name() != "target" {
            copy(&entry.path(), &to);
        }
    }
}

/// The same bytes in slices, between which another task runs.
#[test]
fn an_embassy_firmware_has_the_pcs_bytes() {
    let text = boot(MPS2, &build("embassy", CORTEX_M4));
    let turns = count(&text, "meanwhile, another task had ", " turns");
    // Four inferences, of a row or a layer at a time.
    assert!(turns >= 4 * 10, "{turns}");
}

/// The same bytes with a HAL, its clocks and its timer, on an emulated Pico.
#[test]
fn an_embassy_firmware_on_a_pico_has_the_pcs_bytes() {
    let path = build("embassy-pico", "thumbv6m-none-eabi");
    let program = Program::read_for(&path, tinytriplet_boards::find("pico").unwrap()).unwrap();
    let mut pico = Emulator::boot(&program).unwrap();
    let (mut text, start) = (Vec::new(), Instant::now());
    while !text.ends_with(b" times\n") && start.elapsed() < Duration::from_secs(120) {
        let mut bytes = [0; 256];
        // A read waits for a moment only.
        let len = pico.read(&mut bytes).unwrap_or(0);
        text.extend(&bytes[..len]);
    }
    let switched = count(&String::from_utf8(text).unwrap(), "meanwhile, the light was switched ", " times");
    // Every 10 ms; an inference takes longer.
    assert!(switched >= 4, "{switched}");
}

/// Nothing here emulates an ESP32-C3: that it can be built and linked is all that is shown.
#[test]
fn a_firmware_for_an_esp32_c3_can_be_built() {
    let program = fs::read(build("esp32-c3", "riscv32imc-unknown-none-elf")).unwrap();
    // What the boot loader looks for before it starts a program.
    assert!(program.windows(4).any(|bytes| bytes == 0xabcd_5432_u32.to_le_bytes()));
}

/// The same bytes, while interrupts come between any two instructions.
#[test]
fn an_rtic_firmware_has_the_pcs_bytes() {
    let text = boot("lm3s6965evb", &build("rtic", "thumbv7m-none-eabi"));
    assert!(count(&text, "meanwhile, the clock ticked ", " times") > 0, "{text}");
}

/// Returns the number between two texts that follow the embeddings and answers.
fn count(text: &str, before: &str, after: &str) -> u32 {
    let last = text.strip_prefix(&expected()).and_then(|rest| rest.strip_prefix(before));
    // QEMU may have a remark of its own after it, about the clocks of its machine.
    let number = last.and_then(|rest| rest.split_once(after)?.0.parse().ok());
    number.unwrap_or_else(|| panic!("{text}"))
}

/// A firmware of one's own begins as a copy of an example: it should fit on a page.
#[test]
fn the_plain_example_is_short() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/examples/plain/src/main.rs");
    assert!(fs::read_to_string(source).unwrap().lines().count() < 65);
}
