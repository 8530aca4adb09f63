use super::{
    Draws, EpisodeShare,
    pool::{Pool, each_episode, with_gallery},
};
use crate::metrics::Embeddings;
use serde::Serialize;
use shared_model::{Model, gallery::Method};

/// N-way K-shot accuracy: how often an image is named right, where its class and N − 1 others are
/// enrolled with K images each (Vinyals, Blundell, Lillicrap, Kavukcuoglu and Wierstra, "Matching
/// networks for one shot learning", 2016).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClosedSet {
    /// N, the classes of an episode: 5 or 20, or all that there are where those are fewer.
    pub ways: usize,
    /// K, the images of each that are enrolled.
    pub shots: usize,
    /// Groups with fewer classes, which take no part.
    pub left_out: Vec<String>,
    /// The share that is named right.
    pub right: EpisodeShare,
}

/// Returns the accuracy in episodes of `ways` classes with `shots` images each. `None` if no two classes of
/// a group have enough images.
pub(super) fn closed_set(
    model: &Model<'_>,
    embeddings: &Embeddings<i16>,
    pool: &Pool,
    (ways, shots): (usize, usize),
    draws: Draws,
) -> Option<ClosedSet> {
    let groups = pool.sufficient(shots);
    let ways = groups.iter().map(|(_, classes)| classes.len()).max().unwrap_or(0).min(ways);
    if ways < 2 {
        return None;
    }
    let (groups, left_out): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|(_, classes)| classes.len() >= ways);
    let groups: Vec<_> = groups.into_iter().map(|(_, classes)| classes).collect();
    let answers = each_episode(&groups, ways, shots, draws, |classes, _| {
        with_gallery(model, embeddings, classes, |gallery| {
            let (mut right, mut all) = (0, 0);
            for (place, class) in classes.iter().enumerate() {
                for &image in &class.asked {
                    let found = gallery.nearest(&embeddings.bytes(image), Method::Prototype);
                    let found = found.expect("an embedding of the model").first.map(|first| first.label);
                    right += usize::from(found == Some(place.to_string().as_str()));
                    all += 1;
                }
            }
            (right, all)
        })
    });
    Some(ClosedSet {
        ways,
        shots,
        left_out: left_out.into_iter().map(|(name, _)| name.to_owned()).collect(),
        right: EpisodeShare::of(answers.into_iter()),
    })
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn an_image_is_named_after_the_nearest_prototype() {
        let file = model_file(None);
        let model = Model::decode(&file).unwrap();
        // Class 0 lies at 10, class 1 at 40; one image of it, which is only asked about, at 20. Of
        // the other five, one has to be enrolled.
        let embeddings = places(&[10, 10, 10, 10, 10, 10, 40, 40, 40, 40, 40, 20]);
        let asked = Some((0..6).collect());
        let first = Images { enrolled: (0..6).collect(), asked };
        let second = Images { enrolled: (6..11).collect(), asked: Some(vec![6, 7, 11, 8]) };
        let pool = one_group([first, second]);
        let found = closed_set(&model, &embeddings, &pool, (5, 1), DRAWS).unwrap();
        // There are two classes. 20 is nearer to 10: one of nine questions, in every episode.
        assert_eq!((found.ways, found.shots, found.left_out), (2, 1, vec![]));
        assert!(
            (found.right.share - 8.0 / 9.0).abs() < 1e-12 && found.right.margin < 1e-12,
            "{:?}",
            found.right
        );
        // Six images are not to be had of the second.
        assert_eq!(closed_set(&model, &embeddings, &pool, (5, 6), DRAWS), None);
    }

    #[test]
    fn groups_with_fewer_classes_are_left_out() {
        let file = model_file(None);
        let model = Model::decode(&file).unwrap();
        let embeddings = places(&[10, 10, 40, 40, 70, 70, 10, 10, 10, 10]);
        let class = |at: usize| Images { enrolled: vec![at, at + 1], asked: None };
        let group = |name: &str, classes: &[usize]| Group {
            name: name.into(),
            classes: classes.iter().map(|&at| class(at)).collect(),
        };
        // All classes of the small group lie at one place: it would lower the accuracy.
        let pool = Pool { groups: vec![group("large", &[0, 2, 4]), group("small", &[6, 8])] };
        let found = closed_set(&model, &embeddings, &pool, (20, 1), DRAWS).unwrap();
        assert_eq!((found.ways, found.left_out, found.right.share), (3, vec!["small".into()], 1.0));
        let found = closed_set(&model, &embeddings, &pool, (2, 1), DRAWS).unwrap();
        assert!(found.left_out.is_empty() && found.right.share < 0.9, "{found:?}");
    }
}
