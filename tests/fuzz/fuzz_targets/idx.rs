//! IDX files, plain and gzipped, as a folder of data: whatever they hold, there is an error or a dataset that is whole.
#![no_main]

use std::{cell::RefCell, fs};
use tempfile::TempDir;
use tinytriplet_data::{Place, Request, find};

/// The folder that holds the files of one input after the other.
fn folder() -> TempDir {
    tempfile::tempdir().expect("the system's folder for temporary files can be written")
}

thread_local!(static FOLDER: RefCell<TempDir> = RefCell::new(folder()));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((images, labels)) = fuzz::split(data) else { return };
    FOLDER.with_borrow(|folder| {
        for split in ["train", "t10k"] {
            fs::write(folder.path().join(format!("{split}-images-idx3-ubyte")), images).unwrap();
            fs::write(folder.path().join(format!("{split}-labels-idx1-ubyte")), labels).unwrap();
        }
        let request =
            Request { place: Place::Named(folder.path().to_owned()), seed: 1, ..Request::default() };
        match find(request, &mut |_| {}) {
            Ok(dataset) => {
                for split in [&dataset.train, &dataset.test] {
                    assert!(!split.is_empty());
                    assert_eq!(split.labels().len(), split.len());
                    assert_eq!(split.images().len(), split.len());
                    assert!(split.images().all(|image| image.len() == split.height * split.width));
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
});
