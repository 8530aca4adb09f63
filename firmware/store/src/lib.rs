#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

mod error;
mod header;
mod layout;
mod memory_flash;
mod store;

pub use error::{MountError, StoreError};
pub use layout::most_records;
pub use memory_flash::MemoryFlash;
pub use store::{Key, MAX_KEY_LEN, Owner, Store};
