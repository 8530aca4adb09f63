//! How well does training on a few pictures of your own things work? Draws sets of things, trains on each as a user
//! would, with decoys and without, and asks about new pictures and strangers:
//!
//! ```text
//! cargo run -p tests --example own_things
//! cargo run -p tests --example own_things -- --sets 4 --seed 2 --set train.steps=5000
//! ```
//!
//! Three kinds of each set are the user's own: the net trains on twelve pictures of each, five of these are enrolled,
//! and thirteen new ones are asked about. The 24 decoys are of three other kinds, the 16 strangers of four more.

mod draw;

use clap::Parser;
use draw::{SORTS, Sort, draw};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use shared_model::{
    Gallery, Model, Threshold,
    gallery::{Method, entry_len},
};
use std::{
    fs,
    io::Error,
    path::{Path, PathBuf},
    process::Command,
};
use tinytriplet_data::picture;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Train on small folders of drawn things, and ask about new ones and strangers
#[derive(Parser)]
struct Args {
    /// Number of sets of each sort: screw heads and silhouettes
    #[arg(long, default_value_t = 6)]
    sets: u64,
    /// Number of the first set
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Seed of the trainings; the pictures depend on the number of the set alone
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Changes of the recipe, as for `host-train`
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// The program `host-train`, if it need not be built first
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// File to add the distances of every run to, one line of JSON each
    #[arg(long, value_name = "FILE")]
    distances: Option<PathBuf>,
}

/// A set of pictures, in folders.
struct Set {
    own: PathBuf,
    decoys: PathBuf,
    strangers: PathBuf,
    new: PathBuf,
    names: Vec<&'static str>,
}

/// What a board made of the pictures: the distance of the nearest label, and whether it is the right one.
struct Answers {
    known: Vec<(f32, bool)>,
    strangers: Vec<f32>,
    threshold: f32,
}

fn main() -> Result {
    let args = Args::parse();
    println!("set                     alone: right, wrong, refused   decoys: right, wrong, refused");
    let mut sums = [[0; 3]; 2];
    for sort in &SORTS {
        for number in args.first..args.first + args.sets {
            let folder = tempfile::tempdir()?;
            let set = Set::draw(sort, number, folder.path())?;
            let mut row = format!("{:<12}{number:>3}  ", sort.name);
            for (with_decoys, sums) in sums.iter_mut().enumerate() {
                let answers = ask(&set, with_decoys == 1, folder.path(), &args)?;
                let counts = answers.counts();
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                row += &format!("{:>17} {:>6} {:>6}  ", counts[0], counts[1], counts[2]);
                if let Some(path) = &args.distances {
                    append(path, &answers, sort, number, with_decoys == 1, &args, folder.path())?;
                }
            }
            println!("{row} {}", set.names.join(", "));
        }
    }
    let runs = (args.sets * SORTS.len() as u64) as f64;
    let mean = |counts: [usize; 3]| counts.map(|count| format!("{:.1}", count as f64 / runs)).join(" ");
    println!("mean of 39, 39 and 16: alone {}, with decoys {}", mean(sums[0]), mean(sums[1]));
    Ok(())
}

impl Set {
    /// Draws a set into a folder.
    fn draw(sort: &Sort, number: u64, folder: &Path) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(number);
        let mut kinds: Vec<usize> = (0..sort.kinds.len()).collect();
        kinds.shuffle(&mut rng);
        let [own, decoys, strangers, new] =
            ["own", "decoys", "strangers", "new"].map(|name| folder.join(name));
        let mut write = |folder: &Path, kind: usize, count: usize| -> Result {
            fs::create_dir_all(folder)?;
            for picture in 0..count {
                let name = format!("{}{picture}.png", sort.kinds[kind].0);
                draw(sort, kind, &mut rng).save(folder.join(name))?;
            }
            Ok(())
        };
        for &kind in &kinds[..3] {
            let name = sort.kinds[kind].0;
            write(&own.join(name), kind, 12)?;
            write(&new.join(name), kind, 13)?;
        }
        kinds[3..6].iter().try_for_each(|&kind| write(&decoys, kind, 8))?;
        kinds[6..10].iter().try_for_each(|&kind| write(&strangers, kind, 4))?;
        let names = kinds[..3].iter().map(|&kind| sort.kinds[kind].0).collect();
        Ok(Self { own, decoys, strangers, new, names })
    }
}

