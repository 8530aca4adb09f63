use crate::model::crc::CRC32;
use postcard::ser_flavors::{Cobs, Slice, crc::CrcModifier};
use serde::{Deserialize, Serialize};

/// The version of the protocol described here: the first byte of every payload, in this version and
/// all later ones.
pub const VERSION: u8 = 3;

/// Writes `message` as one frame, `COBS(version ++ postcard(message) ++ CRC-32) ++ 0x00`, to the
/// front of `buffer` and returns the frame. The [module](super) has an example.
///
/// # Errors
/// Returns [`FrameFull`] if the frame does not fit the buffer.
pub fn encode_frame<'b, M: Serialize>(message: &M, buffer: &'b mut [u8]) -> Result<&'b [u8], FrameFull> {
    let cobs = Cobs::try_new(Slice::new(buffer)).map_err(|_| FrameFull)?;
    let flavor = CrcModifier::new(cobs, CRC32.digest());
    // In postcard, a pair is one value after another, and a u8 is itself.
    postcard::serialize_with_flavor(&(VERSION, message), flavor).map(|frame| &*frame).map_err(|_| FrameFull)
}

/// Reads the message in a frame's payload, which must hold the version, the message and nothing
/// else.
///
/// ```
/// use shared_model::wire::{FrameError, VERSION, decode_message};
///
/// assert_eq!(decode_message::<u8>(&[VERSION, 7]), Ok(7));
/// assert_eq!(decode_message::<u8>(&[99, 7]), Err(FrameError::Version(99)));
/// ```
///
/// # Errors
/// Returns [`FrameError::Version`] if the payload has another version, and [`FrameError::Message`]
/// if it is not such a message.
pub fn decode_message<'p, M: Deserialize<'p>>(payload: &'p [u8]) -> Result<M, FrameError> {
    let (&version, message) = payload.split_first().ok_or(FrameError::Message)?;
    if version != VERSION {
        return Err(FrameError::Version(version));
    }
    match postcard::take_from_bytes(message) {
        Ok((message, [])) => Ok(message),
        _ => Err(FrameError::Message),
    }
}

/// Gathers bytes from a link into frames of at most `N` bytes, and finds the next frame after
/// noise.
///
/// A frame ends at `0x00`, which occurs nowhere else. So lost or damaged bytes spoil only the
/// frames in which they are. The [module](super) has an example.
#[derive(Debug)]
pub struct FrameReader<const N: usize> {
    buffer: [u8; N],
    len: usize,
    overflowed: bool,
}

impl<const N: usize> FrameReader<N> {
    /// Creates a reader at the beginning of a frame.
    pub const fn new() -> Self {
        Self { buffer: [0; N], len: 0, overflowed: false }
    }

    /// Adds the next byte. At the end of a frame, returns its payload, or the error in it.
    ///
    /// Empty frames are skipped: a sender may send `0x00` at any time to end a broken frame.
    pub fn push(&mut self, byte: u8) -> Option<Result<&[u8], FrameError>> {
        if byte != 0 {
            match self.buffer.get_mut(self.len) {
                Some(slot) => {
                    *slot = byte;
                    self.len += 1;
                }
                None => self.overflowed = true,
            }
            return None;
        }
        let frame = &mut self.buffer[..core::mem::take(&mut self.len)];
        if core::mem::take(&mut self.overflowed) {
            return Some(Err(FrameError::TooLong));
        }
        (!frame.is_empty()).then(|| check_frame(frame))
    }
}

impl<const N: usize> Default for FrameReader<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Decodes COBS in place and checks the CRC.
fn check_frame(frame: &mut [u8]) -> Result<&[u8], FrameError> {
    let len = cobs::decode_in_place(frame).map_err(|_| FrameError::Cobs)?;
    let (payload, crc) = frame[..len].split_last_chunk::<4>().ok_or(FrameError::Crc)?;
    if CRC32.checksum(payload) == u32::from_le_bytes(*crc) { Ok(payload) } else { Err(FrameError::Crc) }
}

