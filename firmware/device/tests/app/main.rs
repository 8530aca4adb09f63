//! The application on a PC: bytes in, bytes out.

mod bench;
mod frames;
mod gallery;
mod model;
