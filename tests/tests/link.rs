//! Boards at the end of a bad line: requests are carried out once or not at all, and no wrong answer is taken for one.

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
use std::{array, collections::BTreeMap, thread, time::Duration};
use tests::{definition, noisy::Noisy};
use tinytriplet_boards as boards;
use tinytriplet_launcher::emulator::{self, Binary, Emulator, Program};

/// Boards at the same time: what takes time is to wait for answers that were lost.
const BOARDS: usize = 5;
/// Requests to each board.
const REQUESTS: usize = 2_000;
/// Bytes of an image in one request.
const CHUNK: usize = 64;
/// The share of damaged bytes, in both directions.
const DAMAGED: f64 = 0.01;
const LABELS: [&str; 6] = ["7", "8", "9", "cup", "né", "a label of thirty-one bytes ab"];

/// The time to wait for an answer. The emulated board answers within some milliseconds; if it takes longer, the
/// request's end was lost.
const PATIENCE: Duration = Duration::from_millis(100);

/// The entries of a gallery: values by label.
type Entries = BTreeMap<String, Vec<u8>>;

/// What became of requests.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    answered: usize,
    unanswered: usize,
    /// Changes of which it had to be looked up whether they were made.
    unknown_outcomes: usize,
    /// Bytes that were damaged, by kind.
    damaged: [usize; 4],
}

/// A board, and a copy of its gallery on the PC.
struct Conversation<'m> {
    board: Client<Noisy<Emulator>>,
    host: &'m Model<'m>,
    mirror: Gallery<'m>,
    images: &'m [Vec<u8>],
    rng: ChaCha8Rng,
}

impl<'m> Conversation<'m> {
    /// Boots a board and teaches it something to begin with.
    fn begin(
        program: &Program,
        host: &'m Model<'m>,
        images: &'m [Vec<u8>],
        memory: &'m mut [u8],
        seed: u64,
    ) -> Self {
        let emulator = Emulator::boot(program).unwrap_or_else(|error| panic!("{error}"));
        let mut board = Client::new(Noisy::new(emulator, seed));
        board.wait_until_ready(Duration::from_secs(60)).unwrap();
        board.set_attempts(6);
        // Of long requests, hardly one would arrive.
        board.set_chunk(CHUNK);
        let mirror = Gallery::new(host, model::EXEMPLARS, memory);
        let rng = ChaCha8Rng::seed_from_u64(1_000 + seed);
        let mut begun = Self { board, host, mirror, images, rng };
        for (image, label) in images.iter().zip(LABELS.iter().cycle()).take(24) {
            begun.board.show_pixels(image).unwrap();
            let count = begun.board.enrol(label).unwrap();
            assert_eq!(begun.mirror.enrol(label, &embed(host, image)), Ok(count));
        }
        assert_eq!(begun.entries(), begun.mirrored());
        begun
    }

    fn mirrored(&self) -> Entries {
        self.mirror.entries().map(|entry| (entry.label().to_owned(), entry.value().to_vec())).collect()
    }

    fn mirror(&mut self, entries: &Entries) {
        self.mirror.clear();
        entries.iter().for_each(|(label, value)| self.mirror.insert(label, value).unwrap());
    }

    /// The board's entries, over the line as it should be.
    fn entries(&mut self) -> Entries {
        let board = &mut self.board;
        let damaged = std::mem::replace(&mut board.link_mut().share, 0.0);
        let patience = Duration::from_secs(10);
        board.wait_until_ready(patience).unwrap();
        board.set_patience(patience);
        let len = board.info().unwrap().gallery.len;
        let entry = |index| {
            let (label, value) = board.entry(index).unwrap();
            (label.to_owned(), value.to_vec())
        };
        let all = (0..len).map(entry).collect();
        board.set_patience(PATIENCE);
        board.link_mut().share = damaged;
        all
    }

    /// Asks for whatever comes, over the damaged line. The mirror stays the same as the board.
    fn converse(&mut self) -> Tally {
        let taught = self.mirrored();
        self.board.link_mut().share = DAMAGED;
        let mut tally = Tally::default();
        for request in 0..REQUESTS {
            let before = self.mirrored();
            let mut after = before.clone();
            match self.ask(&taught, &before, &mut after) {
                Ok(()) => {
                    tally.answered += 1;
                    self.mirror(&after);
                }
                // True ones: there is no such entry.
                Err(ClientError::Refused(RequestError::NoEntry)) => tally.answered += 1,
                Err(ClientError::TimedOut | ClientError::Damaged(_)) => {
                    tally.unanswered += 1;
                    if before != after {
                        // Whole or not at all.
                        let now = self.entries();
                        assert!(now == before || now == after, "request {request}");
                        self.mirror(&now);
                        tally.unknown_outcomes += 1;
                    }
                }
                Err(error) => panic!("request {request}: {error}"),
            }
        }
        assert_eq!(self.entries(), self.mirrored());
        Tally { damaged: self.board.link_mut().damaged, ..tally }
    }

