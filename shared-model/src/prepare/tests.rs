//! Examples that are worked out by hand. `tests/tests/preparation.rs` compares random frames with
//! the definition.

use super::*;
use crate::{
    inspect::Shape,
    model::format::{Background, Centring, Fit, Preprocessing},
};
use std::{vec, vec::Vec};

const STRETCH: Preprocessing = Preprocessing::new(Fit::Stretch, Background::Dark);
const CONTAIN: Preprocessing = Preprocessing::new(Fit::Contain, Background::Dark);
const CENTRE: Preprocessing = Preprocessing::new(Fit::Centre, Background::Auto);

const MNIST: Shape = Shape::new(28, 28, 1);

fn pixels_of(frame: Frame, bytes: &[u8], preprocessing: Preprocessing, [height, width]: [u16; 2]) -> Vec<u8> {
    values_of(frame, bytes, preprocessing, Shape::new(height, width, 1))
}

fn values_of(frame: Frame, bytes: &[u8], preprocessing: Preprocessing, shape: Shape) -> Vec<u8> {
    // What was there before does not matter.
    let mut scratch = vec![0x5a5a_5a5a; scratch_len(preprocessing, shape)];
    let mut pixels = vec![0x5a; shape.len()];
    prepare(frame, bytes, preprocessing, shape, &mut scratch, &mut pixels).unwrap();
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
    // 50 × 25 pixels become 20 × 10.
    let even = || rectangle([50, 25, 50, 25], [255, 255]);
    assert_eq!(columns_of(even(), [3, 25], 14), [&[0][..], &[255; 20], &[0]].concat());
    let pixels = pixels_of(even().0, &even().1, CENTRE, [28, 28]);
    let rows: Vec<usize> = (0..28).filter(|row| pixels[row * 28 + 14] > 0).collect();
    assert_eq!(rows, (9..19).collect::<Vec<_>>());
    // Of another size, 20/28 of it: 20 × 10 has room for 14 · 20/28 = 10 rows.
    let wide = pixels_of(even().0, &even().1, CENTRE, [14, 56]);
    assert_eq!(wide.iter().filter(|&&pixel| pixel == 255).count(), 200);
    assert_eq!((wide[2 * 56 + 18], wide[2 * 56 + 17], wide[56 + 18]), (255, 0, 0));
    // Cells stand out by 191 at most, and that is the strong ink, of which 11 are taken away: of 70,
    // 59 · ⌈65280 / 180⌉ / 256 = 83 are left. A third weighs 255, two thirds weigh 83: their centre
    // is at (255 · 1/6 + 166 · 2/3) / 421 = 0.364 of 20 pixels, 7.3, so the box begins at 6.7.
    let uneven = || rectangle([50, 25, 30, 30], [255, 70]);
    assert_eq!(columns_of(uneven(), [6, 9], 14), [0, 255, 255]);
    assert_eq!(columns_of(uneven(), [25, 28], 14), [83, 83, 0]);
    // 100 pixels around 2.5 and 15 around 12.5 have their centre at 3.8: the box would begin at
    // 10.2, and ends at the edge instead.
    let mut rows = [[0; 28]; 28];
    rows[4..24].iter_mut().for_each(|row| row[4..9].fill(200));
    rows[7][4..24].fill(200);
    assert_eq!(columns_of(grey_frame(rows), [7, 28], 8), [&[0][..], &[200; 20]].concat());
    assert_eq!(columns_of(grey_frame(rows), [7, 28], 9), [&[0][..], &[200; 5], &[0; 15]].concat());
}

#[test]
fn paper_is_no_ink_and_a_blank_frame_has_none() {
    let (frame, bytes) = grey_frame([[255; 40]; 30]);
    assert_eq!(pixels_of(frame, &bytes, CENTRE, [28, 28]), [0; 784]);
    // One pixel of 20 stands out of paper of 100, and is the strongest.
    let mut rows = [[100; 9]; 9];
    rows[4][4] = 120;
    let (frame, bytes) = grey_frame(rows);
    let pixels = pixels_of(frame, &bytes, CENTRE, [7, 7]);
    let expected: Vec<u8> = (0..49)
        .map(|at| if (1..6).contains(&(at / 7)) && (1..6).contains(&(at % 7)) { 255 } else { 0 })
        .collect();
    assert_eq!(pixels, expected);
}

#[test]
fn paper_is_the_upper_middle_of_the_border_on_dark() {
    let box_of = |value: u8| -> Vec<u8> {
        let inside = |at: usize| (1..6).contains(&(at / 7)) && (1..6).contains(&(at % 7));
        (0..49).map(|at| if inside(at) { value } else { 0 }).collect()
    };
    // All four pixels are the border. The middle ones are 10 and 20 on dark: one pixel of 10 is left.
    let (frame, bytes) = grey_frame([[10, 30], [10, 20]]);
    assert_eq!(pixels_of(frame, &bytes, CENTRE, [7, 7]), box_of(10));
    let (frame, bytes) = grey_frame([[245, 225], [245, 235]]);
    assert_eq!(pixels_of(frame, &bytes, CENTRE, [7, 7]), box_of(10));
}

