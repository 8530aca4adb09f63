//! Images in chunks: as pixels, or as frames of which the board makes the pixels.

use crate::{
    bench::{Bench, about, ask_last, board, embedding, gallery, host_model, image},
    model,
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{
    Threshold,
    gallery::Method,
    prepare::{self, Crop, Format, Frame},
    wire::{ImageError, ImageForm, RequestBody, RequestError, ResponseBody, image_requests},
};
use tinytriplet_device::{memory::CHUNK_LEN, testing::Answer};

/// A frame, and its bytes without gaps.
#[derive(Clone)]
struct Picture {
    frame: Frame,
    bytes: Vec<u8>,
}

impl Picture {
    /// Noise with two dark strokes in it: one across the left half, and one that stands on it.
    fn new(format: Format, width: u16, height: u16, seed: u64) -> Self {
        let frame = Frame::new(format, width, height).unwrap();
        let mut bytes = vec![0; frame.row_len() * usize::from(height)];
        ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
        bytes.iter_mut().for_each(|byte| *byte |= 0xc0);
        let middle = bytes.len() / 2;
        bytes[middle..].iter_mut().take(frame.row_len() / 2).for_each(|byte| *byte = 0);
        let (rows, columns) = (usize::from(height), frame.row_len());
        for row in bytes.chunks_mut(columns).take(rows / 2).skip(rows / 4) {
            row[columns * 3 / 8..columns * 7 / 16].fill(0);
        }
        Self { frame, bytes }
    }

    fn requests(&self) -> Vec<RequestBody<'_>> {
        image_requests(ImageForm::of(self.frame), &self.bytes, CHUNK_LEN).collect()
    }

    fn and(&self, requests: &[RequestBody<'static>]) -> Vec<RequestBody<'_>> {
        [&self.requests(), requests].concat()
    }

    /// What the PC makes of it.
    fn pixels(&self) -> Vec<u8> {
        let model = host_model();
        let preprocessing = model.metadata().preprocessing;
        let mut scratch = vec![0; prepare::scratch_len(preprocessing, host_model().input().shape)];
        let mut pixels = vec![0; model::INPUT_LEN];
        prepare::prepare(
            self.frame,
            &self.bytes,
            preprocessing,
            host_model().input().shape,
            &mut scratch,
            &mut pixels,
        )
        .unwrap();
        pixels
    }
}

/// The pixels that the board has of what it was shown.
fn seen(bench: &mut Bench, shown: &[RequestBody<'_>]) -> Vec<u8> {
    let parts = [0, 256, 512, 768].map(|offset| RequestBody::Pixels { offset });
    let answers = bench.ask(&[shown, &parts].concat());
    let (shown, parts) = answers.split_at(shown.len());
    assert!(shown.iter().all(|answer| answer.body() == ResponseBody::Done), "{shown:?}");
    let parts = parts.iter().map(|answer| match answer.body() {
        ResponseBody::Pixels(pixels) => pixels.to_vec(),
        body => panic!("{body:?}"),
    });
    parts.collect::<Vec<_>>().concat()
}

fn refused(error: ImageError) -> ResponseBody<'static> {
    ResponseBody::Error(RequestError::Image(error))
}

/// The error that the last request is answered with.
fn error(bench: &mut Bench, requests: &[RequestBody<'_>]) -> RequestError {
    match ask_last(bench, requests).body() {
        ResponseBody::Error(error) => error,
        body => panic!("{body:?}"),
    }
}

const ENROL: RequestBody<'static> = RequestBody::Enrol { label: "it" };
const RECOGNISE: RequestBody<'static> =
    RequestBody::Recognise { method: Method::Prototype, threshold: Threshold::None };

#[test]
fn pixels_arrive_as_they_are_and_give_the_engines_bytes() {
    let pixels = image(1);
    assert_eq!(seen(&mut board(), &about(&pixels, RequestBody::Ping)[..2]), pixels);
    let answer = ask_last(&mut board(), &about(&pixels, RequestBody::Embed));
    assert_eq!(answer.body(), ResponseBody::Embedding(&embedding(&pixels)));
}

#[test]
fn a_board_prepares_frames_of_every_format_as_the_pc_does() {
    for (seed, format) in (1..).zip(Format::ALL) {
        for (width, height) in [(28, 28), (160, 120), (2, 300), (300, 2)] {
            let picture = Picture::new(format, width, height, seed);
            let expected = picture.pixels();
            assert_eq!(seen(&mut board(), &picture.requests()), expected, "{format:?} {width}x{height}");
            let answer = ask_last(&mut board(), &picture.and(&[RequestBody::Embed]));
            assert_eq!(answer.body(), ResponseBody::Embedding(&embedding(&expected)));
        }
        let whole = Picture::new(format, 160, 120, seed);
        let crop = Crop { left: 41, top: 13, width: 77, height: 99 };
        let part = Picture { frame: whole.frame.cropped(crop).unwrap(), ..whole.clone() };
        assert_ne!(part.pixels(), whole.pixels());
        assert_eq!(seen(&mut board(), &part.requests()), part.pixels(), "{format:?}, cropped");
    }
}

#[test]
fn compare_gives_the_distance_of_the_last_two_images() {
    let (a, b) = (image(1), image(2));
    let distance = host_model().compare(&embedding(&a), &embedding(&b));
    assert_ne!(distance, 0);
    let shown = |pixels| about(pixels, RequestBody::Ping)[..2].to_vec();
    let compared = |requests: &[Vec<RequestBody<'_>>]| {
        let requests = [&requests.concat()[..], &[RequestBody::Compare]].concat();
        board().ask(&requests).pop().unwrap()
    };
    assert_eq!(compared(&[shown(&a), shown(&b)]).body(), ResponseBody::Distance(distance));
    assert_eq!(compared(&[shown(&a), shown(&a)]).body(), ResponseBody::Distance(0));
    assert_eq!(compared(&[shown(&a)]).body(), refused(ImageError::OnlyOne));
    // What was begun and not finished is not the one before.
    assert_eq!(
        compared(&[shown(&a), shown(&b)[..1].to_vec(), shown(&b)]).body(),
        ResponseBody::Distance(distance)
    );
}

/// Each bad step has an error by name, leaves the gallery alone, and the next frame works.
#[test]
fn what_goes_wrong_with_an_image_is_named_and_the_next_one_works() {
    let picture = Picture::new(Format::Yuyv, 100, 40, 1);
    let whole = picture.requests();
    // 200 bytes in a row, 5 rows in a chunk, 8 chunks.
    assert_eq!(whole.len(), 9);
    let frame = |format, width, height| RequestBody::Image {
        form: ImageForm::Camera { format, width, height, crop: None },
    };
    let cropped = |left, top, width, height| RequestBody::Image {
        form: ImageForm::Camera {
            format: Format::Yuyv,
            width: 100,
            height: 40,
            crop: Some(Crop { left, top, width, height }),
        },
    };
    let bytes = &*picture.bytes;
    let chunk = |offset, len: usize| RequestBody::Chunk { offset, bytes: &bytes[..len] };
    let (first, second, third) = (whole[1], whole[2], whole[3]);
    let unfinished = ImageError::Unfinished { received: 1_000, expected: 8_000 };
    let offset = |expected, actual| ImageError::Offset { expected, actual };
    let cases: Vec<(Vec<RequestBody<'_>>, ImageError)> = vec![
        // Impossible frames.
        (vec![frame(Format::Grey8, 0, 9)], ImageError::Empty),
        (vec![frame(Format::Grey8, 9, 0)], ImageError::Empty),
        (vec![frame(Format::Yuyv, 9, 9)], ImageError::OddWidth),
        (vec![frame(Format::Uyvy, 9, 9)], ImageError::OddWidth),
        (vec![frame(Format::Grey8, 1_025, 9)], ImageError::TooWide { row: 1_025, most: 1_024 }),
        (vec![frame(Format::Rgb888, u16::MAX, u16::MAX)], ImageError::TooWide { row: 196_605, most: 1_024 }),
        (vec![cropped(1, 0, 100, 40)], ImageError::Crop),
        (vec![cropped(0, 39, 1, 2)], ImageError::Crop),
        (vec![cropped(0, 0, 0, 1)], ImageError::Crop),
        (vec![cropped(u16::MAX, u16::MAX, u16::MAX, u16::MAX)], ImageError::Crop),
        // Chunks that are lost, doubled, out of order, too long, or no whole rows.
        (vec![whole[0], second], offset(0, 1_000)),
        (vec![whole[0], first, first], offset(1_000, 0)),
        (vec![whole[0], first, third], offset(1_000, 2_000)),
        (vec![whole[0], first, second, first], offset(2_000, 0)),
        (vec![whole[0], chunk(u32::MAX, 200)], offset(0, u32::MAX)),
        (vec![whole[0], chunk(0, 199)], ImageError::Row { expected: 200 }),
        (vec![whole[0], chunk(0, 201)], ImageError::Row { expected: 200 }),
        (
            [&whole[..8], &[chunk(7_000, 1_020)]].concat(),
            ImageError::TooLong { expected: 8_000, actual: 8_020 },
        ),
        (vec![frame(Format::Grey8, 10, 1), chunk(0, 20)], ImageError::TooLong { expected: 10, actual: 20 }),
        // No image, or none yet.
        (vec![first], ImageError::NotBegun),
        ([&whole[..], &[first]].concat(), ImageError::NotBegun),
        (vec![whole[0], RequestBody::SelfTest, first], ImageError::NotBegun),
        (vec![RequestBody::Embed], ImageError::None),
        (vec![RequestBody::Compare], ImageError::None),
        (vec![ENROL], ImageError::None),
        (vec![RECOGNISE], ImageError::None),
        (vec![RequestBody::Parity], ImageError::None),
        (vec![RequestBody::Pixels { offset: 0 }], ImageError::None),
        ([&whole[..], &[RequestBody::SelfTest, ENROL]].concat(), ImageError::None),
        ([&whole[..], &[RequestBody::Bench { runs: 1 }, ENROL]].concat(), ImageError::None),
        (
            [&whole[..], &[RequestBody::Pixels { offset: 784 }]].concat(),
            ImageError::TooLong { expected: 784, actual: 785 },
        ),
        // Another request in the middle of an image, or a source that stopped there.
        (vec![whole[0], first, RequestBody::Embed], unfinished),
        (vec![whole[0], first, RequestBody::Compare], unfinished),
        (vec![whole[0], first, ENROL], unfinished),
        (vec![whole[0], first, RECOGNISE], unfinished),
        (vec![whole[0], first, RequestBody::Parity], unfinished),
        (vec![whole[0], first, RequestBody::Pixels { offset: 0 }], unfinished),
    ];
    let expected = picture.pixels();
    for (requests, error) in cases {
        let mut bench = board();
        let next = [&requests[..], &picture.and(&[RequestBody::Embed])].concat();
        let answers = bench.ask(&next);
        assert_eq!(answers[requests.len() - 1].body(), refused(error), "{error:?}");
        let others = answers[..requests.len() - 1].iter().map(Answer::body);
        assert!(others.filter(|body| matches!(body, ResponseBody::Error(_))).count() == 0, "{error:?}");
        // The next frame works,
        assert_eq!(answers.last().unwrap().body(), ResponseBody::Embedding(&embedding(&expected)));
        // and nothing was enrolled.
        assert_eq!(gallery(&mut bench).len, 0, "{error:?}");
    }
}

/// An error changes nothing: the chunk that was expected is still taken.
#[test]
fn after_a_wrong_chunk_the_right_one_goes_on() {
    let picture = Picture::new(Format::Rgb888, 90, 30, 1);
    let whole = picture.requests();
    let wrong = [
        whole[5],
        whole[1],
        RequestBody::Chunk { offset: 0, bytes: &picture.bytes[..7] },
        RequestBody::Recognise { method: Method::Prototype, threshold: Threshold::None },
        RequestBody::Image { form: ImageForm::Pixels { len: 3 } },
    ];
    let mut requests = vec![whole[0]];
    for &chunk in &whole[1..] {
        requests.push(chunk);
        requests.extend(wrong);
    }
    requests.truncate(requests.len() - wrong.len());
    requests.push(RequestBody::Embed);
    let answers = board().ask(&requests);
    assert_eq!(answers.last().unwrap().body(), ResponseBody::Embedding(&embedding(&picture.pixels())));
    let refused = answers.iter().filter(|answer| matches!(answer.body(), ResponseBody::Error(_))).count();
    assert_eq!(refused, wrong.len() * (whole.len() - 2));
}

#[test]
fn pixels_of_another_length_are_refused_before_they_are_sent() {
    for len in [0, 1, 783, 785, u32::MAX] {
        let request = RequestBody::Image { form: ImageForm::Pixels { len } };
        assert_eq!(error(&mut board(), &[request]), RequestError::ImageLength { expected: 784, actual: len });
    }
}

/// What does not concern the image is answered while it arrives.
#[test]
fn other_requests_do_not_disturb_an_image_that_arrives() {
    let picture = Picture::new(Format::Grey8, 64, 64, 1);
    let mut requests = Vec::new();
    for request in picture.requests() {
        requests.extend([
            request,
            RequestBody::Ping,
            RequestBody::Forget { label: "nobody" },
            RequestBody::Entry { index: 0 },
            RequestBody::Clear,
        ]);
    }
    requests.push(RequestBody::Embed);
    let answers = board().ask(&requests);
    assert_eq!(answers.last().unwrap().body(), ResponseBody::Embedding(&embedding(&picture.pixels())));
}

/// Random requests about images, some of them nonsense: each gets one answer, and whole frames
/// between them are seen as the PC sees them.
#[test]
fn any_order_of_chunks_is_survived() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for _ in 0..200 {
        let pictures: Vec<Picture> = (0..3)
            .map(|_| {
                let (width, height) = (2 * rng.random_range(1..40), rng.random_range(1..60));
                Picture::new(Format::ALL[rng.random_range(0..6)], width, height, rng.random())
            })
            .collect();
        let mut requests: Vec<RequestBody<'_>> = pictures.iter().flat_map(Picture::requests).collect();
        for _ in 0..rng.random_range(0..6) {
            let (a, b) = (rng.random_range(0..requests.len()), rng.random_range(0..requests.len()));
            match rng.random_range(0..4) {
                0 => requests.swap(a, b),
                1 => drop(requests.remove(a)),
                2 => requests.insert(a, requests[b]),
                _ => requests.insert(a, [RECOGNISE, RequestBody::SelfTest, RequestBody::Compare][b % 3]),
            }
            if requests.is_empty() {
                requests.push(RequestBody::Ping);
            }
        }
        requests.extend(pictures[0].and(&[RequestBody::Embed]));
        let answers = board().ask(&requests);
        let expected = embedding(&pictures[0].pixels());
        assert_eq!(answers.last().unwrap().body(), ResponseBody::Embedding(&expected));
    }
}

/// A net that takes longer than the watchdog waits has its answer all the same.
#[test]
fn the_watchdog_is_fed_between_the_slices_of_an_inference() {
    let model = host_model();
    let mut scratch = vec![0; model.scratch_len()];
    let mut embedding = vec![0; model.embedding_len()];
    let pixels = image(3);
    let mut inference = model.start(&pixels, &mut scratch, &mut embedding).unwrap();
    let mut slices = 0;
    while inference.step() {
        slices += 1;
    }
    assert!(slices > 1, "{slices}");

    let fed = |requests: &[RequestBody<'_>]| {
        let mut bench = board();
        bench.ask(requests);
        bench.clock.fed
    };
    let form = ImageForm::Pixels { len: pixels.len() as u32 };
    let seen: Vec<_> = image_requests(form, &pixels, CHUNK_LEN).collect();
    // As many bytes, and no inference.
    let mut refused = seen.clone();
    if let Some(RequestBody::Chunk { offset, .. }) = refused.last_mut() {
        *offset ^= 1;
    }
    assert_eq!(fed(&seen), fed(&refused) + slices);
    assert_eq!(fed(&[RequestBody::SelfTest]), fed(&[RequestBody::Ping]) + 4 * slices);
}
