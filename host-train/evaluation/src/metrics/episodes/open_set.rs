use super::{
    Draws, EpisodeShare,
    pool::{Drawn, Images, Pool, asked, each_episode, with_gallery},
};
use crate::metrics::Embeddings;
use serde::Serialize;
use shared_model::{Model, Threshold, gallery::Method};

/// The most classes that are enrolled, and the most that are not.
const CLASSES: usize = 5;
/// Shares of strangers that are accepted, for which a curve has points.
const ACCEPTED: [f64; 9] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

/// Open-set identification in episodes: some classes are enrolled with K images each, as many others
/// are strangers, and images of all are asked about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenSetEpisodes {
    /// K, the images of each class that are enrolled.
    pub shots: usize,
    /// Classes that are enrolled: 5, or half of those of a group where it has fewer than 10.
    pub enrolled: usize,
    /// Classes that are not: 5, or the others of a group where those are fewer.
    pub strangers: usize,
    /// Groups with fewer classes, which take no part.
    pub left_out: Vec<String>,
    /// At the model's own threshold for so many images; absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_threshold: Option<OpenSetRates>,
    /// Where strangers are accepted about as often as images of enrolled classes are not named right.
    pub equal_error: OpenSetRates,
    /// By ascending threshold: the largest ones that accept at most .1, .2, .5, 1, 2, 5, 10, 20 and
    /// 50 % of the strangers, as far as there are any.
    pub curve: Vec<OpenSetRates>,
}

impl OpenSetEpisodes {
    /// Returns the point of the curve that accepts at most this share of the strangers.
    pub fn accepting(&self, share: f64) -> Option<&OpenSetRates> {
        self.curve.iter().rev().find(|rates| rates.strangers_accepted.share <= share)
    }
}

/// The answers at a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OpenSetRates {
    /// The largest distance that is known, in real units: squared L2, or `1 − cos`.
    pub threshold: f64,
    /// Share of images of enrolled classes that are given their class.
    pub known_right: EpisodeShare,
    /// Share of images of enrolled classes that are given another one.
    pub known_wrong: EpisodeShare,
    /// Share of images of enrolled classes that are called unknown.
    pub known_rejected: EpisodeShare,
    /// Share of images of strangers that are given a class.
    pub strangers_accepted: EpisodeShare,
}

impl OpenSetRates {
    /// Returns the mean of both errors: strangers that are accepted, and images of enrolled classes that are
    /// not named right.
    pub fn error(&self) -> f64 {
        (self.strangers_accepted.share + 1.0 - self.known_right.share) / 2.0
    }
}

/// A question that a gallery was asked.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Answer {
    /// The distance of the nearest entry: from this threshold on, the image is given its class. `None`
    /// if the background is nearer, which makes it unknown at every threshold.
    distance: Option<u32>,
    about: About,
}

/// What an image shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum About {
    /// An enrolled class, which is the nearest one.
    Right,
    /// An enrolled class, and another one is nearer.
    Wrong,
    /// A class that is not enrolled.
    Stranger,
}

impl About {
    /// Returns what an image of the class at `place` is, if `label` is the nearest one of the first
    /// `enrolled` classes, which have their places as labels.
    pub(super) fn of(label: &str, place: usize, enrolled: usize) -> Self {
        match label == place.to_string() {
            _ if place >= enrolled => Self::Stranger,
            true => Self::Right,
            false => Self::Wrong,
        }
    }
}

/// What a board would answer at any threshold, in all episodes: what thresholds can be calibrated from.
#[derive(Clone, Debug)]
pub struct OpenSetAnswers {
    /// Those of each episode.
    episodes: Vec<Vec<Answer>>,
    /// Distances at which images of enrolled classes are named right, ascending.
    right: Vec<u32>,
    /// Distances at which strangers are accepted, ascending.
    accepted: Vec<u32>,
    /// The number of images of enrolled classes.
    known: usize,
    /// The number of images of strangers.
    strangers: usize,
}

impl OpenSetAnswers {
    fn new(episodes: Vec<Vec<Answer>>) -> Self {
        let all = || episodes.iter().flatten();
        let distances = |wanted: About| {
            let of = all().filter(|answer| answer.about == wanted);
            let mut distances: Vec<u32> = of.filter_map(|answer| answer.distance).collect();
            distances.sort_unstable();
            distances
        };
        let (right, accepted) = (distances(About::Right), distances(About::Stranger));
        let strangers = all().filter(|answer| answer.about == About::Stranger).count();
        let known = all().count() - strangers;
        Self { right, accepted, known, strangers, episodes }
    }