/// The reason why a frame cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum FrameError {
    /// The frame is longer than the receiver's buffer.
    TooLong,
    /// The frame is not valid COBS (consistent overhead byte stuffing).
    Cobs,
    /// The CRC-32 does not match, or is missing.
    Crc,
    /// The payload arrived whole, but in this other version of the protocol.
    Version(u8),
    /// The payload arrived whole, but is not a message of this protocol.
    Message,
}

impl core::fmt::Display for FrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Version(version) => {
                return write!(f, "a frame was of version {version} of the protocol, not {VERSION}");
            }
            Self::TooLong => "a frame was longer than the receiver's buffer",
            Self::Cobs => "a frame was not byte-stuffed correctly",
            Self::Crc => "a frame's CRC did not match",
            Self::Message => "a frame did not hold a message of this protocol",
        })
    }
}

impl core::error::Error for FrameError {}

/// The buffer is shorter than the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FrameFull;

impl core::fmt::Display for FrameFull {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the buffer is shorter than the frame")
    }
}

impl core::error::Error for FrameFull {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn push_all(reader: &mut FrameReader<64>, bytes: &[u8]) -> Vec<Result<Vec<u8>, FrameError>> {
        let mut frames = Vec::new();
        for &byte in bytes {
            if let Some(frame) = reader.push(byte) {
                frames.push(frame.map(<[u8]>::to_vec));
            }
        }
        frames
    }

    fn frame(message: &(u8, u32)) -> Vec<u8> {
        let mut buffer = [0; 64];
        encode_frame(message, &mut buffer).unwrap().to_vec()
    }

    #[test]
    fn a_frame_on_the_wire() {
        // The version; postcard (7, 300) = 07 ac 02; CRC-32 of these little-endian; COBS; 00.
        let crc = crate::model::crc32(&[VERSION, 0x07, 0xac, 0x02]).to_le_bytes();
        let expected = [&[0x09, VERSION, 0x07, 0xac, 0x02][..], &crc, &[0]].concat();
        assert!(!crc.contains(&0));
        assert_eq!(frame(&(7, 300)), expected);
    }

    #[test]
    fn frames_arrive_in_any_pieces_and_joined() {
        let bytes = [frame(&(1, 0)), frame(&(2, 9))].concat();
        let mut reader = FrameReader::new();
        let payloads = push_all(&mut reader, &bytes);
        let messages: Vec<(u8, u32)> =
            payloads.iter().map(|p| decode_message(p.as_ref().unwrap()).unwrap()).collect();
        assert_eq!(messages, [(1, 0), (2, 9)]);
    }

    #[test]
    fn each_damage_is_found_and_the_next_frame_read() {
        let good = frame(&(5, 1_000_000));
        for index in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[index] ^= 1 << bit;
                let mut reader = FrameReader::new();
                let frames = push_all(&mut reader, &[&bad[..], &[0], &good[..]].concat());
                assert!(frames[..frames.len() - 1].iter().all(Result::is_err), "byte {index} bit {bit}");
                assert!(frames.last().unwrap().is_ok(), "byte {index} bit {bit}");
            }
        }
    }

    #[test]
    fn too_long_a_frame_is_one_error() {
        let mut reader = FrameReader::new();
        let noise = [[1; 700].as_slice(), &[0], &frame(&(1, 1))].concat();
        let frames = push_all(&mut reader, &noise);
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0], Err(FrameError::TooLong));
        assert!(frames[1].is_ok());
    }

    #[test]
    fn empty_frames_are_passed_over() {
        assert!(push_all(&mut FrameReader::new(), &[0, 0, 0]).is_empty());
    }

    #[test]
    fn bytes_behind_the_message_are_an_error() {
        assert_eq!(decode_message::<u8>(&[VERSION, 7]), Ok(7));
        assert_eq!(decode_message::<u8>(&[VERSION, 7, 0]), Err(FrameError::Message));
        assert_eq!(decode_message::<(u8, u8)>(&[VERSION, 7]), Err(FrameError::Message));
    }

    #[test]
    fn other_versions_are_named() {
        assert_eq!(decode_message::<u8>(&[VERSION + 1, 7]), Err(FrameError::Version(VERSION + 1)));
        assert_eq!(decode_message::<u8>(&[]), Err(FrameError::Message));
    }
}
