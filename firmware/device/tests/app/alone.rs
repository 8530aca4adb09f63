//! A board that sees by itself: sources, text, buttons.

use crate::{
    bench::{Bench, about, board, embedding, encoded, gallery as info, host_model, image, list},
    model::INPUT_LEN,
};
use embedded_io::{ErrorType, Read, ReadReady, Write};
use shared_model::{
    Gallery, Recognition, Threshold, gallery,
    gallery::{Match, Method},
    prepare::{
        Crop, Format, Frame, PrepareError, prepare, scratch_len,
        strokes::{self, Point, StrokesError, rasterise},
    },
    wire::{RequestBody, ResponseBody},
};
use std::{collections::VecDeque, convert::Infallible, iter::repeat_n};
use tinytriplet_device::{
    app::PC_MICROS,
    pattern::{DIGITS, Pattern},
    reading::Reading,
    source::{Sight, SightError, Source, Wish},
    testing::{Answer, answers, frame},
};

/// A serial line on which bytes arrive after so many looks at it, and which then ends.
struct Slow<'t> {
    /// Looks to wait, and what then arrives.
    arrivals: VecDeque<(usize, Vec<u8>)>,
    sent: &'t mut Vec<u8>,
}

impl ErrorType for Slow<'_> {
    type Error = Infallible;
}

impl ReadReady for Slow<'_> {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        match self.arrivals.front_mut() {
            Some((looks, _)) if *looks > 0 => {
                *looks -= 1;
                Ok(false)
            }
            _ => Ok(true),
        }
    }
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let Some((_, bytes)) = self.arrivals.front_mut() else { return Ok(0) };
        let len = bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&bytes[..len]);
        bytes.drain(..len);
        if bytes.is_empty() {
            self.arrivals.pop_front();
        }
        Ok(len)
    }
}

impl Write for Slow<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.sent.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A step of a source.
#[derive(Clone)]
enum Scene {
    Nothing,
    Strokes(Vec<Point>),
    /// A frame, and the rows that come of it.
    Frame(Frame, VecDeque<Vec<u8>>),
    Fails(SightError),
    Wants(Wish),
}

/// A source that shows one scene after the other.
struct Film {
    scenes: VecDeque<Scene>,
    shown: Scene,
}

impl Film {
    fn new(scenes: impl IntoIterator<Item = Scene>) -> Self {
        Self { scenes: scenes.into_iter().collect(), shown: Scene::Nothing }
    }
}

impl Source for Film {
    fn look(&mut self) -> Result<Sight<'_>, SightError> {
        if let Some(Scene::Wants(_)) = self.scenes.front() {
            return Ok(Sight::Nothing);
        }
        self.shown = self.scenes.pop_front().unwrap_or(Scene::Nothing);
        match &self.shown {
            Scene::Nothing | Scene::Wants(_) => Ok(Sight::Nothing),
            Scene::Strokes(points) => Ok(Sight::Strokes(points)),
            Scene::Frame(frame, _) => Ok(Sight::Frame(*frame)),
            Scene::Fails(error) => Err(*error),
        }
    }

    fn row(&mut self) -> Result<&[u8], SightError> {
        let Scene::Frame(_, rows) = &mut self.shown else { panic!("a row of what has none") };
        rows.rotate_left(1);
        rows.back().filter(|row| !row.is_empty()).map(Vec::as_slice).ok_or(SightError::Stopped)
    }

    fn wish(&mut self) -> Option<Wish> {
        let Some(&Scene::Wants(wish)) = self.scenes.front() else { return None };
        self.scenes.pop_front();
        Some(wish)
    }
}

/// Shows a board scenes. Returns what it writes on its text output, and what it sends.
fn show(bench: &mut Bench, scenes: Vec<Scene>) -> (String, Vec<u8>) {
    let looks = scenes.len() + 1;
    let (mut text, mut sent) = (String::new(), Vec::new());
    let serial = Slow { arrivals: VecDeque::from([(looks, vec![0])]), sent: &mut sent };
    bench.run_seeing(serial, Film::new(scenes), &mut text).unwrap();
    (text, sent)
}

fn said(bench: &mut Bench, scenes: Vec<Scene>) -> Vec<String> {
    show(bench, scenes).0.lines().map(str::to_owned).collect()
}

fn digit(digit: usize, way: usize) -> Scene {
    Scene::Strokes(DIGITS[(digit + 9) % 10][way].to_vec())
}

fn pixels_of(points: &[Point]) -> Vec<u8> {
    let (mut scratch, mut pixels) = (vec![0; strokes::scratch_len([28, 28])], vec![0; INPUT_LEN]);
    rasterise(points, [28, 28], &mut scratch, &mut pixels).unwrap();
    pixels
}

