//! Decodes what defmt has encoded: `log-decoder PROGRAM.elf <ENTRIES`. Prints a line for each entry, its level first.

use defmt_decoder::{DecodeError, Table};
use std::{
    env,
    error::Error,
    fs,
    io::{Read, stdin},
};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: log-decoder PROGRAM.elf <ENTRIES")?;
    let table = Table::parse(&fs::read(path)?)?.ok_or("the program has no log")?;
    let mut entries = Vec::new();
    stdin().read_to_end(&mut entries)?;
    let mut decoder = table.new_stream_decoder();
    decoder.received(&entries);
    loop {
        match decoder.decode() {
            Ok(entry) => {
                println!("{} {}", entry.level().map_or("", |level| level.as_str()), entry.display_message());
            }
            Err(DecodeError::UnexpectedEof) => return Ok(()),
            Err(DecodeError::Malformed) => return Err("the entries are damaged".into()),
        }
    }
}
