//! Model files in another layout.

use shared_model::{
    Layout, Model,
    layout::{RepackError, repack, repacked_len},
};

/// The model in `file` with its weights in `layout`.
pub fn repacked(file: &[u8], layout: Layout) -> Result<Vec<u8>, RepackError> {
    let model = Model::decode(file).map_err(RepackError::Decode)?;
    let mut out = vec![0; repacked_len(&model, layout).ok_or(RepackError::Full)?];
    repack(file, layout, &mut out)?;
    Ok(out)
}
