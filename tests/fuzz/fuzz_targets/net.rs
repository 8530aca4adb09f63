//! Valid nets: each number that one is drawn from is the fuzzer's.
#![no_main]

use fuzz::Choices;
use tests::random;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let file = random::model(&mut choices);
    fuzz::check(&file, &mut choices);
});
