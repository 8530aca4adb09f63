//! The float net of a run.

use anyhow::{Context, Result};
use std::path::Path;
use tinytriplet_data::{Rng, Split};
use tinytriplet_recipe::{Backend, NetConfig};
use tinytriplet_training::{device, net::Net, train::shape};

/// Returns the net of a checkpoint, which was trained on images of this size. On Flex, whatever trained it:
/// that is part of every build, and the fastest on a CPU.
///
/// # Errors
/// Returns an error if the file cannot be read, or does not fit the config.
pub fn checkpoint(config: &NetConfig, images: &Split, path: &Path) -> Result<Net> {
    let net = Net::new(config, shape(images)?, &mut Rng::new(0), &device(Backend::Flex)?)?;
    net.load(path).with_context(|| format!("cannot read {} as a checkpoint of this run", path.display()))
}
