//! The interface for C: any calls in any order, with pointers that are null, unaligned or overlap, and lengths that are
//! too short, and functions for the flash that fail and call again. What was not changed by a call that failed still
//! answers.
#![no_main]

use fuzz::{Aligned, Choices};
use rand::RngExt;
use shared_model::{Layout, model::layout::repack_to_vec};
use std::{
    ffi::{c_int, c_void},
    mem::MaybeUninit,
    ptr,
};
use tinytriplet_c::*;

const TINY: &[u8] = include_bytes!("../../../shared-model/examples/tiny.postcard");
const LABELS: [&[u8]; 6] = [b"a\0", b"\xc3\xbc\0", b"\0", b"\xff\0", b"a\n\0", &[b'x'; 32]];

const UNIT: usize = 512;
const REGION: usize = 4 * UNIT;

/// A chip whose flash holds anything.
struct Chip {
    bytes: Vec<u8>,
    /// So many operations from now, one fails after the half of it. 0: none does.
    fails_in: u32,
    /// Is called while an operation runs.
    gallery: *mut tt_gallery,
}

impl Chip {
    /// Begins an operation: returns the bytes of it that are done, and what it returns.
    unsafe fn begin(context: *mut c_void, len: usize) -> (*mut Self, usize, c_int) {
        let chip: *mut Self = context.cast();
        // SAFETY: the program outlives its calls, and uses its chips by pointers.
        unsafe {
            let is_busy = tt_gallery_clear((*chip).gallery);
            assert!(matches!(is_busy, tt_status::TT_BUSY | tt_status::TT_NULL), "{is_busy:?}");
            assert_eq!(tt_gallery_count((*chip).gallery), 0);
            let fails = (*chip).fails_in == 1;
            (*chip).fails_in = (*chip).fails_in.saturating_sub(1);
            (chip, if fails { len / 2 } else { len }, fails.into())
        }
    }

    unsafe extern "C" fn read(context: *mut c_void, offset: u32, bytes: *mut u8, len: usize) -> c_int {
        unsafe {
            let (chip, len, status) = Self::begin(context, len);
            ptr::copy_nonoverlapping((&(*chip).bytes)[offset as usize..][..len].as_ptr(), bytes, len);
            status
        }
    }

    unsafe extern "C" fn write(context: *mut c_void, offset: u32, bytes: *const u8, len: usize) -> c_int {
        unsafe {
            let (chip, len, status) = Self::begin(context, len);
            let cells = &mut (&mut (*chip).bytes)[offset as usize..][..len];
            cells
                .iter_mut()
                .zip(std::slice::from_raw_parts(bytes, len))
                .for_each(|(cell, byte)| *cell &= byte);
            status
        }
    }

    unsafe extern "C" fn erase(context: *mut c_void, offset: u32) -> c_int {
        unsafe {
            let (chip, len, status) = Self::begin(context, UNIT);
            (&mut (*chip).bytes)[offset as usize..][..len].fill(0xff);
            status
        }
    }
}

/// The memory of a program in C. Each array is an allocation of its own, which the address sanitizer watches.
struct Program {
    files: [Aligned; 3],
    models: [Box<tt_model>; 2],
    galleries: [Box<tt_gallery>; 2],
    entries: [Vec<u8>; 2],
    chips: [Box<Chip>; 2],
    preparer: Box<tt_preparer>,
    frame_scratch: Vec<u32>,
    frame_pixels: Vec<u8>,
    scratch: Vec<u32>,
    pixels: Vec<u8>,
    embedding: Vec<u8>,
}

/// Returns memory that was never initialised by its function.
fn blank<T>() -> Box<T> {
    // SAFETY: the types of C are arrays of numbers.
    unsafe { Box::new(MaybeUninit::zeroed().assume_init()) }
}

/// Returns the pointer and length of an array, or wrong ones that lead nowhere else.
fn argument<T>(rng: &mut Choices<'_>, array: &mut [T]) -> (*mut T, usize) {
    let (start, len) = (array.as_mut_ptr(), array.len());
    match rng.random_range(0..12) {
        0 => (ptr::null_mut(), len),
        1 => (start, rng.random_range(0..=len)),
        2 if len > 1 => (start.wrapping_byte_add(1), len - 1),
        3 => (start, usize::MAX - rng.random_range(0..16)),
        _ => (start, len),
    }
}

