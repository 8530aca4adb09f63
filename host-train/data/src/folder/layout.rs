//! Which folders are classes, and what to say where none can be.

use super::{
    Class, FolderError, MOST_CLASSES,
    listing::{Listing, Others, move_up, some},
};
use crate::{
    idx,
    names::{composed, counted, last, look_alike, name, quoted, shown},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Folders that a message names.
const NAMED: usize = 4;

/// The classes of a folder.
#[derive(Debug)]
pub(super) struct Layout {
    /// By the natural order of their names.
    pub train: Vec<Class<PathBuf>>,
    /// The test classes, if the folder has a split of its own; each is a class in `train`, too.
    pub test: Option<Vec<Class<PathBuf>>>,
    /// Everything else that lies there.
    pub others: Others,
    /// Notes for the user.
    pub notes: Vec<String>,
}

/// The part in a split that a folder's name stands for.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Train,
    Test,
    Validation,
}

impl Part {
    fn of(folder: &Path) -> Option<Self> {
        let name = name(folder).to_lowercase();
        let name = name.trim_end_matches("set").trim_end_matches(['_', '-', ' ']);
        Some(match name {
            "train" | "training" | "trn" => Self::Train,
            "test" | "testing" | "tst" => Self::Test,
            "val" | "valid" | "validation" | "dev" => Self::Validation,
            _ => return None,
        })
    }
}

/// A folder in the data folder.
struct Child {
    path: PathBuf,
    listing: Listing,
}

impl Child {
    /// Folders in it that hold pictures.
    fn classes(&self) -> Vec<(PathBuf, usize)> {
        let count = |path: &PathBuf| Listing::of(path).map_or(0, |listing| listing.pictures.len());
        let folders = self.listing.folders.iter().map(|path| (path.clone(), count(path)));
        folders.filter(|&(_, pictures)| pictures > 0).collect()
    }
}

impl Layout {
    /// Finds the classes in `folder`.
    ///
    /// # Errors
    /// There are none, or not as they should be.
    pub fn of(folder: &Path) -> Result<Self, FolderError> {
        let top = Listing::of(folder)?;
        let children = children(&top)?;
        let named = |name| children.iter().position(|child| last(&child.path) == name);
        let is_split = |index: &usize| !children[*index].listing.folders.is_empty();
        if let (Some(train), Some(test)) = (named("train").filter(is_split), named("test").filter(is_split)) {
            return Self::of_split(top.others, children, [train, test]);
        }
        let pictures = top.pictures.len();
        let (train, mut others) = classes_in(folder, &top, children)?;
        check_count(folder, train.len())?;
        others.add(top.others);
        let beside = format!(
            "{}: not used: {} beside the class folders, not in one",
            shown(folder),
            counted(pictures, "image")
        );
        let notes = if pictures > 0 { vec![beside] } else { Vec::new() };
        Ok(Self { train, test: None, others, notes })
    }

    /// The classes of two folders, whose places among `children` are given.
    fn of_split(
        others: Others,
        children: Vec<Child>,
        [train, test]: [usize; 2],
    ) -> Result<Self, FolderError> {
        let unused = children.iter().enumerate().filter(|(index, _)| ![train, test].contains(index));
        let notes = unused.filter_map(|(_, child)| {
            let images = child.listing.pictures.len() + child.listing.pictures_below();
            (images > 0).then(|| {
                format!(
                    "{}: not used: {}. Of a split, `train` is trained on and `test` is tested with; what validates is \
                     held out of `train`. To train on these, too, move them into the classes there",
                    shown(&child.path),
                    counted(images, "image")
                )
            })
        });
        let notes = notes.collect();
        let [(train_path, train), (_, test)] =
            [train, test].map(|index| (&children[index].path, classes_of_split(&children[index])));
        let ((train, mut all), (test, more)) = (train?, test?);
        check_count(train_path, train.len())?;
        all.add(others);
        all.add(more);
        for class in &test {
            let other = |same: &dyn Fn(&Path) -> bool| train.iter().find(|other| same(&other.place));
            if other(&|place| place == class.place).is_some() {
                continue;
            }
            let form = composed(class.place.as_os_str());
            let alike = other(&|place| form.is_some() && composed(place.as_os_str()) == form);
            return Err(match alike {
                Some(alike) => FolderError::Alike { first: alike.path.clone(), second: class.path.clone() },
                None => FolderError::Untrained(class.path.clone()),
            });
        }
        Ok(Self { train, test: Some(test), others: all, notes })
    }
}

