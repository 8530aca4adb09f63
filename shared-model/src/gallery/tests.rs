use super::{entry::Format, *};
use crate::model::{
    decode::Model,
    format::{Distance, Thresholds},
    tensor::Element,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{collections::BTreeMap, string::String, vec, vec::Vec};

static TINY: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));

fn gallery(distance: Distance, element: Element, exemplars: usize, memory: &mut [u8]) -> Gallery<'_> {
    Gallery { memory, len: 0, format: Format { dim: 3, exemplars, element, distance }, model: [0; 8] }
}

/// At once, which must come to the same as computing the value first.
fn enrol(gallery: &mut Gallery<'_>, label: &str, embedding: &[u8]) -> Result<u32, GalleryError> {
    let mut value = vec![0xaa; gallery.value_len()];
    let first = gallery.enrolled(label, embedding, &mut value);
    let count = gallery.enrol(label, embedding);
    assert_eq!(count, first);
    if count.is_ok() {
        assert_eq!(gallery.find(label).map(|entry| entry.value()), Some(&*value));
    }
    count
}

#[test]
fn an_entry_in_bytes() {
    let mut memory = [0xee; 2 * entry_len(3, 2)];
    let mut gallery = gallery(Distance::SquaredL2, Element::Signed, 2, &mut memory);
    for (image, embedding) in [[1, 2, 0xff], [3, 4, 0xfe], [5, 6, 0xfd]].iter().enumerate() {
        assert_eq!(enrol(&mut gallery, "né", embedding), Ok(image as u32 + 1));
    }
    let mut expected = vec![3, b'n', 0xc3, 0xa9];
    expected.resize(32, 0);
    expected.extend([3, 0, 0, 0, 9, 0, 0, 0, 12, 0, 0, 0, 0xfa, 0xff, 0xff, 0xff]);
    // The third image's embedding is in the place of the first's.
    expected.extend([5, 6, 0xfd, 3, 4, 0xfe]);
    assert_eq!(gallery.memory[..entry_len(3, 2)], expected);
    let entry = gallery.find("né").unwrap();
    assert_eq!((entry.label(), entry.count()), ("né", 3));
    assert_eq!(entry.sums().collect::<Vec<_>>(), [9, 12, -6]);
    assert_eq!(entry.exemplars().collect::<Vec<_>>(), [[5, 6, 0xfd], [3, 4, 0xfe]]);
}

#[test]
fn the_models_own_threshold_is_by_the_images_of_the_nearest_entry() {
    let model = Model::decode(TINY).unwrap();
    let mut memory = vec![0; 2 * entry_len(8, 0)];
    let mut gallery = Gallery::new(&model, 0, &mut memory);
    let own = |gallery: &Gallery<'_>| {
        gallery.recognise(&model, &[1; 8], Method::Prototype, Threshold::Own).unwrap().threshold
    };
    assert_eq!(own(&gallery), 600);
    gallery.enrol("far", &[99; 8]).unwrap();
    let by_count = [600, 600, 550, 550, 450, 450, 450, 450, 450, 350, 350].map(|threshold| {
        gallery.enrol("near", &[1; 8]).unwrap();
        (own(&gallery), threshold)
    });
    assert!(by_count.iter().all(|(own, threshold)| own == threshold), "{by_count:?}");
    // Of a model without thresholds by shots, that of equal errors.
    let thresholds = Thresholds { by_shots: None, ..model.metadata().thresholds };
    assert_eq!(Threshold::Own.distance(&thresholds, 10), Some(500));
    assert_eq!(Threshold::Own.distance(&Thresholds::default(), 10), None);
}

