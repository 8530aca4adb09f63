//! What a board does whose model is damaged: it says so, on the line and by its light, instead of
//! restarting for ever.

use crate::{
    hardware::{Board, Parts, System},
    light::{Light, Show},
};
use embedded_io::{ErrorType, Read, ReadReady, Write};
use shared_model::wire::{
    FrameReader, NO_ID, Request, RequestBody, RequestError, Response, ResponseBody, Restart, decode_message,
    encode_frame,
};

/// Bytes of the longest answer's frame.
const ANSWER: usize = 32;

/// Answers until the serial line ends: pings, and restarts, into the boot loader too; everything
/// else with [`RequestError::DamagedModel`]. On a board the line never ends.
///
/// # Errors
/// Returns the errors of the serial line.
pub fn run<B: Board, const FRAME: usize>(
    parts: Parts<B>,
    reader: &mut FrameReader<FRAME>,
) -> Result<(), <B::Serial as ErrorType>::Error> {
    let Parts { mut serial, led, mut system, .. } = parts;
    let mut light = Light::new(led);
    light.show(Show::Fault, system.now());
    let mut received = [0; 64];
    loop {
        system.feed_watchdog();
        light.update(system.now());
        if !serial.read_ready()? {
            system.sleep();
            continue;
        }
        let len = serial.read(&mut received)?;
        if len == 0 {
            return Ok(());
        }
        for &byte in &received[..len] {
            let Some(frame) = reader.push(byte) else { continue };
            let request = frame.and_then(decode_message::<Request<'_>>);
            let (id, body) = match &request {
                Ok(Request { id, body }) => (*id, answer(body, &system)),
                Err(error) => (NO_ID, ResponseBody::Error(RequestError::Frame(*error))),
            };
            let mut buffer = [0; ANSWER];
            let is_done = body == ResponseBody::Done;
            serial.write_all(encode_frame(&Response { id, body }, &mut buffer).unwrap_or_default())?;
            serial.flush()?;
            match request {
                Ok(Request { body: RequestBody::Restart(Restart::Bootloader), .. }) if is_done => {
                    system.enter_bootloader();
                }
                _ if is_done => system.restart(),
                _ => {}
            }
        }
    }
}

fn answer(request: &RequestBody<'_>, system: &impl System) -> ResponseBody<'static> {
    match request {
        RequestBody::Ping => ResponseBody::Pong,
        RequestBody::Restart(Restart::Reset) => ResponseBody::Done,
        RequestBody::Restart(Restart::Bootloader) if system.has_bootloader() => ResponseBody::Done,
        RequestBody::Restart(Restart::Bootloader) => ResponseBody::Error(RequestError::NoBootloader),
        _ => ResponseBody::Error(RequestError::DamagedModel),
    }
}
