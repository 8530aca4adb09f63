//! On a board this is the firmware. On a PC it is the launcher, which builds the firmware, boots it
//! in an emulator and shows it at work.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board {
    #[cfg(target_arch = "arm")]
    use cortex_m_rt::entry;
    use firmware::start;
    #[cfg(target_arch = "riscv32")]
    use riscv_rt::entry;

    #[entry]
    fn main() -> ! {
        let parts = tinytriplet_boards::init(start::receive_queue());
        #[cfg(feature = "source-pattern")]
        let parts = parts.with_source(tinytriplet_device::pattern::Pattern::new());
        start::run(parts)
    }
}

#[cfg(not(target_os = "none"))]
fn main() -> std::process::ExitCode {
    tinytriplet_launcher::main(firmware::model::FILE, firmware::model::CAPACITY)
}
