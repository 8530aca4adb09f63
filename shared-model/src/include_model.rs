/// Defines a model file and its lengths, as constants. The build script has packed it, under this
/// name, with `shared_model::build::pack`, which the feature `std` adds.
///
/// | item | |
/// |---|---|
/// | `FILE: &[u8]` | the packed file, at a multiple of 16 bytes, for [`decode`](crate::Model::decode) |
/// | `INPUT_LEN` | bytes of an image |
/// | `EMBEDDING_LEN` | bytes, and values, of an embedding |
/// | `SCRATCH_LEN` | words of 32 bits that [`embed`](crate::Model::embed) works in |
/// | `PREPARE_LEN` | words that a [`Preparer`](crate::prepare::Preparer) works in; 0 if no frame becomes the net's pixels |
/// | `STROKES_LEN` | words that [`rasterise`](crate::prepare::strokes::rasterise) works in; 0 as above |
/// | `ENTRY_LEN` | bytes of an entry of a [`Gallery`](crate::Gallery) without exemplars; [`entry_len`](crate::gallery::entry_len) computes others |
///
/// It defines these names where it stands: give each model a module of its own.
///
/// ```ignore
/// mod digits {
///     shared_model::include_model!("digits");
/// }
/// let mut scratch = [0; digits::SCRATCH_LEN];
/// let model = Model::decode(digits::FILE)?;
/// ```
#[macro_export]
macro_rules! include_model {
    ($name:literal) => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/", $name, ".rs"));
    };
}
