//! The firmware of `firmware/examples`: packages of their own, which depend on the crates as any other firmware does.
//! They are built and booted, and have the PC's bytes.

use shared_model::Model;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const MODEL: &[u8] = include_bytes!("../../firmware/models/default.model.postcard");

/// Builds an example for a Cortex-M4.
fn build(name: &str) -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("examples");
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--locked", "--target", "thumbv7em-none-eabihf"])
        .arg("--target-dir")
        .arg(&target)
        // There, as its own `cargo build` would look for `memory.x`.
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/examples").join(name))
        // Those are meant for the tests' own build.
        .env_remove("RUSTFLAGS")
        .status();
    assert!(status.unwrap().success(), "{name} cannot be built");
    target.join("thumbv7em-none-eabihf/release").join(name)
}

/// Returns what a program prints over semihosting on ARM's MPS2 board, once it has ended well.
fn boot(program: &Path) -> String {
    let output = Command::new("qemu-system-arm")
        .args(["-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "none"])
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
    assert_eq!(boot(&build("plain")), expected());
}

/// The same bytes in slices, between which another task runs.
#[test]
fn an_embassy_firmware_has_the_pcs_bytes() {
    let text = boot(&build("embassy"));
    let turns: u32 = text
        .strip_prefix(&expected())
        .and_then(|rest| {
            rest.strip_prefix("meanwhile, another task had ")?.strip_suffix(" turns\n")?.parse().ok()
        })
        .unwrap_or_else(|| panic!("{text}"));
    // Four inferences, of a row or a layer at a time.
    assert!(turns >= 4 * 10, "{turns}");
}

/// A firmware of one's own begins as a copy of an example: it should fit on a page.
#[test]
fn the_plain_example_is_short() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware/examples/plain/src/main.rs");
    assert!(fs::read_to_string(source).unwrap().lines().count() < 65);
}
