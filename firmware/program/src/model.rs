//! The model that is built into the firmware: `models/characters.model.postcard`, or the file that
//! `TINYTRIPLET_MODEL` named at build time. The build script has checked it, and laid its weights
//! out for the board.

mod built_in {
    shared_model::include_model!("built-in");
}

pub use built_in::{EMBEDDING_LEN, FILE, INPUT_LEN};

include!(concat!(env!("OUT_DIR"), "/model.rs"));
