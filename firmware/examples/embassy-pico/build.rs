fn main() {
    shared_model::build::pack("../../models/characters.model.postcard");
    // cortex-m-rt's script, which includes memory.x, and embassy-rp's for the second boot stage.
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-link-arg-bins=-Tlink-rp.x");
}
