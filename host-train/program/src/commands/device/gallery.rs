use super::board::Board;
use crate::{
    device::{Entry, GalleryFile, ModelName},
    terminal::{INTERRUPTED, Progress, error, interrupted, listen_for_interrupt, print},
};
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use shared_model::wire::Storage;
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};
use tinytriplet_data::names::natural_order;
use tinytriplet_report::{
    run_folder::write_whole,
    text::{count, cut, hex, thousands},
};

/// Columns of a label: its longest is 31 bytes.
const LABEL: usize = 31;

/// Prints the labels.
pub fn list(mut board: Board, as_json: bool) -> Result<()> {
    let entries = entries(&mut board)?;
    if as_json {
        let entries: Vec<_> =
            entries.iter().map(|entry| json!({ "label": entry.label, "images": entry.count })).collect();
        return Ok(print(format_args!("{:#}\n", json!(entries)))?);
    }
    if !entries.is_empty() {
        print(format_args!("{:LABEL$} {:>8}\n", "label", "images"))?;
    }
    for entry in &entries {
        print(format_args!("{:LABEL$} {:>8}\n", entry.label, thousands(entry.count.into())))?;
    }
    let labels = count(entries.len() as u64, "label");
    Ok(print(format_args!("{labels} of at most {}\n", board.gallery.capacity))?)
}

/// Returns the entries, by the natural order of the labels.
pub fn entries(board: &mut Board) -> Result<Vec<Entry>> {
    let (dim, element) = (board.model.embedding.len(), board.model.embedding.element);
    let mut progress = Progress::new("read", board.gallery.len.into(), "labels");
    let mut entries = Vec::new();
    for index in 0..board.gallery.len {
        let (label, value) = board.client.entry(index)?;
        let entry = Entry::of(label, value, dim, board.gallery.exemplars.into(), element);
        entries.push(entry.with_context(|| format!("the board's entry {index}, `{label}`"))?);
        progress.set(u64::from(index) + 1, String::new);
    }
    entries.sort_by(|a, b| natural_order(&a.label, &b.label));
    Ok(entries)
}

/// Forgets labels: all, or none where one of them is not enrolled.
pub fn forget(mut board: Board, labels: &[String]) -> Result<()> {
    let entries = entries(&mut board)?;
    for label in labels {
        if !entries.iter().any(|entry| entry.label == *label) {
            let similar = |entry: &&Entry| strsim::damerau_levenshtein(&entry.label, label) <= 2;
            let hint = entries
                .iter()
                .find(similar)
                .map_or(String::new(), |entry| format!("; did you mean `{}`?", entry.label));
            bail!("`{label}` is not enrolled, and nothing was forgotten{hint}");
        }
    }
    // A label may have been said twice.
    for entry in entries.iter().filter(|entry| labels.contains(&entry.label)) {
        board.client.forget(&entry.label).with_context(|| format!("`{}`", entry.label))?;
        print(format_args!("forgot {} ({})\n", entry.label, count(entry.count.into(), "image")))?;
    }
    Ok(())
}

/// Takes the image back that was enrolled last.
pub fn take_back(mut board: Board) -> Result<()> {
    let (label, left) = board.client.take_back()?;
    let left = count(left.into(), "image");
    Ok(print(format_args!("took the last image of {} back: {left} left\n", cut(label, LABEL)))?)
}

/// Forgets everything.
pub fn clear(mut board: Board, yes: bool) -> Result<()> {
    let what = match (board.gallery.storage, board.gallery.len) {
        (Storage::OtherModel(hash), _) => format!("the gallery of another model ({})", hex(hash)),
        (Storage::Failed, _) => "whatever is left in the gallery's flash".into(),
        (_, 0) => {
            board.client.clear()?;
            return Ok(print("nothing was enrolled\n")?);
        }
        (_, len) => count(len.into(), "label"),
    };
    let saves = match board.gallery.storage {
        Storage::Ram | Storage::Flash => ". `host-train device export FILE` saves what is enrolled",
        // Only the firmware that it belongs to can read it.
        Storage::OtherModel(_) | Storage::Failed => "",
    };
    if !yes && !confirm(&what, saves)? {
        return Ok(print("nothing was forgotten\n")?);
    }
    board.client.clear()?;
    Ok(print(format_args!("forgot {what}\n"))?)
}

