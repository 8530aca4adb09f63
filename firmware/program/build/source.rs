//! The generated part of `src/model.rs`.

use crate::{gallery_size::GallerySize, model_file::ModelFile};
use tinytriplet_device::memory;

/// Returns the constants of the built-in model.
pub fn model(file: &ModelFile) -> Result<String, String> {
    let model = file.decode()?;
    Ok(format!(
        "static ALIGNED: &Aligned<[u8]> = &Aligned(*include_bytes!({:?}));\n\
         /// Bytes of an image.\npub const INPUT_LEN: usize = {};\n\
         /// Words of 32 bits that frames are prepared and the engine computes in.\npub const SCRATCH_LEN: usize = {};\n\
         /// Bytes of an embedding.\npub const EMBEDDING_LEN: usize = {};\n",
        file.packed,
        model.input_len(),
        memory::scratch_len(&model),
        model.embedding_len(),
    ))
}

/// Returns the constants of the gallery.
pub fn gallery(size: GallerySize) -> String {
    format!(
        "/// The most entries of the gallery: `TINYTRIPLET_CAPACITY`.\npub const CAPACITY: usize = {};\n\
         /// Embeddings that it keeps of each entry: `TINYTRIPLET_EXEMPLARS`.\npub const EXEMPLARS: usize = {};\n",
        size.capacity, size.exemplars
    )
}

/// Returns the constants of the models that the program "measure" measures.
pub fn measured(files: &[ModelFile]) -> Result<String, String> {
    let mut text = String::new();
    let mut list = String::new();
    let [mut input, mut scratch, mut embedding] = [0; 3];
    for (index, file) in files.iter().enumerate() {
        let model = file.decode()?;
        input = model.input_len().max(input);
        scratch = memory::scratch_len(&model).max(scratch);
        embedding = model.embedding_len().max(embedding);
        text += &format!(
            "static MEASURED_{index}: &Aligned<[u8]> = &Aligned(*include_bytes!({:?}));\n",
            file.packed
        );
        list += &format!("&MEASURED_{index}.0, ");
    }
    text += &format!(
        "/// The model files that the program \"measure\" measures.\npub static MEASURED: &[&[u8]] = &[{list}];\n\
         /// Bytes of their largest image.\npub const MEASURED_INPUT_LEN: usize = {input};\n\
         /// The most words of 32 bits that frames are prepared and the engine computes in.\npub const MEASURED_SCRATCH_LEN: usize = {scratch};\n\
         /// Bytes of their largest embedding.\npub const MEASURED_EMBEDDING_LEN: usize = {embedding};\n",
    );
    Ok(text)
}
