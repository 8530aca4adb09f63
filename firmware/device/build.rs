//! Makes Cargo compile this crate again when the log's level changes: defmt reads it, which Cargo
//! does not know.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DEFMT_LOG");
}
