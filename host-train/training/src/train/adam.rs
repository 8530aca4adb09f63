//! Adam, to the last bit as Burn's, in one pass over the weights where that is possible.

use crate::{fused_conv::supported, net::floats};
use burn::{
    optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, ModuleOptimizer, Optimizer},
    tensor::{Device, Tensor, TensorData},
};

const BETAS: [f32; 2] = [0.9, 0.999];
const EPSILON: f32 = 1e-7;

/// Adam with decoupled weight decay (Kingma and Ba 2015, Loshchilov and Hutter 2019). With g the
/// gradient, in step t:
///
/// ```text
/// m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²
/// w ← (1 − lr · decay) w − lr · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)
/// ```
///
/// Burn's own goes over each of them a dozen times, on one thread, while the other threads wait.
#[derive(Clone)]
pub(super) struct Adam {
    burns: AdamW,
    weight_decay: f32,
}

impl Adam {
    /// Returns the optimizer of a whole learner.
    pub fn optimizer(weight_decay: f32) -> ModuleOptimizer {
        ModuleOptimizer::from(Self::new(weight_decay))
    }

    fn new(weight_decay: f32) -> Self {
        let config = AdamWConfig::new().with_beta_1(BETAS[0]).with_beta_2(BETAS[1]);
        let burns = config.with_epsilon(EPSILON).with_weight_decay(weight_decay).build();
        Self { burns, weight_decay }
    }
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        let device = tensor.device();
        if !supported(&device) {
            return self.burns.step(lr, tensor, grad, state);
        }
        let shape = tensor.dims();
        let (mut weights, grad) = (floats(tensor), floats(grad));
        let (time, mut m, mut v) = match state {
            Some(AdamWState { momentum }) => {
                (momentum.time + 1, floats(momentum.moment_1), floats(momentum.moment_2))
            }
            None => (1, vec![0.0; grad.len()], vec![0.0; grad.len()]),
        };
        let kept = BETAS.map(|beta| 1.0 - beta.powi(time as i32));
        let rates = Rates { kept, decay: (1.0 - lr * f64::from(self.weight_decay)) as f32, lr: lr as f32 };
        update(rates, &mut weights, &grad, &mut m, &mut v);
        let tensor = |values: Vec<f32>| Tensor::from_data(TensorData::new(values, shape), &device);
        let momentum = AdaptiveMomentumState::new(time, tensor(m), tensor(v));
        (tensor(weights), Some(AdamWState::new(momentum)))
    }

    fn to_device<const D: usize>(state: AdamWState<D>, device: &Device) -> AdamWState<D> {
        AdamW::to_device(state, device)
    }
}

/// The numbers of a step.
#[derive(Clone, Copy)]
struct Rates {
    /// `1 − βᵗ` of both moments.
    kept: [f32; 2],
    /// What a step leaves of the weights.
    decay: f32,
    lr: f32,
}

/// Rounds after every operation, as Burn's tensors do.
fn update(rates: Rates, weights: &mut [f32], grad: &[f32], m: &mut [f32], v: &mut [f32]) {
    let Rates { kept: [kept_1, kept_2], decay, lr } = rates;
    let [beta_1, beta_2] = BETAS;
    let (rest_1, rest_2) = (1.0 - beta_1, 1.0 - beta_2);
    for (((weight, &g), m), v) in weights.iter_mut().zip(grad).zip(m).zip(v) {
        *m = *m * beta_1 + g * rest_1;
        *v = *v * beta_2 + g * g * rest_2;
        *weight = *weight * decay - *m / kept_1 / ((*v / kept_2).sqrt() + EPSILON) * lr;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinytriplet_data::Rng;

    #[test]
    fn equals_burns() {
        let device = Device::flex();
        let mut rng = Rng::new(1);
        let mut random = |scale: f32| {
            let values: Vec<f32> = (0..7 * 5).map(|_| scale * rng.symmetric()).collect();
            Tensor::<2>::from_data(TensorData::new(values, [7, 5]), &device)
        };
        for weight_decay in [0.0, 0.05] {
            let adam = Adam::new(weight_decay);
            let begin = random(1.0);
            let (mut ours, mut theirs) = ((begin.clone(), None), (begin, None));
            for step in 0..20 {
                let (grad, lr) = (random([1e-9, 1e-3, 1.0, 30.0][step % 4]), 1e-3 * (step + 1) as f64);
                ours = adam.step(lr, ours.0, grad.clone(), ours.1);
                theirs = adam.burns.step(lr, theirs.0, grad, theirs.1);
                let bits = |tensor: &Tensor<2>| {
                    floats(tensor.clone()).into_iter().map(f32::to_bits).collect::<Vec<_>>()
                };
                assert_eq!(bits(&ours.0), bits(&theirs.0), "step {step}");
                let moments = |state: &Option<AdamWState<2>>| {
                    let momentum = &state.as_ref().unwrap().momentum;
                    (momentum.time, bits(&momentum.moment_1), bits(&momentum.moment_2))
                };
                assert_eq!(moments(&ours.1), moments(&theirs.1), "step {step}");
            }
        }
    }
}
