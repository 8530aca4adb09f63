//! Boards in an emulator, running the very image that is flashed, against the engine on the host.

use firmware::{
    boards,
    client::{Client, ClientError},
    emulator::{self, Binary, Emulator},
    model,
};
use shared_model::{
    Model,
    protocol::{FrameError, ModelInfo, NO_ID, RequestError, ResponseBody},
};
use std::time::Duration;
use tests::images;

fn boot(name: &str) -> Client<Emulator> {
    let board = boards::find(name).expect("a board of the table");
    let program = emulator::build(board, Binary::Firmware).unwrap_or_else(|error| panic!("{error}"));
    let emulator = Emulator::boot(&program).unwrap_or_else(|error| panic!("{error}"));
    let mut client = Client::new(emulator);
    client.wait_until_ready(Duration::from_secs(60)).unwrap();
    client
}

/// Embeds `count` images on the board and on the host: the same bytes. Compares neighbours on both: the same
/// distance.
fn parity(client: &mut Client<Emulator>, count: usize) {
    let model = Model::decode(model::FILE).unwrap();
    let mut scratch = vec![0; model.scratch_len()];
    let mut host = [vec![0; model.embedding_len()], vec![0; model.embedding_len()]];
    let images = images::test_images(count, model.input_len());
    assert_eq!(images.len(), count);
    for (index, pixels) in images.iter().enumerate() {
        host.swap(0, 1);
        model.embed(pixels, &mut scratch, &mut host[0]).unwrap();
        assert_eq!(client.embed(pixels).unwrap(), host[0], "image {index}");
        if index % 50 == 1 {
            let distance = client.compare(pixels, &images[index - 1]).unwrap();
            assert_eq!(distance, model.compare(&host[0], &host[1]), "images {} and {index}", index - 1);
        }
    }
    let distinct: std::collections::HashSet<&Vec<u8>> = images.iter().collect();
    assert!(distinct.len() > count * 9 / 10, "{} of {count} images are distinct", distinct.len());
}

/// What a board says of itself, and of requests that make no sense, and that it goes on afterwards.
fn conversation(client: &mut Client<Emulator>, board: &str) {
    let model = Model::decode(model::FILE).unwrap();
    let info = client.info().unwrap();
    assert_eq!(info.board, board);
    assert_eq!(info.model, ModelInfo::of(&model));

    let expected = model.input_len() as u32;
    assert_eq!(
        client.embed(&[0; 3]).unwrap_err(),
        ClientError::Refused(RequestError::ImageLength { expected, actual: 3 })
    );

    let mut refusal = |bytes: &[u8]| {
        client.send(bytes).unwrap();
        let response = client.receive_any().unwrap();
        assert_eq!(response.id, NO_ID);
        match response.body {
            ResponseBody::Error(RequestError::Frame(error)) => error,
            body => panic!("{body:?}"),
        }
    };
    assert_eq!(refusal(&[1, 1, 1, 0]), FrameError::Crc);
    assert_eq!(refusal(&[200, 1, 0]), FrameError::Cobs);
    let longest = 2 * model.input_len();
    assert_eq!(refusal(&[vec![1; 10 * longest], vec![0]].concat()), FrameError::TooLong);
    client.ping().unwrap();
}

#[test]
fn mps2_an386_equals_the_host() {
    let mut client = boot("mps2-an386");
    conversation(&mut client, "mps2-an386");
    parity(&mut client, 1_000);
}

#[test]
fn nucleo_f446re_equals_the_host() {
    let mut client = boot("nucleo-f446re");
    conversation(&mut client, "nucleo-f446re");
    parity(&mut client, 200);
}

/// A board logs through defmt, where a debug probe would read it.
#[test]
fn boards_log() {
    let mut client = boot("mps2-an386");
    let entries = client.link_mut().log_entries().unwrap();
    assert!(entries.len() > 8 && entries.ends_with(&[0]), "{entries:?}");
}
