//! Events in the search for data.

/// An event in the search for data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Something that the user must be told, in one line or several.
    Note(&'a str),
    /// Some of the images in a folder have been read.
    Read {
        /// Read so far.
        done: usize,
        /// To be read in all.
        of: usize,
    },
    /// A download begins.
    Started {
        /// The name of the file.
        file: &'a str,
        /// The address that it comes from, without the file's name.
        mirror: &'a str,
        /// Its size, where the server says it.
        bytes: Option<u64>,
    },
    /// Bytes of the file have arrived: this many from its beginning.
    Received(u64),
    /// The download has ended, well or not.
    Ended,
}

/// Takes [`Event`]s, to show them.
pub type Progress<'a> = &'a mut dyn FnMut(Event<'_>);