#[test]
fn what_is_taken_back_was_never_there() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for exemplars in [0, 4] {
        let mut memory = vec![0; entry_len(3, exemplars)];
        let mut gallery = gallery(Distance::Cosine, Element::Signed, exemplars, &mut memory);
        let mut value = vec![0; gallery.value_len()];
        for count in 1..=4 {
            let [one, other] = [(); 2].map(|()| [(); 3].map(|()| rng.random::<i8>().max(-127) as u8));
            gallery.enrol("a", &one).unwrap();
            let before = gallery.find("a").unwrap().value().to_vec();
            let is_last_exemplar = exemplars == count as usize;
            gallery.enrol("a", &other).unwrap();
            let taken = gallery.taken_back("a", &other, &mut value);
            match is_last_exemplar {
                true => assert_eq!(taken, Err(GalleryError::Replaced)),
                false => assert_eq!((taken, &value), (Ok(count), &before)),
            }
            gallery.insert("a", &before).unwrap();
        }
    }
}

#[test]
fn doubts_by_hand() {
    // Limits: 600 for one image, 550 for three; 500 for pairs. Places differ in one of eight values.
    let model = Model::decode(TINY).unwrap();
    let mut memory = vec![0; 4 * entry_len(8, 0)];
    let mut gallery = Gallery::new(&model, 0, &mut memory);
    let at = |place: u8| [place, 0, 0, 0, 0, 0, 0, 0];
    let mut enrol = |label: &str, place| {
        gallery.enrol(label, &at(place)).unwrap();
        match gallery.doubt(&model, label, &at(place)) {
            Some(Doubt::Like(Match { label, distance })) => Some((String::from(label), distance)),
            Some(Doubt::Unlike(distance)) => Some((String::new(), distance)),
            None => None,
        }
    };
    let like = |label, distance| Some((String::from(label), distance));
    assert_eq!(enrol("a", 10), None);
    assert_eq!(enrol("b", 35), None); // 25² from a
    assert_eq!(enrol("c", 34), like("b", 1));
    assert_eq!(enrol("a", 12), None);
    assert_eq!(enrol("a", 33), like("c", 1)); // 22² from a
    // (127 − 55 / 3)² = 11,808.4, and b is 92² away.
    assert_eq!(enrol("a", 127), like("", 11_808));
    // (60 − 182 / 4)² = 210.25; 25² from b.
    assert_eq!(enrol("b", 60), like("a", 210));
    assert_eq!(enrol("c", 34), None);
}

#[test]
fn a_full_gallery_refuses_until_something_is_forgotten() {
    let mut memory = [0; 2 * entry_len(3, 0) + 5];
    let mut gallery = gallery(Distance::SquaredL2, Element::Unsigned, 0, &mut memory);
    assert_eq!(gallery.capacity(), 2);
    assert_eq!(enrol(&mut gallery, "a", &[1, 1, 1]), Ok(1));
    assert_eq!(enrol(&mut gallery, "b", &[2, 2, 2]), Ok(1));
    assert_eq!(enrol(&mut gallery, "c", &[3, 3, 3]), Err(GalleryError::Full));
    // Not another label.
    assert_eq!(enrol(&mut gallery, "b", &[2, 2, 2]), Ok(2));
    assert!(gallery.remove("a") && !gallery.remove("a"));
    assert_eq!(gallery.find("b").unwrap().sums().collect::<Vec<_>>(), [4, 4, 4]);
    assert_eq!(enrol(&mut gallery, "c", &[3, 3, 3]), Ok(1));
    assert_eq!(gallery.len(), 2);
    gallery.clear();
    assert!(gallery.is_empty() && gallery.find("b").is_none());
}

#[test]
fn labels_have_bounds() {
    assert_eq!(check_label(""), Err(LabelError::Empty));
    assert_eq!(check_label(&"x".repeat(31)), Ok(()));
    assert_eq!(check_label(&"x".repeat(32)), Err(LabelError::TooLong));
    // 31 bytes, and one more than 31 in 16 characters.
    assert_eq!(check_label(&("é".repeat(15) + "x")), Ok(()));
    assert_eq!(check_label(&"é".repeat(16)), Err(LabelError::TooLong));
    assert_eq!(check_label("a\u{1b}[2J"), Err(LabelError::Control));
    assert_eq!(check_label("a\u{9b}2J"), Err(LabelError::Control));
}

