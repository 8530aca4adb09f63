//! Reasons why a region cannot be mounted, or a record not be read or changed.

use crate::key::MAX_KEY_LEN;
use core::fmt;
use embedded_storage::nor_flash::NorFlashErrorKind;

/// The reason why a region cannot be mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum MountError {
    /// 256 bytes are not a multiple of the words that the flash reads or writes.
    WordSize,
    /// The region is not an even number of erase units, or is larger than 4 GiB.
    Region,
    /// Values of this length do not fit into slots of 64 KiB.
    ValueLength,
    /// The region is too small.
    TooSmall {
        /// The most records that it can hold.
        most: usize,
        /// The records that it was mounted for.
        wanted: usize,
    },
    /// The flash could not be read.
    Flash(NorFlashErrorKind),
}

impl From<NorFlashErrorKind> for MountError {
    fn from(kind: NorFlashErrorKind) -> Self {
        Self::Flash(kind)
    }
}

impl fmt::Display for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WordSize => f.write_str("the flash's words are of a size that is not supported"),
            Self::Region => f.write_str("the region is not two banks of whole erase units"),
            Self::ValueLength => f.write_str("the values are too long"),
            Self::TooSmall { most, wanted } => {
                write!(f, "the region can hold {most} records, {wanted} are wanted")
            }
            Self::Flash(kind) => write!(f, "the flash cannot be read: {kind}"),
        }
    }
}

impl core::error::Error for MountError {}

/// The reason why a record cannot be read or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum StoreError {
    /// The region holds another owner's records.
    OtherOwner,
    /// The store has as many records as it may have.
    Full,
    /// There is no record with this index.
    Index,
    /// The key is empty or too long.
    KeyLength,
    /// The value does not have the length of values.
    ValueLength,
    /// A record is no longer as it was written. The next mount leaves it out.
    Damaged,
    /// The flash accepted a write or an erase, and gave back something else.
    ReadBack,
    /// There have been 2³² - 1 compactions.
    WornOut,
    /// The change has to erase, and no erase is [allowed](crate::Store::allow) any more. Nothing has happened.
    Resting,
    /// The flash refused to read, write or erase.
    Flash(NorFlashErrorKind),
}

impl From<NorFlashErrorKind> for StoreError {
    fn from(kind: NorFlashErrorKind) -> Self {
        Self::Flash(kind)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherOwner => f.write_str("the records belong to another owner"),
            Self::Full => f.write_str("there is no room for another record"),
            Self::Index => f.write_str("there is no such record"),
            Self::KeyLength => write!(f, "a key has 1 to {MAX_KEY_LEN} bytes"),
            Self::ValueLength => f.write_str("the value is of another length"),
            Self::Damaged => f.write_str("the record is damaged"),
            Self::ReadBack => f.write_str("the flash does not hold what was written"),
            Self::WornOut => f.write_str("the region has been compacted too often"),
            Self::Resting => f.write_str("the flash may not be erased yet"),
            Self::Flash(kind) => write!(f, "the flash fails: {kind}"),
        }
    }
}

impl core::error::Error for StoreError {}
