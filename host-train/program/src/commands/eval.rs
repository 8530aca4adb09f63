//! `eval`: how good a model file is on a test set.

mod one_shot;

use super::{
    data::{DataArgs, mark},
    episodes::episode_tables,
    images::{ensure_pictures, size},
    model_file::{ModelFile, read_model},
    run_data::{RunData, is_run, recipe},
    scores::{explanation, table, triplet_table},
};
use crate::cli::whole_number;
use crate::terminal::{Progress, note, print};
use anyhow::{Result, bail, ensure};
use clap::Args;
use shared_model::{Model, model::format::MAX_VIEWS};
use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};
use tinytriplet_data::{
    CHARACTERS, DRAWN_DIGITS, Dataset, Label, MADE_UP_CHARACTERS, MNIST, Source, is_among, photographs::Kind,
};
use tinytriplet_evaluation::{
    export::{cut, with_views},
    metrics::{Draws, SCORES},
    photographs::{PhotographScore, photograph_scores},
    scores::{TrainedOn, compared_scores, int8_scores},
};
use tinytriplet_recipe::DataConfig;
use tinytriplet_report::{
    run_folder::{CONFIG, RunFolder},
    text::{hex, percent},
};

/// Arguments of `eval`.
#[derive(Clone, Debug, Args)]
pub struct EvalArgs {
    /// A model file, or the folder of a run
    pub model: PathBuf,
    /// The source of the images
    #[command(flatten)]
    pub data: DataArgs,
    /// Folder of one-shot runs in the format of Omniglot's test, to be classified instead:
    /// RUN/training/, RUN/test/ and RUN/class_labels.txt
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["data", "skip_broken", "explain", "episodes", "seed"])]
    pub one_shot: Option<PathBuf>,
    /// Number of episodes of each kind; 0 for none
    #[arg(long, value_name = "COUNT", default_value_t = Draws::DEFAULT.episodes, value_parser = whole_number::<usize>)]
    pub episodes: usize,
    /// Seed that episodes are drawn with
    #[arg(long, value_name = "NUMBER", default_value_t = Draws::DEFAULT.seed, value_parser = whole_number::<u64>)]
    pub seed: u64,
    /// Average the embeddings of so many views of every image, instead of the model's own number.
    /// Thresholds stay those of its own
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=i64::from(MAX_VIEWS)))]
    pub views: Option<u8>,
    /// Print instead how well several scores tell strangers from what is enrolled, by 1 and by 5
    /// images of each: docs/THRESHOLD.md
    #[arg(long, conflicts_with_all = ["one_shot", "json", "explain", "photographs"])]
    pub scores: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print what each row of the table means
    #[arg(long, conflicts_with = "json")]
    pub explain: bool,
    /// Evaluate on photographs instead: so many test images of every kind, made by arithmetic
    #[arg(
        long,
        value_name = "IMAGES",
        num_args = 0..=1,
        default_missing_value = "1000",
        value_parser = clap::value_parser!(u32).range(1..),
        conflicts_with_all = ["explain", "one_shot"]
    )]
    pub photographs: Option<u32>,
}

/// Embeds the test set with the int8 engine and prints the scores.
///
/// # Errors
/// Returns an error if model or data cannot be used, or do not belong together.
pub fn run(args: &EvalArgs) -> Result<()> {
    let mut file = read_model(&args.model)?;
    if let Some(views) = args.views {
        file = file.with_views(views)?;
    }
    let model = file.decode()?;
    let metadata = model.metadata();
    ensure_pictures(metadata.input, metadata.preprocessing)?;
    if let Some(folder) = &args.one_shot {
        return one_shot::run(&model, folder, args.json);
    }
    let config = data_config(&args.model)?.for_model(metadata.input, metadata.preprocessing);
    let data = find(args, &model, &config)?;
    let shape = metadata.input;
    ensure!(
        [data.test.height, data.test.width] == size(shape),
        "the images have {}x{} pixels, the model takes {shape}",
        data.test.height,
        data.test.width,
    );
    if let Some(count) = args.photographs {
        return photographs(args, &model, &data, count as usize);
    }
    let draws = Draws { episodes: args.episodes, seed: args.seed };
    if args.scores {
        return compare_scores(&file, &model, &data, draws);
    }
    let progress = Progress::new("evaluate", 0, "images");
    let is_other = data.source == Source::MadeUp || !is_among(cut(&data.name), metadata.training.dataset);
    let unseen = unseen_labels(&data, config, is_other)?;
    let trained_on = if is_other { TrainedOn::OtherData(&unseen) } else { TrainedOn::AllBut(&unseen) };
    let scores = int8_scores(&model, &data, trained_on, (args.episodes > 0).then_some(draws));
    progress.finish("int8");
    if args.json {
        let result = serde_json::json!({
            "dataset": data.name,
            "test_images": data.test.len(),
            "int8": scores,
            "model": { "hash": hex(model.hash()) },
        });
        print(format_args!("{result:#}\n"))?;
    } else {
        print(triplet_table(&scores, &data))?;
        print(table(None, &scores, &data.class_names, mark(&data)))?;
        if let Some(episodes) = &scores.episodes {
            print(episode_tables(episodes, mark(&data)))?;
        }
        if args.explain {
            print(explanation(&scores))?;
        } else if io::stdout().is_terminal() {
            print("what the rows mean: --explain\n")?;
        }
    }
    Ok(())
}

