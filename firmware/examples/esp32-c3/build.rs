fn main() {
    shared_model::build::pack("../../models/characters.model.postcard");
    // esp-hal's script.
    println!("cargo::rustc-link-arg-bins=-Tlinkall.x");
}
