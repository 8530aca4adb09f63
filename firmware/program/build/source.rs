//! The generated part of `src/model.rs`.

use crate::gallery_size::GallerySize;
use shared_model::build::{BuildError, PackedModel};
use tinytriplet_device::memory;

/// Puts the built-in model into the program.
pub fn model(file: &PackedModel) -> Result<String, BuildError> {
    file.write("built-in")?;
    Ok(format!(
        "/// Words of 32 bits that frames are prepared and the engine computes in.\npub const SCRATCH_LEN: usize = {};\n",
        memory::scratch_len(&file.decode()?),
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

/// Puts the models that the program "measure" measures into it.
pub fn measured(files: &[PackedModel]) -> Result<String, BuildError> {
    let mut text = String::new();
    let mut list = String::new();
    let [mut input, mut scratch, mut embedding] = [0; 3];
    for (index, file) in files.iter().enumerate() {
        let model = file.decode()?;
        input = model.input_len().max(input);
        scratch = memory::scratch_len(&model).max(scratch);
        embedding = model.embedding_len().max(embedding);
        let name = format!("measured-{index}");
        file.write(&name)?;
        text += &format!("mod measured_{index} {{ shared_model::include_model!({name:?}); }}\n");
        list += &format!("measured_{index}::FILE, ");
    }
    text += &format!(
        "/// The model files that the program \"measure\" measures.\npub static MEASURED: &[&[u8]] = &[{list}];\n\
         /// Bytes of their largest image.\npub const MEASURED_INPUT_LEN: usize = {input};\n\
         /// The most words of 32 bits that frames are prepared and the engine computes in.\npub const MEASURED_SCRATCH_LEN: usize = {scratch};\n\
         /// Bytes of their largest embedding.\npub const MEASURED_EMBEDDING_LEN: usize = {embedding};\n",
    );
    Ok(text)
}