#[test]
fn values_from_outside_are_checked() {
    let mut memory = [0; 2 * entry_len(3, 1)];
    let mut gallery = gallery(Distance::Cosine, Element::Signed, 1, &mut memory);
    let value = |count: u32, sums: [i32; 3]| {
        let mut value = count.to_le_bytes().to_vec();
        value.extend(sums.iter().flat_map(|sum| sum.to_le_bytes()));
        value.extend([1, 2, 3]);
        value
    };
    assert_eq!(gallery.insert("a", &value(2, [254, -256, 0])), Ok(()));
    for bad in
        [value(0, [0, 0, 0]), value(2, [255, 0, 0]), value(2, [0, -257, 0]), value(MAX_COUNT + 1, [0, 0, 0])]
    {
        assert_eq!(gallery.insert("b", &bad), Err(GalleryError::Value));
    }
    assert_eq!(gallery.insert("b", &value(1, [0; 3])[1..]), Err(GalleryError::Length));
    assert_eq!(gallery.len(), 1);
    // The most images, and then no more.
    let most = value(MAX_COUNT, [127 * 65_535, 0, -128 * 65_535]);
    assert_eq!(gallery.insert("a", &most), Ok(()));
    assert_eq!(enrol(&mut gallery, "a", &[1, 1, 1]), Err(GalleryError::TooManyImages));
    assert_eq!(gallery.find("a").unwrap().value(), most);
}

#[test]
fn the_nearest_two_and_ties_by_label() {
    let mut memory = [0; 4 * entry_len(3, 0)];
    let mut gallery = gallery(Distance::SquaredL2, Element::Unsigned, 0, &mut memory);
    let nearest = |gallery: &Gallery<'_>, embedding: &[u8]| {
        let found = gallery.nearest(embedding, Method::Prototype).unwrap();
        [found.first, found.second].map(|one| one.map(|one| (String::from(one.label), one.distance)))
    };
    assert_eq!(nearest(&gallery, &[0, 0, 0]), [None, None]);
    enrol(&mut gallery, "c", &[10, 0, 0]).unwrap();
    assert_eq!(nearest(&gallery, &[0, 0, 0]), [Some(("c".into(), 100)), None]);
    enrol(&mut gallery, "b", &[0, 10, 0]).unwrap();
    enrol(&mut gallery, "a", &[0, 0, 10]).unwrap();
    enrol(&mut gallery, "d", &[1, 0, 0]).unwrap();
    let two = [Some(("d".into(), 1)), Some(("a".into(), 100))];
    assert_eq!(nearest(&gallery, &[0, 0, 0]), two);
    assert_eq!(gallery.nearest(&[0; 2], Method::Prototype), Err(GalleryError::Length));
    assert_eq!(gallery.nearest(&[0; 3], Method::Neighbours(1)), Err(GalleryError::NoExemplars));
}