/// Returns the handle, or now and then null.
fn handle<T>(rng: &mut Choices<'_>, place: &mut Box<T>) -> *mut T {
    if rng.random_range(0..16) == 0 { ptr::null_mut() } else { &raw mut **place }
}

impl Program {
    fn new() -> Self {
        let packed = repack_to_vec(TINY, Layout::Packed).expect("it is a model");
        let damaged = [&packed[..packed.len() - 1], &[packed[packed.len() - 1] ^ 1]].concat();
        let mut program = Self {
            files: [Aligned::new(TINY), Aligned::new(&packed), Aligned::new(&damaged)],
            models: [blank(), blank()],
            galleries: [blank(), blank()],
            entries: [vec![0xa5; 400], vec![0xa5; 150]],
            chips: [0, 1]
                .map(|_| Box::new(Chip { bytes: vec![0xff; REGION], fails_in: 0, gallery: ptr::null_mut() })),
            preparer: blank(),
            frame_scratch: vec![0; 20_000],
            frame_pixels: vec![0; 64],
            scratch: vec![0; 4_000],
            pixels: vec![0; 64],
            embedding: vec![0; 8],
        };
        for (index, file) in program.files[..2].iter().enumerate() {
            let (model, file) = (&raw mut *program.models[index], file.bytes());
            let (gallery, entries) = (&raw mut *program.galleries[index], &mut program.entries[index]);
            // SAFETY: the arrays live as long as the program.
            let begun = unsafe {
                let decoded = tt_model_decode(model, file.as_ptr(), file.len());
                [decoded, tt_gallery_init(gallery, model, 1, entries.as_mut_ptr(), entries.len())]
            };
            assert_eq!(begun, [tt_status::TT_OK; 2]);
        }
        program
    }

