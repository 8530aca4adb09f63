//! Characters that nobody writes, made up by this program without end: what a net learns to tell
//! signs apart from, where there are no data and no network. `docs/CHARACTERS.md` describes the
//! model of how they are drawn.
//!
//! The same seed gives the same bytes on every machine: there is no arithmetic here but
//! `+ - × ÷ √` and rounding, which IEEE 754 defines to the last bit.

mod chance;
mod geometry;
mod grid;
mod habits;
mod hand;
mod manner;
mod raster;
mod stroke;
mod trace;
mod way;

use crate::{
    dataset::{Dataset, MADE_UP_CHARACTERS, Source},
    rng::Rng,
    split::{Label, Split},
};
use chance::Chance;
use grid::GridCharacter;
use hand::Hand;
use rayon::prelude::*;
use shared_model::model::format::Preprocessing;
use stroke::{Stock, StrokeCharacter};
use tinytriplet_recipe::CharactersConfig;

/// Rows and columns of an image, which are also those of MNIST's.
pub const SIZE: [usize; 2] = [raster::SIDE; 2];
/// Neighbours in an alphabet that may look like the first of them.
const FAMILY: u64 = 4;

/// The characters that [`dataset`] draws.
pub const CLASSES: usize = 320;
/// Drawings of each in its training split.
pub const TRAIN_PER_CLASS: usize = 12;
/// Drawings of each in its test split.
pub const TEST_PER_CLASS: usize = 8;
/// The first of the characters that [`dataset`] draws. No training gets so far.
const FIRST_OF_DATASET: u64 = 1 << 63;

/// Returns a data set of made-up characters, to evaluate a net with that was trained on others: no
/// batch has any of these.
#[must_use]
pub fn dataset(seed: u64) -> Dataset {
    let config = CharactersConfig::default();
    let (size, characters) = (usize::from(config.alphabet), Characters::new(&config, seed));
    let split = |drawings: std::ops::Range<usize>| {
        let labels: Vec<Label> =
            (0..CLASSES as Label).flat_map(|label| drawings.clone().map(move |_| label)).collect();
        let draw = |index: usize| {
            let drawing = drawings.start + index % drawings.len();
            characters.draw(FIRST_OF_DATASET + u64::from(labels[index]), drawing as u64)
        };
        let pixels: Vec<_> = (0..labels.len()).into_par_iter().map(draw).collect();
        Split::new(raster::SIDE, raster::SIDE, pixels.concat(), labels).expect("a label for each image")
    };
    Dataset {
        name: MADE_UP_CHARACTERS.into(),
        source: Source::MadeUp,
        class_names: (0..CLASSES)
            .map(|class| format!("alphabet {}/{}", class / size, class % size))
            .collect(),
        preprocessing: Preprocessing::MNIST,
        train: split(0..TRAIN_PER_CLASS),
        test: split(TRAIN_PER_CLASS..TRAIN_PER_CLASS + TEST_PER_CLASS),
    }
}

/// A character that nobody writes.
enum Character {
    Strokes(StrokeCharacter),
    Grid(GridCharacter),
}

/// All characters of a seed.
#[derive(Clone, Debug)]
pub struct Characters {
    config: CharactersConfig,
    rng: Rng,
}

impl Characters {
    /// The characters that `config` describes; another seed has others.
    #[must_use]
    pub fn new(config: &CharactersConfig, seed: u64) -> Self {
        Self { config: config.clone(), rng: Rng::new(seed) }
    }