#[test]
fn ink_is_what_has_a_quarter_of_the_strongest() {
    // A quarter of 10 is 2.5: the 2 on the left is no ink, and the 3 on the right is.
    let mut rows = [[0; 9]; 9];
    rows[4] = [0, 0, 2, 10, 3, 0, 0, 0, 0];
    let (frame, bytes) = grey_frame(rows);
    let pixels = pixels_of(frame, &bytes, CENTRE, [9, 9]);
    // 2 × 1 pixels become 6 × 3, at −4/12, 0, 4/12, 8/12, 1 and 16/12: 10, 10, 7.7, 5.3, 3, 3. The
    // centre of mass is at 2.24 of 6, so they begin at 4.5 − 2.24 = 2.26.
    let [expected, none] = [[0, 0, 10, 10, 8, 5, 3, 3, 0], [0; 9]];
    assert_eq!(pixels, [none, none, none, expected, expected, expected, none, none, none].concat());
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
    const SMALL: Shape = Shape::new(2, 2, 1);
    for preprocessing in [STRETCH, with(Background::Auto, CONTAIN), CENTRE] {
        let length = scratch_len(preprocessing, SMALL);
        let (mut scratch, mut pixels) = (vec![0; length], [0; 4]);
        let new = |scratch: usize, pixels_len: usize, shape| {
            let mut more = vec![0; pixels_len];
            Preparer::new(frame, preprocessing, shape, &mut vec![0; scratch], &mut more).err()
        };
        assert_eq!(new(length, 4, SMALL), None);
        assert_eq!(new(length - 1, 4, SMALL), Some(PrepareError::ScratchLength));
        assert_eq!(new(length, 5, SMALL), Some(PrepareError::PixelsLength));
        assert_eq!(new(length, 3, SMALL), Some(PrepareError::PixelsLength));
        assert_eq!(new(length, 0, Shape::new(0, 2, 1)), Some(PrepareError::Size));
        assert_eq!(new(length, 0, Shape::new(2, 0, 1)), Some(PrepareError::Size));
        for channels in [0, 2, 4] {
            let shape = Shape::new(2, 2, channels);
            assert_eq!(new(3 * length, shape.len(), shape), Some(PrepareError::Channels));
            assert_eq!(scratch_len(preprocessing, shape), 0);
        }
        let colour = new(3 * length, 12, Shape::new(2, 2, 3));
        assert_eq!(colour, (preprocessing.fit == Fit::Centre).then_some(PrepareError::Channels));

        let whole = |length: usize, scratch: &mut [u32], pixels: &mut [u8]| {
            prepare(frame, &vec![0; length], preprocessing, SMALL, scratch, pixels).err()
        };
        assert_eq!(whole(37, &mut scratch, &mut pixels), Some(PrepareError::FrameLength));
        assert_eq!(whole(38, &mut scratch, &mut pixels), None);
        assert_eq!(whole(39, &mut scratch, &mut pixels), None);
        assert_eq!(whole(40, &mut scratch, &mut pixels), Some(PrepareError::FrameLength));

        let mut preparer = Preparer::new(frame, preprocessing, SMALL, &mut scratch, &mut pixels).unwrap();
        assert_eq!(preparer.push(&[0; 11]), Err(PrepareError::RowLength));
        assert_eq!(preparer.push(&[0; 14]), Err(PrepareError::RowLength));
        preparer.push(&[0; 12]).unwrap();
        preparer.push(&[0; 13]).unwrap();
        preparer.push(&[0; 12]).unwrap();
        assert_eq!(preparer.push(&[0; 12]), Err(PrepareError::TooManyRows));
        preparer.finish().unwrap();

        let mut preparer = Preparer::new(frame, preprocessing, SMALL, &mut scratch, &mut pixels).unwrap();
        preparer.push(&[0; 12]).unwrap();
        assert_eq!(preparer.finish(), Err(PrepareError::MissingRows));
        // The rows below the crop are not waited for, and the next frame works.
        let mut preparer = Preparer::new(frame, preprocessing, SMALL, &mut scratch, &mut pixels).unwrap();
        preparer.push(&[0; 12]).unwrap();
        preparer.push(&[0; 12]).unwrap();
        preparer.finish().unwrap();
    }
}

