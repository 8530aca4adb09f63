//! A trained net without Burn: as floats, in integers, as a model file, and how good each is.
//!
//! ```text
//! float_net → quantize → export → model file (arrays and integers)
//! model file → engine → metrics → scores     (what a board computes, bit for bit)
//! ```

pub mod calibrate;
pub mod dequantize;
pub mod engine;
pub mod export;
pub mod float_net;
pub mod history;
pub mod metrics;
pub mod one_shot;
pub mod photographs;
pub mod quantize;
pub mod scores;
pub mod strangers;
pub mod vector;
