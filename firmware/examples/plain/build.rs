fn main() {
    shared_model::build::pack("../../models/characters.model.postcard");
    // cortex-m-rt's script, which includes memory.x.
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
}