fn confirm(what: &str, saves: &str) -> Result<bool> {
    ensure!(io::stdin().is_terminal(), "this forgets {what}: say --yes to do so{saves}");
    write!(io::stderr(), "Forget {what}? [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Writes what is enrolled to a file.
pub fn export(mut board: Board, path: &Path) -> Result<()> {
    let entries = entries(&mut board)?;
    ensure_gallery(&board)?;
    let labels = count(entries.len() as u64, "label");
    let file = GalleryFile {
        model: ModelName { name: board.model.name.clone(), hash: board.model.hash() },
        dim: board.model.embedding.len(),
        exemplars: board.gallery.exemplars.into(),
        entries,
    };
    write_whole(path, file.to_json().as_bytes())?;
    let ModelName { name, hash } = &file.model;
    Ok(print(format_args!("{}: {labels} of the model \"{name}\" {hash}\n", path.display()))?)
}

/// Checks that there is a gallery of the model on the board.
pub fn ensure_gallery(board: &Board) -> Result<()> {
    match board.gallery.storage {
        Storage::Ram | Storage::Flash => Ok(()),
        Storage::OtherModel(hash) => bail!(
            "the board's flash holds the gallery of another model or firmware ({}): flash that one again to use it, or \
             `host-train device clear` first",
            hex(hash)
        ),
        Storage::Failed => {
            bail!("the flash that holds the board's gallery failed: `host-train device clear` may mend it")
        }
    }
}

/// Puts a file's entries in. Everything is checked before anything is sent.
pub fn import(mut board: Board, path: &Path) -> Result<ExitCode> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = || path.display().to_string();
    let file = GalleryFile::parse(&text).with_context(name)?;
    ensure!(
        file.model.hash == board.model.hash(),
        "{}: belongs to the model \"{}\" {}, and the board has \"{}\" {}: embeddings of one mean nothing to the other. \
         Enrol the images again, or flash that model",
        path.display(),
        file.model.name,
        file.model.hash,
        board.model.name,
        board.model.hash(),
    );
    ensure_gallery(&board)?;
    let (dim, element) = (board.model.embedding.len(), board.model.embedding.element);
    let value = |entry: &Entry| entry.value(dim, board.gallery.exemplars.into(), element);
    let values = file.entries.iter().map(value).collect::<Result<Vec<_>, _>>().with_context(name)?;
    let there = entries(&mut board)?;
    let replaced = |entry: &Entry| there.iter().find(|other| other.label == entry.label);
    let new = file.entries.iter().filter(|entry| replaced(entry).is_none()).count();
    let room = usize::from(board.gallery.capacity).saturating_sub(there.len());
    ensure!(
        new <= room,
        "{}: has {} that are not enrolled, and the board has room for {room}: forget some first",
        path.display(),
        count(new as u64, "label"),
    );

    listen_for_interrupt("`host-train device list` tells what is enrolled".into())?;
    let labels = count(values.len() as u64, "label");
    let mut progress = Progress::new("import", values.len() as u64, "labels");
    for (done, (entry, value)) in file.entries.iter().zip(&values).enumerate() {
        let so_far = || format!("{done} of {labels} imported");
        if interrupted() {
            drop(progress);
            error(format_args!("interrupted: {}", so_far()));
            return Ok(ExitCode::from(INTERRUPTED));
        }
        board
            .client
            .import(&entry.label, value)
            .with_context(|| format!("`{}` ({})", entry.label, so_far()))?;
        let instead = replaced(entry)
            .map_or(String::new(), |other| format!(", instead of {}", count(other.count.into(), "image")));
        let images = count(entry.count.into(), "image");
        progress.suspend(|| print(format_args!("{}: {images}{instead}\n", cut(&entry.label, LABEL))))?;
        progress.set(done as u64 + 1, String::new);
    }
    drop(progress);
    print(format_args!("{labels} imported, {new} of them new\n"))?;
    Ok(ExitCode::SUCCESS)
}
