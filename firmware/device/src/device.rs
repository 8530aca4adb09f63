//! Requests, carried out: one function per request.

use crate::{
    hardware::System,
    persistent_gallery::PersistentGallery,
    source::{Sight, SightError, Source},
};
use embedded_storage::nor_flash::NorFlash;
use micromath::F32Ext;
use shared_model::{
    Distance, Gallery, Model, Recognition, Threshold,
    engine::TestImage,
    gallery::{Match, Method},
    prepare::{Preparer, strokes::rasterise},
    wire::{GalleryInfo, Info, MAX_RUNS, ModelInfo, RequestBody, RequestError, ResponseBody, Restart},
};

/// The model, the gallery, and memory to run them in.
#[derive(Debug)]
pub struct Device<'m, Flash, const CAPACITY: usize> {
    board: &'m str,
    model: Model<'m>,
    gallery: PersistentGallery<'m, Flash, CAPACITY>,
    buffers: Buffers<'m>,
    /// True if `buffers.last` holds an embedding.
    seen: bool,
}

/// Memory of a device. Its content does not matter.
#[derive(Debug)]
pub struct Buffers<'m> {
    /// The engine computes in it: [`Model::scratch_len`] words.
    pub scratch: &'m mut [u32],
    /// The embedding of the last image that was seen: [`Model::embedding_len`] bytes.
    pub last: &'m mut [u8],
    /// Another embedding.
    pub other: &'m mut [u8],
    /// An image: [`Model::input_len`] bytes.
    pub image: &'m mut [u8],
}

impl<'m, Flash: NorFlash, const CAPACITY: usize> Device<'m, Flash, CAPACITY> {
    /// Creates a device on the board with this name.
    pub fn new(
        board: &'m str,
        model: Model<'m>,
        gallery: PersistentGallery<'m, Flash, CAPACITY>,
        buffers: Buffers<'m>,
    ) -> Self {
        Self { board, model, gallery, buffers, seen: false }
    }

