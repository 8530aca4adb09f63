//! Trains a net, with Burn, which no other crate names.
//!
//! ```text
//! data → sampler → net → miner → loss → checkpoint
//! ```

pub mod augment;
pub mod conv;
mod device;
pub mod dihedral;
pub mod fused_conv;
pub mod loss;
pub mod miner;
pub mod net;
mod product;
pub mod sampler;
pub mod train;

pub use burn::tensor::Device;
pub use device::{BackendError, device};