    /// Returns the number of characters, if it is limited.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        self.config.classes
    }

    /// Returns the pixels of one drawing of a character, row by row, 0 for the paper. Every pair of
    /// numbers has a drawing of its own, and any character may be asked for at any time.
    #[must_use]
    pub fn draw(&self, character: u64, drawing: u64) -> [u8; raster::SIDE * raster::SIDE] {
        let mut chance = Chance::new(self.rng.stream(character).stream(1 + drawing));
        let character = self.character(character);
        let mut hand = Hand::new(&self.config, &mut chance);
        let lines = match &character {
            Character::Strokes(character) => hand.write(character, &mut chance),
            Character::Grid(character) => hand.write_on_grid(character, &mut chance),
        };
        let mut image = [0; raster::SIDE * raster::SIDE];
        raster::draw(&lines, hand.radius, hand.softness, hand.ink, &mut image);
        image
    }

    /// Returns a character: one of its alphabet, or one that looks much like the first of its family.
    fn character(&self, number: u64) -> Character {
        let Self { config, rng } = self;
        let size = config.alphabet as u64;
        let of = |number: u64| Chance::new(rng.stream(number).stream(0));
        let alphabet = rng.stream(number / size).stream(u64::MAX);
        let mut common = Chance::new(alphabet.clone());
        let first = number - (number % size) % FAMILY;
        let mut chance = of(number);
        let looks_alike = number != first && chance.happens(config.look_alikes);
        if common.happens(config.grid) {
            let manner = grid::manner(config, &alphabet, &mut common);
            return Character::Grid(match looks_alike {
                true => {
                    GridCharacter::new(config, &manner, &mut of(first)).varied(config, &manner, &mut chance)
                }
                false => GridCharacter::new(config, &manner, &mut of(number)),
            });
        }
        let stock = if size == 1 { Stock::default() } else { Stock::new(config, &mut common) };
        Character::Strokes(match looks_alike {
            true => StrokeCharacter::new(config, &stock, &mut of(first)).varied(config, &stock, &mut chance),
            false => StrokeCharacter::new(config, &stock, &mut of(number)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};
    use tinytriplet_recipe::StrokeKind;

    fn characters(seed: u64) -> Characters {
        Characters::new(&CharactersConfig::default(), seed)
    }

    /// The same on every machine: there is no second implementation, so this holds what came out
    /// when the model of drawing was last changed.
    #[test]
    fn the_seed_decides_every_byte() {
        let characters = characters(7);
        let mut hash = Sha256::new();
        for number in (0..40).chain([1 << 40, u64::MAX]) {
            for drawing in [0, 1, 1 << 50] {
                hash.update(characters.draw(number, drawing));
            }
        }
        let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, "63f27252b3ac811f");
        assert_ne!(characters.draw(3, 0), super::tests::characters(8).draw(3, 0));
        assert_ne!(characters.draw(3, 0), characters.draw(3, 1));
    }

    #[test]
    fn a_drawing_sits_in_the_image_as_mnist_has_its_digits() {
        let characters = characters(1);
        let mut of_twenty = 0;
        for number in 0..500 {
            let image = characters.draw(number, number);
            let (mut mass, mut moment) = (0.0, [0.0; 2]);
            let (mut low, mut high) = ([28, 28], [0, 0]);
            for (at, &ink) in image.iter().enumerate() {
                let place = [at / 28, at % 28];
                mass += f64::from(ink);
                for axis in 0..2 {
                    moment[axis] += f64::from(ink) * (place[axis] as f64 + 0.5);
                    if ink > 50 {
                        (low[axis], high[axis]) =
                            (low[axis].min(place[axis]), high[axis].max(place[axis] + 1));
                    }
                }
            }
            // Of the lines' length, not of the ink, which is less where strokes overlap.
            let off = moment.map(|moment| (moment / mass - 14.0).abs());
            assert!(off.iter().all(|&off| off < 2.5), "{number}: {off:?}");
            let side = (high[0] - low[0]).max(high[1] - low[1]);
            assert!(side <= 22, "{number} is {side} pixels long");
            of_twenty += usize::from(side >= 18);
        }
        // A lone dot stays small, and a thin line may lie between two rows of pixels.
        assert!(of_twenty > 475, "{of_twenty} of 500 fill the box");
    }

    /// Returns the image blurred: the mean of the 5 × 5 pixels about each, so that lines a pixel apart
    /// are much alike.
    fn blurred(image: &[u8]) -> Vec<f32> {
        let at = |y: usize, x: usize| if y < 28 && x < 28 { f32::from(image[y * 28 + x]) } else { 0.0 };
        let mean = |i: usize| {
            let (y, x) = (i / 28 + 26, i % 28 + 26);
            (0..25).map(|j| at((y + j / 5).wrapping_sub(28), (x + j % 5).wrapping_sub(28))).sum::<f32>()
                / 25.0
        };
        (0..784).map(mean).collect()
    }

    fn distance(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
    }

    /// By pixels alone, where chance is right once in 48, most drawings are nearest to another one of
    /// their character; and few characters are drawn as another one is: fewer than those that a hand's
    /// freedom moves that far.
    #[test]
    fn drawings_of_a_character_are_nearer_to_each_other_than_to_others() {
        let characters = characters(2);
        let drawings: Vec<Vec<Vec<f32>>> = (0..48)
            .map(|number| (0..6).map(|drawing| blurred(&characters.draw(number, drawing))).collect())
            .collect();
        let (mut right, mut within, mut between) = (0, 0.0, 0.0);
        for (number, of_character) in drawings.iter().enumerate() {
            let nearest = |others: &[Vec<f32>]| {
                others.iter().map(|other| distance(&of_character[0], other)).fold(f32::MAX, f32::min)
            };
            let own = nearest(&of_character[1..]);
            let others = drawings.iter().enumerate().filter(|(other, _)| *other != number);
            let other = others.map(|(_, others)| nearest(&others[1..])).fold(f32::MAX, f32::min);
            right += usize::from(own < other);
            within += distance(&of_character[0], &of_character[1]);
            between += distance(&of_character[0], &drawings[(number + 24) % 48][1]);
        }
        assert!(right >= 22, "{right} of 48 are nearest to their own");
        assert!(within * 1.3 < between, "{within} {between}");
    }

    #[test]
    fn a_data_set_has_characters_that_training_has_not() {
        let dataset = dataset(1);
        assert_eq!((dataset.train.len(), dataset.test.len()), (320 * 12, 320 * 8));
        assert_eq!((dataset.train.label(13), dataset.test.label(2559)), (1, 319));
        let characters = characters(1);
        assert_eq!(dataset.test.image(8), characters.draw(FIRST_OF_DATASET + 1, 12));
        assert_ne!(dataset.train.image(0), characters.draw(0, 0));
    }

    /// Each part of the model has an effect, and the others go on without it.
    #[test]
    fn every_part_can_be_switched_off() {
        let default = CharactersConfig::default();
        let without = [
            CharactersConfig { strokes: vec![StrokeKind::Line], ..default.clone() },
            CharactersConfig { grid: 0.0, ..default.clone() },
            CharactersConfig { winding: 0.0, ..default.clone() },
            CharactersConfig { parts: 0.0, ..default.clone() },
            CharactersConfig { joints: 0.0, ..default.clone() },
            CharactersConfig { repetition: 0.0, ..default.clone() },
            CharactersConfig { symmetry: 0.0, ..default.clone() },
            CharactersConfig { alphabet: 1, ..default.clone() },
            CharactersConfig { look_alikes: 0.0, ..default.clone() },
            CharactersConfig { style: 0.0, ..default.clone() },
            CharactersConfig { habits: 0.0, ..default.clone() },
            CharactersConfig { jitter: 0.0, ..default.clone() },
            CharactersConfig { bend: 0.0, ..default.clone() },
            CharactersConfig { pen: 0.0, ..default.clone() },
        ];
        let drawn = |config: &CharactersConfig| {
            let characters = Characters::new(config, 3);
            // Two of each of 32 alphabets: some are on a grid, some are not.
            let numbers = (0..32).flat_map(|alphabet| [16 * alphabet, 16 * alphabet + 1]);
            numbers.flat_map(|number| characters.draw(number, 0)).collect::<Vec<_>>()
        };
        for config in without {
            assert!(drawn(&config) != drawn(&default), "{config:?}");
        }
        let steady =
            CharactersConfig { style: 0.0, habits: 0.0, jitter: 0.0, bend: 0.0, pen: 0.0, ..default };
        let characters = Characters::new(&steady, 3);
        assert_eq!(characters.draw(5, 0), characters.draw(5, 1), "nothing makes drawings differ any more");
    }
}
