//! Trains a net, with Burn, which no other crate names.
//!
//! ```text
//! data → sampler → net → miner → loss → checkpoint
//! ```

mod augment;
mod conv;
mod device;
mod dihedral;
mod fused_conv;
mod loss;
mod miner;
mod mixture;
pub mod net;
mod product;
pub mod sampler;
mod standardise;
pub mod train;

pub use burn::tensor::Device;
pub use device::{BackendError, device};
