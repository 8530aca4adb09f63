//! The Pico's firmware over USB, in the emulator: the very program that is flashed enumerates, and speaks the protocol.

use shared_model::wire::{
    RequestBody, ResponseBody, Restart,
    client::{Client, ClientError},
};
use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};
use tinytriplet_boards::find;
use tinytriplet_launcher::emulator::{self, Binary, Emulator, EmulatorError, Line};

const READY: Duration = Duration::from_secs(60);

fn boot() -> Client<Emulator> {
    let program = emulator::build(find("pico").unwrap(), Binary::Firmware);
    let emulator = Emulator::boot_over(Line::Usb, &program.unwrap_or_else(|error| panic!("{error}")));
    let mut client = Client::new(emulator.unwrap_or_else(|error| panic!("{error}")));
    client.wait_until_ready(READY).unwrap();
    client
}

#[test]
fn a_pico_answers_over_usb_and_again_after_a_restart() {
    let mut client = boot();
    assert_eq!(client.info().unwrap().board, "pico");
    let (expected, actual) = client.self_test().unwrap();
    assert_eq!(expected, actual);

    // Requests and answers of many packets.
    let len = client.info().unwrap().model.input.shape;
    let pixels: Vec<u8> = (0..len.height * len.width * len.channels).map(|at| (at * 7 % 251) as u8).collect();
    client.show_pixels(&pixels).unwrap();
    assert_eq!(client.pixels().unwrap(), pixels);
    client.enrol("seven").unwrap();

    client.restart(Restart::Reset).unwrap();
    client.wait_until_ready(READY).unwrap();
    assert_eq!(client.info().unwrap().gallery.len, 1, "its flash keeps what was enrolled");
}

/// USB has flow control: what the board has no room for waits at the PC. On a UART it would be lost.
#[test]
fn no_byte_of_a_burst_is_lost() {
    const PINGS: usize = 1_000;
    let mut client = boot();
    let frame = shared_model::wire::encode_frame(
        &shared_model::wire::Request { id: 7, body: RequestBody::Ping },
        &mut [0; 32],
    )
    .unwrap()
    .to_vec();
    let link = client.link_mut();
    link.write_all(&frame.repeat(PINGS)).unwrap();
    let (start, mut ends, mut buffer) = (Instant::now(), 0, [0; 4096]);
    while ends < PINGS && start.elapsed() < READY {
        // It times out while there is nothing.
        let len = link.read(&mut buffer).unwrap_or(0);
        ends += buffer[..len].iter().filter(|&&byte| byte == 0).count();
    }
    assert_eq!(ends, PINGS);
    client.ping().unwrap();
}

#[test]
fn a_pc_that_does_not_read_does_not_stop_the_board() {
    let mut client = boot();
    let before = client.info().unwrap().uptime;
    client.link_mut().set_usb_reading(false).unwrap();
    for _ in 0..20 {
        let ping = [3, 3, 1, 5, 0x0a, 0x56, 0x1c, 0xe4, 0];
        client.link_mut().write_all(&ping).unwrap();
    }
    // Longer than the board waits, and not as long as its watchdog does.
    std::thread::sleep(Duration::from_secs(4));
    client.link_mut().set_usb_reading(true).unwrap();
    client.ping().unwrap();
    assert!(client.info().unwrap().uptime > before, "it has not restarted");
}

#[test]
fn half_a_frame_is_no_harm() {
    let mut client = boot();
    client.link_mut().write_all(&[9, 3, 1]).unwrap();
    client.ping().unwrap();
    // Nor is one that never ends.
    client.link_mut().write_all(&[1; 5_000]).unwrap();
    client.ping().unwrap();
}

#[test]
fn a_restart_into_the_boot_loader_is_answered_and_ends_the_program() {
    let mut client = boot();
    client.restart(Restart::Bootloader).unwrap();
    let start = Instant::now();
    while client.link_mut().is_running() && start.elapsed() < READY {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!client.link_mut().is_running(), "the board is a drive now");
    assert!(matches!(client.ask(RequestBody::Ping), Err(ClientError::Link(_))));
}

#[test]
fn a_board_whose_usb_is_not_emulated_is_refused() {
    let program = emulator::build(find("mps2-an386").unwrap(), Binary::Firmware);
    let refused = Emulator::boot_over(Line::Usb, &program.unwrap_or_else(|error| panic!("{error}")));
    assert!(matches!(refused.map(|_| ()), Err(EmulatorError::NoUsb(_))));
}

/// Over the UART, the same program answers as before: nothing is plugged in.
#[test]
fn the_uart_answers_while_no_pc_talks_over_usb() {
    let program = emulator::build(find("pico").unwrap(), Binary::Firmware).unwrap();
    let mut client = Client::new(Emulator::boot(&program).unwrap());
    client.wait_until_ready(READY).unwrap();
    assert_eq!(client.ask(RequestBody::Ping).unwrap(), ResponseBody::Pong);
}
