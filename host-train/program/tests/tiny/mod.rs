//! A run that is done in seconds.

/// A small net on drawn digits, to runs/tiny.
pub const TRAIN: [&str; 9] = [
    "-c",
    "tiny",
    "--data",
    "drawn",
    "--set",
    "train.steps=30",
    "--set",
    "train.batch.balanced.images_per_class=2",
    "--set=train.validate_every=10",
];
