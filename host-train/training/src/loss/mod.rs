//! The losses, one file per loss.
//!
//! A loss gets the embeddings of a batch and says one number with its gradient, and on how much of
//! the batch it rests: triplets, pairs or images, whatever it is made of. To add one, implement
//! [`Loss`], give it a place in [`LossConfig`], and build it in [`loss`].

mod batch;
mod contrastive;
mod distillation;
mod multi_similarity;
mod proxies;
mod sup_con;
#[cfg(test)]
mod testing;
mod triplet;

pub use batch::{EmbeddedBatch, Loss};
pub use contrastive::Contrastive;
pub use distillation::Distillation;
pub use multi_similarity::MultiSimilarity;
pub use proxies::Proxies;
pub use sup_con::SupCon;
pub use triplet::Triplets;

use tinytriplet_recipe::{LossConfig, TrainConfig};

/// Returns the loss that a config asks for.
pub fn loss(config: &TrainConfig) -> Box<dyn Loss> {
    match config.loss {
        LossConfig::Triplet(triplet) => Box::new(Triplets::new(&triplet)),
        LossConfig::Contrastive(contrastive) => Box::new(Contrastive { margin: contrastive.margin as f32 }),
        LossConfig::SupCon(sup_con) => Box::new(SupCon { temperature: sup_con.temperature as f32 }),
        LossConfig::MultiSimilarity(config) => Box::new(MultiSimilarity {
            alpha: config.alpha as f32,
            beta: config.beta as f32,
            base: config.base as f32,
            epsilon: config.epsilon as f32,
        }),
        LossConfig::Proxies(proxies) => {
            Box::new(Proxies { scale: proxies.scale as f32, margin: proxies.margin as f32 })
        }
        LossConfig::Distillation(_) => Box::new(Distillation),
    }
}
