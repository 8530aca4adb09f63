//! Code that the tests in `tests/` share: random nets, a second engine and a second preparation of images, written from
//! `docs/ARITHMETIC.md` and `docs/FORMAT.md` alone, and a flash whose power fails.

pub mod definition;
pub mod drawing;
pub mod golden;
pub mod hex;
pub mod known;
pub mod largest;
pub mod model_folder;
pub mod noisy;
pub mod nor_flash;
pub mod preparation;
pub mod random;
pub mod torture;

/// The examples of `docs/LIBRARY.md` compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/LIBRARY.md")]
struct Library;
