use crate::metrics::Embeddings;
use rayon::prelude::*;
use shared_model::{Gallery, Model, gallery::entry_len};
use tinytriplet_data::Rng;

use super::Draws;

/// The most images of a class that an episode asks about.
pub const QUERIES: usize = 5;

/// The images of a class, by their places among some embeddings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Those that may be enrolled.
    pub enrolled: Vec<usize>,
    /// Those that may be asked about; `None` if they are the same. Then an episode asks about others
    /// than it enrols.
    pub asked: Option<Vec<usize>>,
}

/// Classes that belong together, such as the characters of an alphabet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name; empty for classes without a group.
    pub name: String,
    /// The images of each of its classes.
    pub classes: Vec<Images>,
}

/// All that episodes are drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The groups. The classes of an episode are of one of them.
    pub groups: Vec<Group>,
}

/// The images of a class in an episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    pub enrolled: Vec<usize>,
    pub asked: Vec<usize>,
}

impl Images {
    /// Returns true if so many can be enrolled, and one be asked about.
    pub(super) fn suffice(&self, shots: usize) -> bool {
        match &self.asked {
            Some(asked) => self.enrolled.len() >= shots && !asked.is_empty(),
            None => self.enrolled.len() > shots,
        }
    }

    pub(super) fn draw(&self, shots: usize, rng: &mut Rng) -> Drawn {
        match &self.asked {
            Some(asked) => {
                let enrolled = some(&self.enrolled, shots, rng);
                Drawn { enrolled, asked: some(asked, QUERIES, rng) }
            }
            None => {
                let mut enrolled = some(&self.enrolled, shots + QUERIES, rng);
                let asked = enrolled.split_off(shots);
                Drawn { enrolled, asked }
            }
        }
    }
}

/// Returns `count` of the images in random order, or all if there are no more: Floyd's sampling (Bentley
/// and Floyd, "A sample of brilliance", Communications of the ACM 30, 1987), because a class may have
/// thousands.
fn some(images: &[usize], count: usize, rng: &mut Rng) -> Vec<usize> {
    let mut places = Vec::with_capacity(count);
    for last in images.len().saturating_sub(count)..images.len() {
        let place = rng.below(last + 1);
        places.push(if places.contains(&place) { last } else { place });
    }
    rng.shuffle(&mut places);
    places.into_iter().map(|place| images[place]).collect()
}

impl Pool {
    /// Returns the number of classes.
    pub fn classes(&self) -> usize {
        self.groups.iter().map(|group| group.classes.len()).sum()
    }

    /// Returns the groups that have a name; `None` if no class is in one.
    pub fn within_groups(&self) -> Option<Self> {
        let groups: Vec<Group> = self.groups.iter().filter(|group| !group.name.is_empty()).cloned().collect();
        (!groups.is_empty()).then_some(Self { groups })
    }

    /// Returns all classes as one group.
    pub fn in_one_group(&self) -> Self {
        let classes = self.groups.iter().flat_map(|group| group.classes.iter().cloned()).collect();
        Self { groups: vec![Group { name: String::new(), classes }] }
    }

    /// Returns the classes of each group that have enough images.
    pub(super) fn sufficient(&self, shots: usize) -> Vec<(&str, Vec<&Images>)> {
        let groups = self.groups.iter();
        let sufficient = groups.map(|group| {
            let classes = group.classes.iter().filter(|class| class.suffice(shots)).collect();
            (group.name.as_str(), classes)
        });
        sufficient.collect()
    }
}

/// Draws episodes, and returns what `outcome` makes of each: `classes` of one of the `groups`, every group
/// as often, with `shots` images enrolled of each. A group has so many classes at least. `outcome` may go on
/// drawing.
pub(super) fn each_episode<T: Send>(
    groups: &[Vec<&Images>],
    classes: usize,
    shots: usize,
    draws: Draws,
    outcome: impl Fn(&[Drawn], &mut Rng) -> T + Sync,
) -> Vec<T> {
    let seed = Rng::new(draws.seed);
    let episode = |number: usize| {
        let mut rng = seed.stream(number as u64);
        let mut order = groups[rng.below(groups.len())].clone();
        rng.shuffle(&mut order);
        let drawn: Vec<Drawn> = order[..classes].iter().map(|class| class.draw(shots, &mut rng)).collect();
        outcome(&drawn, &mut rng)
    };
    (0..draws.episodes).into_par_iter().map(episode).collect()
}

