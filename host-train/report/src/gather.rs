//! The findings of a run, gathered from its model file, its data and its scores.

use super::{
    Confusion, DataFacts, Distances, Findings, Mistake, Neighbour, Threshold, Training, boards,
    layers::net_facts,
    originals::original,
    pictures::Shown,
    scatter::{choose, scatter, short},
    slow::slow_layers,
    table::Table,
    verdict::verdict,
};
use anyhow::{Context, Result};
use rayon::prelude::*;
use shared_model::model::layout::repack_to_vec;
use shared_model::{Distance, Layout, Model};
use std::{cmp::Reverse, collections::BTreeMap};
use tinytriplet_data::{Dataset, Label, Source, classes, hold_out};
use tinytriplet_evaluation::strangers::StrangerRates;
use tinytriplet_evaluation::{
    engine::Engine,
    float_net::FloatNet,
    history::HistoryRow,
    metrics::{Embeddings, Pairs, Rates, nearest, nearest_others, prototype_confusion, support},
    scores::{AtThresholds, ErrorRates, SEED, Scores, int8_embeddings},
};
use tinytriplet_recipe::{BatchConfig, Config, HoldOut, LossConfig, MinerConfig, ValidConfig};

/// A run that is done, and the data that it is judged on.
pub struct Run<'a> {
    /// Its name, which tells it from other runs.
    pub name: &'a str,
    /// The recipe.
    pub config: &'a ValidConfig,
    /// The net, without normalisation.
    pub net: &'a FloatNet,
    /// The model file, with plain weights.
    pub file: &'a [u8],
    /// The data that it was trained and is tested on.
    pub data: &'a Dataset,
    /// Labels that were not trained on.
    pub unseen: &'a [Label],
    /// By ascending step; empty where it is not known.
    pub history: Vec<HistoryRow>,
    /// The float net's scores on these data.
    pub float: &'a Scores,
    /// The int8 engine's.
    pub int8: &'a Scores,
    /// The rates at the default threshold, of strangers that other nets were asked about.
    pub strangers: Option<StrangerRates>,
}

/// Bins of the distances of pairs.
const BINS: usize = 100;
/// Most mistakes that are shown.
const MISTAKES: usize = 48;
/// Most classes of the confusion, those that are recognised least.
const CONFUSED: usize = 64;
/// Images that are shown beside a mistake.
const BESIDE: usize = 6;

impl Run<'_> {
    /// Returns all that a report shows of it. Equal runs on equal data give equal findings.
    ///
    /// # Errors
    /// Returns an error if the model file is not valid, or does not take images of this size, and if
    /// a picture cannot be read again.
    pub fn findings(&self) -> Result<Findings> {
        let &Self { config, data, unseen, .. } = self;
        let model = Model::decode(self.file)?;
        let packed = repack_to_vec(self.file, Layout::Packed)?;
        let board = Model::decode(&packed)?;
        let engine = Engine::new(&model);
        let embeddings = int8_embeddings(&engine, &data.test, &(0..data.test.len()).collect::<Vec<_>>());

        let chosen = choose(&data.test);
        let mut shown = Shown::new(&data.test, &chosen);
        // Judged as the scores are: without the classes that were not trained on.
        let seen: Vec<usize> =
            (0..data.test.len()).filter(|&index| !unseen.contains(&data.test.label(index))).collect();
        let of_seen = embeddings.select(&seen);
        let labels: Vec<Label> = seen.iter().map(|&index| data.test.label(index)).collect();
        let (mut mistakes, mistakes_in_all) = mistakes(&of_seen, &labels, |at| shown.place(seen[at]));
        let images = shown.images().context("cannot make a picture of the test images")?;
        mistakes.par_iter_mut().try_for_each(|mistake| {
            let file = data.test.file(images.test_index[mistake.image]);
            mistake.original = file.map(original).transpose()?;
            anyhow::Ok(())
        })?;

        let mut findings = Findings {
            name: self.name.to_owned(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            verdict: super::Verdict {
                grade: super::Grade::Poor,
                sentence: String::new(),
                advice: Vec::new(),
            },
            data: DataFacts { strangers: self.strangers, ..facts(data, unseen, config.train.hold_out)? },
            recipe: config.to_toml().context("cannot write the config as TOML")?,
            training: Training {
                loss: loss_name(config),
                unit: config.train.loss.unit().to_owned(),
                images_seen: model.metadata().training.images_seen,
                seconds: self.history.last().map_or(f64::NAN, |row| row.seconds),
                history: self.history.clone(),
            },
            float: self.float.clone(),
            int8: self.int8.clone(),
            table: Table::new(Some(self.float), self.int8),
            distances: distances(&model, &of_seen, &labels, self.int8),
            triplets: self.int8.triplets.classes.clone(),
            confusion: confusion(&engine, data, &embeddings),
            mistakes,
            mistakes_in_all,
            scatter: scatter(&data.test, &chosen, &embeddings),
            images,
            net: net_facts(self.net, &model, &board, packed.len(), &data.test),
            boards: boards::estimates(&board, packed.len()),
            slow_layers: slow_layers(&board)
                .iter()
                .map(|slow| slow.sentence(config.net.board_layer(slow.layer).as_deref()))
                .collect(),
        };
        findings.verdict = verdict(&findings, config);
        Ok(findings)
    }
}

