//! A board at the end of a bad line: requests are carried out once or not at all, and no wrong answer is taken for one.

mod images;

use firmware::model;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{
    Gallery, Model, Threshold,
    gallery::{self, GalleryError, Method},
    wire::{
        RequestError,
        client::{Client, ClientError},
    },
};
use std::{collections::BTreeMap, time::Duration};
use tests::noisy::Noisy;
use tinytriplet_boards as boards;
use tinytriplet_launcher::emulator::{self, Binary, Emulator};

const REQUESTS: usize = 10_000;
/// The share of damaged bytes, in both directions.
const DAMAGED: f64 = 0.01;
const LABELS: [&str; 6] = ["7", "8", "9", "cup", "né", "a label of thirty-one bytes ab"];

type Link = Client<Noisy<Emulator>>;

/// A copy of the board's gallery, kept on the PC.
struct Mirror<'m> {
    gallery: Gallery<'m>,
}

impl Mirror<'_> {
    fn values(&self) -> BTreeMap<String, Vec<u8>> {
        self.gallery.entries().map(|entry| (entry.label().to_owned(), entry.value().to_vec())).collect()
    }

    fn set(&mut self, values: &BTreeMap<String, Vec<u8>>) {
        self.gallery.clear();
        values.iter().for_each(|(label, value)| self.gallery.insert(label, value).unwrap());
    }
}

/// All entries, over the line as it should be.
fn entries(board: &mut Link) -> BTreeMap<String, Vec<u8>> {
    let damaged = std::mem::replace(&mut board.link_mut().share, 0.0);
    let patience = Duration::from_secs(10);
    board.wait_until_ready(patience).unwrap();
    board.set_patience(patience);
    let len = board.info().unwrap().gallery.len;
    let all = (0..len)
        .map(|index| {
            let (label, value) = board.entry(index).unwrap();
            (label.to_owned(), value.to_vec())
        })
        .collect();
    board.set_patience(PATIENCE);
    board.link_mut().share = damaged;
    all
}

/// The time to wait for an answer. The emulated board answers within some milliseconds; if it takes longer, the
/// request's end was lost.
const PATIENCE: Duration = Duration::from_millis(100);

#[test]
fn no_wrong_answer_over_a_damaged_line() {
    let host = Model::decode(model::FILE).unwrap();
    let board = boards::find("mps2-an386").expect("a board of the table");
    let program = emulator::build(board, Binary::Firmware).unwrap_or_else(|error| panic!("{error}"));
    let emulator = Emulator::boot(&program).unwrap_or_else(|error| panic!("{error}"));
    let mut board = Client::new(Noisy::new(emulator, 1));
    board.wait_until_ready(Duration::from_secs(60)).unwrap();
    board.set_patience(PATIENCE);
    board.set_attempts(6);

    let mut memory = vec![0; model::CAPACITY * gallery::entry_len(model::EMBEDDING_LEN, model::EXEMPLARS)];
    let mut mirror = Mirror { gallery: Gallery::new(&host, model::EXEMPLARS, &mut memory) };
    let images = images::test_images(50, host.input_len());
    let (mut scratch, mut embedding) = (vec![0; host.scratch_len()], vec![0; host.embedding_len()]);
    let thresholds = host.metadata().thresholds;

    // Something to begin with: over the damaged line hardly an image arrives.
    for (image, label) in images.iter().zip(LABELS.iter().cycle()).take(24) {
        let count = board.enrol(label, image).unwrap();
        host.embed(image, &mut scratch, &mut embedding).unwrap();
        assert_eq!(mirror.gallery.enrol(label, &embedding), Ok(count));
    }
    let kept = mirror.values();
    assert_eq!(entries(&mut board), kept);

    board.link_mut().share = DAMAGED;
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (mut answered, mut unanswered, mut unknown_outcomes) = (0, 0, 0);
    for request in 0..REQUESTS {
        let label = LABELS[rng.random_range(0..LABELS.len())];
        let before = mirror.values();
        let mut after = before.clone();
        let result: Result<(), ClientError> = match rng.random_range(0..100) {
            0..45 => board.ping(),
            45..70 => board.info().map(|info| {
                assert_eq!(info.model.hash, host.hash());
                assert_eq!(usize::from(info.gallery.len), before.len());
            }),
            70..85 => {
                after.remove(label);
                board.forget(label)
            }
            // Values are short enough to arrive now and then.
            85..89 => {
                let value = &kept[label];
                after.insert(label.to_owned(), value.clone());
                board.import(label, value)
            }
            89..95 => match board.entry(rng.random_range(0..6)) {
                Ok((label, value)) => {
                    assert_eq!(before.get(label).map(Vec::as_slice), Some(value));
                    Ok(())
                }
                Err(error) => Err(error),
            },
            95 => {
                let image = &images[rng.random_range(0..images.len())];
                board.recognise(image, Method::Prototype, Threshold::EqualError).map(|recognition| {
                    host.embed(image, &mut scratch, &mut embedding).unwrap();
                    let nearest = mirror.gallery.nearest(&embedding, Method::Prototype).unwrap();
                    assert_eq!((recognition.nearest, recognition.runner_up), (nearest.first, nearest.second));
                    assert_eq!(recognition.threshold, thresholds.equal_error.unwrap().distance);
                })
            }
            96..98 => match board.bench(0) {
                Err(ClientError::Refused(RequestError::Runs)) => Ok(()),
                result => result.map(|time| panic!("no runs took {time:?}")),
            },
            _ => match board.enrol("", &images[0][..10]) {
                Err(ClientError::Refused(RequestError::ImageLength { actual: 10, .. })) => Ok(()),
                Err(ClientError::Refused(RequestError::Gallery(GalleryError::Label(_)))) => Ok(()),
                result => result.map(|count| panic!("enrolled {count}")),
            },
        };
        match result {
            Ok(()) => {
                answered += 1;
                mirror.set(&after);
            }
            // True ones: there is no such entry.
            Err(ClientError::Refused(RequestError::NoEntry)) => answered += 1,
            Err(ClientError::TimedOut | ClientError::Damaged(_)) => {
                unanswered += 1;
                if before != after {
                    // Whole or not at all.
                    let now = entries(&mut board);
                    assert!(now == before || now == after, "request {request}");
                    mirror.set(&now);
                    unknown_outcomes += 1;
                }
            }
            Err(error) => panic!("request {request}: {error}"),
        }
    }
    assert_eq!(entries(&mut board), mirror.values());
    let damaged = board.link_mut().damaged;
    println!(
        "{answered} answered, {unanswered} not, {unknown_outcomes} to be looked up; bytes damaged: {damaged:?}"
    );
    assert_eq!(answered + unanswered, REQUESTS);
    // Of the short requests nearly all arrive within six attempts, of those with images hardly one does.
    assert!(answered > REQUESTS * 8 / 10, "{answered}");
    assert!(unanswered > 100 && damaged.iter().all(|&count| count > 500), "{unanswered} {damaged:?}");
}