/// Returns the images that are asked about, each after the place of its class.
pub(super) fn asked<'d>(
    classes: impl IntoIterator<Item = &'d Drawn>,
) -> impl Iterator<Item = (usize, usize)> {
    let classes = classes.into_iter().enumerate();
    classes.flat_map(|(place, class)| class.asked.iter().map(move |&image| (place, image)))
}

/// Lets `ask` use a gallery in which these classes are enrolled, by their places.
pub(super) fn with_gallery<T>(
    model: &Model<'_>,
    embeddings: &Embeddings<i16>,
    classes: &[Drawn],
    ask: impl FnOnce(&Gallery<'_>) -> T,
) -> T {
    let mut memory = vec![0; classes.len() * entry_len(model.embedding_len(), 0)];
    let mut gallery = Gallery::new(model, 0, &mut memory);
    for (place, class) in classes.iter().enumerate() {
        for &image in &class.enrolled {
            let enrolled = gallery.enrol(&place.to_string(), &embeddings.bytes(image));
            enrolled.expect("there is room for every class");
        }
    }
    ask(&gallery)
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};
    use std::collections::BTreeSet;

    #[test]
    fn an_episode_asks_about_other_images_than_it_enrols() {
        let class = Images { enrolled: (0..9).collect(), asked: None };
        let Drawn { enrolled, asked } = class.draw(5, &mut Rng::new(1));
        assert_eq!((enrolled.len(), asked.len()), (5, 4));
        let all: BTreeSet<usize> = enrolled.into_iter().chain(asked).collect();
        assert_eq!(all, (0..9).collect());
        assert_eq!(class.draw(1, &mut Rng::new(1)).asked.len(), QUERIES);

        let class = Images { asked: Some((20..40).collect()), ..class };
        let Drawn { enrolled, asked } = class.draw(9, &mut Rng::new(1));
        assert!(enrolled.iter().all(|&image| image < 9) && asked.iter().all(|&image| image >= 20));
        assert_eq!(asked.len(), QUERIES);
    }

    #[test]
    fn every_choice_is_equally_likely() {
        let mut rng = Rng::new(1);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..12_000 {
            *counts.entry(some(&[5, 6, 7, 8], 2, &mut rng)).or_insert(0) += 1;
        }
        // Twelve ordered pairs; the standard deviation of each count is 30.
        assert_eq!(counts.len(), 12);
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
        let mut all = some(&[5, 6, 7], 9, &mut rng);
        all.sort_unstable();
        assert_eq!(all, [5, 6, 7]);
    }

    #[test]
    fn episodes_are_of_one_group_and_of_one_seed() {
        let class = |start: usize| Images { enrolled: (start..start + 2).collect(), asked: None };
        let groups = [[0, 2, 4], [10, 12, 14]].map(|starts| starts.map(class));
        let groups = groups.each_ref().map(|classes| classes.iter().collect::<Vec<_>>());
        let episodes = |draws| {
            each_episode(&groups, 2, 1, draws, |classes, _| {
                classes.iter().map(|class| (class.enrolled[0], class.asked[0])).collect::<Vec<_>>()
            })
        };
        let drawn = episodes(DRAWS);
        assert_eq!(drawn.len(), DRAWS.episodes);
        let mut met = BTreeSet::new();
        for classes in &drawn {
            let [(one, its), (other, others)] = classes[..] else { panic!("{classes:?}") };
            assert_eq!((one / 2, other / 2), (its / 2, others / 2));
            assert!(one / 2 != other / 2 && one / 10 == other / 10, "{classes:?}");
            met.extend([one, other]);
        }
        assert_eq!(met.len(), 12, "every image is enrolled some time");
        assert_eq!(episodes(DRAWS), drawn);
        assert_ne!(episodes(Draws { seed: 2, ..DRAWS }), drawn);
    }

    #[test]
    fn classes_without_a_group_are_in_none() {
        let class = || Images { enrolled: vec![0], asked: None };
        let named = Group { name: "a".into(), classes: vec![class()] };
        let pool =
            Pool { groups: vec![named.clone(), Group { name: String::new(), classes: vec![class()] }] };
        assert_eq!(pool.within_groups(), Some(Pool { groups: vec![named] }));
        assert_eq!((pool.classes(), pool.in_one_group().groups[0].classes.len()), (2, 2));
        assert_eq!(one_group([class()]).within_groups(), None);
    }
}
