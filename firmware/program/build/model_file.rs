//! The model files that are built in.

use shared_model::build::PackedModel;
use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// The variable that names another model than the default: a file, or the folder of a run.
const VARIABLE: &str = "TINYTRIPLET_MODEL";
const DEFAULT: &str = "firmware/models/characters.model.postcard";
/// The model in a run's folder.
const OF_A_RUN: &str = "model.postcard";

/// Reads the model that `TINYTRIPLET_MODEL` names, or else the one that is committed.
pub fn built_in() -> Result<PackedModel, String> {
    let Some(path) = named_path(VARIABLE) else { return read(workspace().join(DEFAULT)) };
    let file = if path.is_dir() { path.join(OF_A_RUN) } else { path };
    read(file).map_err(|error| format!("{error} ({VARIABLE} names it: a model file, or the folder of a run)"))
}

/// Reads the files in the folder that `TINYTRIPLET_MODELS` names; `None` if it is not set.
pub fn measured() -> Result<Option<Vec<PackedModel>>, String> {
    let Some(folder) = named_path("TINYTRIPLET_MODELS") else { return Ok(None) };
    println!("cargo::rerun-if-changed={}", folder.display());
    let files = list(&folder)
        .map_err(|error| format!("cannot read the folder of models {}: {error}", folder.display()))?;
    if files.is_empty() {
        return Err(format!("TINYTRIPLET_MODELS names {}, which has no *.postcard", folder.display()));
    }
    files.into_iter().map(read).collect::<Result<_, _>>().map(Some)
}

fn read(path: PathBuf) -> Result<PackedModel, String> {
    PackedModel::read(path).map_err(|error| error.to_string())
}

/// Returns the files `*.postcard` in a folder, sorted by name.
fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths: io::Result<Vec<PathBuf>> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "postcard"));
    paths.sort();
    Ok(paths)
}

/// Returns the path in an environment variable. A relative one counts from the workspace's folder.
fn named_path(variable: &str) -> Option<PathBuf> {
    let path = env::var_os(variable).filter(|path| !path.is_empty())?;
    Some(workspace().join(path))
}

fn workspace() -> PathBuf {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(&package).to_owned()
}