/// Prints how well several scores tell strangers.
fn compare_scores(file: &ModelFile, model: &Model<'_>, data: &Dataset, draws: Draws) -> Result<()> {
    let progress = Progress::new("evaluate", 0, "images");
    let other = with_views(file.bytes(), if model.metadata().views == 1 { 3 } else { 1 })?;
    let [one, five] = compared_scores(model, &Model::decode(&other)?, data, [1, 5], draws);
    progress.finish("int8");
    let title = format!("equal error in %{}", mark(data));
    let mut text = format!("\n{title:<50}{:>8}{:>9}\n", "1 shot", "5 shots");
    for (score, name) in SCORES.into_iter().enumerate() {
        let cell = |errors: Option<[f64; SCORES.len()]>| percent(errors.map(|errors| errors[score]));
        text += &format!("{name:<50}{:>8}{:>9}\n", cell(one), cell(five));
    }
    Ok(print(text)?)
}

/// Evaluates photographs of test images and prints the scores of each kind.
fn photographs(args: &EvalArgs, model: &Model<'_>, data: &Dataset, count: usize) -> Result<()> {
    let split = &data.test;
    ensure!(split.channels == 1, "--photographs lays grey images on paper, and these are in colour");
    ensure!(
        split.height == split.width,
        "--photographs lays square images on paper, and these have {}x{} pixels",
        split.height,
        split.width
    );
    let mut progress = Progress::new("evaluate", Kind::ALL.len() as u64, "kinds of photographs");
    let mut done = 0;
    let scores = photograph_scores(model, data, count, || {
        done += 1;
        progress.set(done, String::new);
    });
    progress.finish("int8");
    let count = count.min(split.len());
    if args.json {
        let result = serde_json::json!({
            "dataset": data.name,
            "images_per_kind": count,
            "photographs": scores,
            "model": { "hash": hex(model.hash()) },
        });
        return Ok(print(format_args!("{result:#}\n"))?);
    }
    let title = format!("photographs, {count} of each kind");
    let mut text = format!("\n{title:<38}{:>9}{}\n", "P@1 in %", mark(data));
    for PhotographScore { kind, precision_at_1 } in scores {
        text += &format!("{kind:<38}{:>9}\n", percent(Some(precision_at_1)));
    }
    Ok(print(text)?)
}

/// Returns the data that the user names, or else those of the run; of a model file alone, those at
/// hand, if it was trained on the like.
fn find(args: &EvalArgs, model: &Model<'_>, config: &DataConfig) -> Result<Dataset> {
    let training = &model.metadata().training;
    let run = is_run(&args.model, &args.data)?
        .then(|| RunData::read(&RunFolder::open(&args.model)?))
        .transpose()?;
    let data = match &run {
        Some(run) => run.find(&args.data, training.seed, config)?,
        None => {
            // What this program draws is found by the seed alone.
            if args.data.data.is_none() && training.dataset == MADE_UP_CHARACTERS {
                let config = DataConfig { source: Some(CHARACTERS.into()), ..config.clone() };
                return super::data::find(&args.data, training.seed, &config);
            }
            let digits = [MNIST, DRAWN_DIGITS].iter().any(|name| is_among(name, training.dataset));
            if args.data.data.is_none() && !digits {
                bail!(
                    "{}: this model was trained on {}, and a model file alone does not tell where that is; name the \
                     data with --data, or the model by the folder of its run",
                    args.model.display(),
                    training.dataset
                );
            }
            super::data::find(&args.data, training.seed, config)?
        }
    };
    if !is_among(cut(&data.name), training.dataset) {
        note("note", format_args!("trained on {}, evaluated on {}", training.dataset, data.name));
    } else if let Some(run) = run {
        run.note_change(&data);
    }
    Ok(data)
}

/// Returns the labels of the classes that the model's recipe leaves unseen; other data need not have them.
fn unseen_labels(data: &Dataset, mut config: DataConfig, is_other: bool) -> Result<Vec<Label>> {
    if is_other {
        config.unseen.retain(|name| data.class_names.contains(name));
    }
    Ok(data.unseen_labels(&config)?)
}

/// Returns the settings for data of the model's run, so that the model is not tested on what it was
/// trained on; a model file alone does not tell.
fn data_config(model: &Path) -> Result<DataConfig> {
    match model.join(CONFIG).is_file() {
        true => Ok(recipe(&RunFolder::open(model)?)?.into_inner().data),
        false => Ok(DataConfig::default()),
    }
}