    /// Returns the share of strangers that are accepted at a threshold.
    fn accepts(&self, threshold: u32) -> f64 {
        self.accepted.partition_point(|&distance| distance <= threshold) as f64 / self.strangers as f64
    }

    /// Returns the share of images of enrolled classes that are not named right at a threshold.
    fn misses(&self, threshold: u32) -> f64 {
        1.0 - self.right.partition_point(|&distance| distance <= threshold) as f64 / self.known as f64
    }

    /// Returns the threshold at which strangers are accepted about as often as images of enrolled classes
    /// are not named right: of the distances that occur, the one where both shares are nearest, and the
    /// smaller of two. 0 if none occurs.
    pub fn equal_error(&self) -> u32 {
        let mut distances = [self.right.as_slice(), &self.accepted].concat();
        distances.sort_unstable();
        let at = distances.partition_point(|&distance| self.accepts(distance) < self.misses(distance));
        let around = [at.checked_sub(1), Some(at)].into_iter().flatten().filter_map(|at| distances.get(at));
        let gap = |distance: &u32| (self.accepts(*distance) - self.misses(*distance)).abs();
        around.copied().min_by(|a, b| gap(a).total_cmp(&gap(b))).unwrap_or(0)
    }

    /// Returns the largest of the distances that occur at which at most `share` of the
    /// strangers are accepted; `None` if even the smallest accepts more.
    pub fn accepting(&self, share: f64) -> Option<u32> {
        let mut distances = [self.right.as_slice(), &self.accepted].concat();
        distances.sort_unstable();
        let beyond = distances.partition_point(|&distance| self.accepts(distance) <= share);
        beyond.checked_sub(1).map(|last| distances[last])
    }

    /// Returns the answers at a threshold, which is `real` in real units.
    pub fn at(&self, threshold: u32, real: f64) -> OpenSetRates {
        let is_given = |answer: &Answer| answer.distance.is_some_and(|distance| distance <= threshold);
        let share = |of: &dyn Fn(&Answer) -> bool, among: &dyn Fn(&Answer) -> bool| {
            EpisodeShare::of(self.episodes.iter().map(|answers| {
                let among = answers.iter().filter(|answer| among(answer));
                among.fold((0, 0), |(some, all), answer| (some + usize::from(of(answer)), all + 1))
            }))
        };
        let is_stranger = |answer: &Answer| answer.about == About::Stranger;
        let is_known = |answer: &Answer| !is_stranger(answer);
        OpenSetRates {
            threshold: real,
            known_right: share(&|answer| is_given(answer) && answer.about == About::Right, &is_known),
            known_wrong: share(&|answer| is_given(answer) && answer.about == About::Wrong, &is_known),
            known_rejected: share(&|answer| !is_given(answer), &is_known),
            strangers_accepted: share(&is_given, &is_stranger),
        }
    }

    /// Asks a board in open-set episodes with `shots` images of each enrolled class. `None` if no two classes
    /// of a group have enough images.
    pub fn ask(
        model: &Model<'_>,
        embeddings: &Embeddings<i16>,
        pool: &Pool,
        shots: usize,
        draws: Draws,
    ) -> Option<Self> {
        let Plan { classes, groups, .. } = plan(pool, shots)?;
        let all = classes.enrolled + classes.strangers;
        Some(Self::new(each_episode(&groups, all, shots, draws, |drawn, _| {
            let (enrolled, strangers) = drawn.split_at(classes.enrolled);
            answers(model, embeddings, enrolled, strangers)
        })))
    }

    /// The same where classes of their own are strangers. `None` if there are none, or if no class has enough
    /// images to be enrolled.
    pub fn ask_about(
        model: &Model<'_>,
        embeddings: &Embeddings<i16>,
        (enrolled, strangers): (&[Images], &[Images]),
        shots: usize,
        draws: Draws,
    ) -> Option<Self> {
        let enrolled: Vec<&Images> = enrolled.iter().filter(|class| class.suffice(shots)).collect();
        let count = CLASSES.min(enrolled.len());
        (count > 0 && !strangers.is_empty()).then_some(())?;
        Some(Self::new(each_episode(&[enrolled], count, shots, draws, |drawn, rng| {
            let strangers = (0..CLASSES).map(|_| strangers[rng.below(strangers.len())].draw(0, rng));
            answers(model, embeddings, drawn, &strangers.collect::<Vec<_>>())
        })))
    }
}

