//! Images and their labels, and where they come from.
//!
//! [`find`] takes the first of these that there is:
//!
//! 1. the folder that the user names, or a word for what this program draws: `drawn` for digits,
//!    `characters` for characters that it makes up ([`characters`]);
//! 2. the folder that the environment variable [`VARIABLE`] names;
//! 3. MNIST in this machine's cache;
//! 4. MNIST from the network ([`download`]), which the cache then keeps;
//! 5. digits that this program draws ([`drawn`]).
//!
//! A caller that wants one of them only says so ([`Place`]).
//!
//! A folder holds IDX files ([`idx`]) or pictures ([`folder`]), which [`prepare`] turns into
//! pixels.
//!
//! Something wrong with what a user names is an error, never a reason to take something else. The
//! data say where they come from itself: [`Dataset::name`] and [`Dataset::source`] belong beside
//! every number that is printed.

mod angles;
pub mod characters;
mod classes;
mod dataset;
mod decoys;
pub mod download;
pub mod drawn;
mod error;
mod event;
pub mod folder;
pub mod idx;
pub mod names;
pub mod one_shot;
pub mod photographs;
pub mod picture;
mod pieces;
pub mod prepare;
pub mod raw;
mod repeats;
mod rng;
mod search;
mod split;
mod training_data;
mod triplets;

pub use angles::any_angle;
pub use classes::{Class, ENOUGH_CLASSES_TO_HOLD_OUT, TooFewToHoldOut, classes, evenly, hold_out};
pub use dataset::{
    CHARACTERS, DRAWN, DRAWN_DIGITS, DRAWN_SIGNS, Dataset, MADE_UP_CHARACTERS, MNIST, MNIST_FINGERPRINTS,
    SIGNS, Source, VARIABLE,
};
pub use decoys::decoys;
pub use error::DataError;
pub use event::{Event, Progress};
pub use pieces::piece;
pub use rng::Rng;
pub use search::{Place, Request, Search, find, is_word, known_shape};
pub use split::{Label, Split, SplitError};
pub use training_data::{Part, PartImages, TrainingData, is_among, is_own, trained_on, trains_on_own};
pub use triplets::{Triplet, origin_triplets};