fn facts(data: &Dataset, unseen: &[Label], held_out: HoldOut) -> Result<DataFacts> {
    let trained_on = |label: &Label| !unseen.contains(label);
    let labels: Vec<Label> = data.train.labels().iter().copied().filter(trained_on).collect();
    Ok(DataFacts {
        name: data.name.clone(),
        drawn: data.source == Source::Drawn,
        train_images: labels.len(),
        held_out_images: hold_out(&mut classes(&labels), held_out)?.len(),
        strangers: None,
        test_images: data.test.len(),
        size: [data.test.height, data.test.width],
        classes: data.class_names.clone(),
        unseen: unseen.to_vec(),
    })
}

/// Returns the loss, and where its triplets come from, in the recipe's words.
fn loss_name(config: &Config) -> String {
    let miner = match (config.train.loss, config.train.batch) {
        (LossConfig::Triplet(_), BatchConfig::Triplets(_)) => "triplets",
        (LossConfig::Triplet(triplet), BatchConfig::Balanced(_)) => match triplet.miner.unwrap_or_default() {
            MinerConfig::SemiHard => "semi_hard",
            MinerConfig::BatchHard => "batch_hard",
            MinerConfig::BatchAll => "batch_all",
            MinerConfig::Random => "random",
        },
        (LossConfig::Contrastive(_), _) => return "contrastive".into(),
        (LossConfig::SupCon(_), _) => return "sup_con".into(),
        (LossConfig::MultiSimilarity(_), _) => return "multi_similarity".into(),
        (LossConfig::Proxies(_), _) => return "proxies".into(),
        (LossConfig::Distillation(_), _) => return "distillation".into(),
    };
    format!("triplet, {miner}")
}

/// Returns the distances of all pairs; `scores` has been measured on the same.
fn distances(
    model: &Model<'_>,
    embeddings: &Embeddings<i16>,
    labels: &[Label],
    scores: &Scores,
) -> Option<Distances> {
    let histogram = Pairs::new(embeddings, labels)?.histogram(BINS);
    let thresholds = model.metadata().thresholds;
    let thresholds =
        thresholds.equal_error.zip(thresholds.false_accept_1_percent).zip(scores.pairs.at_thresholds);
    let threshold = |name, distance, rates: ErrorRates| {
        let ErrorRates { false_accept_rate, false_reject_rate } = rates;
        let threshold = embeddings.real(distance);
        Threshold { name, rates: Rates { threshold, false_accept_rate, false_reject_rate } }
    };
    let thresholds =
        thresholds.map(|((equal, strict), AtThresholds { equal_error, false_accept_1_percent })| {
            vec![
                threshold("equal error", equal.distance, equal_error),
                threshold("accepts 1 %", strict.distance, false_accept_1_percent),
            ]
        });
    Some(Distances {
        kind: match model.distance() {
            Distance::SquaredL2 => "squared_l2",
            Distance::Cosine => "cosine",
        },
        same: histogram.same,
        different: histogram.different,
        edges: histogram.edges.into_iter().map(|edge| embeddings.real(edge)).collect(),
        thresholds: thresholds.unwrap_or_default(),
        roc: scores.pairs.roc.clone(),
        equal_error_rate: scores.pairs.equal_error_rate,
    })
}

