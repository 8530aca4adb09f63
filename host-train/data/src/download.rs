//! MNIST from the network, kept in a cache.
//!
//! A file of a mirror or the cache counts only if the SHA-256 of its *unpacked* content is right,
//! so it does not matter who serves a file, how it was compressed, or what has befallen the cache.

use crate::{
    event::{Event, Progress},
    idx::{Content, Fault, NAMES, unpack},
};
use sha2::{Digest, Sha256};
use std::{
    fmt, fs,
    io::{self, Read},
    mem,
    path::Path,
    process,
    time::Duration,
};
use thiserror::Error;

/// Public copies of MNIST, at three different providers: PyTorch's, TensorFlow's, and one on
/// GitHub.
pub const MIRRORS: [&str; 3] = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
];

/// SHA-256 of the files of [`NAMES`], unpacked.
pub(super) const CHECKSUMS: [&str; 4] = [
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
];

/// The most bytes of one file, packed and unpacked; the largest has 47 MB.
const LIMIT: u64 = 64 << 20;
/// Together with the next and three mirrors: 15 s until a machine without a network goes on.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A server that is silent for so long has failed; one that is slow has not.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(10);
/// Except for one that drips.
const FILE_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// The reason why MNIST could not be had: each mirror and its failure.
#[derive(Debug)]
pub struct DownloadError {
    /// Address of the mirror, and what went wrong there.
    pub failures: Vec<(String, MirrorError)>,
}

impl fmt::Display for DownloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MNIST is not in the cache and could not be downloaded:")?;
        self.failures.iter().try_for_each(|(mirror, error)| write!(f, "\n  {mirror}: {error}"))
    }
}

impl std::error::Error for DownloadError {}

/// The failure of one mirror.
#[derive(Debug, Error)]
pub enum MirrorError {
    /// No connection, or no answer, or not the one hoped for.
    #[error("{0}")]
    Request(Box<ureq::Error>),
    /// The file stopped coming.
    #[error("{file} stopped after {received} bytes ({reason})")]
    Body {
        /// The file's name.
        file: String,
        /// The number of bytes received.
        received: usize,
        /// The system's error.
        reason: io::Error,
    },
    /// A file came that does not unpack.
    #[error("{file}: {fault}")]
    Content {
        /// The file's name.
        file: String,
        /// The fault.
        fault: Fault,
    },
    /// A file came that is not MNIST's.
    #[error("{file} is not MNIST's: its unpacked content has SHA-256 {found}, not {wanted}")]
    Checksum {
        /// The file's name.
        file: String,
        /// SHA-256 of what came.
        found: String,
        /// SHA-256 of the right content.
        wanted: String,
    },
}

/// Returns true if the four files are MNIST's own.
pub(super) fn is_mnist(contents: &[Content; 4]) -> bool {
    contents.iter().zip(CHECKSUMS).all(|(content, checksum)| sha256(&content.bytes) == checksum)
}

/// MNIST's four files, in the order of [`NAMES`].
pub(super) struct Mnist {
    pub contents: [Content; 4],
    /// True if a mirror was needed.
    pub downloaded: bool,
}

/// Returns each of the four files from the cache where it is right there, and from a mirror otherwise. The
/// checksums are [`CHECKSUMS`], but for tests.
pub(super) fn obtain(
    cache: &Path,
    mirrors: &[String],
    checksums: [&str; 4],
    progress: Progress<'_>,
) -> Result<Mnist, DownloadError> {
    let mut mirrors = Mirrors::new(mirrors);
    let mut downloaded = false;
    let mut file = |index: usize| {
        let (name, checksum) = (NAMES[index], checksums[index]);
        let path = cache.join(format!("{name}.gz"));
        match cached(&path, checksum) {
            Ok(Some(content)) => return Ok(content),
            Ok(None) => {}
            Err(reason) => progress(Event::Note(&format!(
                "{}: the cache is damaged, and this file must be downloaded again: {reason}",
                path.display()
            ))),
        }
        let (packed, bytes) = mirrors.get(name, checksum, progress)?;
        downloaded = true;
        if let Err(reason) = save(&path, &packed) {
            progress(Event::Note(&format!(
                "{}: cannot be kept, so the next run downloads it again: {reason}",
                path.display()
            )));
        }
        Ok(Content { path, bytes })
    };
    let contents = [file(0)?, file(1)?, file(2)?, file(3)?];
    Ok(Mnist { contents, downloaded })
}

