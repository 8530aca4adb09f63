//! Model files from outside. The first byte chooses what is mended, so that the fuzzer gets past the header.
#![no_main]

use fuzz::Choices;
use shared_model::model::format::{HEADER_LEN, MAGIC, VERSION, align};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&mended, file)) = data.split_first() else { return };
    let mut file = file.to_vec();
    if file.len() >= HEADER_LEN {
        if mended & 1 != 0 {
            file[..8].copy_from_slice(&MAGIC);
            file[8..10].copy_from_slice(&VERSION.to_le_bytes());
        }
        if mended & 2 != 0 {
            // The sections are what the metadata leave.
            let metadata_len = u32::from_le_bytes([file[12], file[13], file[14], file[15]]) as usize;
            let data_start = align(HEADER_LEN.saturating_add(metadata_len));
            let data_len = file.len().saturating_sub(data_start) as u32;
            file[16..20].copy_from_slice(&data_len.to_le_bytes());
        }
        if mended & 4 != 0 {
            fuzz::mend(&mut file);
        }
    }
    fuzz::check(&file, &mut Choices::new(&data[..1]));
});
