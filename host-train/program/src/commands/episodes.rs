//! The tables of episodes, as `train` and `eval` print them.

use tinytriplet_evaluation::metrics::{ClosedSet, EpisodeShare, Episodes, Measured, OpenSetEpisodes};
use tinytriplet_report::text::{count, percent, thousands, wrapped};

/// Columns of a terminal.
const COLUMNS: usize = 80;
/// Columns of a row's name.
const ROW: usize = 24;

/// Returns the tables of closed-set and open-set episodes in percent; `mark` stands in the heading. Empty
/// where the data give nothing to draw.
pub fn episode_tables(episodes: &Episodes, mark: &str) -> String {
    let measured = || {
        let within = episodes.within_groups.iter().map(|measured| ("of a group", measured));
        within.chain([("of all classes", &episodes.all_classes)])
    };
    if measured().all(|(_, Measured { closed_set, .. })| closed_set.is_empty()) {
        return String::new();
    }
    let mut text = format!("\nepisodes, int8: named right, in %{mark}\n");
    text += &format!("{:<ROW$}{:>18}{:>18}\n", "classes of an episode", "1 shot", "5 shots");
    for (name, Measured { closed_set, .. }) in measured() {
        for rows in closed_set.chunk_by(|one, other| one.ways == other.ways) {
            text += &closed_set_row(name, rows);
        }
    }
    let has_open_set = measured().any(|(_, Measured { open_set, .. })| !open_set.is_empty());
    if has_open_set {
        text += &open_set_heading();
        for (name, Measured { open_set, .. }) in measured() {
            text += &open_set.iter().map(|row| open_set_row(name, row)).collect::<String>();
        }
    }
    text + &footnotes(episodes)
}

/// Returns a line of the episodes with as many ways.
fn closed_set_row(name: &str, rows: &[ClosedSet]) -> String {
    let of = |shots| rows.iter().find(|row| row.shots == shots);
    let cell = |shots| of(shots).map_or("-".into(), |row| with_margin(row.right));
    let name = format!("{} {name}", rows[0].ways);
    format!("{name:<ROW$}{:>18}{:>18}\n", cell(1), cell(5))
}

fn open_set_heading() -> String {
    format!(
        "\n{:<ROW$}{:^29}{:>8}{:>18}\n{:<ROW$}{:>8}{:>9}{:>12}{:>8}{:>9}{:>9}\n",
        "with strangers,",
        "at the model's threshold",
        "equal",
        "right where",
        "classes and shots",
        "right",
        "refused",
        "strangers",
        "error",
        "1 %",
        "5 %",
    )
}

fn open_set_row(name: &str, row: &OpenSetEpisodes) -> String {
    let own =
        |share: fn(&OpenSetEpisodes) -> Option<EpisodeShare>| percent(share(row).map(|share| share.share));
    let accepting = |share| percent(row.accepting(share).map(|rates| rates.known_right.share));
    let name = format!("{name}, {}", row.shots);
    format!(
        "{name:<ROW$}{:>8}{:>9}{:>12}{:>8}{:>9}{:>9}\n",
        own(|row| Some(row.at_threshold.as_ref()?.known_right)),
        own(|row| Some(row.at_threshold.as_ref()?.known_rejected)),
        own(|row| Some(row.at_threshold.as_ref()?.strangers_accepted)),
        percent(Some(row.equal_error.error())),
        accepting(0.01),
        accepting(0.05),
    )
}

/// Returns `85.23 ± 0.62`.
fn with_margin(EpisodeShare { share, margin }: EpisodeShare) -> String {
    match margin.is_nan() {
        true => percent(Some(share)),
        false => format!("{} ± {}", percent(Some(share)), percent(Some(margin))),
    }
}

/// Returns what the tables rest on.
fn footnotes(episodes: &Episodes) -> String {
    let images = match episodes.trained_on {
        true => "classes that were trained on: training images are enrolled, test images asked about",
        false => "classes of which nothing was trained on",
    };
    let mut text = format!(
        "{}, seed {}; {images}.",
        count(episodes.draws.episodes as u64, "episode"),
        episodes.draws.seed
    );
    let open_set = episodes.within_groups.iter().chain([&episodes.all_classes]).flat_map(|of| &of.open_set);
    if let Some(OpenSetEpisodes { enrolled, strangers, .. }) = open_set.clone().next() {
        text += &format!(
            " Open set: {enrolled} enrolled, {strangers} strangers; the last columns are named right where that \
             share of the strangers is accepted."
        );
    }
    let mut within = episodes.within_groups.iter().flat_map(|measured| &measured.closed_set);
    if let Some(row) = within.rfind(|row| !row.left_out.is_empty()) {
        let left_out = row.left_out.join(", ");
        text += &format!(" Fewer than {} classes, left out there: {left_out}.", thousands(row.ways as u64));
    }
    wrapped(&text, COLUMNS, "")
}
