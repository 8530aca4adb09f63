//! The pixels that `shared_model::prepare` makes are those that `docs/FORMAT.md` defines.

use rand::{Rng as _, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{
    inspect::Shape,
    model::format::{Background, Centring, Fit, Preprocessing},
    prepare::{Crop, Format, Frame, Preparer, prepare, scratch_len},
};
use std::collections::BTreeMap;
use tests::preparation;
use tinytriplet_data::{
    Rng, drawn,
    photographs::{Kind, photograph},
};

const FITS: [Fit; 3] = [Fit::Stretch, Fit::Contain, Fit::Centre];
const BACKGROUNDS: [Background; 3] = [Background::Dark, Background::Light, Background::Auto];

/// A random frame, and what is wanted of it.
struct Case {
    format: Format,
    width: u16,
    height: u16,
    stride: usize,
    crop: Crop,
    bytes: Vec<u8>,
    preprocessing: Preprocessing,
    shape: Shape,
}

impl Case {
    fn random(rng: &mut ChaCha8Rng) -> Self {
        let format = Format::ALL[rng.random_range(0..6)];
        let mut side = || {
            let most = [4, 40, 130, 300][rng.random_range(0..4)];
            rng.random_range(1..=most)
        };
        let (mut width, height): (u16, u16) = (side(), side());
        if matches!(format, Format::Yuyv | Format::Uyvy) {
            width += width % 2;
        }
        let row = usize::from(width) * format.bytes_per_pixel();
        let stride = row + if rng.random() { 0 } else { rng.random_range(0..9) };
        let (left, top) =
            if rng.random() { (0, 0) } else { (rng.random_range(0..width), rng.random_range(0..height)) };
        let crop = Crop {
            left,
            top,
            width: if rng.random() { width - left } else { rng.random_range(1..=width - left) },
            height: if rng.random() { height - top } else { rng.random_range(1..=height - top) },
        };
        let mut bytes = vec![0; stride * usize::from(height)];
        draw(rng, &mut bytes, stride);
        // Sizes of pixels that are worth a look: those of nets, and odd ones; sometimes the crop's
        // own.
        let size = match rng.random_range(0..4) {
            0 => [28, 28],
            1 => [rng.random_range(1..=9), rng.random_range(1..=9)],
            2 => [rng.random_range(1..=64), rng.random_range(1..=64)],
            _ => [crop.height, crop.width],
        };
        let preprocessing = Preprocessing {
            fit: FITS[rng.random_range(0..3)],
            background: BACKGROUNDS[rng.random_range(0..3)],
            centring: if rng.random() { Centring::USUAL } else { centring(rng) },
        };
        let in_colour = preprocessing.fit != Fit::Centre && rng.random();
        let shape = Shape::new(size[0], size[1], if in_colour { 3 } else { 1 });
        Self { format, width, height, stride, crop, bytes, preprocessing, shape }
    }

    fn frame(&self) -> Frame {
        let frame = Frame::new(self.format, self.width, self.height).unwrap();
        frame.with_stride(self.stride).unwrap().cropped(self.crop).unwrap()
    }

    fn scratch(&self) -> Vec<u32> {
        // What was there before does not matter.
        vec![0x5a5a_5a5a; scratch_len(self.preprocessing, self.shape)]
    }

    fn pixels(&self) -> Vec<u8> {
        vec![0x5a; self.shape.checked_len().unwrap() as usize]
    }

    /// As a whole.
    fn prepared(&self) -> (Vec<u8>, bool) {
        let (mut scratch, mut pixels) = (self.scratch(), self.pixels());
        let (frame, bytes) = (self.frame(), &self.bytes);
        let background =
            prepare(frame, bytes, self.preprocessing, self.shape, &mut scratch, &mut pixels).unwrap();
        (pixels, background == Background::Light)
    }

    /// Row by row, with padding or without, as far as the crop goes, with pauses.
    fn prepared_by_rows(&self, rng: &mut ChaCha8Rng) -> (Vec<u8>, bool) {
        let (mut scratch, mut pixels) = (self.scratch(), self.pixels());
        let mut preparer =
            Preparer::new(self.frame(), self.preprocessing, self.shape, &mut scratch, &mut pixels).unwrap();
        let rows = usize::from(self.crop.top) + usize::from(self.crop.height);
        for row in self.bytes.chunks(self.stride).take(rows) {
            let shorter = rng.random_range(self.frame().row_len()..=self.stride);
            preparer.push(&row[..shorter]).unwrap();
            if rng.random_ratio(1, 8) {
                preparer = preparer.pause().resume(&mut scratch, &mut pixels).unwrap();
            }
        }
        let background = preparer.finish().unwrap();
        (pixels, background == Background::Light)
    }

    fn defined(&self) -> (Vec<u8>, bool) {
        let greys = preparation::greys(self.format, self.stride, self.crop, &self.bytes);
        let [height, width] = [self.shape.height, self.shape.width].map(i128::from);
        if self.shape.channels == 1 {
            return preparation::prepared(&greys, self.preprocessing, height, width);
        }
        let colours = preparation::colours(self.format, self.stride, self.crop, &self.bytes);
        preparation::prepared_in_colour(&greys, &colours, self.preprocessing, height, width)
    }
}

/// Any valid values.
fn centring(rng: &mut ChaCha8Rng) -> Centring {
    Centring {
        threshold: rng.random_range(1..=255),
        line: [0, 5, 6, 7, 8][rng.random_range(0..5)],
        speck: rng.random(),
    }
}

/// Noise, one value, or a few strokes on noisy paper, dark or light.
fn draw(rng: &mut ChaCha8Rng, bytes: &mut [u8], stride: usize) {
    match rng.random_range(0..4) {
        0 => rng.fill_bytes(bytes),
        1 => bytes.fill(rng.random()),
        kind => {
            let (paper, noise) = (rng.random_range(0..=255_u8), rng.random_range(0..30));
            for byte in &mut *bytes {
                *byte = paper.saturating_add(rng.random_range(0..=noise));
            }
            let height = bytes.len() / stride;
            for _ in 0..rng.random_range(1..4) {
                let (ink, rows) = (rng.random(), rng.random_range(1..=1 + height / kind));
                let (from, columns) =
                    (rng.random_range(0..bytes.len()), rng.random_range(1..=1 + stride / 3));
                for row in bytes[from..].chunks_mut(stride).take(rows) {
                    row.iter_mut().take(columns).for_each(|byte| *byte = ink);
                }
            }
        }
    }
}

#[test]
fn any_frame_becomes_the_pixels_that_are_defined() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut count = BTreeMap::<_, usize>::new();
    for number in 0..6000 {
        let case = Case::random(&mut rng);
        let what = || {
            let Case { format, crop, preprocessing, shape, .. } = &case;
            format!("{number}: {format:?} {crop:?} {preprocessing:?} {shape}")
        };
        let defined = case.defined();
        assert_eq!(case.prepared(), defined, "{}", what());
        assert_eq!(case.prepared_by_rows(&mut rng), defined, "{}", what());
        let is_blank = defined.0.iter().all(|&pixel| pixel == defined.0[0]);
        let Preprocessing { fit, background, .. } = case.preprocessing;
        *count
            .entry(format!(
                "{fit:?} {background:?} {} channels, light: {}, blank: {is_blank}",
                case.shape.channels, defined.1
            ))
            .or_default() += 1;
    }
    // All fits with three kinds of background, of which the last may be dark or light; two of the fits
    // in grey and in colour.
    let worth = count.iter().filter(|(kind, count)| kind.ends_with("blank: false") && **count >= 50).count();
    assert_eq!(worth, 20, "{count:#?}");
}

