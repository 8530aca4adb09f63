//! Examples that are worked out by hand. `tests/tests/preparation.rs` compares random frames with
//! the definition.

use super::*;
use crate::model::format::{Background, Fit, Preprocessing};
use std::{vec, vec::Vec};

const STRETCH: Preprocessing = Preprocessing { fit: Fit::Stretch, background: Background::Dark };
const CONTAIN: Preprocessing = Preprocessing { fit: Fit::Contain, background: Background::Dark };
const CENTRE: Preprocessing = Preprocessing { fit: Fit::Centre, background: Background::Auto };

fn pixels_of(frame: Frame, bytes: &[u8], preprocessing: Preprocessing, size: [u16; 2]) -> Vec<u8> {
    let mut scratch = vec![0; scratch_len(preprocessing, size)];
    let mut pixels = vec![0; usize::from(size[0]) * usize::from(size[1])];
    prepare(frame, bytes, preprocessing, size, &mut scratch, &mut pixels).unwrap();
    pixels
}

fn grey_frame<const W: usize, const H: usize>(rows: [[u8; W]; H]) -> (Frame, Vec<u8>) {
    (Frame::new(Format::Grey8, W as u16, H as u16).unwrap(), rows.concat())
}

fn with(background: Background, preprocessing: Preprocessing) -> Preprocessing {
    Preprocessing { background, ..preprocessing }
}

