//! The application on a PC: bytes in, bytes out.

mod alone;
mod bench;
mod cables;
mod emergency;
mod failing_flash;
mod frames;
mod gallery;
mod images;
mod model;
mod rates;
mod wear;