/// A prototype's distance is that of the exact mean, rounded down: by fractions of 128-bit
/// integers.
#[test]
fn prototypes_are_exact() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for case in 0..2_000 {
        let element = [Element::Unsigned, Element::Signed][case % 2];
        let (dim, count) = (1 + case % 7, 1 + case % 11 * (case % 3) * 900);
        let mut sums = vec![0i32; dim];
        for _ in 0..count {
            sums.iter_mut().for_each(|sum| *sum += element.value(rng.random()));
        }
        let embedding: Vec<u8> = (0..dim).map(|_| rng.random()).collect();
        let distance = |distance: Distance| {
            distance.to_prototype(&embedding, element, sums.iter().copied(), count as u32)
        };
        let values = || embedding.iter().map(|&byte| i128::from(element.value(byte)));
        let pairs = || values().zip(sums.iter().map(|&sum| i128::from(sum)));
        let n = count as i128;
        let squares: i128 = pairs().map(|(value, sum)| (n * value - sum).pow(2)).sum();
        assert_eq!(i128::from(distance(Distance::SquaredL2)), squares.div_euclid(n * n));

        let dot: i128 = pairs().map(|(value, sum)| value * sum).sum();
        let norms = values().map(|value| value * value).sum::<i128>()
            * pairs().map(|(_, sum)| sum * sum).sum::<i128>();
        let (one, norm) = (1i128 << 30, norms.isqrt());
        let cosine = if norm == 0 { 0 } else { (one * dot).div_euclid(norm).clamp(-one, one) };
        assert_eq!(i128::from(distance(Distance::Cosine)), one - cosine, "case {case}");
    }
}

#[test]
fn the_prototype_of_one_image_is_its_embedding() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for element in [Element::Unsigned, Element::Signed] {
        for distance in [Distance::SquaredL2, Distance::Cosine] {
            let [a, b] = [(); 2].map(|()| [(); 1024].map(|()| rng.random()));
            let sums = b.iter().map(|&byte| element.value(byte));
            assert_eq!(distance.to_prototype(&a, element, sums, 1), distance.between(&a, &b, element));
        }
    }
}

/// The largest sums there are.
#[test]
fn prototypes_do_not_overflow() {
    for (element, byte, value) in [(Element::Unsigned, 255, 255), (Element::Signed, 0x80, -128)] {
        let sums = [value * MAX_COUNT as i32; 1024];
        for distance in [Distance::SquaredL2, Distance::Cosine] {
            let to =
                |byte: u8| distance.to_prototype(&[byte; 1024], element, sums.iter().copied(), MAX_COUNT);
            assert_eq!(to(byte), 0);
            let far = distance.between(&[byte; 1024], &[127; 1024], element);
            assert_eq!(to(127), far);
        }
    }
}

/// k-NN against a sort of all exemplars.
#[test]
fn neighbours_vote() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for case in 0..300 {
        let mut memory = vec![0; 5 * entry_len(3, 3)];
        let mut gallery = gallery(Distance::SquaredL2, Element::Unsigned, 3, &mut memory);
        let mut kept: BTreeMap<&str, Vec<[u8; 3]>> = BTreeMap::new();
        for _ in 0..case % 20 {
            let label = ["e", "d", "c", "b", "a"][rng.random_range(0..5)];
            let embedding = [(); 3].map(|()| rng.random_range(0..4)); // many ties
            enrol(&mut gallery, label, &embedding).unwrap();
            let list = kept.entry(label).or_default();
            list.push(embedding);
            if list.len() > 3 {
                list.remove(0);
            }
        }
        let query = [2, 1, 1];
        let k = 1 + case % 6;
        let mut all: Vec<(u32, &str)> = kept
            .iter()
            .flat_map(|(&label, list)| list.iter().map(move |one| (label, one)))
            .map(|(label, one)| (Distance::SquaredL2.between(&query, one, Element::Unsigned), label))
            .collect();
        all.sort_unstable();
        let ballot = &all[..all.len().min(k)];
        let votes = |label: &str| ballot.iter().filter(|vote| vote.1 == label).count();
        let most = ballot.iter().map(|vote| votes(vote.1)).max();
        let winner = ballot.iter().find(|vote| Some(votes(vote.1)) == most).map(|vote| vote.1);
        let best = |label: Option<&str>, same: bool| {
            all.iter()
                .find(|one| (Some(one.1) == label) == same)
                .map(|one| Match { label: one.1, distance: one.0 })
        };
        let expected = Nearest { first: best(winner, true), second: best(winner, false) };
        assert_eq!(gallery.nearest(&query, Method::Neighbours(k as u8)), Ok(expected), "case {case}");
    }
}
