use heapless::Vec;

/// Most bytes of a key.
pub const MAX_KEY_LEN: usize = 31;

/// The key of a record.
pub type Key = Vec<u8, MAX_KEY_LEN>;
