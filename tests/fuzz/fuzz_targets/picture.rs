//! Pictures, and what a net is given of them: whatever the file holds, there is an error or as many pixels as wanted.
#![no_main]

use shared_model::{
    inspect::Shape,
    model::format::{Background, Fit, Preprocessing},
    prepare::can_prepare,
};
use tinytriplet_data::{
    picture,
    prepare::{Prepared, prepare},
};

/// The most pixels that are prepared: a fuzzer has no time for more.
const MOST: u64 = 1 << 18;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[way, height, width], file)) = data.split_first_chunk() else { return };
    match picture::decode(file) {
        Ok(image) if u64::from(image.width()) * u64::from(image.height()) <= MOST => {
            let fit = [Fit::Stretch, Fit::Contain, Fit::Centre][usize::from(way) % 3];
            let background =
                [Background::Dark, Background::Light, Background::Auto][usize::from(way / 3) % 3];
            let preprocessing = Preprocessing::new(fit, background);
            let [height, width] = [height, width].map(|size| 1 + u16::from(size) % 48);
            for shape in [1, 3].map(|channels| Shape::new(height, width, channels)) {
                if can_prepare(preprocessing, shape) {
                    let prepared = prepare(&image, preprocessing, shape);
                    let Prepared { pixels, .. } =
                        prepared.expect("what is decoded has pixels, and not too many");
                    assert_eq!(Some(pixels.len() as u32), shape.checked_len());
                }
            }
        }
        Ok(_) => {}
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
});
