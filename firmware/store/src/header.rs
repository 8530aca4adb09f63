//! The header that a bank begins with.

use crate::crc32::{CRC32, RESIDUE};

/// The first bytes of a header.
const MAGIC: [u8; 4] = *b"TTGL";

/// The version of the layout of records.
pub const VERSION: u16 = 2;

/// Bytes of a header, in every version, before it is padded to whole words.
pub const HEADER_LEN: usize = 28;

/// A bank begins with so many copies of its header: where one is damaged, the other counts.
pub const COPIES: usize = 2;

/// The header of a bank. It is written last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub version: u16,
    pub value_len: u16,
    pub slot_len: u16,
    /// Faults that were found before the bank was written.
    pub damage: u16,
    pub sequence: u32,
    pub owner: [u8; 8],
}

impl Header {
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&self.version.to_le_bytes());
        bytes[6..8].copy_from_slice(&self.value_len.to_le_bytes());
        bytes[8..10].copy_from_slice(&self.slot_len.to_le_bytes());
        bytes[10..12].copy_from_slice(&self.damage.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.owner);
        let crc = CRC32.checksum(&bytes[..24]);
        bytes[24..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header. Returns `None` if it is not one, or was cut off.
    pub fn from_bytes(bytes: &[u8; HEADER_LEN]) -> Option<Self> {
        if bytes[..4] != MAGIC || CRC32.checksum(bytes) != RESIDUE {
            return None;
        }
        let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let &[.., s0, s1, s2, s3, o0, o1, o2, o3, o4, o5, o6, o7, _, _, _, _] = bytes;
        Some(Self {
            version: u16_at(4),
            value_len: u16_at(6),
            slot_len: u16_at(8),
            damage: u16_at(10),
            sequence: u32::from_le_bytes([s0, s1, s2, s3]),
            owner: [o0, o1, o2, o3, o4, o5, o6, o7],
        })
    }
}