/// Returns the confusion of all classes; the images of the prototypes are those of the scores.
fn confusion(engine: &Engine<'_>, data: &Dataset, test: &Embeddings<i16>) -> Confusion {
    let support = support(&classes(data.train.labels()), SEED);
    let shots = int8_embeddings(engine, &data.train, &support.images);
    let rows = prototype_confusion(&support, &shots, test, data.test.labels());
    let kept = least_recognised(&rows, CONFUSED);
    let shares = |row: usize| kept.iter().map(|&column| short(share(&rows[row], column))).collect();
    Confusion {
        labels: kept.iter().map(|&place| support.labels()[place]).collect(),
        rows: kept.iter().map(|&row| shares(row)).collect(),
    }
}

/// Returns a value of a row that leaves zeros out. Of a class without test images, which has none, there is
/// nothing to be told.
fn share(row: &BTreeMap<usize, f64>, column: usize) -> f64 {
    if row.is_empty() { f64::NAN } else { row.get(&column).copied().unwrap_or(0.0) }
}

/// Returns at most `count` rows, ascending, those with the smallest value at their own place.
fn least_recognised(rows: &[BTreeMap<usize, f64>], count: usize) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..rows.len()).collect();
    kept.sort_by(|&a, &b| share(&rows[a], a).total_cmp(&share(&rows[b], b)));
    kept.truncate(count);
    kept.sort_unstable();
    kept
}

/// Returns the worst mistakes among the embeddings, and how many there are. `place` says where an
/// embedding's image is shown.
fn mistakes(
    embeddings: &Embeddings<i16>,
    labels: &[Label],
    mut place: impl FnMut(usize) -> usize,
) -> (Vec<Mistake>, usize) {
    let found = nearest(embeddings, embeddings, Some);
    let mut wrong = Vec::new();
    for (query, found) in found.into_iter().enumerate() {
        let Some(found) = found.filter(|&found| labels[found] != labels[query]) else { continue };
        let own = (0..labels.len()).filter(|&other| other != query && labels[other] == labels[query]);
        // One that is alone with its label has nothing to find.
        let Some(own) = own.map(|other| embeddings.distance(query, embeddings, other)).min() else {
            continue;
        };
        wrong.push((own - embeddings.distance(query, embeddings, found), query));
    }
    wrong.sort_unstable_by_key(|&(margin, query)| (Reverse(margin), query));
    let in_all = wrong.len();
    wrong.truncate(MISTAKES);
    let queries: Vec<usize> = wrong.iter().map(|(_, query)| *query).collect();
    let beside = nearest_others(embeddings, &queries, BESIDE);
    let mistake = |((margin, query), others): ((u32, usize), Vec<(usize, u32)>)| Mistake {
        image: place(query),
        original: None,
        margin: short(embeddings.real(margin)),
        neighbours: others
            .into_iter()
            .map(|(other, distance)| Neighbour {
                image: place(other),
                distance: short(embeddings.real(distance)),
            })
            .collect(),
    };
    (wrong.into_iter().zip(beside).map(mistake).collect(), in_all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::inspect::Element;

    #[test]
    fn the_least_recognised_classes() {
        // 90 %, never, nothing to tell, always, 80 %.
        let rows: [BTreeMap<usize, f64>; 5] = [
            [(0, 0.9), (3, 0.1)].into(),
            [(0, 1.0)].into(),
            BTreeMap::new(),
            [(3, 1.0)].into(),
            [(1, 0.2), (4, 0.8)].into(),
        ];
        assert_eq!(least_recognised(&rows, 3), [0, 1, 4]);
        assert_eq!(least_recognised(&rows, 4), [0, 1, 3, 4]);
        assert_eq!(least_recognised(&rows, 9), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn the_worst_mistakes_come_first() {
        // Label 0 at 0, 1 and 20, label 1 at 22, 23 and 26, label 2 alone at 3.
        let bytes = [0, 1, 20, 22, 23, 26, 3];
        let embeddings = Embeddings::from_bytes(&bytes, 7, Element::Unsigned, Distance::SquaredL2, 0.5);
        let (found, in_all) = mistakes(&embeddings, &[0, 0, 0, 1, 1, 1, 2], |at| 100 + at);
        // 20 finds 22, and its own class at 1: (19² − 2²) · 0.5². Of all others, 23 is right, 22
        // finds 23, 1 finds 0.
        assert_eq!(in_all, 1);
        assert_eq!((found[0].image, found[0].margin), (102, 89.25));
        let beside: Vec<(usize, f64)> = found[0].neighbours.iter().map(|n| (n.image, n.distance)).collect();
        assert_eq!(beside, [(103, 1.0), (104, 2.25), (105, 9.0), (106, 72.25), (101, 90.25), (100, 100.0)]);
    }
}