/// Returns the answers of a board that has enrolled some classes to the questions about these and about
/// strangers.
fn answers(
    model: &Model<'_>,
    embeddings: &Embeddings<i16>,
    enrolled: &[Drawn],
    strangers: &[Drawn],
) -> Vec<Answer> {
    with_gallery(model, embeddings, enrolled, |gallery| {
        let answer = |(place, image): (usize, usize)| {
            // The background does not depend on the threshold.
            let any = Threshold::Distance(u32::MAX);
            let found = gallery.recognise(model, &embeddings.bytes(image), Method::Prototype, any);
            let found = found.expect("an embedding of the model, and a threshold");
            let nearest = found.nearest.expect("something is enrolled");
            let distance = found.background.is_none().then_some(nearest.distance);
            Answer { distance, about: About::of(nearest.label, place, enrolled.len()) }
        };
        asked(enrolled.iter().chain(strangers)).map(answer).collect()
    })
}

/// The classes of an episode.
#[derive(Clone, Copy)]
struct Classes {
    enrolled: usize,
    strangers: usize,
}

/// What episodes are drawn from.
pub(super) struct Plan<'p> {
    classes: Classes,
    /// The groups that have as many classes, each with its classes.
    groups: Vec<Vec<&'p Images>>,
    /// The names of those that have not.
    left_out: Vec<String>,
}

impl<'p> Plan<'p> {
    /// Returns the groups, and the numbers of classes that are enrolled, and of all in an episode.
    pub fn into_parts(self) -> (Vec<Vec<&'p Images>>, usize, usize) {
        (self.groups, self.classes.enrolled, self.classes.enrolled + self.classes.strangers)
    }
}

/// Returns what episodes are drawn from; `None` if no group has two classes.
pub(super) fn plan(pool: &Pool, shots: usize) -> Option<Plan<'_>> {
    let groups = pool.sufficient(shots);
    let largest = groups.iter().map(|(_, classes)| classes.len()).max()?;
    let enrolled = CLASSES.min(largest / 2);
    let strangers = CLASSES.min(largest - enrolled);
    let (large, small): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|(_, classes)| classes.len() >= enrolled + strangers);
    let groups = large.into_iter().map(|(_, classes)| classes).collect();
    let left_out = small.into_iter().map(|(name, _)| name.to_owned()).collect();
    (enrolled > 0).then_some(Plan { classes: Classes { enrolled, strangers }, groups, left_out })
}

