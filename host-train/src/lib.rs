//! Trains a metric-learning net, quantizes it, and writes the file that a microcontroller runs.
//!
//! ```text
//! data → sampler → net → miner → loss → checkpoint        (Burn)
//! checkpoint → float_net → quantize → export → model file (arrays and integers)
//! model file → engine → metrics                           (what a board computes, bit for bit)
//! run, data → report                                      (what it was worth, to look at)
//! images → device → board → labels                        (over a serial line)
//! ```

pub mod augment;
pub mod cli;
pub mod commands;
pub mod config;
pub mod conv;
pub mod data;
pub mod device;
pub mod engine;
pub mod evaluation;
pub mod export;
pub mod float_net;
pub mod fused_conv;
pub mod loss;
pub mod metrics;
pub mod miner;
pub mod net;
pub mod quantize;
pub mod report;
pub mod rng;
pub mod run_folder;
pub mod sampler;
pub mod terminal;
pub mod train;
pub mod turn;
