//! Model files from outside: whatever is done to them, there is an error and no panic.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{DecodeError, Model, crc32, format::HEADER_LEN};
use std::collections::HashSet;
use tests::random;

fn file(seed: u64) -> Vec<u8> {
    random::model(&mut ChaCha8Rng::seed_from_u64(seed))
}

/// Makes the CRC right again, so that what is behind it gets tested.
fn mend_crc(file: &mut [u8]) {
    if file.len() >= HEADER_LEN {
        let crc = crc32(&[&file[..HEADER_LEN - 4], &file[HEADER_LEN..]].concat());
        file[HEADER_LEN - 4..HEADER_LEN].copy_from_slice(&crc.to_le_bytes());
    }
}

#[test]
fn every_header_byte_matters() {
    let good = file(1);
    for index in 0..HEADER_LEN {
        for flip in 1..=255 {
            let mut bad = good.clone();
            bad[index] ^= flip;
            assert!(Model::decode(&bad).is_err(), "byte {index} ^ {flip:#x}");
        }
    }
}

#[test]
fn every_bit_of_the_rest_matters() {
    let good = file(2);
    for index in HEADER_LEN..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[index] ^= 1 << bit;
            assert_eq!(Model::decode(&bad).unwrap_err(), DecodeError::Crc, "byte {index} bit {bit}");
        }
    }
}

#[test]
fn every_length_but_the_right_one_is_refused() {
    let good = file(3);
    for len in 0..good.len() {
        let mut bad = good[..len].to_vec();
        assert!(matches!(Model::decode(&bad), Err(DecodeError::Truncated)), "{len} bytes");
        mend_crc(&mut bad);
        assert!(matches!(Model::decode(&bad), Err(DecodeError::Truncated)), "{len} bytes, CRC mended");
    }
    let longer = [&good[..], &[0]].concat();
    assert_eq!(Model::decode(&longer).unwrap_err(), DecodeError::TrailingBytes);
}

#[test]
fn each_rule_of_the_format_is_kept() {
    let good = file(4);
    assert!(Model::decode(&good).is_ok());
    let error_of = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bad = good.clone();
        change(&mut bad);
        mend_crc(&mut bad);
        Model::decode(&bad).unwrap_err()
    };
    assert_eq!(error_of(&|f| f[0] = b't'), DecodeError::Magic);
    assert_eq!(error_of(&|f| f[8] = 1), DecodeError::Version(1));
    assert_eq!(error_of(&|f| f[11] = 1), DecodeError::Reserved);
    assert_eq!(error_of(&|f| f[12] = 1), DecodeError::TrailingBytes);
    assert_eq!(error_of(&|f| f[15] = 255), DecodeError::Truncated);
    assert_eq!(error_of(&|f| f[19] = 255), DecodeError::Truncated);
    assert_eq!(error_of(&|f| f[HEADER_LEN] = 65), DecodeError::Metadata); // a text longer than there is
    assert_eq!(error_of(&|f| f[HEADER_LEN + 1] = b'\n'), DecodeError::Text);
    // name (7 bytes), height, width, channels (3 bytes), then the scale's four bytes: a NaN.
    assert_eq!(error_of(&|f| f[HEADER_LEN + 10..HEADER_LEN + 14].fill(255)), DecodeError::Scale(None));
    assert_eq!(error_of(&|f| f[HEADER_LEN + 14] = 3), DecodeError::Metadata); // no such fit
    assert_eq!(error_of(&|f| f[HEADER_LEN + 15] = 3), DecodeError::Metadata); // no such background
    assert_eq!(error_of(&|f| f[HEADER_LEN + 7] = 0), DecodeError::InputShape);
}

/// A million files with one to eight bytes changed, the CRC mended in all of them. Those that are still valid
/// (a changed weight is a weight) must run, and stay within their buffers.
#[test]
fn a_million_mutations_do_no_harm() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (mut errors, mut valid) = (HashSet::new(), 0u32);
    let files: Vec<Vec<u8>> = (0..1_000).map(|_| random::model(&mut rng)).collect();
    let mut bad = Vec::new();
    for _ in 0..1_000_000 {
        bad.clone_from(&files[rng.random_range(0..files.len())]);
        mutate(&mut rng, &mut bad);
        mend_crc(&mut bad);
        match Model::decode(&bad) {
            Err(error) => {
                errors.insert(error.to_string());
            }
            Ok(model) => {
                valid += 1;
                // Anything valid may be run, but not everything valid is quick.
                if model.macs() < 20_000 && model.ram_len() < 1 << 16 && valid.is_multiple_of(8) {
                    let mut scratch = vec![0; model.scratch_len()];
                    let mut embedding = vec![0; model.embedding_len()];
                    model.embed(&vec![255; model.input_len()], &mut scratch, &mut embedding).unwrap();
                }
            }
        }
    }
    assert!(valid > 10_000, "{valid}");
    assert!(errors.len() > 20, "kinds of error met: {errors:#?}");
}

fn mutate(rng: &mut impl Rng, file: &mut Vec<u8>) {
    match rng.random_range(0..8) {
        0 => file.truncate(rng.random_range(0..file.len())),
        1 => file.extend(core::iter::repeat_n(0, rng.random_range(1..40))),
        _ => {}
    }
    // Half of the changes hit the front, where header and metadata are.
    for _ in 0..rng.random_range(1..=8) {
        let end = if rng.random() { file.len() } else { file.len().min(HEADER_LEN + 80) };
        if end > 0 {
            let index = rng.random_range(0..end);
            file[index] =
                if rng.random() { rng.random() } else { file[index] ^ (1 << rng.random_range(0..8)) };
        }
    }
}