fn children(listing: &Listing) -> Result<Vec<Child>, FolderError> {
    let child = |path: &PathBuf| Ok(Child { path: path.clone(), listing: Listing::of(path)? });
    listing.folders.iter().map(child).collect()
}

/// The classes in one of the folders of a split.
fn classes_of_split(split: &Child) -> Result<(Vec<Class<PathBuf>>, Others), FolderError> {
    classes_in(&split.path, &split.listing, children(&split.listing)?)
}

/// The classes in a folder, and what else lies in them: its sub-folders, or those of its groups.
fn classes_in(
    folder: &Path,
    listing: &Listing,
    children: Vec<Child>,
) -> Result<(Vec<Class<PathBuf>>, Others), FolderError> {
    if !children.is_empty() && children.iter().all(|child| !child.listing.pictures.is_empty()) {
        return classes(Path::new(""), children);
    }
    if let Some(advice) = idx_below(folder, listing, 3).or_else(|| of_other_names(&children)) {
        return Err(FolderError::Layout { folder: folder.into(), advice });
    }
    match are_groups(&children) {
        true => classes_of_groups(children),
        false => Err(no_classes(folder, listing, &children)),
    }
}

/// Returns true if folders hold class folders, and no images: several of them do, and one at least
/// has several classes. (One class folder in each is a class folder with another one inside.)
fn are_groups(children: &[Child]) -> bool {
    let counts: Vec<usize> = children.iter().map(|child| child.classes().len()).collect();
    children.iter().all(|child| child.listing.pictures.is_empty())
        && counts.iter().filter(|&&count| count > 0).count() > 1
        && counts.iter().any(|&count| count > 1)
}

/// The classes of all groups, in the order of the groups.
fn classes_of_groups(groups: Vec<Child>) -> Result<(Vec<Class<PathBuf>>, Others), FolderError> {
    check_names(&groups)?;
    let (mut all, mut others) = (Vec::new(), Others::default());
    for Child { path, listing } in groups {
        let members = children(&listing)?;
        if members.is_empty() {
            let what = listing.others.instead().unwrap_or_else(|| "It is empty".into());
            let advice = format!(
                "no class folder is in this folder, and the folders beside it hold some. {what}. Put class folders \
                 there, or move this folder elsewhere"
            );
            return Err(FolderError::Layout { folder: path, advice });
        }
        if let Some((folder, advice)) = one_class_without(&members) {
            return Err(FolderError::Layout { folder, advice });
        }
        let (classes, more) = classes(Path::new(last(&path)), members)?;
        all.extend(classes);
        others.add(listing.others);
        others.add(more);
    }
    Ok((all, others))
}

fn check_count(folder: &Path, count: usize) -> Result<(), FolderError> {
    match count {
        2..=MOST_CLASSES => Ok(()),
        _ => Err(FolderError::Classes { path: folder.into(), count }),
    }
}

/// Checks that no two folders have names that are the same to people.
fn check_names(folders: &[Child]) -> Result<(), FolderError> {
    if let Some([first, second]) = look_alike(folders.iter().map(|child| child.path.as_path())) {
        return Err(FolderError::Alike { first, second });
    }
    let mut names = BTreeMap::new();
    for Child { path, .. } in folders {
        if let Some(other) = names.insert(name(path), path) {
            return Err(FolderError::SameName { first: other.clone(), second: path.clone() });
        }
    }
    Ok(())
}