#[test]
fn greys_are_weighed_and_neutral_ones_kept() {
    assert_eq!([[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(grey), [54, 182, 19]);
    // (54 · 10 + 183 · 20 + 19 · 30) / 256 = 4770 / 256 = 18.6.
    assert_eq!(grey([10, 20, 30]), 19);
    for value in 0..=255 {
        assert_eq!(grey([value; 3]), value);
    }
}

#[test]
fn every_format_is_read_as_it_is_named() {
    // 5 bits of 16 are 132, 6 bits of 32 are 130, and 5 bits of 8 are 66: 139.5 of 256 · grey.
    let expected = [grey([132, 0, 0]), grey([0, 130, 66])];
    let cases: [(Format, &[u8], [u8; 2]); 6] = [
        (Format::Grey8, &[7, 9], [7, 9]),
        (Format::Rgb888, &[255, 0, 0, 0, 0, 255], [54, 19]),
        (Format::Rgb565BigEndian, &[0x80, 0x00, 0x04, 0x08], expected),
        (Format::Rgb565LittleEndian, &[0x00, 0x80, 0x08, 0x04], expected),
        (Format::Yuyv, &[7, 100, 9, 200], [7, 9]),
        (Format::Uyvy, &[100, 7, 200, 9], [7, 9]),
    ];
    for (format, bytes, expected) in cases {
        let frame = Frame::new(format, 2, 1).unwrap();
        assert_eq!(pixels_of(frame, bytes, STRETCH, [1, 2]), expected, "{format:?}");
    }
}

#[test]
fn a_size_that_is_kept_leaves_all_pixels_as_they_are() {
    let bytes: Vec<u8> = (0..28 * 28).map(|at| (at * 37 % 251) as u8).collect();
    let frame = Frame::new(Format::Grey8, 28, 28).unwrap();
    assert_eq!(pixels_of(frame, &bytes, STRETCH, [28, 28]), bytes);
    assert_eq!(pixels_of(frame, &bytes, CONTAIN, [28, 28]), bytes);
    let inverted: Vec<u8> = bytes.iter().map(|grey| 255 - grey).collect();
    assert_eq!(pixels_of(frame, &inverted, with(Background::Light, CONTAIN), [28, 28]), bytes);
}

#[test]
fn reducing_is_the_mean_of_areas() {
    let (frame, bytes) = grey_frame([[10, 20, 40]]);
    // Two thirds of the first and one third of the second: 40 / 3 = 13.3; 100 / 3 = 33.3.
    assert_eq!(pixels_of(frame, &bytes, STRETCH, [1, 2]), [13, 33]);
    let (frame, bytes) = grey_frame([[0, 0], [0, 2], [0, 0], [0, 255]]);
    // 2 of 4 pixels' sum is a half, which is rounded up; 255 / 4 = 63.75.
    assert_eq!(pixels_of(frame, &bytes, STRETCH, [2, 1]), [1, 64]);
}

#[test]
fn enlarging_interpolates_between_the_middles_of_pixels() {
    let (frame, bytes) = grey_frame([[10, 20]]);
    // At −1/4, 1/4, 3/4 and 5/4: 10, 12.5, 17.5, 20.
    assert_eq!(pixels_of(frame, &bytes, STRETCH, [1, 4]), [10, 13, 18, 20]);
    let (frame, bytes) = grey_frame([[0], [90]]);
    // At −1/6, 1/2 and 7/6.
    assert_eq!(pixels_of(frame, &bytes, STRETCH, [3, 2]), [0, 0, 45, 45, 90, 90]);
    let (frame, bytes) = grey_frame([[7]]);
    assert_eq!(pixels_of(frame, &bytes, STRETCH, [3, 2]), [7; 6]);
}

#[test]
fn both_axes_are_rounded_once() {
    // Halves of rows are 0.5 and 1; rounded by themselves they would become 1 and 1. The mean of
    // all four is 0.75 here and 0.25 below.
    let (frame, bytes) = grey_frame([[0, 1], [1, 1]]);
    assert_eq!(pixels_of(frame, &bytes, STRETCH, [1, 1]), [1]);
    let (frame, bytes) = grey_frame([[0, 1], [0, 0]]);
    assert_eq!(pixels_of(frame, &bytes, STRETCH, [1, 1]), [0]);
}

#[test]
fn contain_keeps_the_shape_and_pads_with_background() {
    let (frame, bytes) = grey_frame([[200; 8]; 4]);
    let expected = [[0; 4], [200; 4], [200; 4], [0; 4]].concat();
    assert_eq!(pixels_of(frame, &bytes, CONTAIN, [4, 4]), expected);
    assert_eq!(pixels_of(frame, &bytes, CONTAIN, [2, 6]), [0, 200, 200, 200, 200, 0].repeat(2));
    // What pads is not inverted.
    let (frame, bytes) = grey_frame([[55; 8]; 4]);
    assert_eq!(pixels_of(frame, &bytes, with(Background::Light, CONTAIN), [4, 4]), expected);
    // No side becomes 0, and half a pixel goes up.
    let (frame, bytes) = grey_frame([[9; 3]; 900]);
    assert_eq!(pixels_of(frame, &bytes, CONTAIN, [3, 3]), [0, 9, 0].repeat(3));
    assert_eq!(pixels_of(frame, &bytes, CONTAIN, [3, 2]), [9, 0].repeat(3));
}

#[test]
fn the_border_alone_tells_the_background() {
    // 17 of the 32 pixels of the border are black, then 16, then 15; all others are white.
    let mut rows = [[255; 9]; 9];
    rows[0] = [0; 9];
    rows.iter_mut().for_each(|row| row[0] = 0);
    for (black, corner) in [(17, 0), (16, 0), (15, 255)] {
        let (frame, bytes) = grey_frame(rows);
        let pixels = pixels_of(frame, &bytes, with(Background::Auto, STRETCH), [9, 9]);
        assert_eq!(pixels[0], corner, "{black} of 32 are black");
        rows[0][black - 9] = 255;
    }
}

/// Returns a dark frame of 200 × 100 pixels with a rectangle of ink, whose left third has the first
/// value and whose rest has the second.
fn rectangle([left, top, width, height]: [usize; 4], ink: [u8; 2]) -> (Frame, Vec<u8>) {
    let mut rows = [[0; 200]; 100];
    for row in &mut rows[top..top + height] {
        row[left..left + width / 3].fill(ink[0]);
        row[left + width / 3..left + width].fill(ink[1]);
    }
    grey_frame(rows)
}

#[test]
fn centre_scales_the_ink_and_puts_its_mass_in_the_middle() {
    let columns_of = |frame: (Frame, Vec<u8>), [from, to]: [usize; 2], row: usize| -> Vec<u8> {
        let pixels = pixels_of(frame.0, &frame.1, CENTRE, [28, 28]);
        pixels[row * 28..][from..to].to_vec()
    };
    // The working image has 112 × 56 pixels; 50 × 25 pixels of the frame are 28 × 14 of it, and 20
    // × 10 in the end.
    let even = || rectangle([50, 25, 50, 25], [255, 255]);
    assert_eq!(columns_of(even(), [3, 25], 14), [&[0][..], &[255; 20], &[0]].concat());
    let pixels = pixels_of(even().0, &even().1, CENTRE, [28, 28]);
    let rows: Vec<usize> = (0..28).filter(|row| pixels[row * 28 + 14] > 0).collect();
    assert_eq!(rows, (9..19).collect::<Vec<_>>());
    // Of another size, 20/28 of it: 20 × 10 has room for 14 · 20/28 = 10 rows.
    let wide = pixels_of(even().0, &even().1, CENTRE, [14, 56]);
    assert_eq!(wide.iter().filter(|&&pixel| pixel == 255).count(), 200);
    assert_eq!((wide[2 * 56 + 18], wide[2 * 56 + 17], wide[56 + 18]), (255, 0, 0));
    // A third weighs 255, two thirds weigh 70: their centre is at (255 · 1/6 + 140 · 2/3) / 395 =
    // 0.344 of 20 pixels, 6.9, so the box begins at 14 − 6.9 = 7.1.
    assert_eq!(columns_of(rectangle([50, 25, 75, 75], [255, 70]), [6, 9], 14), [0, 255, 255]);
    assert_eq!(columns_of(rectangle([50, 25, 75, 75], [255, 70]), [25, 28], 14), [70, 70, 0]);
    // 100 pixels around 2.5 and 15 around 12.5 have their centre at 3.8: the box would begin at
    // 10.2, and ends at the edge instead.
    let mut rows = [[0; 28]; 28];
    rows[..20].iter_mut().for_each(|row| row[..5].fill(200));
    rows[3][..20].fill(200);
    assert_eq!(columns_of(grey_frame(rows), [7, 28], 8), [&[0][..], &[200; 20]].concat());
    assert_eq!(columns_of(grey_frame(rows), [7, 28], 9), [&[0][..], &[200; 5], &[0; 15]].concat());
}

#[test]
fn paper_is_no_ink_and_a_blank_frame_has_none() {
    let (frame, bytes) = grey_frame([[255; 40]; 30]);
    assert_eq!(pixels_of(frame, &bytes, CENTRE, [28, 28]), [0; 784]);
    // One pixel of 20 stands out of paper of 100.
    let mut rows = [[100; 9]; 9];
    rows[4][4] = 120;
    let (frame, bytes) = grey_frame(rows);
    let pixels = pixels_of(frame, &bytes, CENTRE, [7, 7]);
    let expected: Vec<u8> = (0..49)
        .map(|at| if (1..6).contains(&(at / 7)) && (1..6).contains(&(at % 7)) { 20 } else { 0 })
        .collect();
    assert_eq!(pixels, expected);
}

#[test]
fn paper_is_the_upper_middle_of_the_border_on_dark() {
    let box_of = |value: u8| -> Vec<u8> {
        let inside = |at: usize| (1..6).contains(&(at / 7)) && (1..6).contains(&(at % 7));
        (0..49).map(|at| if inside(at) { value } else { 0 }).collect()
    };
    // All four pixels are the border. The middle ones are 10 and 20 on dark: one pixel of 20 is left.
    let (frame, bytes) = grey_frame([[10, 40], [10, 20]]);
    assert_eq!(pixels_of(frame, &bytes, CENTRE, [7, 7]), box_of(20));
    let (frame, bytes) = grey_frame([[245, 215], [245, 235]]);
    assert_eq!(pixels_of(frame, &bytes, CENTRE, [7, 7]), box_of(20));
}

#[test]
fn ink_is_what_has_a_quarter_of_the_strongest() {
    // A quarter of 10 is 2.5: the 2 on the left is no ink, and the 3 on the right is.
    let mut rows = [[0; 9]; 9];
    rows[4] = [0, 0, 2, 10, 3, 0, 0, 0, 0];
    let (frame, bytes) = grey_frame(rows);
    let pixels = pixels_of(frame, &bytes, CENTRE, [7, 7]);
    // 2 × 1 pixels become 5 × 3, at −3/10, 1/10, 5/10, 9/10 and 13/10: 10, 9.3, 6.5, 3.7, 3. The
    // centre of mass is at 1.92 of 5, so they begin at 3.5 − 1.92 = 1.58.
    let expected: [u8; 7] = [0, 0, 10, 9, 7, 4, 3];
    assert_eq!(pixels, [[0; 7], [0; 7], expected, expected, expected, [0; 7], [0; 7]].concat());
}

#[test]
fn a_crop_is_a_frame_of_its_own() {
    let (whole, bytes) = grey_frame([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
    let part = whole.cropped(Crop { left: 1, top: 1, width: 2, height: 2 }).unwrap();
    assert_eq!(pixels_of(part, &bytes, STRETCH, [2, 2]), [5, 6, 8, 9]);
    // A stride of 3, rows of 2.
    let frame = Frame::new(Format::Grey8, 2, 3).unwrap().with_stride(3).unwrap();
    assert_eq!(pixels_of(frame, &bytes, STRETCH, [3, 2]), [1, 2, 4, 5, 7, 8]);
    assert_eq!(pixels_of(frame, &bytes[..8], STRETCH, [3, 2]), [1, 2, 4, 5, 7, 8]);
}

#[test]
fn impossible_frames_are_refused_by_name() {
    let new = |format, width, height| Frame::new(format, width, height).err();
    assert_eq!(new(Format::Grey8, 0, 5), Some(FrameError::Empty));
    assert_eq!(new(Format::Grey8, 5, 0), Some(FrameError::Empty));
    for format in [Format::Yuyv, Format::Uyvy] {
        assert_eq!(new(format, 5, 5), Some(FrameError::OddWidth));
        assert_eq!(new(format, 6, 5), None);
    }
    let frame = Frame::new(Format::Rgb888, 5, 4).unwrap();
    assert_eq!(frame.with_stride(14).err(), Some(FrameError::Stride));
    assert_eq!(frame.with_stride(15).err(), None);
    for (crop, is_inside) in [
        ([0, 0, 5, 4], true),
        ([4, 3, 1, 1], true),
        ([1, 0, 5, 4], false),
        ([0, 1, 5, 4], false),
        ([0, 0, 0, 4], false),
        ([0, 0, 5, 0], false),
        ([65_535, 0, 65_535, 1], false),
        ([0, 65_535, 1, 65_535], false),
    ] {
        let [left, top, width, height] = crop;
        let error = frame.cropped(Crop { left, top, width, height }).err();
        assert_eq!(error, (!is_inside).then_some(FrameError::Crop), "{crop:?}");
    }
}

#[test]
fn what_does_not_fit_the_frame_is_refused_by_name() {
    let frame = Frame::new(Format::Rgb888, 4, 3).unwrap().with_stride(13).unwrap();
    let frame = frame.cropped(Crop { left: 0, top: 1, width: 4, height: 1 }).unwrap();
    for preprocessing in [STRETCH, with(Background::Auto, CONTAIN), CENTRE] {
        let length = scratch_len(preprocessing, [2, 2]);
        let (mut scratch, mut pixels) = (vec![0; length], [0; 4]);
        let new = |scratch: usize, pixels_len: usize, size| {
            let mut more = vec![0; pixels_len];
            Preparer::new(frame, preprocessing, size, &mut vec![0; scratch], &mut more).err()
        };
        assert_eq!(new(length, 4, [2, 2]), None);
        assert_eq!(new(length - 1, 4, [2, 2]), Some(PrepareError::ScratchLength));
        assert_eq!(new(length, 5, [2, 2]), Some(PrepareError::PixelsLength));
        assert_eq!(new(length, 3, [2, 2]), Some(PrepareError::PixelsLength));
        assert_eq!(new(length, 0, [0, 2]), Some(PrepareError::Size));
        assert_eq!(new(length, 0, [2, 0]), Some(PrepareError::Size));

        let whole = |length: usize, scratch: &mut [u32], pixels: &mut [u8]| {
            prepare(frame, &vec![0; length], preprocessing, [2, 2], scratch, pixels).err()
        };
        assert_eq!(whole(37, &mut scratch, &mut pixels), Some(PrepareError::FrameLength));
        assert_eq!(whole(38, &mut scratch, &mut pixels), None);
        assert_eq!(whole(39, &mut scratch, &mut pixels), None);
        assert_eq!(whole(40, &mut scratch, &mut pixels), Some(PrepareError::FrameLength));

        let mut preparer = Preparer::new(frame, preprocessing, [2, 2], &mut scratch, &mut pixels).unwrap();
        assert_eq!(preparer.push(&[0; 11]), Err(PrepareError::RowLength));
        assert_eq!(preparer.push(&[0; 14]), Err(PrepareError::RowLength));
        preparer.push(&[0; 12]).unwrap();
        preparer.push(&[0; 13]).unwrap();
        preparer.push(&[0; 12]).unwrap();
        assert_eq!(preparer.push(&[0; 12]), Err(PrepareError::TooManyRows));
        preparer.finish().unwrap();

        let mut preparer = Preparer::new(frame, preprocessing, [2, 2], &mut scratch, &mut pixels).unwrap();
        preparer.push(&[0; 12]).unwrap();
        assert_eq!(preparer.finish(), Err(PrepareError::MissingRows));
        // The rows below the crop are not waited for, and the next frame works.
        let mut preparer = Preparer::new(frame, preprocessing, [2, 2], &mut scratch, &mut pixels).unwrap();
        preparer.push(&[0; 12]).unwrap();
        preparer.push(&[0; 12]).unwrap();
        preparer.finish().unwrap();
    }
}

#[test]
fn scratch_is_what_the_documents_say() {
    assert_eq!(4 * scratch_len(STRETCH, [28, 28]), 8 * 28);
    assert_eq!(4 * scratch_len(with(Background::Auto, CONTAIN), [28, 28]), 8 * 28 + 1024);
    assert_eq!(4 * scratch_len(CENTRE, [28, 28]), 8 * 112 + 1024 + 112 * 112);
    assert_eq!(4 * scratch_len(CENTRE, [28, 28]), 14_464);
}