    /// Returns the gallery.
    ///
    /// # Errors
    /// Returns [`RequestError::NoGallery`] if there is no gallery of this model.
    pub fn gallery(&self) -> Result<&Gallery<'m>, RequestError> {
        Ok(self.gallery.get()?)
    }

    /// Carries a request out. A restart is left to the caller, which has to answer first.
    ///
    /// # Errors
    /// Returns the error that answers the request. Nothing has changed then.
    pub fn carry_out(
        &mut self,
        request: &RequestBody<'_>,
        system: &mut impl System,
    ) -> Result<ResponseBody<'_>, RequestError> {
        match *request {
            RequestBody::Ping => Ok(ResponseBody::Pong),
            RequestBody::Info => Ok(ResponseBody::Info(Info {
                board: self.board,
                firmware: env!("CARGO_PKG_VERSION"),
                uptime: system.now() / 1_000,
                stack: system.stack(),
                model: ModelInfo::of(&self.model),
                gallery: GalleryInfo::from(&self.gallery),
            })),
            RequestBody::Embed { pixels } => {
                self.see(pixels)?;
                Ok(ResponseBody::Embedding(self.buffers.last))
            }
            RequestBody::Compare { a, b } => {
                self.check_image(a)?;
                self.check_image(b)?;
                self.model.embed(a, self.buffers.scratch, self.buffers.other)?;
                self.see(b)?;
                Ok(ResponseBody::Distance(self.model.compare(self.buffers.other, self.buffers.last)))
            }
            RequestBody::Enrol { label, pixels } => {
                self.see(pixels)?;
                let count = self.enrol_last(label)?;
                Ok(ResponseBody::Enrolled { count, entries: GalleryInfo::from(&self.gallery).len })
            }
            RequestBody::Recognise { pixels, method, threshold } => self.recognise(pixels, method, threshold),
            RequestBody::Entry { index } => {
                let entry = self.gallery.get()?.entries().nth(index.into()).ok_or(RequestError::NoEntry)?;
                Ok(ResponseBody::Entry { label: entry.label(), value: entry.value() })
            }
            RequestBody::Import { label, value } => {
                self.gallery.import(label, value)?;
                log!(info, "\"{=str}\" imported", label);
                Ok(ResponseBody::Done)
            }
            RequestBody::Forget { label } => {
                self.gallery.forget(label)?;
                log!(info, "\"{=str}\" forgotten", label);
                Ok(ResponseBody::Done)
            }
            RequestBody::Clear => {
                self.gallery.clear()?;
                log!(info, "all forgotten");
                Ok(ResponseBody::Done)
            }
            RequestBody::Parity { pixels } => {
                self.check_image(pixels)?;
                Ok(ResponseBody::Digests(self.model.digests(
                    pixels,
                    self.buffers.scratch,
                    self.buffers.other,
                )?))
            }
            RequestBody::Bench { runs } => self.bench(runs, system),
            RequestBody::SelfTest => self.self_test(),
            RequestBody::Restart(Restart::Panic | Restart::Hang) if !cfg!(feature = "fault-injection") => {
                Err(RequestError::NoFaultInjection)
            }
            RequestBody::Restart(_) => Ok(ResponseBody::Done),
        }
    }

    /// Enrols the last image that was seen, and returns the number of images that the label then
    /// has.
    ///
    /// # Errors
    /// Returns [`RequestError::NoEntry`] if no image was seen yet, or the error of the gallery.
    pub fn enrol_last(&mut self, label: &str) -> Result<u32, RequestError> {
        if !self.seen {
            return Err(RequestError::NoEntry);
        }
        let count = self.gallery.enrol(label, self.buffers.last)?;
        log!(info, "\"{=str}\" enrolled: {=u32} images", label, count);
        Ok(count)
    }

    /// Returns the model.
    pub fn model(&self) -> &Model<'m> {
        &self.model
    }

    /// Looks through `source`. If there is a picture, it is then the last one seen; returns whether
    /// there is.
    ///
    /// # Errors
    /// Returns a [`SightError`]. What was seen before is still the last, and the gallery as it was.
    pub fn look(&mut self, source: &mut impl Source) -> Result<bool, SightError> {
        let Buffers { scratch, last, image, .. } = &mut self.buffers;
        let (shape, preprocessing) = (self.model.input().shape, self.model.metadata().preprocessing);
        let size = [shape.height, shape.width];
        let sight = source.look()?;
        if shape.channels != 1 && sight != Sight::Nothing {
            return Err(SightError::Colour);
        }
        match sight {
            Sight::Nothing => return Ok(false),
            Sight::Strokes(points) => rasterise(points, size, scratch, image)?,
            Sight::Frame(frame) => {
                let mut preparer = Preparer::new(frame, preprocessing, size, scratch, image)?;
                let crop = frame.crop();
                for _ in 0..crop.top + crop.height {
                    preparer.push(source.row()?)?;
                }
                preparer.finish()?;
            }
        }
        self.model.embed(image, scratch, last).map_err(|_| SightError::Internal)?;
        self.seen = true;
        Ok(true)
    }

    /// Recognises the last image that was seen.
    ///
    /// # Errors
    /// Returns [`RequestError::NoEntry`] if no image was seen yet, or the error of the gallery.
    pub fn recognise_last(
        &self,
        method: Method,
        threshold: Threshold,
    ) -> Result<Recognition<'_>, RequestError> {
        if !self.seen {
            return Err(RequestError::NoEntry);
        }
        Ok(self.gallery.get()?.recognise(&self.model, self.buffers.last, method, threshold)?)
    }

    /// Computes the embedding of an image, which is then the last one seen.
    fn see(&mut self, pixels: &[u8]) -> Result<(), RequestError> {
        self.check_image(pixels)?;
        self.model.embed(pixels, self.buffers.scratch, self.buffers.last)?;
        self.seen = true;
        Ok(())
    }

    fn recognise(
        &mut self,
        pixels: &[u8],
        method: Method,
        threshold: Threshold,
    ) -> Result<ResponseBody<'_>, RequestError> {
        self.see(pixels)?;
        let recognition = self.recognise_last(method, threshold)?;
        if let Some(Match { label, distance }) = recognition.nearest {
            let known = recognition.label().is_some();
            log!(info, "\"{=str}\", {=f32} away, known: {=bool}", label, self.apart(distance), known);
        }
        if let Some(background) = recognition.background {
            log!(info, "nearer to the background, {=f32} away", self.apart(background));
        }
        Ok(ResponseBody::Recognition(recognition))
    }

    /// Converts a distance for people who read the log: the length between two embeddings, or their
    /// angle in degrees.
    fn apart(&self, distance: u32) -> f32 {
        let real = self.model.distance().real(distance, self.model.output().scale);
        match self.model.distance() {
            Distance::SquaredL2 => F32Ext::sqrt(real),
            Distance::Cosine => F32Ext::acos(1.0 - real).to_degrees(),
        }
    }

    fn bench(&mut self, runs: u16, system: &mut impl System) -> Result<ResponseBody<'_>, RequestError> {
        if !(1..=MAX_RUNS).contains(&runs) {
            return Err(RequestError::Runs);
        }
        TestImage::Noise.draw(self.buffers.image);
        let mut microseconds = 0;
        for _ in 0..runs {
            system.feed_watchdog();
            let start = system.now();
            self.model.embed(self.buffers.image, self.buffers.scratch, self.buffers.other)?;
            microseconds += system.now() - start;
        }
        Ok(ResponseBody::Bench { runs, microseconds })
    }

    fn self_test(&mut self) -> Result<ResponseBody<'_>, RequestError> {
        let expected = self.model.metadata().golden_crc;
        let actual = self.model.test_crc(self.buffers.image, self.buffers.scratch, self.buffers.other)?;
        if actual != expected {
            log!(error, "self-test: CRC {=u32:08x}, not {=u32:08x}", actual, expected);
        }
        Ok(ResponseBody::SelfTest { expected, actual })
    }

    fn check_image(&self, pixels: &[u8]) -> Result<(), RequestError> {
        let (expected, actual) = (self.model.input_len(), pixels.len());
        if actual == expected {
            return Ok(());
        }
        Err(RequestError::ImageLength { expected: expected as u32, actual: actual as u32 })
    }
}