/// The classes that these folders are, and what else lies in them; `group` is the folder's name that
/// they are in, if that is a group.
fn classes(group: &Path, folders: Vec<Child>) -> Result<(Vec<Class<PathBuf>>, Others), FolderError> {
    check_names(&folders)?;
    let mut all = Others::default();
    let classes = folders.into_iter().map(|Child { path, mut listing }| {
        listing.bury_folders();
        all.add(listing.others);
        Class { place: group.join(last(&path)), path, pictures: listing.pictures }
    });
    let classes = classes.collect();
    Ok((classes, all))
}

/// Says what is there instead of classes, and what to do.
fn no_classes(folder: &Path, top: &Listing, children: &[Child]) -> FolderError {
    let advice = on_another_level(children).or_else(|| on_two_levels(children));
    let (folder, advice) = match advice {
        Some(advice) => (folder.into(), advice),
        None => one_class_without(children).unwrap_or_else(|| (folder.into(), no_folders(folder, top))),
    };
    FolderError::Layout { folder, advice }
}

/// A folder of IDX files further down, such as MNIST/raw.
fn idx_below(folder: &Path, listing: &Listing, depth: usize) -> Option<String> {
    if idx::NAMES.iter().any(|name| idx::locate(folder, name).is_some()) {
        return Some(format!("the IDX files are in {}. Name that folder: {0}", quoted(folder)));
    }
    let depth = depth.checked_sub(1)?;
    listing.folders.iter().find_map(|folder| idx_below(folder, &Listing::of(folder).ok()?, depth))
}

/// A split whose folders are not called `train` and `test`, or that lacks one of them.
fn of_other_names(children: &[Child]) -> Option<String> {
    let of = |part| children.iter().find(|child| Part::of(&child.path) == Some(part));
    let with_classes = |part| of(part).filter(|child| !child.classes().is_empty());
    let train = with_classes(Part::Train)?;
    let rename = |child: &Child, to: &str| {
        let is_so = last(&child.path) == to;
        (!is_so).then(|| format!("mv {} {}", quoted(&child.path), quoted(&child.path.with_file_name(to))))
    };
    if let Some(test) = with_classes(Part::Test).or_else(|| with_classes(Part::Validation)) {
        let commands: Vec<String> =
            [rename(train, "train"), rename(test, "test")].into_iter().flatten().collect();
        return Some(format!(
            "it holds a split in {} and {}, but the folders of a split must be called train and test. Rename them: {}",
            name(&train.path),
            name(&test.path),
            commands.join(" && ")
        ));
    }
    let test = match of(Part::Test).or_else(|| of(Part::Validation)) {
        Some(test) => {
            let images = test.listing.pictures.len();
            format!(
                "{} holds {}, but no class folders that would say what they show",
                name(&test.path),
                counted(images, "image")
            )
        }
        None => "there is no folder `test` with the same class folders".into(),
    };
    Some(format!(
        "it holds training images in {}, but {test}. To test with a fifth of the training images instead, name their \
         folder: {}",
        name(&train.path),
        quoted(&train.path)
    ))
}

/// Images that all lie one level or more further down than those of classes.
fn on_another_level(children: &[Child]) -> Option<String> {
    if children.iter().any(|child| !child.listing.pictures.is_empty()) {
        return None;
    }
    let deep: Vec<(&Child, Vec<(PathBuf, usize)>)> = children
        .iter()
        .map(|child| (child, child.classes()))
        .filter(|(_, classes)| !classes.is_empty())
        .collect();
    let [(child, classes), others @ ..] = deep.as_slice() else {
        // Perhaps there are some still further down.
        let deeper = children.iter().find(|child| child.listing.pictures_below() > 0)?;
        return Some(format!(
            "no images lie in the folders of this folder, but {} lie further down in {}. Name the folder whose \
             sub-folders hold the images of one class each",
            deeper.listing.pictures_below(),
            shown(&deeper.path)
        ));
    };
    let place = |(path, images): &(PathBuf, usize)| format!("{} ({images})", shown(path));
    if others.is_empty() {
        return Some(format!(
            "the class folders seem to be one level further down: {}. Name the folder that holds them: {}",
            some(classes.iter().map(place), NAMED),
            quoted(&child.path)
        ));
    }
    // One class folder in each: otherwise they would be groups.
    let firsts: Vec<String> = deep.iter().map(|(_, classes)| place(&classes[0])).collect();
    Some(format!(
        "the images of each class lie in a folder inside of the class folder: {}. Move them up, as in: {}",
        some(firsts.into_iter(), NAMED),
        move_up(&classes[0].0)
    ))
}

