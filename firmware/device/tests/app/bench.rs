//! The board on the bench that the tests ask.

use crate::model::{self, CAPACITY, EMBEDDING_LEN, EXEMPLARS};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{
    Model,
    wire::{GalleryInfo, ImageForm, RequestBody, Response, ResponseBody, encode_frame, image_requests},
};
use tinytriplet_device::{
    memory::{self, CHUNK_LEN},
    testing::{self, Answer},
};

pub const FRAME: usize = memory::request_len(EMBEDDING_LEN, EXEMPLARS);

pub type Bench = testing::Bench<'static, FRAME, CAPACITY>;

pub fn board() -> Bench {
    Bench::new("a test", host_model(), EXEMPLARS)
}

/// Returns requests that show an image, and then one about it.
pub fn about<'a>(pixels: &'a [u8], request: RequestBody<'a>) -> Vec<RequestBody<'a>> {
    let form = ImageForm::Pixels { len: pixels.len() as u32 };
    image_requests(form, pixels, CHUNK_LEN).chain([request]).collect()
}

/// Starts a board, and returns its answer to the last of these requests. The others are carried
/// out.
pub fn ask_last(bench: &mut Bench, requests: &[RequestBody<'_>]) -> Answer {
    let mut answers = bench.ask(requests);
    let last = answers.pop().unwrap();
    assert!(answers.iter().all(|answer| answer.body() == ResponseBody::Done), "{answers:?}");
    last
}

pub fn gallery(bench: &mut Bench) -> GalleryInfo {
    match bench.ask_one(RequestBody::Info).body() {
        ResponseBody::Info(info) => info.gallery,
        body => panic!("{body:?}"),
    }
}

pub fn host_model() -> Model<'static> {
    model::model()
}

pub fn encoded(id: u32, body: ResponseBody<'_>) -> Vec<u8> {
    let mut buffer = vec![0; 8192];
    encode_frame(&Response { id, body }, &mut buffer).unwrap().to_vec()
}

/// Returns an image that depends on `seed`.
pub fn image(seed: u32) -> Vec<u8> {
    let mut pixels = vec![0; model::INPUT_LEN];
    ChaCha8Rng::seed_from_u64(seed.into()).fill_bytes(&mut pixels);
    pixels
}

pub fn embedding(pixels: &[u8]) -> Vec<u8> {
    let (mut scratch, mut embedding) = ([0; model::SCRATCH_LEN], vec![0; model::EMBEDDING_LEN]);
    host_model().embed(pixels, &mut scratch, &mut embedding).unwrap();
    embedding
}

/// The labels, and how many images each has.
pub fn list(bench: &mut Bench) -> Vec<(String, u32)> {
    let mut list = Vec::new();
    for index in 0..gallery(bench).len {
        match bench.ask_one(RequestBody::Entry { index }).body() {
            ResponseBody::Entry { label, value } => {
                list.push((label.to_owned(), u32::from_le_bytes(*value.first_chunk().unwrap())));
            }
            body => panic!("{body:?}"),
        }
    }
    list.sort();
    list
}
