//! The float net of a run.

use anyhow::Result;
use std::path::Path;
use tinytriplet_data::{Rng, Split};
use tinytriplet_recipe::{Backend, NetConfig};
use tinytriplet_report::run_folder::unreadable;
use tinytriplet_training::{device, net::Net, train::shape};

/// Returns the net of a checkpoint, which was trained on images of this size. On Flex, whatever trained it:
/// that is part of every build, and the fastest on a CPU.
///
/// # Errors
/// Returns an error if the file cannot be read, or does not fit the config.
pub fn checkpoint(config: &NetConfig, images: &Split, path: &Path) -> Result<Net> {
    let net = Net::new(config, shape(images)?, &mut Rng::new(0), &device(Backend::Flex)?)?;
    net.load(path).map_err(|error| {
        let advice = "These are the weights that this run's config.toml was trained to: copy the run again, or train \
                      once more";
        unreadable(path, error, advice)
    })
}
