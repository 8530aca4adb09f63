/// CRC-32 as in Ethernet, zip and PNG (CRC-32/ISO-HDLC): it guards model files and frames.
pub(crate) static CRC32: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// Returns the CRC-32 of `bytes`, as model files and frames use it (CRC-32/ISO-HDLC).
///
/// ```
/// assert_eq!(shared_model::model::crc32(b"123456789"), 0xcbf4_3926);
/// ```
pub fn crc32(bytes: &[u8]) -> u32 {
    CRC32.checksum(bytes)
}
