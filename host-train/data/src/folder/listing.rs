//! The contents of a folder: pictures, sub-folders, and everything else, which is counted.

use super::FolderError;
use crate::{
    names::{counted, is_hidden, last, name, natural_order, quoted, shown},
    picture::{Foreign, Kind, is_named_so},
};
use std::{
    collections::BTreeMap,
    fs, io, mem,
    path::{Path, PathBuf},
};

/// Folders that systems and programs make, and no person fills with images.
const OF_SYSTEMS: [&str; 8] = [
    "__MACOSX",
    "@eaDir",
    "#recycle",
    "#snapshot",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    "__pycache__",
];
/// The number of levels down to which unused images are counted.
const DEPTH: usize = 6;
/// Places that a message names.
const NAMED: usize = 3;
/// Kinds of files that a message names.
const KINDS: usize = 8;

/// The contents of a folder, each kind in natural order.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub pictures: Vec<PathBuf>,
    /// Those that may hold images.
    pub folders: Vec<PathBuf>,
    pub others: Others,
}

/// Files and folders that are skipped.
#[derive(Debug, Default)]
pub(crate) struct Others {
    /// Files that are no pictures, and folders of systems, by their names' endings or what they
    /// are.
    kinds: BTreeMap<String, usize>,
    /// Pictures of kinds that are not read: how many, and the first.
    foreign: BTreeMap<Foreign, (usize, PathBuf)>,
    /// Folders inside of class folders, and the pictures below.
    buried: Vec<(PathBuf, usize)>,
}

impl Listing {
    /// # Errors
    /// The system does not list the folder.
    pub fn of(folder: &Path) -> Result<Self, FolderError> {
        let list =
            || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>();
        let mut entries = list().map_err(|source| FolderError::List { path: folder.into(), source })?;
        entries.sort_by(|a, b| natural_order(last(a), last(b)));
        let mut listing = Self::default();
        entries.into_iter().for_each(|entry| listing.add(entry));
        Ok(listing)
    }

    fn add(&mut self, path: PathBuf) {
        if is_hidden(&path) {
            return self.others.count("hidden");
        }
        let is_named_so = is_named_so(&path);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => match OF_SYSTEMS.iter().find(|name| last(&path) == **name) {
                Some(name) => self.others.count(name),
                None => self.folders.push(path),
            },
            Ok(metadata) if metadata.is_file() => match Kind::of_file(&path) {
                _ if is_named_so => self.pictures.push(path),
                Kind::Readable => self.pictures.push(path),
                Kind::Foreign(kind) if kind.is_picture() => {
                    self.others.foreign.entry(kind).or_insert((0, path)).0 += 1;
                }
                _ => self.others.count_file(&path),
            },
            Ok(_) => self.others.count("pipes, sockets or devices"),
            // A link to nothing, for example. Who reads the picture is told so.
            Err(_) if is_named_so => self.pictures.push(path),
            Err(_) => self.others.count_file(&path),
        }
    }

    /// The pictures below, in sub-folders and theirs.
    pub fn pictures_below(&self) -> usize {
        below(&self.folders, DEPTH)
    }

    /// Counts the sub-folders as what nobody looks into.
    pub fn bury_folders(&mut self) {
        for folder in mem::take(&mut self.folders) {
            match below(std::slice::from_ref(&folder), DEPTH) {
                0 => self.others.count("folders without images"),
                images => self.others.buried.push((folder, images)),
            }
        }
    }
}

/// The pictures in folders and below, as far as `depth` levels down.
fn below(folders: &[PathBuf], depth: usize) -> usize {
    let Some(depth) = depth.checked_sub(1) else { return 0 };
    let listings = folders.iter().filter_map(|folder| Listing::of(folder).ok());
    listings.map(|listing| listing.pictures.len() + below(&listing.folders, depth)).sum()
}

impl Others {
    fn count(&mut self, kind: &str) {
        *self.kinds.entry(kind.into()).or_default() += 1;
    }

    fn count_file(&mut self, path: &Path) {
        match path.extension() {
            Some(extension) => self.count(&format!(".{}", shown(extension.to_ascii_lowercase()))),
            None => self.count("without an ending"),
        }
    }

    pub fn add(&mut self, other: Self) {
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        for (kind, (count, first)) in other.foreign {
            self.foreign.entry(kind).or_insert((0, first)).0 += count;
        }
        self.buried.extend(other.buried);
    }

    /// Returns the notes for the user, beginning with the images that are lost.
    pub fn notes(&self, folder: &Path) -> Vec<String> {
        let mut notes: Vec<String> = self
            .foreign
            .iter()
            .map(|(kind, (count, first))| {
                format!(
                    "{}: not used: {}, each a {kind}; the first is {}. {}",
                    shown(folder),
                    counted(*count, "image"),
                    shown(first),
                    kind.advice()
                )
            })
            .collect();
        if let Some((first, _)) = self.buried.first() {
            let images: usize = self.buried.iter().map(|(_, images)| images).sum();
            let places = self.buried.iter().map(|(path, images)| format!("{} ({images})", shown(path)));
            notes.push(format!(
                "{}: not used: {} in folders inside of class folders: {}. To use them, move them up: {}",
                shown(folder),
                counted(images, "image"),
                some(places, NAMED),
                move_up(first)
            ));
        }
        if !self.kinds.is_empty() {
            notes.push(format!("{}: passed over what is no image: {}", shown(folder), self.kinds()));
        }
        notes
    }

    /// `12 .txt, 3 hidden`, the most first.
    fn kinds(&self) -> String {
        let mut kinds: Vec<(&String, &usize)> = self.kinds.iter().collect();
        kinds.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        some(kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")), KINDS)
    }

    /// Returns what is there instead of images, and the remedy; `None` for an empty folder.
    pub fn instead(&self) -> Option<String> {
        if let Some((kind, (count, first))) = self.foreign.iter().max_by_key(|(_, (count, _))| *count) {
            let first = name(first);
            return Some(format!(
                "It holds {}, each a {kind}, such as {first}. {}",
                counted(*count, "image"),
                kind.advice()
            ));
        }
        (!self.kinds.is_empty()).then(|| format!("It holds {}", self.kinds()))
    }
}

/// The first of `texts`, and how many more there are.
pub(super) fn some(texts: impl ExactSizeIterator<Item = String>, most: usize) -> String {
    // One more is as short as saying so.
    let count = texts.len();
    let shown = if count > most + 1 { most } else { count };
    let text = texts.take(shown).collect::<Vec<_>>().join(", ");
    if count > shown { format!("{text} and {} more", count - shown) } else { text }
}

/// The command that moves a folder's files one level up.
pub(super) fn move_up(folder: &Path) -> String {
    let parent = folder.parent().unwrap_or(folder);
    format!("mv {}/* {}/", quoted(folder), quoted(parent))
}
