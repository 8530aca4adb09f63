//! On a board this is the firmware. On a PC it is the launcher, which builds the firmware, boots it
//! in an emulator and shows it at work.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod start;

#[cfg(not(target_os = "none"))]
fn main() -> std::process::ExitCode {
    tinytriplet_launcher::main(firmware::model::FILE)
}
