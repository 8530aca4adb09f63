//! The board that a command talks to.

use crate::{
    commands::images::{self, IfBroken},
    device::{Address, Client, Port, Settings, connect},
};
use anyhow::Result;
use clap::Args;
use shared_model::{
    Distance,
    inspect::Tensor,
    model::format::Preprocessing,
    wire::{GalleryInfo, Info},
};
use std::path::PathBuf;
use tinytriplet_report::text::hex;

/// Images.
#[derive(Clone, Debug, Args)]
pub struct ImageArgs {
    /// Image files (PNG, JPEG, BMP), folders of them, or IDX files, plain or gzipped, of which
    /// `FILE:3,5,10-19` chooses some; they are made ready as the model on the board wants them
    #[arg(value_name = "IMAGES", required = true)]
    pub images: Vec<PathBuf>,
}

/// A board that answers, and what it says of its model.
pub struct Board {
    pub client: Client<Port>,
    /// True if times on it mean nothing.
    pub is_emulated: bool,
    pub name: String,
    pub model: Model,
    /// The gallery, as it was when the board was asked.
    pub gallery: GalleryInfo,
}

/// A board's description of its model.
pub struct Model {
    pub name: String,
    pub hash: [u8; 8],
    pub input: Tensor,
    pub preprocessing: Preprocessing,
    pub embedding: Tensor,
    pub distance: Distance,
}

impl Board {
    pub fn connect(address: &Address, settings: &Settings) -> Result<Self> {
        let is_emulated = matches!(address, Address::Emulated(_));
        let mut client = connect(address, settings)?;
        let Info { board, model, gallery, .. } = client.info()?;
        let name = board.to_owned();
        let model = Model {
            name: model.name.into(),
            hash: model.hash,
            input: model.input,
            preprocessing: model.preprocessing,
            embedding: model.embedding,
            distance: model.distance,
        };
        Ok(Self { is_emulated, name, model, gallery, client })
    }

    pub fn read_images(&self, args: &ImageArgs) -> Result<Vec<images::Image>> {
        images::read(&args.images, self.model.input.shape, self.model.preprocessing, IfBroken::Fail)
    }
}

impl Model {
    /// Returns a distance as people read it.
    pub fn real(&self, distance: u32) -> f32 {
        self.distance.real(distance, self.embedding.scale)
    }

    pub fn hash(&self) -> String {
        hex(self.hash)
    }
}