/// Returns open-set episodes with `shots` images of each enrolled class. `None` if no two classes of a group
/// have enough images.
pub(super) fn open_set_episodes(
    model: &Model<'_>,
    embeddings: &Embeddings<i16>,
    pool: &Pool,
    shots: usize,
    draws: Draws,
) -> Option<OpenSetEpisodes> {
    let Plan { classes: Classes { enrolled, strangers }, left_out, .. } = plan(pool, shots)?;
    let answers = OpenSetAnswers::ask(model, embeddings, pool, shots, draws)?;
    let at = |threshold: u32| answers.at(threshold, embeddings.real(threshold));
    Some(OpenSetEpisodes {
        shots,
        enrolled,
        strangers,
        left_out,
        at_threshold: model.metadata().thresholds.own(shots as u32).map(|threshold| at(threshold.distance)),
        equal_error: at(answers.equal_error()),
        curve: ACCEPTED.into_iter().filter_map(|share| Some(at(answers.accepting(share)?))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{DRAWS, model_file, one_group, places},
        *,
    };

    fn answers(episodes: &[&[(About, Option<u32>)]]) -> OpenSetAnswers {
        let answer = |&(about, distance): &(About, Option<u32>)| Answer { distance, about };
        OpenSetAnswers::new(episodes.iter().map(|answers| answers.iter().map(answer).collect()).collect())
    }

    #[test]
    fn strangers_may_be_classes_of_their_own() {
        let file = model_file(None);
        let model = Model::decode(&file).unwrap();
        // Two classes of three images at one place each; strangers two away from the one, and nine from the other.
        let embeddings = places(&[10, 10, 10, 40, 40, 40, 12, 49]);
        let class = |images: std::ops::Range<usize>| Images { enrolled: images.collect(), asked: None };
        let (enrolled, strangers) = ([class(0..3), class(3..6)], [class(6..7), class(7..8)]);
        let ask = |shots, strangers: &[Images]| {
            OpenSetAnswers::ask_about(&model, &embeddings, (&enrolled, strangers), shots, DRAWS)
        };
        let found = ask(2, &strangers).unwrap();
        assert_eq!((found.misses(0), found.accepts(0), found.accepts(81)), (0.0, 0.0, 1.0));
        let near = found.accepts(4);
        assert!((0.3..0.7).contains(&near) && found.accepts(3) == 0.0 && found.accepts(80) == near);
        assert!(ask(3, &strangers).is_none(), "none would be left to ask about");
        assert!(ask(2, &[]).is_none());
    }

    #[test]
    fn thresholds_by_hand() {
        use About::*;
        let found = answers(&[
            &[(Right, Some(10)), (Right, Some(20)), (Wrong, Some(5)), (Stranger, Some(15)), (Stranger, None)],
            &[(Right, Some(30)), (Right, None), (Stranger, Some(25)), (Stranger, Some(40))],
        ]);
        // Named right of five, and strangers accepted of four: 1 and 0 at 10, 1 and 1 at 15, 2 and 1
        // at 20, 2 and 2 at 25, 3 and 2 at 30, 3 and 3 at 40. Missed are .8, .8, .6, .6, .4, .4.
        assert_eq!([10, 15, 20, 25, 30, 40].map(|at| found.accepts(at)), [0.0, 0.25, 0.25, 0.5, 0.5, 0.75]);
        assert_eq!(found.misses(9), 1.0);
        assert!((found.misses(25) - 0.6).abs() < 1e-12 && (found.misses(30) - 0.4).abs() < 1e-12);
        // Both gaps are .1; the smaller threshold of the two.
        assert_eq!(found.equal_error(), 25);
        assert_eq!(
            [0.0, 0.24, 0.25, 0.5, 1.0].map(|share| found.accepting(share)),
            [10, 10, 20, 30, 40].map(Some)
        );
        let rates = found.at(20, 0.5);
        let shares = [rates.known_right, rates.known_wrong, rates.known_rejected, rates.strangers_accepted]
            .map(|of| of.share);
        assert_eq!((rates.threshold, shares), (0.5, [0.4, 0.2, 0.4, 0.25]));
        assert!((rates.error() - (0.25 + 0.6) / 2.0).abs() < 1e-12);
        // The nearest stranger is nearer than every known image.
        assert_eq!(answers(&[&[(Right, Some(3)), (Stranger, Some(2))]]).accepting(0.5), None);
        assert_eq!(answers(&[&[(Right, None), (Stranger, None)]]).equal_error(), 0);
    }

    #[test]
    fn a_board_is_asked_about_enrolled_classes_and_strangers() {
        // Background prototypes at 10 and 40; a threshold of 20 places.
        let file = model_file(Some(400));
        let model = Model::decode(&file).unwrap();
        let class = |start: usize| Images { enrolled: (start..start + 4).collect(), asked: None };
        // Whichever of two is enrolled, the other one is too far.
        let far = places(&[70, 70, 70, 70, 120, 120, 120, 120]);
        let pool = one_group([class(0), class(4)]);
        let found = open_set_episodes(&model, &far, &pool, 3, DRAWS).unwrap();
        assert_eq!((found.shots, found.enrolled, found.strangers), (3, 1, 1));
        let rates = found.at_threshold.unwrap();
        assert_eq!(
            (rates.known_right.share, rates.strangers_accepted.share, rates.threshold),
            (1.0, 0.0, 400.0)
        );
        assert_eq!((found.equal_error.threshold, found.equal_error.error()), (0.0, 0.0));
        // At the distance of the two, strangers are accepted as well where 70 is enrolled; where 120 is, the
        // background is nearer to them.
        let (half, less) = found.curve.split_last().unwrap();
        assert!(half.threshold == 2500.0 && (0.3..0.5).contains(&half.strangers_accepted.share), "{half:?}");
        assert!(less.len() == 8 && less.iter().all(|rates| rates.threshold == 0.0), "{less:?}");
        assert_eq!(found.accepting(0.01).unwrap().known_right.share, 1.0);

        // 46 is within the threshold of 60, but nearer to the background; 60 is not.
        let near = places(&[60, 60, 60, 60, 46, 46, 46, 46]);
        let found = open_set_episodes(&model, &near, &pool, 1, DRAWS).unwrap().at_threshold.unwrap();
        assert_eq!(found.known_right.share, 1.0);
        let accepted = found.strangers_accepted.share;
        // Half of the episodes enrol 46, whose background is then dead.
        assert!((0.3..0.7).contains(&accepted), "{accepted}");

        let none = model_file(None);
        let none = Model::decode(&none).unwrap();
        assert_eq!(open_set_episodes(&none, &far, &pool, 3, DRAWS).unwrap().at_threshold, None);
        assert_eq!(open_set_episodes(&model, &far, &pool, 4, DRAWS), None);
        assert_eq!(open_set_episodes(&model, &far, &one_group([class(0)]), 1, DRAWS), None);
    }
}
