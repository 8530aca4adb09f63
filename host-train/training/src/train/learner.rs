use crate::net::{Net, NetError, glorot};
use burn::{
    module::{Module, Param},
    tensor::{Device, Tensor},
};
use shared_model::inspect::Shape;
use tinytriplet_data::Rng;
use tinytriplet_recipe::NetConfig;

/// All that learns: the net, and what the loss needs beside it.
#[derive(Module, Debug)]
pub(super) struct Learner {
    pub net: Net,
    /// `[classes, values]`
    pub proxies: Option<Param<Tensor<2>>>,
}

impl Learner {
    /// Creates a learner with random weights drawn from `rng`; with this many proxies, or none.
    ///
    /// # Errors
    /// Returns the same errors as [`Net::new`].
    pub fn new(
        config: &NetConfig,
        input: Shape,
        proxies: Option<usize>,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Self, NetError> {
        let net = Net::new(config, input, rng, device)?;
        let values = net.embedding_len();
        let proxies = proxies.map(|classes| glorot([classes, values], (values, classes), rng, device));
        Ok(Self { net, proxies })
    }
}
