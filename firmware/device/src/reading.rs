//! An answer as a person reads it.

use core::fmt;
use micromath::F32Ext;
use shared_model::{Distance, Recognition, gallery::Match};

/// What a recognition says: the label, how far it is, and how clear that is. For example
/// `new-1, 0.101 away, 73 %` or `unknown, new-1 is 0.727 away, 42 %`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    nearest: Option<Nearest<'a>>,
    is_known: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Nearest<'a> {
    label: &'a str,
    /// In thousandths of the distance that the PC shows.
    distance: u32,
    /// In percent.
    share: u8,
}

impl<'a> Reading<'a> {
    /// Reads a recognition. `distance` and `scale` are those of the model and its embedding.
    pub fn new(recognition: &Recognition<'a>, distance: Distance, scale: f32) -> Self {
        let nearest = recognition.nearest.map(|Match { label, distance: away }| Nearest {
            label,
            // `as` saturates.
            distance: (F32Ext::round(1_000.0 * distance.real(away, scale))) as u32,
            share: share(away, limit(recognition)),
        });
        Self { nearest, is_known: recognition.label().is_some() }
    }
}

/// Returns the distance at which the answer would change: that of the next label, of what the model
/// knows besides, or the threshold, whichever is least.
fn limit(recognition: &Recognition<'_>) -> u32 {
    let others = [recognition.runner_up.map(|next| next.distance), recognition.background];
    others.into_iter().flatten().fold(recognition.threshold, u32::min)
}

/// Returns how clear an answer is, in percent: `l / (l + a)` for the lengths a of what lies between
/// the image and the label, and l of what may lie there before the answer changes. So it is 100
/// where the image is the label, 50 where the answer changes, and less where it is unknown.
///
/// Distances are squares of lengths: squared L2, and the cosine's `1 − cos`, which is half the
/// square of the chord.
fn share(distance: u32, limit: u32) -> u8 {
    if distance == 0 {
        return 100;
    }
    let ratio = sqrt(distance as f32 / (limit as f32).max(f32::MIN_POSITIVE));
    F32Ext::round(100.0 / (1.0 + ratio)) as u8
}

/// Returns a square root to a millionth of it.
fn sqrt(square: f32) -> f32 {
    // An approximation within 5 %, and two of Newton's steps: each squares half the error.
    let mut root = F32Ext::sqrt(square);
    for _ in 0..2 {
        root = (root + square / root) / 2.0;
    }
    root
}

impl fmt::Display for Reading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Nearest { label, distance, share }) = self.nearest else {
            return f.write_str("unknown: nothing is enrolled");
        };
        let (whole, thousandths) = (distance / 1_000, distance % 1_000);
        let between = if self.is_known { "," } else { " is" };
        if !self.is_known {
            f.write_str("unknown, ")?;
        }
        write!(f, "{label}{between} {whole}.{thousandths:03} away, {share} %")
    }
}