    /// Makes a call. Every pointer is good for its length, as far as the interface asks for it.
    unsafe fn call(&mut self, rng: &mut Choices<'_>) {
        let Self { files, models, galleries, entries, chips, preparer, .. } = self;
        let (which, other) = (rng.random_range(0..2), rng.random_range(0..2));
        let model = handle(rng, &mut models[other]);
        let gallery = handle(rng, &mut galleries[which]);
        let label = LABELS[rng.random_range(0..LABELS.len())].as_ptr().cast();
        let label = if rng.random_range(0..16) == 0 { ptr::null() } else { label };
        let (embedding, embedding_len) = argument(rng, &mut self.embedding);
        let (pixels, pixels_len) = argument(rng, &mut self.pixels);
        let (scratch, scratch_len) = argument(rng, &mut self.scratch);
        let before = unsafe { tt_gallery_count(gallery) };
        let chip = &raw mut *chips[which];
        // SAFETY: between calls, nothing else uses it.
        unsafe {
            (*chip).gallery = gallery;
            (*chip).fails_in = rng.random_range(0_u32..40).saturating_sub(20);
            if rng.random_range(0..16) == 0 {
                (&mut (*chip).bytes)[rng.random_range(0..REGION)] ^= 1 << rng.random_range(0..8);
            }
        }
        let mut seen = tt_recognition::default();
        let status = unsafe {
            match rng.random_range(0..18) {
                0 => {
                    // Seldom the damaged one: what is not decoded cannot be used.
                    let file = files[rng.random_range(0..9) / 4].bytes();
                    let is_cut = rng.random_range(0..9) == 0;
                    let len = if is_cut { rng.random_range(0..=file.len()) } else { file.len() };
                    tt_model_decode(model, file.as_ptr(), len)
                }
                1 => tt_embed(model, pixels, pixels_len, scratch, scratch_len, embedding, embedding_len),
                // Into the scratch itself.
                2 => tt_embed(model, pixels, pixels_len, scratch, scratch_len, scratch.cast(), 8),
                3 => tt_model_self_test(
                    model,
                    pixels,
                    pixels_len,
                    scratch,
                    scratch_len,
                    embedding,
                    embedding_len,
                ),
                4 => {
                    let (memory, len) = argument(rng, &mut entries[which]);
                    tt_gallery_init(gallery, model, rng.random_range(0..3), memory, len)
                }
                5 | 6 => tt_gallery_enrol(gallery, label, embedding, embedding_len),
                7 => tt_gallery_forget(gallery, label),
                8 => {
                    let threshold = rng.random_range(0..4);
                    let neighbours = rng.random();
                    tt_gallery_recognise(
                        gallery,
                        model,
                        embedding,
                        embedding_len,
                        neighbours,
                        threshold,
                        &raw mut seen,
                    )
                }
                9 => {
                    let mut entry = MaybeUninit::uninit();
                    let status = tt_gallery_entry(gallery, rng.random_range(0..4), entry.as_mut_ptr());
                    if status == tt_status::TT_OK {
                        let entry = entry.assume_init();
                        let mut value = std::slice::from_raw_parts(entry.value, entry.value_len).to_vec();
                        if rng.random() {
                            let place = rng.random_range(0..value.len());
                            value[place] = rng.random();
                        }
                        tt_gallery_insert(gallery, label, value.as_ptr(), value.len());
                    }
                    status
                }
                10 => {
                    let side = |rng: &mut Choices<'_>| rng.random_range(0..12);
                    let mut frame = tt_frame {
                        format: rng.random_range(0..7),
                        width: side(rng),
                        height: side(rng),
                        ..Default::default()
                    };
                    if rng.random_range(0..4) == 0 {
                        frame.stride = rng.random_range(0..40);
                        [frame.crop_left, frame.crop_top, frame.crop_width, frame.crop_height] =
                            [side(rng), side(rng), side(rng), side(rng)];
                    }
                    let (scratch, scratch_len) = argument(rng, &mut self.frame_scratch);
                    let (pixels, pixels_len) = argument(rng, &mut self.frame_pixels);
                    let preparer = handle(rng, preparer);
                    tt_prepare_begin(
                        preparer,
                        model,
                        &raw const frame,
                        scratch,
                        scratch_len,
                        pixels,
                        pixels_len,
                    )
                }
                11 => {
                    let mut row: Vec<u8> = (0..rng.random_range(1..40)).map(|_| rng.random()).collect();
                    let (row, len) = argument(rng, &mut row);
                    tt_prepare_row(handle(rng, preparer), row, len)
                }
                12 => tt_prepare_finish(handle(rng, preparer)),
                13 | 14 => {
                    let (memory, len) = argument(rng, &mut entries[which]);
                    let mut flash = tt_flash {
                        context: chip.cast(),
                        read: Some(Chip::read),
                        write: Some(Chip::write),
                        erase: Some(Chip::erase),
                        len: REGION as u32,
                        unit_len: UNIT as u32,
                        word_len: [1, 2, 4, 8, 16, 256][rng.random_range(0..6)],
                    };
                    match rng.random_range(0..16) {
                        0 => flash.erase = None,
                        // Never beyond the region.
                        1 => flash.len = rng.random_range(0..=REGION as u32),
                        2 => flash.unit_len = rng.random_range(0..2) * 2 * UNIT as u32,
                        3 => flash.word_len = rng.random(),
                        _ => {}
                    }
                    tt_gallery_load(gallery, model, rng.random_range(0..3), memory, len, &raw const flash)
                }
                15 => {
                    let mut points: Vec<tt_point> = (0..rng.random_range(0..6))
                        .map(|_| tt_point {
                            x: rng.random(),
                            y: rng.random(),
                            begins: rng.random_range(0..3),
                        })
                        .collect();
                    let (points, len) = argument(rng, &mut points);
                    tt_prepare_strokes(model, points, len, scratch, scratch_len, pixels, pixels_len)
                }
                16 => tt_gallery_clear(gallery),
                _ => {
                    let mut health = tt_health::default();
                    tt_gallery_health(gallery, &raw mut health)
                }
            }
        };
        let text = unsafe { std::ffi::CStr::from_ptr(tt_status_text(status as i32)) };
        assert_ne!(text, c"unknown status");
        let after = unsafe { tt_gallery_count(gallery) };
        assert!(status == tt_status::TT_OK || after == before || after == 0, "{status:?}: {before}, {after}");
        assert!(after <= unsafe { tt_gallery_capacity(gallery) });
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let mut program = Program::new();
    for _ in 0..data.len().min(64) {
        // SAFETY: arrays live as long as the program, and only the calls change them.
        unsafe { program.call(&mut choices) };
    }
});
