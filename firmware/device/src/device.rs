//! Requests, carried out: one function per request.

use crate::{
    hardware::System,
    image::{Coming, Image, Place},
    memory::{CHUNK_LEN, PIXELS_LEN},
    persistent_gallery::PersistentGallery,
    source::{Sight, SightError, Source},
    wear::Wear,
};
use embedded_storage::nor_flash::NorFlash;
use micromath::F32Ext;
use shared_model::{
    Distance, EmbedError, Gallery, Model, Recognition, Threshold,
    engine::TestImage,
    gallery::{MAX_LABEL, Match, Method},
    prepare::{Frame, FrameError, Preparer, can_prepare, strokes::rasterise},
    wire::{
        GalleryInfo, ImageError, ImageForm, Info, MAX_RUNS, ModelInfo, RequestBody, RequestError,
        ResponseBody, Restart,
    },
};

/// The model, the gallery, and memory to run them in.
#[derive(Debug)]
pub struct Device<'m, Flash, const CAPACITY: usize> {
    board: &'m str,
    model: Model<'m>,
    gallery: PersistentGallery<'m, Flash, CAPACITY>,
    wear: Wear,
    buffers: Buffers<'m>,
    image: Image,
    /// The embeddings that `buffers` holds: none, that of the last image, or also that of the one
    /// before.
    embeddings: u8,
    /// The label of the image that was enrolled last.
    enrolled: heapless::String<MAX_LABEL>,
    /// True if that image is still the last one that was seen, and the gallery has not changed since.
    may_take_back: bool,
}

/// Memory of a device. Its content does not matter.
#[derive(Debug)]
pub struct Buffers<'m> {
    /// Frames are prepared and the engine computes in it, one after the other:
    /// [`scratch_len`](crate::memory::scratch_len) words.
    pub scratch: &'m mut [u32],
    /// The embedding of the last image that was seen: [`Model::embedding_len`] bytes.
    pub last: &'m mut [u8],
    /// The embedding of the image before it.
    pub before: &'m mut [u8],
    /// The image: [`Model::input_len`] bytes.
    pub image: &'m mut [u8],
}

impl<'m, Flash: NorFlash, const CAPACITY: usize> Device<'m, Flash, CAPACITY> {
    /// Creates a device on the board with this name. `system` knows how often the flash was erased
    /// before the board was restarted.
    pub fn new(
        board: &'m str,
        model: Model<'m>,
        mut gallery: PersistentGallery<'m, Flash, CAPACITY>,
        buffers: Buffers<'m>,
        system: &mut impl System,
    ) -> Self {
        let wear = Wear::new(system);
        gallery.allow(wear.erases(), wear.rest());
        Self {
            board,
            model,
            gallery,
            wear,
            buffers,
            image: Image::None,
            embeddings: 0,
            enrolled: Default::default(),
            may_take_back: false,
        }
    }

    /// Counts the erases that were made since the last call, and the time until `now` in which the flash has rested. It
    /// is to be called after each change, and before a restart.
    pub fn count_erases(&mut self, now: u64, system: &mut impl System) {
        let left = self.gallery.allowed();
        let erases = left.map_or(0, |left| self.wear.erases().saturating_sub(left));
        self.wear.go_on(erases, now, system);
        self.gallery.allow(self.wear.erases(), self.wear.rest());
    }