/// Trains on a set, as a user would, and asks what a board would be asked.
fn ask(set: &Set, with_decoys: bool, folder: &Path, args: &Args) -> Result<Answers> {
    let name = if with_decoys { "with-decoys" } else { "alone" };
    let mut command = match &args.program {
        Some(program) => Command::new(program),
        None => {
            let mut command = Command::new("cargo");
            command.args(["run", "--quiet", "-p", "host-train", "--"]);
            command
        }
    };
    command.args(["--name", name, "--seed", &args.seed.to_string(), "--out"]).arg(folder);
    command.arg("--data").arg(&set.own);
    if with_decoys {
        command.arg("--decoys").arg(&set.decoys);
    }
    args.set.iter().for_each(|change| _ = command.args(["--set", change]));
    let output = command.output()?;
    if !output.status.success() {
        return Err(Error::other(String::from_utf8_lossy(&output.stderr).into_owned()).into());
    }

    let file = fs::read(folder.join(name).join("model.postcard"))?;
    let model = Model::decode(&file)?;
    let mut memory = vec![0; 3 * entry_len(model.embedding_len(), 0)];
    let mut gallery = Gallery::new(&model, 0, &mut memory);
    let mut scratch = vec![0; model.scratch_len()];
    let mut embed = |path: &Path| -> Result<Vec<u8>> {
        let picture = picture::read(path, model.metadata().preprocessing, model.input().shape)?;
        let mut embedding = vec![0; model.embedding_len()];
        model.embed(&picture.pixels, &mut scratch, &mut embedding)?;
        Ok(embedding)
    };
    for name in &set.names {
        for picture in 0..5 {
            gallery.enrol(name, &embed(&set.own.join(name).join(format!("{name}{picture}.png")))?)?;
        }
    }
    let mut nearest = |path: &Path, name: &str| -> Result<(f32, bool)> {
        let found =
            gallery.recognise(&model, &embed(path)?, Method::Prototype, Threshold::Distance(u32::MAX))?;
        let nearest = found.nearest.expect("three labels are enrolled");
        let distance = model.distance().real(nearest.distance, model.output().scale);
        // Beyond any threshold, if the background is nearer.
        Ok((if found.label().is_some() { distance } else { f32::INFINITY }, nearest.label == name))
    };
    let mut known = Vec::new();
    for name in &set.names {
        for picture in 0..13 {
            known.push(nearest(&set.new.join(name).join(format!("{name}{picture}.png")), name)?);
        }
    }
    let mut strangers = Vec::new();
    for path in fs::read_dir(&set.strangers)? {
        strangers.push(nearest(&path?.path(), "")?.0);
    }
    let eer = model.metadata().thresholds.equal_error.ok_or("a small folder has thresholds")?.distance;
    Ok(Answers { known, strangers, threshold: model.distance().real(eer, model.output().scale) })
}

impl Answers {
    /// Returns how many of one's own things are named right and wrong, and how many strangers are refused.
    fn counts(&self) -> [usize; 3] {
        let named = |right: bool| {
            self.known.iter().filter(|&&(distance, is)| is == right && distance <= self.threshold).count()
        };
        [
            named(true),
            named(false),
            self.strangers.iter().filter(|&&distance| distance > self.threshold).count(),
        ]
    }
}

/// Adds what there is to know of a run to a file.
fn append(
    path: &Path,
    answers: &Answers,
    sort: &Sort,
    number: u64,
    with_decoys: bool,
    args: &Args,
    folder: &Path,
) -> Result {
    use std::io::Write;
    let name = if with_decoys { "with-decoys" } else { "alone" };
    let folds: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join(name).join("strangers.json"))?)?;
    let line = json!({
        "sort": sort.name, "set": number, "decoys": with_decoys, "seed": args.seed, "folds": folds,
        "threshold": answers.threshold, "known": answers.known, "strangers": answers.strangers,
    });
    Ok(writeln!(fs::OpenOptions::new().append(true).create(true).open(path)?, "{line}")?)
}
