//! The reason why data cannot be used.

use crate::{
    dataset::{CHARACTERS, DRAWN, SIGNS, VARIABLE},
    download::DownloadError,
    folder::FolderError,
    idx::IdxError,
    names::counted,
    picture::PictureError,
};
use std::path::PathBuf;
use thiserror::Error;

/// The reason why the data that the user named cannot be used.
#[derive(Debug, Error)]
pub enum DataError {
    /// Nothing is there.
    #[error(
        "{}: no such folder. Name one that holds MNIST's four IDX files or one sub-folder of images per class, or say \
         `{DRAWN}` (digits), `{SIGNS}` or `{CHARACTERS}` for images that this program draws",
        .0.display()
    )]
    NoFolder(PathBuf),
    /// A file is there.
    #[error("{}: this is a file. Name the folder of all four IDX files, or of the images", .0.display())]
    NotAFolder(PathBuf),
    /// Images that are grey where colour is wanted.
    #[error(
        "the images of {name} are grey, and the net takes {wanted} values per pixel (data.channels). Name a folder of \
         pictures, or take a net of data.channels = 1"
    )]
    Grey {
        /// The data's name.
        name: String,
        /// The values per pixel that are wanted.
        wanted: u16,
    },
    /// Images of several sources have several sizes.
    #[error(
        "data.mixture: the images of {source_name} have {}×{}×{} pixels, the run's own {}×{}×{}. Set data.size such \
         that they are alike", others[0], others[1], others[2], own[0], own[1], own[2]
    )]
    SourceSize {
        /// The source, as the recipe names it.
        source_name: String,
        /// Rows, columns and values per pixel of the run's own images.
        own: [usize; 3],
        /// Those of the source's.
        others: [usize; 3],
    },
    /// A folder of decoys has no pictures.
    #[error("{}: no folder with pictures (PNG, JPEG or BMP) is there. Name one", .0.display())]
    NoDecoys(PathBuf),
    /// All decoys lie too deep.
    #[error(
        "{}: no pictures up to {depth} folders down, but {} below. Move them up",
        folder.display(), counted(*count, "picture")
    )]
    DeepDecoys {
        /// The folder.
        folder: PathBuf,
        /// The pictures below.
        count: usize,
        /// The levels of sub-folders that are looked into.
        depth: usize,
    },
    /// A decoy that cannot be used.
    #[error("{0}. Repair or replace it, or say --skip-broken to go on without such files")]
    BrokenDecoy(Box<PictureError>),
    /// More decoys than there may be.
    #[error("{}: {count} pictures; it takes {most} at most. Choose some of them", folder.display())]
    ManyDecoys {
        /// The folder.
        folder: PathBuf,
        /// The pictures in it.
        count: usize,
        /// The most that there may be.
        most: usize,
    },
    /// The folder's images cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The folder lacks one of the four files.
    #[error("{}: {name} is not in this folder, neither plain nor gzipped (.gz). Put all four IDX files there", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// The file's standard name.
        name: &'static str,
    },
    /// One of the files is wrong.
    #[error(transparent)]
    Idx(#[from] IdxError),
    /// Images and labels do not belong together.
    #[error(
        "{}: {image_count} images, but {label_count} labels in {}. Take both files from the same place",
        images.display(), labels.display()
    )]
    Counts {
        /// The file of images.
        images: PathBuf,
        /// Number of images.
        image_count: usize,
        /// The file of labels.
        labels: PathBuf,
        /// Number of labels.
        label_count: usize,
    },
    /// Training and test images do not belong together.
    #[error(
        "{}: training images have {}×{} pixels, test images {}×{}; they must be of one size",
        folder.display(), train.0, train.1, test.0, test.1
    )]
    Sizes {
        /// The folder.
        folder: PathBuf,
        /// Height and width of the training images.
        train: (usize, usize),
        /// Height and width of the test images.
        test: (usize, usize),
    },
    /// MNIST was asked for, is not on this machine, and could not be downloaded.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The folder that [`VARIABLE`] names is wrong.
    #[error("{VARIABLE}={0}")]
    Environment(Box<DataError>),
}