/// What `Reading` says, computed in another way.
fn read(found: &Recognition<'_>, scale: f64, is_cosine: bool) -> String {
    let Some(nearest) = found.nearest else { return "unknown: nothing is enrolled".to_owned() };
    let unit = if is_cosine { 1.0 / f64::from(1 << 30) } else { scale * scale };
    let away = f64::from(nearest.distance) * unit;
    let mut limit = f64::from(found.threshold);
    limit = limit.min(found.runner_up.map_or(f64::MAX, |next| next.distance.into()));
    limit = limit.min(found.background.map_or(f64::MAX, f64::from));
    let (a, l) = (f64::from(nearest.distance).sqrt(), limit.sqrt());
    let share = if a == 0.0 { 100.0 } else { (100.0 * l / (l + a)).round() };
    match found.label() {
        Some(label) => format!("{label}, {away:.3} away, {share} %"),
        None => format!("unknown, {} is {away:.3} away, {share} %", nearest.label),
    }
}

#[test]
fn strokes_are_taught_and_recognised_without_a_pc() {
    let scenes = vec![
        digit(3, 0),
        Scene::Wants(Wish::NewLabel),
        digit(3, 0),
        Scene::Nothing,
        digit(3, 1),
        Scene::Wants(Wish::Teach),
        digit(8, 0),
        Scene::Wants(Wish::NewLabel),
    ];
    let mut bench = board();
    let (text, sent) = show(&mut bench, scenes.clone());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 7, "{text}");
    assert_eq!(lines[0], "sees unknown: nothing is enrolled");
    assert_eq!(lines[1], "learns new-1: 1 image");
    assert_eq!(lines[2], "sees new-1, 0.000 away, 100 %");
    assert_eq!((lines[4], lines[6]), ("learns new-1: 2 images", "learns new-2: 1 image"));
    assert!(bench.lit);
    // On the serial line it is the same.
    assert_eq!(String::from_utf8(sent).unwrap(), text.replace('\n', "\r\n"));

    // A gallery on the PC says the same.
    let model = host_model();
    let mut memory = vec![0; 2 * gallery::entry_len(model.embedding_len(), 0)];
    let mut gallery = Gallery::new(&model, 0, &mut memory);
    let is_cosine = model.distance() == shared_model::Distance::Cosine;
    for (scene, label, line) in [(0, "new-1", 0), (4, "new-1", 3), (6, "new-2", 5)] {
        let Scene::Strokes(points) = &scenes[scene] else { panic!("it has strokes") };
        let seen = embedding(&pixels_of(points));
        let found = gallery.recognise(&model, &seen, Method::Prototype, Threshold::Own).unwrap();
        let read = read(&found, model.output().scale.into(), is_cosine);
        assert_eq!(lines[line], format!("sees {read}"));
        gallery.enrol(label, &seen).unwrap();
    }
    // It remembers.
    assert_eq!(info(&mut bench).len, 2);
}

#[test]
fn rows_of_a_camera_are_seen_as_the_pc_prepares_them() {
    // A bright stroke on dark, in RGB565, with a crop.
    let frame = Frame::new(Format::Rgb565BigEndian, 60, 50).unwrap();
    let frame = frame.cropped(Crop { left: 5, top: 3, width: 50, height: 44 }).unwrap();
    let rows: VecDeque<Vec<u8>> = (0..50_usize)
        .map(|row| {
            let ink =
                |column: usize| (10..40).contains(&row) && (25 + row / 4..30 + row / 4).contains(&column);
            (0..60).flat_map(|column| if ink(column) { [0xff, 0xff] } else { [0x10, 0x82] }).collect()
        })
        .collect();
    let preprocessing = host_model().metadata().preprocessing;
    let mut pixels = vec![0; INPUT_LEN];
    let bytes: Vec<u8> = rows.iter().flatten().copied().collect();
    let mut scratch = vec![0; scratch_len(preprocessing, host_model().input().shape)];
    prepare(frame, &bytes, preprocessing, host_model().input().shape, &mut scratch, &mut pixels).unwrap();
    assert!(pixels.contains(&0) && pixels.iter().any(|&pixel| pixel > 100));

    let mut bench = board();
    let mut value = 1_u32.to_le_bytes().to_vec();
    value.extend(embedding(&pixels).iter().flat_map(|&v| as_sum(v).to_le_bytes()));
    let import = RequestBody::Import { label: "stroke", value: &value };
    assert_eq!(bench.ask_one(import).body(), ResponseBody::Done);
    assert_eq!(said(&mut bench, vec![Scene::Frame(frame, rows)]), ["sees stroke, 0.000 away, 100 %"]);
}

