//! The board that a command talks to.

use crate::{
    commands::images::{self, IfBroken},
    device::{Address, Client, ClientError, Port, Settings, connect, resolve},
    terminal::note,
};
use anyhow::{Result, anyhow, ensure};
use clap::{Args, value_parser};
use shared_model::{
    Distance,
    gallery::GalleryError,
    inspect::Tensor,
    model::format::Preprocessing,
    wire::{BASE_BAUD, GalleryInfo, ImageError, Info, RequestError},
};
use std::{
    fmt,
    path::{Path, PathBuf},
};
use tinytriplet_data::{
    names::shown,
    picture,
    raw::{Raw, raw},
};
use tinytriplet_report::text::hex;

/// The longer side of a picture that is sent raw, unless told otherwise: that of a small camera.
pub const RAW_SIZE: u16 = 160;

/// Images.
#[derive(Clone, Debug, Args)]
pub struct ImageArgs {
    /// Image files (PNG, JPEG, BMP), folders of them, or IDX files, plain or gzipped, of which
    /// `FILE:3,5,10-19` chooses some; they are made ready as the model on the board wants them
    #[arg(value_name = "IMAGES", required = true)]
    pub images: Vec<PathBuf>,
    #[command(flatten)]
    pub raw: RawArgs,
}

/// How pictures are sent.
#[derive(Clone, Copy, Debug, Args)]
pub struct RawArgs {
    /// Send pictures as a camera would, and let the board make them ready
    #[arg(long)]
    pub raw: bool,
    /// Longer side of a raw picture, in pixels, at most: a larger one is reduced first, by the
    /// means of squares
    #[arg(long, value_name = "N", default_value_t = RAW_SIZE, value_parser = value_parser!(u16).range(1..))]
    pub raw_size: u16,
}

/// An image that the board is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    name: String,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Pixels(Vec<u8>),
    Raw(Raw),
}

impl From<images::Image> for Shown {
    fn from(image: images::Image) -> Self {
        Self { name: image.to_string(), content: Content::Pixels(image.pixels) }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A board that answers, and what it says of its model.
pub struct Board {
    pub client: Client<Port>,
    /// True if times on it mean nothing.
    pub is_emulated: bool,
    /// The rate of a serial line, in bits a second.
    pub baud: Option<u32>,
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
        let address = &resolve(address)?;
        let is_emulated = matches!(address, Address::Emulated(_));
        let mut client = connect(address, settings)?;
        let baud = client.baud().or(settings.baud).unwrap_or(BASE_BAUD);
        let baud = matches!(address, Address::Serial(_)).then_some(baud);
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
        Ok(Self { is_emulated, baud, name, model, gallery, client })
    }

    /// Reads images, in the form in which they are to be sent.
    pub fn read_images(&self, args: &ImageArgs) -> Result<Vec<Shown>> {
        if args.raw.raw {
            let mut read = Vec::new();
            for place in &args.images {
                let pictures = if place.is_dir() { images::in_folder(place)? } else { vec![place.clone()] };
                for picture in pictures {
                    read.push(self.read_picture(&picture, args.raw)?);
                }
            }
            return Ok(read);
        }
        let (shape, preprocessing) = (self.model.input.shape, self.model.preprocessing);
        let read = images::read(&args.images, shape, preprocessing, IfBroken::Fail)?;
        Ok(read.into_iter().map(Into::into).collect())
    }

    /// Reads a picture, in the form in which it is to be sent.
    pub fn read_picture(&self, path: &Path, args: RawArgs) -> Result<Shown> {
        if !args.raw {
            let image = images::read_picture(path, self.model.input.shape, self.model.preprocessing)?;
            return Ok(image.into());
        }
        let raw = self.read_raw(path, args.raw_size)?;
        Ok(Shown { name: shown(path), content: Content::Raw(raw) })
    }

    /// Reads a picture as a camera would deliver it.
    pub fn read_raw(&self, path: &Path, longest: u16) -> Result<Raw> {
        images::ensure_pictures(self.model.input.shape, self.model.preprocessing)?;
        ensure!(
            !images::is_idx(path),
            "{}: the images of an IDX file are pixels already: leave --raw out",
            shown(path)
        );
        let ([width, height], raw) = picture::open(path, |image| {
            Ok((
                [image.width(), image.height()],
                raw(image, self.model.preprocessing.background, self.model.input.shape.channels, longest)?,
            ))
        })?;
        if raw.block > 1 {
            let Raw { frame, block, .. } = &raw;
            note(
                "raw",
                format_args!(
                    "{}: {width}x{height} pixels reduced to {}x{}, the means of {block}x{block} (--raw-size)",
                    shown(path),
                    frame.width(),
                    frame.height(),
                ),
            );
        }
        Ok(raw)
    }

    /// Shows the board an image.
    pub fn show(&mut self, image: &Shown) -> Result<(), ClientError> {
        match &image.content {
            Content::Pixels(pixels) => self.client.show_pixels(pixels),
            Content::Raw(Raw { frame, bytes, .. }) => self.client.show_frame(*frame, bytes),
        }
    }
}

/// Returns the error, and what to do about it where that is not plain.
pub fn with_advice(error: ClientError) -> anyhow::Error {
    match error {
        ClientError::Refused(RequestError::Gallery(GalleryError::NoExemplars)) => {
            anyhow!("{error}: build the firmware with TINYTRIPLET_EXEMPLARS=5, for example")
        }
        ClientError::Refused(RequestError::Image(ImageError::TooWide { .. })) => {
            anyhow!("{error}: lower --raw-size")
        }
        error => error.into(),
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
