//! Emulated boards that see by themselves, against a PC that draws the strokes by its second implementation, computes
//! with plain weights, and writes the numbers with 64 bits.

use firmware::model;
use rayon::prelude::*;
use shared_model::{
    Distance, Gallery, Layout, Model, Recognition, Threshold, gallery,
    gallery::Method,
    model::layout::repack_to_vec,
    wire::client::{Client, ClientError},
};
use std::time::Duration;
use tests::drawing;
use tinytriplet_boards as boards;
use tinytriplet_device::pattern::DIGITS;
use tinytriplet_launcher::emulator::{self, Binary, Emulator};

/// The digits that are shown: two ways of each are taught, then all three step by.
fn shown() -> Vec<(usize, usize, bool)> {
    let taught = (0..10).flat_map(|digit| [(digit, 0, true), (digit, 1, true)]);
    taught
        .chain([2, 0, 1].into_iter().flat_map(|way| (0..10).map(move |digit| (digit, way, false))))
        .collect()
}

fn reading(model: &Model<'_>, found: &Recognition<'_>) -> String {
    let Some(nearest) = found.nearest else { return "sees unknown: nothing is enrolled".to_owned() };
    let unit = match model.distance() {
        Distance::SquaredL2 => f64::from(model.output().scale).powi(2),
        Distance::Cosine => 1.0 / f64::from(1 << 30),
    };
    let others = [found.runner_up.map(|next| next.distance), found.background];
    let limit = others.into_iter().flatten().fold(found.threshold, u32::min);
    let (a, l) = (f64::from(nearest.distance).sqrt(), f64::from(limit).sqrt());
    let (away, share) = (f64::from(nearest.distance) * unit, (100.0 * l / (a + l)).round());
    match found.label() {
        Some(label) => format!("sees {label}, {away:.3} away, {share} %"),
        None => format!("sees unknown, {} is {away:.3} away, {share} %", nearest.label),
    }
}

/// What a board has to say.
fn expected() -> Vec<String> {
    let plain = repack_to_vec(model::FILE, Layout::Plain).unwrap();
    let model = Model::decode(&plain).unwrap();
    let (mut scratch, mut embedding) = (vec![0; model.scratch_len()], vec![0; model.embedding_len()]);
    let mut memory = vec![0; 16 * gallery::entry_len(model.embedding_len(), 0)];
    let mut gallery = Gallery::new(&model, 0, &mut memory);
    let mut said = Vec::new();
    for (digit, way, is_taught) in shown() {
        let points: Vec<_> =
            DIGITS[digit][way].iter().map(|point| (point.x, point.y, point.begins)).collect();
        let pixels = drawing::drawn(&points, 28, 28).unwrap();
        model.embed(&pixels, &mut scratch, &mut embedding).unwrap();
        let found = gallery.recognise(&model, &embedding, Method::Prototype, Threshold::Own).unwrap();
        said.push(reading(&model, &found));
        if is_taught {
            let label = format!("new-{}", digit + 1);
            let count = gallery.enrol(&label, &embedding).unwrap();
            said.push(format!("learns {label}: {count} image{}", if count == 1 { "" } else { "s" }));
        }
    }
    said
}

#[test]
fn boards_see_learn_and_say_what_the_pc_says_and_answer_it() {
    let expected = expected();
    assert_eq!(expected.len(), 70);
    let is_right = |at: &usize| expected[40 + at].starts_with(&format!("sees new-{}, ", at % 10 + 1));
    let right = (0..30).filter(is_right).count();
    assert!(right >= 25, "{expected:#?}");
    ["pico", "mps2-an386"].par_iter().for_each(|name| {
        let board = boards::find(name).expect("a board of the table");
        let program = emulator::build(board, Binary::Pattern).unwrap_or_else(|error| panic!("{error}"));
        let mut emulator = Emulator::boot(&program).unwrap_or_else(|error| panic!("{error}"));
        for (number, line) in expected.iter().enumerate() {
            let said = emulator.read_text(Duration::from_secs(60)).unwrap();
            assert_eq!(said, *line, "{name}, line {number}");
        }
        // The serial line goes on answering. What the board has said is a damaged frame; the client asks again.
        let mut client = Client::new(emulator);
        client.ping().unwrap();
        assert_eq!(client.info().unwrap().gallery.len, 10);
        assert_eq!(client.forget("new-3").unwrap(), ());
        assert_eq!(client.info().unwrap().gallery.len, 9);
        let refused = client.forget("new-3").unwrap_err();
        assert_eq!(refused, ClientError::Refused(shared_model::wire::RequestError::NoEntry));
    });
}