/// Returns a file of the cache, where it has one; an error says what is wrong with it.
fn cached(path: &Path, checksum: &str) -> Result<Option<Content>, String> {
    if !path.exists() {
        return Ok(None);
    }
    let content = Content::read(path).map_err(|error| error.fault.to_string())?;
    let found = sha256(&content.bytes);
    if found == checksum {
        Ok(Some(content))
    } else {
        Err(format!("its unpacked content has SHA-256 {found}, not {checksum}"))
    }
}

/// Writes a file such that nobody ever sees a part of it.
fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Another run may be at it, too.
    let part = path.with_extension(format!("{}.part", process::id()));
    let saved = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    if saved.is_err() {
        // What is left of it is of no use; that it cannot be removed is no worse than that it is
        // there.
        let _ = fs::remove_file(&part);
    }
    saved
}

/// The mirrors that have not failed yet.
struct Mirrors<'a> {
    agent: ureq::Agent,
    left: &'a [String],
    failures: Vec<(String, MirrorError)>,
}

impl<'a> Mirrors<'a> {
    fn new(mirrors: &'a [String]) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_resolve(Some(RESOLVE_TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_read(Some(SILENCE_TIMEOUT))
            .timeout_global(Some(FILE_TIMEOUT))
            .build()
            .into();
        Self { agent, left: mirrors, failures: Vec::new() }
    }

    /// Returns a file as the first mirror served it that can, and unpacked. A mirror that has failed once
    /// is not asked again, whatever for: so nobody waits for it twice.
    fn get(
        &mut self,
        name: &str,
        checksum: &str,
        progress: Progress<'_>,
    ) -> Result<(Vec<u8>, Vec<u8>), DownloadError> {
        while let Some((mirror, rest)) = self.left.split_first() {
            match fetch(&self.agent, mirror, &format!("{name}.gz"), checksum, progress) {
                Ok(file) => return Ok(file),
                Err(error) => self.failures.push((mirror.clone(), error)),
            }
            self.left = rest;
        }
        Err(DownloadError { failures: mem::take(&mut self.failures) })
    }
}

/// Returns a file from a mirror, as it came and unpacked.
fn fetch(
    agent: &ureq::Agent,
    mirror: &str,
    file: &str,
    checksum: &str,
    progress: Progress<'_>,
) -> Result<(Vec<u8>, Vec<u8>), MirrorError> {
    let response =
        agent.get(format!("{mirror}{file}")).call().map_err(|error| MirrorError::Request(Box::new(error)))?;
    let body = response.into_body();
    progress(Event::Started { file, mirror, bytes: body.content_length() });
    let packed = receive(body.into_with_config().limit(LIMIT).reader(), progress);
    progress(Event::Ended);
    let file = || file.to_owned();
    let packed = packed.map_err(|(received, reason)| MirrorError::Body { file: file(), received, reason })?;
    let bytes =
        unpack(packed.clone(), LIMIT).map_err(|fault| MirrorError::Content { file: file(), fault })?;
    let found = sha256(&bytes);
    if found == checksum {
        Ok((packed, bytes))
    } else {
        Err(MirrorError::Checksum { file: file(), found, wanted: checksum.into() })
    }
}

/// Returns all that a body holds; where it breaks off, how much came and why no more did.
fn receive(mut body: impl Read, progress: Progress<'_>) -> Result<Vec<u8>, (usize, io::Error)> {
    let mut received = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        match body.read(&mut chunk) {
            Ok(0) => return Ok(received),
            Ok(n) => received.extend_from_slice(&chunk[..n]),
            Err(reason) => return Err((received.len(), reason)),
        }
        progress(Event::Received(received.len() as u64));
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