#[test]
fn photographs_of_all_kinds_become_the_pixels_that_are_defined() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let digits = drawn::dataset(1, 3, 0).train;
    let mut inked = 0;
    for kind in Kind::ALL {
        for index in 0..digits.len() {
            let mut draws = Rng::new(3).stream(index as u64).stream(kind as u64);
            let photograph = photograph(kind, digits.image(index), 28, &mut draws);
            if photograph.width > 320 {
                // It takes the second implementation seconds.
                continue;
            }
            let [width, height] = [photograph.width, photograph.height].map(|side| side as u16);
            let case = Case {
                format: Format::Grey8,
                width,
                height,
                stride: width.into(),
                crop: Crop { left: 0, top: 0, width, height },
                bytes: photograph.greys,
                preprocessing: Preprocessing {
                    centring: if index % 2 == 0 { Centring::USUAL } else { centring(&mut rng) },
                    ..Preprocessing::MNIST
                },
                shape: Shape::new(28, 28, 1),
            };
            let defined = case.defined();
            assert_eq!(case.prepared(), defined, "{kind:?} {index} {:?}", case.preprocessing);
            inked += usize::from(defined.0.iter().any(|&pixel| pixel > 0));
        }
    }
    assert!(inked > 350, "{inked}");
}

#[test]
fn the_longest_sides_do_not_overflow() {
    let [fit, background] =
        [Fit::Stretch, Fit::Centre].map(|fit| move |background| Preprocessing::new(fit, background));
    let light = [fit(Background::Dark), fit(Background::Auto), background(Background::Light)];
    for (width, height) in [(65_535, 3), (2, 65_535)] {
        for value in [1, 255] {
            let bytes = vec![value; usize::from(width) * usize::from(height)];
            for preprocessing in light {
                let mut case = Case {
                    format: Format::Grey8,
                    width,
                    height,
                    stride: width.into(),
                    crop: Crop { left: 0, top: 0, width, height },
                    bytes: bytes.clone(),
                    preprocessing,
                    shape: Shape::new(5, 4, 1),
                };
                assert_eq!(case.prepared(), case.defined());
                // The longest side stays, and the other becomes 4.
                case.preprocessing = fit(Background::Dark);
                let [height, width] = if width > height { [4, width] } else { [height, 4] };
                case.shape = Shape::new(height, width, 1);
                assert_eq!(case.prepared().0, vec![value; 4 * 65_535]);
            }
        }
    }
}