    /// Returns the gallery.
    ///
    /// # Errors
    /// Returns [`RequestError::NoGallery`] if there is no gallery of this model.
    pub fn gallery(&self) -> Result<&Gallery<'m>, RequestError> {
        Ok(self.gallery.get()?)
    }

    /// Carries a request out. A restart, or another rate, is left to the caller, which has to answer
    /// first. `is_called` tells whether another request comes, so that a long one ends early.
    ///
    /// # Errors
    /// Returns the error that answers the request. Nothing has changed then.
    pub fn carry_out(
        &mut self,
        request: &RequestBody<'_>,
        system: &mut impl System,
        is_called: &mut impl FnMut() -> bool,
    ) -> Result<ResponseBody<'_>, RequestError> {
        match *request {
            RequestBody::Ping => Ok(ResponseBody::Pong),
            RequestBody::Info => Ok(ResponseBody::Info(Info {
                board: self.board,
                firmware: env!("CARGO_PKG_VERSION"),
                uptime: system.now() / 1_000,
                stack: system.stack(),
                chunk: CHUNK_LEN as u16,
                model: ModelInfo::of(&self.model),
                gallery: GalleryInfo::from(&self.gallery),
            })),
            RequestBody::Image { form } => {
                self.begin(form)?;
                Ok(ResponseBody::Done)
            }
            RequestBody::Chunk { offset, bytes } => {
                self.take(offset, bytes, system)?;
                Ok(ResponseBody::Done)
            }
            RequestBody::Pixels { offset } => {
                self.check_image()?;
                let (pixels, offset) = (&*self.buffers.image, offset as usize);
                let rest = pixels.get(offset..).filter(|rest| !rest.is_empty());
                let rest = rest.ok_or(ImageError::TooLong {
                    expected: pixels.len() as u32,
                    actual: (offset as u32).saturating_add(1),
                })?;
                Ok(ResponseBody::Pixels(&rest[..rest.len().min(PIXELS_LEN)]))
            }
            RequestBody::Embed => {
                self.check_image()?;
                Ok(ResponseBody::Embedding(self.buffers.last))
            }
            RequestBody::Compare => {
                self.check_image()?;
                if self.embeddings < 2 {
                    return Err(ImageError::OnlyOne.into());
                }
                Ok(ResponseBody::Distance(self.model.compare(self.buffers.before, self.buffers.last)))
            }
            RequestBody::Enrol { label } => {
                self.check_image()?;
                let count = self.enrol_last(label)?;
                let doubt = self.gallery.get()?.doubt(&self.model, label, self.buffers.last);
                Ok(ResponseBody::Enrolled { count, entries: GalleryInfo::from(&self.gallery).len, doubt })
            }
            RequestBody::Recognise { method, threshold } => {
                self.check_image()?;
                Ok(ResponseBody::Recognition(self.recognise_last(method, threshold)?))
            }
            RequestBody::Entry { index } => {
                let entry = self.gallery.get()?.entries().nth(index.into()).ok_or(RequestError::NoEntry)?;
                Ok(ResponseBody::Entry { label: entry.label(), value: entry.value() })
            }
            RequestBody::Import { label, value } => {
                self.may_take_back = false;
                self.gallery.import(label, value)?;
                log!(info, "\"{=str}\" imported", label);
                Ok(ResponseBody::Done)
            }
            RequestBody::Forget { label } => {
                self.may_take_back = false;
                self.gallery.forget(label)?;
                log!(info, "\"{=str}\" forgotten", label);
                Ok(ResponseBody::Done)
            }
            RequestBody::Clear => {
                self.may_take_back = false;
                self.gallery.clear()?;
                log!(info, "all forgotten");
                Ok(ResponseBody::Done)
            }
            RequestBody::Parity => {
                self.check_image()?;
                let Buffers { scratch, last, image, .. } = &mut self.buffers;
                Ok(ResponseBody::Digests(self.model.digests(image, scratch, last)?))
            }
            RequestBody::Bench { runs } => self.bench(runs, system, is_called),
            RequestBody::SelfTest => self.self_test(system),
            RequestBody::Restart(Restart::Panic | Restart::Hang | Restart::Overflow)
                if !cfg!(feature = "fault-injection") =>
            {
                Err(RequestError::NoFaultInjection)
            }
            RequestBody::Restart(Restart::Bootloader) if !system.has_bootloader() => {
                Err(RequestError::NoBootloader)
            }
            RequestBody::Restart(_) => Ok(ResponseBody::Done),
            RequestBody::Rate { baud } if system.has_baud(baud) => Ok(ResponseBody::Done),
            RequestBody::Rate { .. } => Err(RequestError::NoRate),
            RequestBody::TakeBack => {
                if !self.may_take_back {
                    return Err(RequestError::NothingToTakeBack);
                }
                let count = self.gallery.take_back(&self.enrolled, self.buffers.last)?;
                self.may_take_back = false;
                log!(info, "the last image is taken back: {=u32} left", count);
                Ok(ResponseBody::TakenBack { label: &self.enrolled, count })
            }
        }
    }

    /// Begins an image that comes in chunks.
    fn begin(&mut self, form: ImageForm) -> Result<(), RequestError> {
        match form {
            ImageForm::Pixels { len } => {
                let expected = self.model.input_len();
                if len as usize != expected {
                    return Err(RequestError::ImageLength { expected: expected as u32, actual: len });
                }
                self.image = Image::Coming(Coming::pixels(expected));
                Ok(())
            }
            ImageForm::Camera { format, width, height, crop } => {
                let frame = Frame::new(format, width, height);
                let frame = frame.and_then(|frame| crop.map_or(Ok(frame), |crop| frame.cropped(crop)));
                let frame = frame.map_err(|error| match error {
                    FrameError::Empty => ImageError::Empty,
                    FrameError::OddWidth => ImageError::OddWidth,
                    _ => ImageError::Crop,
                })?;
                let row = frame.row_len();
                if row > CHUNK_LEN {
                    return Err(ImageError::TooWide { row: row as u32, most: CHUNK_LEN as u32 }.into());
                }
                self.image = Image::Coming(Coming::frame(frame, &self.model, place(&mut self.buffers))?);
                Ok(())
            }
        }
    }

    /// Takes a chunk of the image; with the last one, the image is seen.
    fn take(&mut self, offset: u32, bytes: &[u8], system: &mut impl System) -> Result<(), RequestError> {
        let Image::Coming(coming) = &mut self.image else { return Err(ImageError::NotBegun.into()) };
        coming.chunk(offset, bytes, place(&mut self.buffers))?;
        if !coming.is_whole() {
            return Ok(());
        }
        if let Image::Coming(coming) = core::mem::replace(&mut self.image, Image::None) {
            coming.finish(place(&mut self.buffers))?;
        }
        self.see(system)
    }

    /// Computes the embedding of the pixels, which are then the last image that was seen.
    fn see(&mut self, system: &mut impl System) -> Result<(), RequestError> {
        core::mem::swap(&mut self.buffers.last, &mut self.buffers.before);
        self.embeddings = (self.embeddings + 1).min(2);
        self.may_take_back = false;
        self.embed(system)?;
        self.image = Image::Whole;
        Ok(())
    }

    /// Computes the embedding of the pixels. A large net may take longer than a watchdog waits.
    fn embed(&mut self, system: &mut impl System) -> Result<(), EmbedError> {
        let Buffers { scratch, last, image, .. } = &mut self.buffers;
        let mut inference = self.model.start(image, scratch, last)?;
        while inference.step() {
            system.feed_watchdog();
        }
        Ok(())
    }

    /// Checks that there is an image, and all of it.
    fn check_image(&self) -> Result<(), RequestError> {
        match &self.image {
            Image::Whole => Ok(()),
            Image::Coming(coming) => Err(coming.unfinished().into()),
            Image::None => Err(ImageError::None.into()),
        }
    }

    /// Enrols the last image that was seen, and returns the number of images that the label then
    /// has.
    ///
    /// # Errors
    /// Returns [`ImageError::None`] if no image was seen yet, or the error of the gallery.
    pub fn enrol_last(&mut self, label: &str) -> Result<u32, RequestError> {
        if self.embeddings == 0 {
            return Err(ImageError::None.into());
        }
        self.may_take_back = false;
        let count = self.gallery.enrol(label, self.buffers.last)?;
        self.enrolled.clear();
        // A label that is enrolled fits.
        self.may_take_back = self.enrolled.push_str(label).is_ok();
        log!(info, "\"{=str}\" enrolled: {=u32} images", label, count);
        Ok(count)
    }

    /// Returns the model.
    pub fn model(&self) -> &Model<'m> {
        &self.model
    }

    /// Looks through `source`. If there is a picture, it is then the last one seen; returns whether
    /// there is. What is left of an image that a PC sends is dropped.
    ///
    /// # Errors
    /// Returns a [`SightError`]. What was seen before is still the last, and the gallery as it was.
    pub fn look(&mut self, source: &mut impl Source, system: &mut impl System) -> Result<bool, SightError> {
        let Buffers { scratch, image, .. } = &mut self.buffers;
        let (shape, preprocessing) = (self.model.input().shape, self.model.metadata().preprocessing);
        let size = [shape.height, shape.width];
        let sight = source.look()?;
        if sight == Sight::Nothing {
            return Ok(false);
        }
        let is_seen = match sight {
            Sight::Strokes(_) => shape.channels == 1,
            Sight::Frame(_) | Sight::Nothing => can_prepare(preprocessing, shape),
        };
        if !is_seen {
            return Err(SightError::Colour);
        }
        // Its memory is needed.
        self.image = Image::None;
        match sight {
            Sight::Nothing => {}
            Sight::Strokes(points) => rasterise(points, size, scratch, image)?,
            Sight::Frame(frame) => {
                let mut preparer = Preparer::new(frame, preprocessing, shape, scratch, image)?;
                let crop = frame.crop();
                for _ in 0..crop.top + crop.height {
                    preparer.push(source.row()?)?;
                }
                preparer.finish()?;
            }
        }
        self.see(system).map_err(|_| SightError::Internal)?;
        Ok(true)
    }

    /// Recognises the last image that was seen.
    ///
    /// # Errors
    /// Returns [`ImageError::None`] if no image was seen yet, or the error of the gallery.
    pub fn recognise_last(
        &self,
        method: Method,
        threshold: Threshold,
    ) -> Result<Recognition<'_>, RequestError> {
        if self.embeddings == 0 {
            return Err(ImageError::None.into());
        }
        let recognition = self.gallery.get()?.recognise(&self.model, self.buffers.last, method, threshold)?;
        if let Some(Match { label, distance }) = recognition.nearest {
            let known = recognition.label().is_some();
            log!(info, "\"{=str}\", {=f32} away, known: {=bool}", label, self.apart(distance), known);
        }
        if let Some(background) = recognition.background {
            log!(info, "nearer to the background, {=f32} away", self.apart(background));
        }
        Ok(recognition)
    }

    /// Converts a distance for people who read the log: the length between two embeddings, or their
    /// angle in degrees.
    fn apart(&self, distance: u32) -> f32 {
        if distance == 0 {
            // micromath's functions are approximate, there too.
            return 0.0;
        }
        let real = self.model.distance().real(distance, self.model.output().scale);
        match self.model.distance() {
            Distance::SquaredL2 => F32Ext::sqrt(real),
            Distance::Cosine => F32Ext::acos(1.0 - real).to_degrees(),
        }
    }

    /// Computes as many embeddings, or fewer if it is called meanwhile, but one at least.
    fn bench(
        &mut self,
        runs: u16,
        system: &mut impl System,
        is_called: &mut impl FnMut() -> bool,
    ) -> Result<ResponseBody<'_>, RequestError> {
        if !(1..=MAX_RUNS).contains(&runs) {
            return Err(RequestError::Runs);
        }
        self.drop_image();
        TestImage::Noise.draw(self.buffers.image);
        let (mut done, mut microseconds) = (0, 0);
        while done == 0 || done < runs && !is_called() {
            let start = system.now();
            self.embed(system)?;
            microseconds += system.now() - start;
            done += 1;
        }
        Ok(ResponseBody::Bench { runs: done, microseconds })
    }

    fn self_test(&mut self, system: &mut impl System) -> Result<ResponseBody<'_>, RequestError> {
        self.drop_image();
        let expected = self.model.metadata().golden_crc;
        let Buffers { scratch, last, image, .. } = &mut self.buffers;
        let actual = self.model.test_crc_in_slices(image, scratch, last, || system.feed_watchdog())?;
        if actual != expected {
            log!(error, "self-test: CRC {=u32:08x}, not {=u32:08x}", actual, expected);
        }
        Ok(ResponseBody::SelfTest { expected, actual })
    }

    /// Drops the image and the embeddings: their memory is needed.
    fn drop_image(&mut self) {
        (self.image, self.embeddings, self.may_take_back) = (Image::None, 0, false);
    }
}

fn place<'a>(buffers: &'a mut Buffers<'_>) -> Place<'a> {
    Place { scratch: buffers.scratch, pixels: buffers.image }
}
