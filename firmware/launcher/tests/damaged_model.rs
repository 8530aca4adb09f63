//! A firmware whose model was damaged in flash: the board says so, instead of restarting for ever.

use shared_model::wire::{
    RequestBody, RequestError,
    client::{Client, ClientError},
};
use std::{fs, path::Path, time::Duration};
use tinytriplet_boards::find;
use tinytriplet_launcher::emulator::{self, Binary, Emulator, Program};

#[test]
fn a_board_with_a_damaged_model_answers_and_names_it() {
    let program = emulator::build(find("mps2-an386").unwrap(), Binary::Firmware);
    let mut bytes = fs::read(program.unwrap_or_else(|error| panic!("{error}")).path()).unwrap();
    let model = bytes.windows(10).position(|bytes| bytes == b"TINYTRIP\x04\0").expect("a model is built in");
    bytes[model + 20_000] ^= 1;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("damaged-model.elf");
    fs::write(&path, bytes).unwrap();

    let mut client = Client::new(Emulator::boot(&Program::read(&path).unwrap()).unwrap());
    client.wait_until_ready(Duration::from_secs(60)).unwrap();
    let refused = ClientError::Refused(RequestError::DamagedModel);
    assert_eq!(client.ask(RequestBody::Info).unwrap_err(), refused);
    client.ping().unwrap();
    assert_eq!(client.ask(RequestBody::SelfTest).unwrap_err(), refused);
}
