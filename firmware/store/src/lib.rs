#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

mod crc32;
mod error;
mod header;
mod key;
mod layout;
mod memory_flash;
mod store;

pub use error::{MountError, StoreError};
pub use key::{Key, MAX_KEY_LEN};
pub use layout::most_records;
pub use memory_flash::MemoryFlash;
pub use store::{Owner, Store};
