//! The program's commands, one file per command.

pub mod bench;
pub mod calibrate;
pub mod characters;
pub mod checkpoint;
pub mod completions;
pub mod data;
pub mod device;
pub mod draw;
mod drawing;
pub mod embed;
pub mod episodes;
pub mod eval;
pub mod export;
mod folds;
pub mod images;
pub mod inspect;
pub mod model_file;
mod other_nets;
pub mod report;
pub mod run_data;
pub mod samples;
pub mod scores;
pub mod see;
pub mod study;
pub mod threshold;
pub mod train;
