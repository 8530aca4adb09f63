use super::{board::Board, gallery::entries};
use crate::{
    commands::inspect::json::{Facts, element},
    device::Entry,
    terminal::{print, seconds},
};
use anyhow::Result;
use serde::Serialize;
use shared_model::{
    model::format::{CalibratedThreshold, SHOTS},
    wire::{GalleryInfo, Info, ModelInfo, Storage, VERSION},
};
use std::time::Duration;
use tinytriplet_report::text::{count, cut, hex, thousands};

/// Columns of a model's name.
const NAME: usize = 48;

/// Prints who the board is, and what it has enrolled.
pub fn run(mut board: Board, as_json: bool) -> Result<()> {
    let baud = board.baud;
    let enrolled = entries(&mut board)?;
    let info = board.client.info()?;
    let own = |entry: &Entry| {
        let threshold = info.model.thresholds.own(entry.count)?;
        Some(info.model.distance.real(threshold.distance, info.model.embedding.scale))
    };
    let labels = enrolled.iter().map(|entry| LabelReport {
        label: &entry.label,
        images: entry.count,
        threshold: own(entry),
    });
    let labels: Vec<LabelReport<'_>> = labels.collect();
    let text = if as_json {
        serde_json::to_string_pretty(&Report::new(&info, baud, &labels))? + "\n"
    } else {
        text(&info, baud) + &labels.iter().map(LabelReport::line).collect::<String>()
    };
    Ok(print(text)?)
}

fn text(info: &Info<'_>, baud: Option<u32>) -> String {
    let model = &info.model;
    let thousands = |number: u32| thousands(number.into());
    let threshold = |threshold: Option<CalibratedThreshold>| {
        threshold.map_or("(not calibrated)".into(), |threshold| {
            format!("{:.3}", model.distance.real(threshold.distance, model.embedding.scale))
        })
    };
    let stack = match info.stack {
        Some((used, all)) => format!("{} of {} bytes at most so far", thousands(used), thousands(all)),
        None => "(the board does not know)".into(),
    };
    format!(
        "\
board       {board}, firmware {firmware}, protocol {VERSION}
running     {uptime}
{line}model       \"{name}\" {hash}
images      {input}, fit {fit}, background {background}
frames      with up to {chunk} bytes in a row
embeddings  {values} values of {element}, {distance} distance
unknown if  farther away than {equal} (eer) or {far} (far1)
{own}RAM         {ram} bytes for an inference, without the stack
stack       {stack}
gallery     {gallery}
{flash}",
        board = info.board,
        firmware = info.firmware,
        uptime = seconds(Duration::from_millis(info.uptime)),
        line = baud.map_or(String::new(), |baud| format!("line        {} baud\n", thousands(baud))),
        name = cut(model.name, NAME),
        hash = hex(model.hash),
        input = model.input.shape,
        fit = name(model.preprocessing.fit),
        chunk = thousands(info.chunk.into()),
        background = name(model.preprocessing.background),
        values = model.embedding.len(),
        element = element(model.embedding.element),
        distance = model.distance,
        own = own(model),
        equal = threshold(model.thresholds.equal_error),
        far = threshold(model.thresholds.false_accept_1_percent),
        ram = thousands(model.ram),
        gallery = gallery(&info.gallery),
        flash = flash(&info.gallery),
    )
}

/// Returns the line of the thresholds by shots, if there are any.
fn own(model: &ModelInfo<'_>) -> String {
    let Some(by_shots) = model.thresholds.by_shots else { return String::new() };
    let each = SHOTS.into_iter().zip(by_shots).map(|(shots, threshold)| {
        format!("{:.3} ({shots})", model.distance.real(threshold.distance, model.embedding.scale))
    });
    format!("            own, by images: {}\n", each.collect::<Vec<_>>().join(", "))
}

/// An enrolled label.
#[derive(Serialize)]
struct LabelReport<'a> {
    label: &'a str,
    images: u32,
    /// Beyond it, an image that is nearest to this label is unknown, unless another threshold is asked for; null if
    /// the model has none.
    threshold: Option<f32>,
}

impl LabelReport<'_> {
    fn line(&self) -> String {
        let images = count(self.images.into(), "image");
        let threshold = self.threshold.map_or(String::new(), |own| format!(", unknown beyond {own:.3}"));
        format!("            {}: {images}{threshold}\n", self.label)
    }
}

/// The output of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    board: &'a str,
    firmware: &'a str,
    protocol: u8,
    uptime_milliseconds: u64,
    /// Bits a second; null where the line has no rate.
    baud: Option<u32>,
    stack: Option<StackReport>,
    chunk: u16,
    model: ModelReport<'a>,
    gallery: GalleryReport,
    labels: &'a [LabelReport<'a>],
}

#[derive(Serialize)]
struct StackReport {
    used: u32,
    bytes: u32,
}

#[derive(Serialize)]
struct ModelReport<'a> {
    name: &'a str,
    hash: String,
    #[serde(flatten)]
    facts: Facts,
    ram: u32,
}

#[derive(Serialize)]
struct GalleryReport {
    len: u16,
    capacity: u16,
    exemplars: u16,
    storage: &'static str,
    compactions: u32,
    damage: u16,
}

impl<'a> Report<'a> {
    fn new(info: &Info<'a>, baud: Option<u32>, labels: &'a [LabelReport<'a>]) -> Self {
        let (model, gallery) = (&info.model, &info.gallery);
        Self {
            board: info.board,
            firmware: info.firmware,
            protocol: VERSION,
            uptime_milliseconds: info.uptime,
            baud,
            stack: info.stack.map(|(used, bytes)| StackReport { used, bytes }),
            chunk: info.chunk,
            model: ModelReport {
                name: model.name,
                hash: hex(model.hash),
                facts: Facts::new(model),
                ram: model.ram,
            },
            gallery: GalleryReport {
                len: gallery.len,
                capacity: gallery.capacity,
                exemplars: gallery.exemplars,
                storage: match gallery.storage {
                    Storage::Ram => "ram",
                    Storage::Flash => "flash",
                    Storage::OtherModel(_) => "other_model",
                    Storage::Failed => "failed",
                },
                compactions: gallery.compactions,
                damage: gallery.damage,
            },
            labels,
        }
    }
}

/// Returns a line about the flash of a gallery, if it is in flash.
fn flash(gallery: &GalleryInfo) -> String {
    if gallery.storage != Storage::Flash {
        return String::new();
    }
    let faults = match gallery.damage {
        0 => "no faults found".into(),
        number => format!(
            "{} FOUND: labels may be missing, or as they were before; export, clear and import",
            count(number.into(), "FAULT")
        ),
    };
    format!("flash       {}, {faults}\n", count(gallery.compactions.into(), "compaction"))
}

/// Returns a recipe's name of it.
fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|name| name.as_str().map(Into::into)).unwrap_or_default()
}

fn gallery(gallery: &GalleryInfo) -> String {
    let place = match gallery.storage {
        Storage::Ram => "in RAM: gone with the power",
        Storage::Flash => "in flash",
        Storage::OtherModel(hash) => {
            return format!("NONE: the flash holds that of {}; `clear` frees it", hex(hash));
        }
        Storage::Failed => return "NONE: the flash failed at the start; `clear` may mend it".into(),
    };
    let exemplars = match gallery.exemplars {
        0 => String::new(),
        number => format!(", {} each", count(number.into(), "exemplar")),
    };
    format!("{} of {}{exemplars}, {place}", gallery.len, count(gallery.capacity.into(), "label"))
}