/// A value of an embedding, as the sum of one.
fn as_sum(value: u8) -> i32 {
    match host_model().output().element {
        shared_model::inspect::Element::Signed => i32::from(value as i8),
        shared_model::inspect::Element::Unsigned => i32::from(value),
    }
}

#[test]
fn a_source_that_fails_leaves_all_as_it_was() {
    let frame = Frame::new(Format::Grey8, 30, 20).unwrap();
    let short: VecDeque<Vec<u8>> = repeat_n(vec![7; 30], 12).chain([vec![]]).collect();
    let narrow: VecDeque<Vec<u8>> = repeat_n(vec![7; 29], 20).collect();
    let mut bench = board();
    let scenes = vec![
        digit(4, 0),
        Scene::Wants(Wish::NewLabel),
        Scene::Frame(frame, short.clone()),
        // It is said once, as long as nothing else is seen.
        Scene::Frame(frame, short),
        Scene::Frame(frame, narrow),
        Scene::Strokes(vec![]),
        Scene::Fails(SightError::Silent),
        Scene::Fails(SightError::Strokes(StrokesError::Full)),
        // What was seen before it failed is still the last.
        Scene::Wants(Wish::Teach),
        digit(4, 0),
        Scene::Fails(SightError::Silent),
    ];
    assert_eq!(
        said(&mut bench, scenes),
        [
            "sees unknown: nothing is enrolled".to_owned(),
            "learns new-1: 1 image".to_owned(),
            format!("sees nothing: {}", SightError::Stopped),
            format!("sees nothing: {}", PrepareError::RowLength),
            format!("sees nothing: {}", StrokesError::NoPoints),
            format!("sees nothing: {}", SightError::Silent),
            format!("sees nothing: {}", StrokesError::Full),
            "learns new-1: 2 images".to_owned(),
            "sees new-1, 0.000 away, 100 %".to_owned(),
            format!("sees nothing: {}", SightError::Silent),
        ]
    );
    assert_eq!(info(&mut bench).len, 1);
}

#[test]
fn the_serial_line_is_answered_between_pictures_and_not_disturbed() {
    let (mut text, mut sent) = (String::new(), Vec::new());
    let ping = frame(7, RequestBody::Ping);
    let pong = encoded(7, ResponseBody::Pong);
    let mut bench = board();
    // Each look takes half a second: the next two see nothing, because a PC may be about to ask.
    bench.clock.step = PC_MICROS / 4;
    let arrivals = VecDeque::from([(1, ping.clone()), (3, ping.clone()), (6, ping)]);
    let scenes = repeat_n(digit(1, 0), 9);
    bench.run_seeing(Slow { arrivals, sent: &mut sent }, Film::new(scenes), &mut text).unwrap();
    let line = b"sees unknown: nothing is enrolled\r\n";
    // For a PC, what was said before an answer is a damaged frame.
    let all = [&line[..], &[0], &pong, &pong];
    let (start, rest) = sent.split_at(all.concat().len());
    assert_eq!(start, all.concat());
    // The third ping comes after silence, and lines.
    let lines = rest.strip_suffix(&*pong).and_then(|rest| rest.strip_suffix(&[0])).unwrap();
    assert_eq!(lines, line.repeat(lines.len() / line.len()));
    assert!((1..6).contains(&(lines.len() / line.len())), "{}", lines.len() / line.len());
}

#[test]
fn a_full_gallery_teaches_no_new_label() {
    let mut bench = board();
    let mut scenes = vec![digit(5, 0)];
    scenes.extend(repeat_n(Scene::Wants(Wish::NewLabel), 17));
    scenes.push(Scene::Wants(Wish::Teach));
    let lines = said(&mut bench, scenes);
    assert_eq!(lines[16], "learns new-16: 1 image");
    assert!(lines[17].starts_with("learns nothing: "), "{lines:?}");
    // The current label is the one before.
    assert_eq!(lines[18], "learns new-16: 2 images");
}

/// Presses the button while images arrive, each in some 60 pieces: looks, 50 ms apart.
fn pressed(bench: &mut Bench, images: &[&[u8]], presses: impl Fn(usize) -> Vec<std::ops::Range<usize>>) {
    let recognise = RequestBody::Recognise { method: Method::Prototype, threshold: Threshold::None };
    let request = |pixels| about(pixels, recognise);
    let len: usize = (1..).zip(request(images[0])).map(|(id, body)| frame(id, body).len()).sum();
    bench.piece = len.div_ceil(60);
    bench.clock.step = 50_000;
    bench.button = presses(len / bench.piece);
    bench.ask(&images.iter().flat_map(|pixels| request(pixels)).collect::<Vec<_>>());
    bench.button = Vec::new();
}