/// Some folders are class folders, and others are groups of class folders.
fn on_two_levels(children: &[Child]) -> Option<String> {
    let (group, classes) =
        children.iter().map(|child| (child, child.classes())).find(|(child, classes)| {
            // With images of its own as well, it may be a class folder.
            child.listing.pictures.is_empty() && classes.len() > 1
        })?;
    let class = children.iter().find(|child| !child.listing.pictures.is_empty())?;
    let what = format!(
        "class folders lie on two levels: {} holds images ({}), and {} holds class folders ({})",
        shown(&class.path),
        class.listing.pictures.len(),
        shown(&group.path),
        some(classes.iter().map(|(path, images)| format!("{} ({images})", name(path))), NAMED)
    );
    Some(match class.classes().is_empty() {
        true => format!(
            "{what}. If it is a class, put it into a group, as in: mv {} {}/. If it is none, move it elsewhere",
            quoted(&class.path),
            quoted(&group.path)
        ),
        false => format!(
            "{what}. Of a group, each image must lie in a class folder; the first that does not is {}",
            shown(&class.listing.pictures[0])
        ),
    })
}

/// Some folders hold images, and this one does not.
fn one_class_without(children: &[Child]) -> Option<(PathBuf, String)> {
    let mut empty = children.iter().filter(|child| child.listing.pictures.is_empty());
    let (child, others) = (empty.next()?, empty.count());
    let others = if others > 0 { format!(" ({others} more are like it)") } else { String::new() };
    let what = match (child.classes().first(), child.listing.others.instead()) {
        (Some((path, images)), _) => format!(
            "It holds a folder with images, {} ({images}). Move them up: {}",
            shown(path),
            move_up(path)
        ),
        (None, Some(instead)) => instead,
        (None, None) => "It is empty. Put images there, or move this folder elsewhere".into(),
    };
    let advice = format!("no image (PNG, JPEG or BMP) is in this class folder{others}. {what}");
    Some((child.path.clone(), advice))
}

/// There are no sub-folders at all, or nothing is in them.
fn no_folders(folder: &Path, top: &Listing) -> String {
    let images = top.pictures.len();
    if images == 0 {
        let instead = top.others.instead().map(|instead| format!(". {instead}")).unwrap_or_default();
        return format!(
            "it holds neither IDX files ({} and so on, plain or gzipped) nor sub-folders with the images of one class \
             each{instead}",
            idx::NAMES[0]
        );
    }
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.into());
    let parent = whole.parent().and_then(|parent| Some((parent, Listing::of(parent).ok()?)));
    let is_class = |path: &PathBuf| {
        last(path) != last(&whole) && Listing::of(path).is_ok_and(|listing| !listing.pictures.is_empty())
    };
    match parent {
        Some((parent, listing)) if listing.folders.iter().any(is_class) => format!(
            "it holds {}, but no class folders; it seems to be one class of the folder above. Name that one: {}",
            counted(images, "image"),
            quoted(folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(parent))
        ),
        _ => format!(
            "it holds {}, but no class folders, so nothing says what they show. Put the images of each class into a \
             sub-folder with the class's name",
            counted(images, "image")
        ),
    }
}
