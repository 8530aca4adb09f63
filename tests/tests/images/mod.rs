//! Images to test with: MNIST's where they are, drawn digits otherwise.

use std::path::Path;
use tinytriplet_data::{Place, Request, VARIABLE, drawn};

/// `count` test images, different ones as long as there are enough. MNIST is taken from the folder in
/// `TINYTRIPLET_DATA`, which may be relative to the workspace; it must hold MNIST if it is set.
pub fn test_images(count: usize, len: usize) -> Vec<Vec<u8>> {
    let split = match std::env::var_os(VARIABLE) {
        Some(folder) => {
            // Cargo runs tests in the package's folder, people name folders from the workspace's.
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
            let request = Request { place: Place::Named(path), seed: 1, ..Request::default() };
            tinytriplet_data::find(request, &mut |_| {}).unwrap_or_else(|error| panic!("{error}")).test
        }
        None => drawn::dataset(1, 1, count.div_ceil(10)).test,
    };
    assert_eq!(split.image(0).len(), len, "the model in the firmware takes other images");
    (0..count).map(|index| split.image(index % split.len()).to_vec()).collect()
}