#[test]
fn a_short_press_teaches_the_current_label_and_a_long_one_begins_another() {
    let (a, b) = (image(1), image(2));
    let mut bench = board();
    // Two short presses while a is seen; a long one, and a short one, while b is.
    pressed(&mut bench, &[&a, &b, &a], |frame| {
        vec![
            frame + 2..frame + 5,
            frame + 10..frame + 12,
            2 * frame + 5..2 * frame + 35,
            2 * frame + 40..2 * frame + 43,
        ]
    });
    assert_eq!(list(&mut bench), [("new-1".to_owned(), 2), ("new-2".to_owned(), 2)]);
}

#[test]
fn without_an_image_the_button_teaches_nothing() {
    let mut bench = board();
    bench.clock.step = 50_000;
    bench.button = std::iter::once(1..4).collect();
    bench.piece = 1;
    bench.ask(&[RequestBody::Ping]);
    assert_eq!(info(&mut bench).len, 0);
}

#[test]
fn a_pattern_teaches_a_board_ten_digits() {
    let (mut text, mut sent) = (String::new(), Vec::new());
    let serial = Slow { arrivals: VecDeque::from([(300, vec![0])]), sent: &mut sent };
    board().run_seeing(serial, Pattern::new(), &mut text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for digit in 0..10 {
        assert_eq!(lines[4 * digit + 1], format!("learns new-{}: 1 image", digit + 1));
        assert_eq!(lines[4 * digit + 3], format!("learns new-{}: 2 images", digit + 1));
    }
    // Of the ways that were not taught, nine in ten are named right.
    let right = |digit: &usize| lines[40 + digit].starts_with(&format!("sees new-{}, ", digit + 1));
    let named = (0..10).filter(right).count();
    println!("{}", lines[40..].join("\n"));
    assert!(named >= 8, "{}", lines[40..50].join("\n"));
    // Those that were taught are all.
    assert!((0..10).all(|digit| lines[50 + digit].starts_with(&format!("sees new-{}, ", digit + 1))));
}

#[test]
fn a_reading_is_exact_to_its_last_digit() {
    let model = host_model();
    let (distance, scale) = (shared_model::Distance::SquaredL2, 0.0123);
    let mut checked = 0;
    for (at, away) in [0, 1, 3, 17, 250, 999, 4_000, 65_535, 90_001, 700_000].into_iter().enumerate() {
        for limit in [1, 2, 50, 1_000, 5_590, 70_000, u32::MAX] {
            let nearest = Some(Match { label: "a", distance: away });
            let other = Some(Match { label: "b", distance: limit });
            let found = match at % 3 {
                0 => Recognition { nearest, runner_up: None, threshold: limit, background: None },
                1 => Recognition { nearest, runner_up: other, threshold: u32::MAX, background: None },
                _ => Recognition { nearest, runner_up: None, threshold: u32::MAX, background: Some(limit) },
            };
            assert_eq!(Reading::new(&found, distance, scale).to_string(), read(&found, 0.0123, false));
            checked += 1;
        }
    }
    assert_eq!(checked, 70);
    let nothing = Recognition { nearest: None, runner_up: None, threshold: 1, background: None };
    assert_eq!(Reading::new(&nothing, model.distance(), 1.0).to_string(), "unknown: nothing is enrolled");
    // Where it changes, it is 50 %; a cosine's unit is 2^-30.
    let half = Recognition {
        nearest: Some(Match { label: "a", distance: 1 << 29 }),
        runner_up: None,
        threshold: 1 << 29,
        background: None,
    };
    let reading = Reading::new(&half, shared_model::Distance::Cosine, 1.0).to_string();
    assert_eq!(reading, "a, 0.500 away, 50 %");
}

/// Runs as many as were asked for, or until another request comes.
#[test]
fn a_benchmark_is_interrupted() {
    let bench_of = |runs: u16| {
        let requests = VecDeque::from([
            (0, frame(1, RequestBody::Bench { runs })),
            // Looked at between any two runs.
            (4, frame(2, RequestBody::Ping)),
        ]);
        let mut sent = Vec::new();
        let serial = Slow { arrivals: requests, sent: &mut sent };
        board().run_seeing(serial, Film::new([]), String::new()).unwrap();
        answers(&sent)
    };
    for (runs, done) in [(1, 1), (3, 3), (5, 5), (6, 5), (1_000, 5)] {
        let answers = bench_of(runs);
        let bodies: Vec<_> = answers.iter().map(Answer::body).collect();
        let expected = ResponseBody::Bench { runs: done, microseconds: done.into() };
        assert_eq!(bodies, [expected, ResponseBody::Pong], "{runs} runs");
    }
}
