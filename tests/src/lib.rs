//! What the tests in `tests/` share: random nets, and a second engine written from `docs/ARITHMETIC.md` alone.

pub mod definition;
pub mod images;
pub mod layout;
pub mod random;