#[test]
fn scratch_is_what_the_documents_say() {
    assert_eq!(4 * scratch_len(STRETCH, MNIST), 8 * 28);
    assert_eq!(4 * scratch_len(with(Background::Auto, CONTAIN), MNIST), 8 * 28 + 1024);
    let colour = Shape { channels: 3, ..MNIST };
    assert_eq!(4 * scratch_len(with(Background::Auto, CONTAIN), colour), 3 * 8 * 28 + 1024);
    // Border, reduced frame, cells, tiles, blocks.
    assert_eq!(4 * scratch_len(CENTRE, MNIST), 1024 + 19_600 + 5016 + 400 + 5460);
    assert_eq!(4 * scratch_len(CENTRE, MNIST), 31_500);
}

#[test]
fn every_format_has_its_colours() {
    let shape = Shape::new(1, 2, 3);
    let values = |format, bytes: &[u8]| values_of(Frame::new(format, 2, 1).unwrap(), bytes, STRETCH, shape);
    assert_eq!(values(Format::Grey8, &[7, 200]), [7, 7, 7, 200, 200, 200]);
    assert_eq!(values(Format::Rgb888, &[1, 2, 3, 4, 5, 6]), [1, 2, 3, 4, 5, 6]);
    // 5 bits of 16 are 132, 6 bits of 32 are 130, and 5 bits of 8 are 66.
    let widened = [132, 0, 0, 0, 130, 66];
    assert_eq!(values(Format::Rgb565BigEndian, &[0x80, 0, 0x04, 0x08]), widened);
    assert_eq!(values(Format::Rgb565LittleEndian, &[0, 0x80, 0x08, 0x04]), widened);
    // Neutral, whatever the luma; then blue 20 more than that, which is 20 · 1.772 = 35.4 too much, and
    // 20 · 0.344 = 6.9 too little green.
    assert_eq!(values(Format::Yuyv, &[9, 128, 250, 128]), [9, 9, 9, 250, 250, 250]);
    assert_eq!(values(Format::Yuyv, &[100, 148, 0, 128]), [100, 93, 135, 0, 0, 35]);
    assert_eq!(values(Format::Uyvy, &[148, 100, 128, 0]), [100, 93, 135, 0, 0, 35]);
    // 127 · 1.402 = 178.1 more red, 127 · 0.714 = 90.7 less green: as far as a byte goes.
    assert_eq!(values(Format::Uyvy, &[128, 100, 255, 50]), [255, 9, 100, 228, 0, 50]);
    // The two pixels of a pair share their colour, also if the crop begins at the second one.
    let frame = Frame::new(Format::Yuyv, 4, 1).unwrap();
    let crop = frame.cropped(Crop { left: 1, top: 0, width: 2, height: 1 }).unwrap();
    let pairs = [10, 128, 20, 255, 30, 128, 40, 128];
    assert_eq!(values_of(crop, &pairs, STRETCH, shape), [198, 0, 20, 30, 30, 30]);
}

#[test]
fn colours_are_resized_each_for_itself_and_judged_by_their_grey() {
    // Red and green beside blue and white: means of each colour.
    let frame = Frame::new(Format::Rgb888, 2, 2).unwrap();
    let bytes = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
    assert_eq!(values_of(frame, &bytes, STRETCH, Shape::new(1, 1, 3)), [128; 3]);
    assert_eq!(values_of(frame, &bytes, STRETCH, Shape::new(1, 2, 3)), [128, 0, 128, 128, 255, 128]);
    assert_eq!(values_of(frame, &bytes, STRETCH, Shape::new(2, 2, 3)), bytes);
    // In between, enlarged: a quarter of the way from red to green, and three quarters.
    let row = Frame::new(Format::Rgb888, 2, 1).unwrap();
    assert_eq!(
        values_of(row, &bytes[..6], STRETCH, Shape::new(1, 4, 3)),
        [255, 0, 0, 191, 64, 0, 64, 191, 0, 0, 255, 0]
    );
    // Yellow is light (54 + 183 of 256), blue is dark. What is beside the picture stays 0.
    let auto = with(Background::Auto, CONTAIN);
    assert_eq!(
        values_of(row, &[255, 255, 0].repeat(2), auto, Shape::new(2, 2, 3))[..6],
        [0, 0, 255, 0, 0, 255]
    );
    assert_eq!(
        values_of(row, &[0, 0, 255].repeat(2), auto, Shape::new(2, 2, 3)),
        [[0, 0, 255, 0, 0, 255], [0; 6]].concat()
    );
}

/// A light sheet of 160 × 120 pixels with a dark cross of 40 × 40 around its middle, 8 pixels thick.
fn sheet() -> [[u8; 160]; 120] {
    let mut rows = [[220; 160]; 120];
    rows[40..80].iter_mut().for_each(|row| row[76..84].fill(40));
    rows[56..64].iter_mut().for_each(|row| row[60..100].fill(40));
    rows
}

