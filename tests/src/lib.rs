//! Code that the tests in `tests/` share: random nets, a second engine written from `docs/ARITHMETIC.md` alone, and a flash
//! whose power fails.

pub mod definition;
pub mod golden;
pub mod hex;
pub mod largest;
pub mod model_folder;
pub mod noisy;
pub mod nor_flash;
pub mod random;
pub mod torture;
