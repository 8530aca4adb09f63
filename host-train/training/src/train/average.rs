use super::learner::Learner;
use crate::{fused_conv::supported, net::floats};
use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    tensor::{Tensor, TensorData},
};
use std::collections::HashMap;

/// The running mean of a learner's weights, and of its batch norms' statistics (Polyak and Juditsky
/// 1992; as an exponential moving average, Tarvainen and Valpola 2017).
pub(super) struct Average {
    /// Without gradients.
    learner: Learner,
    /// Share of the mean that a step keeps in the end.
    keep: f64,
}

impl Average {
    /// Begins with these weights: a new learner's, or a mean that was saved.
    pub(super) fn new(learner: &Learner, keep: f64) -> Self {
        Self { learner: learner.valid(), keep }
    }

    /// Takes the weights after step `step`, counted from 1, into the mean.
    pub(super) fn add(&mut self, learner: &Learner, step: usize) {
        let step = step as f64;
        let mut current =
            Current { tensors: HashMap::new(), share: 1.0 - self.keep.min(step / (step + 10.0)) };
        learner.valid().visit(&mut current);
        self.learner = self.learner.clone().map(&mut current);
    }

    pub(super) fn learner(&self) -> &Learner {
        &self.learner
    }
}

/// Every weight by its id, flattened, and its share of the mean to come.
struct Current {
    tensors: HashMap<ParamId, Tensor<1>>,
    share: f64,
}

impl ModuleVisitor for Current {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.tensors.insert(param.id, param.val().flatten(0, D - 1));
    }
}

impl ModuleMapper for Current {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(current) = self.tensors.remove(&param.id) else { return param };
        param.map(|mean| {
            if supported(&mean.device()) {
                return averaged(mean, current, self.share as f32);
            }
            let current = current.reshape(mean.dims());
            mean.clone() + (current - mean) * self.share
        })
    }
}

/// The same in one pass, which rounds as the three operations do.
fn averaged<const D: usize>(mean: Tensor<D>, current: Tensor<1>, share: f32) -> Tensor<D> {
    let (shape, device) = (mean.dims(), mean.device());
    let mut values = floats(mean);
    for (mean, current) in values.iter_mut().zip(floats(current)) {
        *mean += (current - *mean) * share;
    }
    Tensor::from_data(TensorData::new(values, shape), &device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use shared_model::inspect::Shape;
    use tinytriplet_data::Rng;
    use tinytriplet_recipe::Config;

    #[test]
    fn weights_are_averaged_by_their_shares() {
        let device = Device::flex().autodiff();
        let config = Config::preset("origin").unwrap().net;
        let learner = |seed| {
            Learner::new(&config, Shape::new(28, 28, 1), Some(3), &mut Rng::new(seed), &device).unwrap()
        };
        let first = |learner: &Learner| floats(learner.proxies.as_ref().unwrap().val())[0];
        let start = learner(1);
        let mut average = Average::new(&start, 0.75);
        // The same parameters a step later: ids stay, values change.
        let mut moved = start.clone();
        moved.proxies = moved.proxies.map(|proxies| proxies.map(|values| values + 8.0));
        average.add(&moved, 1_000_000);
        assert!((first(average.learner()) - (first(&start) + 2.0)).abs() < 1e-5);
        // A young mean forgets faster: 10 / 11 of the first step count.
        let mut young = Average::new(&start, 0.75);
        young.add(&moved, 1);
        assert!((first(young.learner()) - (first(&start) + 80.0 / 11.0)).abs() < 1e-5);
        assert_eq!(average.learner().net.to_float_net(), start.net.to_float_net());
    }
}