    /// Asks one thing. `after` becomes what is enrolled if it is carried out.
    fn ask(&mut self, taught: &Entries, before: &Entries, after: &mut Entries) -> Result<(), ClientError> {
        let Self { board, host, mirror, images, rng } = self;
        let label = LABELS[rng.random_range(0..LABELS.len())];
        match rng.random_range(0..100) {
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
                let value = &taught[label];
                after.insert(label.to_owned(), value.clone());
                board.import(label, value)
            }
            89..95 => {
                let (label, value) = board.entry(rng.random_range(0..6))?;
                assert_eq!(before.get(label).map(Vec::as_slice), Some(value));
                Ok(())
            }
            95 => {
                let image = &images[rng.random_range(0..images.len())];
                board.show_pixels(image)?;
                board.recognise(Method::Prototype, Threshold::Own).map(|recognition| {
                    let seen = embed(host, image);
                    let nearest = mirror.nearest(&seen, Method::Prototype).unwrap();
                    assert_eq!((recognition.nearest, recognition.runner_up), (nearest.first, nearest.second));
                    let entry = nearest.first.and_then(|nearest| mirror.find(nearest.label));
                    let count = entry.map_or(1, |entry| entry.count());
                    assert_eq!(Some(recognition.threshold), definition::own_threshold(model::FILE, count));
                })
            }
            96..98 => match board.bench(0) {
                Err(ClientError::Refused(RequestError::Runs)) => Ok(()),
                result => result.map(|time| panic!("no runs took {time:?}")),
            },
            98 => match board.show_pixels(&images[0][..10]) {
                Err(ClientError::Refused(RequestError::ImageLength { actual: 10, .. })) => Ok(()),
                result => result.map(|()| panic!("10 pixels were taken")),
            },
            _ => match board.enrol("") {
                Err(ClientError::Refused(RequestError::Image(_))) => Ok(()),
                Err(ClientError::Refused(RequestError::Gallery(GalleryError::Label(_)))) => Ok(()),
                result => result.map(|count| panic!("enrolled {count}")),
            },
        }
    }
}

fn embed(model: &Model<'_>, pixels: &[u8]) -> Vec<u8> {
    let (mut scratch, mut embedding) = (vec![0; model.scratch_len()], vec![0; model.embedding_len()]);
    model.embed(pixels, &mut scratch, &mut embedding).unwrap();
    embedding
}

#[test]
fn no_wrong_answer_over_a_damaged_line() {
    let board = boards::find("mps2-an386").expect("a board of the table");
    let program = emulator::build(board, Binary::Firmware).unwrap_or_else(|error| panic!("{error}"));
    let host = Model::decode(model::FILE).unwrap();
    let images = images::test_images(50, host.input_len());
    let converse = |seed| {
        let mut memory =
            vec![0; model::CAPACITY * gallery::entry_len(model::EMBEDDING_LEN, model::EXEMPLARS)];
        Conversation::begin(&program, &host, &images, &mut memory, seed).converse()
    };
    let tallies: [Tally; BOARDS] = thread::scope(|scope| {
        let boards: [_; BOARDS] = array::from_fn(|board| scope.spawn(move || converse(1 + board as u64)));
        boards.map(|board| board.join().expect("its panic is above"))
    });
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    let (answered, unanswered) = (sum(|tally| tally.answered), sum(|tally| tally.unanswered));
    let damaged: [usize; 4] = array::from_fn(|kind| tallies.iter().map(|tally| tally.damaged[kind]).sum());
    let unknown_outcomes = sum(|tally| tally.unknown_outcomes);
    println!(
        "{answered} answered, {unanswered} not, {unknown_outcomes} to be looked up; bytes damaged: {damaged:?}"
    );
    assert_eq!(answered + unanswered, BOARDS * REQUESTS);
    // Of the short requests nearly all arrive within six attempts; an image, in many parts, does now and then.
    assert!(answered > BOARDS * REQUESTS * 8 / 10, "{answered}");
    assert!(unanswered > 100 && damaged.iter().all(|&count| count > 500), "{unanswered} {damaged:?}");
}
