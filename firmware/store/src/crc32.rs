//! The CRC-32 that ends headers and records.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

/// Without its table of 1 KiB: a flash is slower than this.
pub const CRC32: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// The CRC-32 of anything that ends with its own CRC-32.
pub const RESIDUE: u32 = 0x2144_df1c;

/// Bytes of a CRC-32.
pub const CRC_LEN: usize = 4;
