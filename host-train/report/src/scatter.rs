use super::{
    Cloud, Neighbour, Scatter,
    pca::pca,
    pictures::tiles,
    tsne::{NEIGHBOURS, tsne},
};
use shared_model::{Distance, inspect::Element};
use tinytriplet_data::{Split, classes};
use tinytriplet_evaluation::metrics::{Embeddings, nearest_others};

/// Most points of a picture.
const POINTS: usize = 2_000;
/// Neighbours that are told of each.
const NEAREST: usize = 6;

/// Returns images of a split that are shown as points, ascending: all of them, or as many of each class,
/// evenly spread.
pub fn choose(split: &Split) -> Vec<usize> {
    if split.len() <= POINTS {
        return (0..split.len()).collect();
    }
    // Of more classes than there are points, some.
    let classes = evenly(classes(split.labels()), POINTS);
    let each = POINTS / classes.len();
    let mut chosen: Vec<usize> = classes.into_iter().flat_map(|class| evenly(class.images, each)).collect();
    chosen.sort_unstable();
    chosen
}

/// Returns at most `count` of them, evenly spread.
pub fn evenly<T>(items: Vec<T>, count: usize) -> Vec<T> {
    let len = items.len();
    let chosen = |at: usize| len <= count || (at + 1) * count / len > at * count / len;
    items.into_iter().enumerate().filter(|(at, _)| chosen(*at)).map(|(_, item)| item).collect()
}

/// Returns images of a split, and their embeddings, as points.
pub fn scatter(split: &Split, chosen: &[usize], embeddings: &Embeddings<i16>) -> Scatter {
    let tiles = tiles(split);
    let pixels: Vec<u8> = chosen.iter().flat_map(|&index| tiles.tile(index)).collect();
    let (element, kind) = (Element::Unsigned, Distance::SquaredL2);
    let raw = Embeddings::from_bytes(&pixels, chosen.len(), element, kind, 1.0 / 255.0);
    let (raw, embedded) = rayon::join(|| cloud(&raw), || cloud(&embeddings.select(chosen)));
    Scatter { raw, embedded }
}

fn cloud(embeddings: &Embeddings<i16>) -> Cloud {
    let all: Vec<usize> = (0..embeddings.len()).collect();
    let nearest = nearest_others(embeddings, &all, NEIGHBOURS);
    let real = |others: Vec<(usize, u32)>| -> Vec<(usize, f64)> {
        others.into_iter().map(|(other, distance)| (other, embeddings.real(distance))).collect()
    };
    let nearest: Vec<Vec<(usize, f64)>> = nearest.into_iter().map(real).collect();
    let rows: Vec<f32> = all.iter().flat_map(|&index| position(embeddings, index)).collect();
    let plane = pca(&rows, rows.len().checked_div(embeddings.len()).unwrap_or(0));
    // Of both distances, one is squared L2, the other half of it where embeddings have length 1.
    let map = tsne(&nearest, &plane.points);
    let told = |others: &Vec<(usize, f64)>| {
        others
            .iter()
            .take(NEAREST)
            .map(|&(image, distance)| Neighbour { image, distance: short(distance) })
            .collect()
    };
    let points = |points: Vec<[f32; 2]>| {
        points.into_iter().map(|point| point.map(|x| short(x.into()) as f32)).collect()
    };
    Cloud {
        pca: points(plane.points),
        pca_variance: plane.variance,
        neighbour_map: points(map),
        neighbour_map_name: "t-SNE",
        nearest: nearest.iter().map(told).collect(),
    }
}

/// Returns where an embedding is, so that its distances are squared L2: that of cosine has length
/// 1.
fn position(embeddings: &Embeddings<i16>, index: usize) -> Vec<f32> {
    let row = embeddings.row(index).iter().map(|&value| f64::from(value));
    let scale = match embeddings.kind() {
        Distance::SquaredL2 => embeddings.scale().into(),
        Distance::Cosine => {
            let length = row.clone().map(|x| x * x).sum::<f64>().sqrt();
            if length > 0.0 { 1.0 / length } else { 0.0 }
        }
    };
    row.map(|x| (x * scale) as f32).collect()
}

/// Rounds to four digits: more are of no use in a picture, and take room in its file.
pub fn short(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    // Divided by a power of ten, because floats have no tenth.
    let digits = 3 - value.abs().log10().floor() as i32;
    let power = 10f64.powi(digits.abs());
    if digits >= 0 { (value * power).round() / power } else { (value / power).round() * power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_short() {
        let numbers = [0.0, 1.23456, -0.000_123_456, 98_765.4, 0.99996, f64::INFINITY];
        assert_eq!(numbers.map(short), [0.0, 1.235, -0.000_123_5, 98_770.0, 1.0, f64::INFINITY]);
    }

    #[test]
    fn evenly_and_no_more() {
        let of = |count: usize, most: usize| evenly((0..count).collect(), most);
        assert_eq!(of(4, 10), [0, 1, 2, 3]);
        assert_eq!(of(10, 4), [2, 4, 7, 9]);
        assert_eq!(of(0, 4), [0; 0]);
    }

    #[test]
    fn as_many_of_each_class() {
        let labels: Vec<u16> = (0..6_000).map(|i| if i < 5_000 { 0 } else { 3 }).collect();
        let split = Split::new(1, 1, vec![0; 6_000], labels).unwrap();
        let chosen = choose(&split);
        assert!(chosen.len() == 2_000 && chosen.is_sorted());
        assert_eq!(chosen.iter().filter(|index| **index < 5_000).count(), 1_000);
        assert_eq!((chosen[0], chosen[1], chosen[1_999]), (4, 9, 5_999));
        let few = Split::new(1, 1, vec![0; 3], vec![5, 1, 5]).unwrap();
        assert_eq!(choose(&few), [0, 1, 2]);
        let many = Split::new(1, 1, vec![0; 5_000], (0..5_000).collect()).unwrap();
        assert_eq!(choose(&many).len(), 2_000);
    }

    #[test]
    fn each_cloud_has_its_points_and_their_nearest() {
        // One pixel each, and an embedding that is the same of all.
        let split = Split::new(1, 1, vec![0, 255, 51], vec![0; 3]).unwrap();
        let embeddings =
            Embeddings::from_bytes(&[3, 4, 6, 8, 9, 12], 3, Element::Signed, Distance::Cosine, 0.5);
        let found = scatter(&split, &[0, 1, 2], &embeddings);
        let neighbour = |image, distance| Neighbour { image, distance };
        let nearest = |of: &Neighbour| (of.image, of.distance);
        assert_eq!(
            found.raw.nearest[2].iter().map(nearest).collect::<Vec<_>>(),
            [neighbour(0, 0.04), neighbour(1, 0.64)].iter().map(nearest).collect::<Vec<_>>()
        );
        let [x, y] = [0, 1].map(|image| found.raw.pca[image][0]);
        assert!(((x - y).abs() - 1.0).abs() < 1e-3, "black and white are 1 apart");
        assert_eq!(found.embedded.pca, [[0.0, 0.0]; 3]);
        let nothing = scatter(&Split::new(1, 1, vec![], vec![]).unwrap(), &[], &embeddings);
        assert!(nothing.raw.pca.is_empty() && nothing.embedded.nearest.is_empty());
    }
}