fn found(rows: [[u8; 160]; 120], preprocessing: Preprocessing) -> (Found, Vec<u8>) {
    let (frame, bytes) = grey_frame(rows);
    let mut scratch = vec![0; scratch_len(preprocessing, MNIST)];
    let mut pixels = vec![0; 784];
    let mut preparer = Preparer::new(frame, preprocessing, MNIST, &mut scratch, &mut pixels).unwrap();
    bytes.chunks(160).for_each(|row| preparer.push(row).unwrap());
    let found = preparer.finish_observed(|_| {}).unwrap();
    (found, pixels)
}

#[test]
fn light_that_falls_and_a_shadow_change_nothing() {
    let (plain, expected) = found(sheet(), CENTRE);
    assert_eq!(plain, Found { background: Background::Light, lines: 0, parts: 1, specks: 0, is_tidy: false });
    // The arms of the cross, 8 of 40 pixels thick, become 4 of 20.
    assert_eq!(expected[14 * 28..15 * 28], [&[0; 4][..], &[255; 20], &[0; 4]].concat());
    assert_eq!(expected[11 * 28..12 * 28], [&[0; 12][..], &[255; 4], &[0; 12]].concat());
    let lit: [fn(usize, usize) -> usize; 3] = [
        |x, _| 100 - x / 4,
        |x, y| 100 - (x.abs_diff(80) + y.abs_diff(60)) / 3,
        |x, y| if x + y > 140 { 60 } else { 100 },
    ];
    for light in lit {
        let mut rows = sheet();
        for (y, row) in rows.iter_mut().enumerate() {
            for (x, grey) in row.iter_mut().enumerate() {
                *grey = (usize::from(*grey) * light(x, y) / 100) as u8;
            }
        }
        let (found, pixels) = found(rows, CENTRE);
        assert_eq!((found.background, found.parts), (Background::Light, 1));
        let farthest = pixels.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(farthest <= Some(60), "{farthest:?}");
    }
}

#[test]
fn chalk_on_a_board_is_found_as_ink_on_paper() {
    let mut rows = sheet();
    rows.as_flattened_mut().iter_mut().for_each(|grey| *grey = 255 - *grey);
    let (board, pixels) = found(rows, CENTRE);
    assert_eq!(board.background, Background::Dark);
    assert_eq!(pixels, found(sheet(), CENTRE).1);
}

#[test]
fn lines_specks_and_a_dark_edge_are_removed_and_can_be_kept() {
    let (_, expected) = found(sheet(), CENTRE);
    let mut rows = sheet();
    // Two lines beside the cross, the second of which falls by 2 rows; one down, too.
    rows[20].fill(120);
    (0..160).for_each(|x| rows[95 + x / 80][x] = 120);
    rows.iter_mut().for_each(|row| row[30] = 120);
    // A speck of 4 × 4 pixels, and an edge of 3.
    rows[100..104].iter_mut().for_each(|row| row[130..134].fill(30));
    rows.iter_mut().for_each(|row| row[..3].fill(30));
    let (sheet, pixels) = found(rows, CENTRE);
    assert_eq!(pixels, expected);
    assert_eq!((sheet.lines, sheet.parts, sheet.specks), (4, 1, 1));
    let keep = Preprocessing { centring: Centring { line: 0, speck: 0, ..Centring::USUAL }, ..CENTRE };
    let (sheet, pixels) = found(rows, keep);
    assert!(pixels != expected && sheet.lines == 0 && sheet.specks > 0, "{sheet:?}");
}

#[test]
fn a_dot_belongs_to_its_letter() {
    let mut rows = [[220; 160]; 120];
    rows[50..100].iter_mut().for_each(|row| row[76..84].fill(40));
    rows[38..42].iter_mut().for_each(|row| row[78..82].fill(40));
    let (letter, pixels) = found(rows, CENTRE);
    assert_eq!((letter.parts, letter.specks), (2, 0));
    // 62 pixels become 20: dot, gap and stem.
    let column: Vec<bool> = (0..28).map(|row| pixels[row * 28 + 13] > 100).collect();
    assert!(column.windows(3).any(|rows| rows == [true, false, false]), "{column:?}");
    // Far away, the same is a speck.
    rows[38..42].iter_mut().for_each(|row| row[78..82].fill(220));
    rows[38..42].iter_mut().for_each(|row| row[120..124].fill(40));
    assert_eq!((found(rows, CENTRE).0.parts, found(rows, CENTRE).0.specks), (1, 1));
}

#[test]
fn a_blank_noisy_sheet_has_no_ink() {
    let mut state = 1u32;
    let mut rows = [[0; 160]; 120];
    for grey in rows.as_flattened_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *grey = 180 + (state >> 28) as u8;
    }
    assert_eq!(found(rows, CENTRE).1, [0; 784]);
}
