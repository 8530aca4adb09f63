//! Vectors of `f32`.
//!
//! Arrays of `f32`, left to the compiler to turn into vectors, would do without the intrinsics
//! below. But whether it does hangs on the optimisation level (at 2, that of the dev profile, it
//! was 10 times slower than at 3), and it takes a minute.

use super::{Level, Simd};

impl Simd {
    /// [`Target::LANES`]
    pub fn lanes(self) -> usize {
        match self.0 {
            Level::Baseline => Baseline::LANES,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::AvxVnni => Avx2::LANES,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 | Level::Avx512Vnni => Avx512::LANES,
        }
    }

    /// Runs `kernel`, compiled for this instruction set.
    pub fn run(self, kernel: impl Kernel) {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx2,fma")]
        fn avx512(kernel: impl Kernel) {
            kernel.run::<Avx512>();
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        fn avx2(kernel: impl Kernel) {
            kernel.run::<Avx2>();
        }
        match self.0 {
            Level::Baseline => kernel.run::<Baseline>(),
            // SAFETY: `available` alone makes these levels, and only where the CPU has all these
            // features.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::AvxVnni => unsafe { avx2(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 | Level::Avx512Vnni => unsafe { avx512(kernel) },
        }
    }
}

/// Something to compute. `run` and all that it calls must be `#[inline(always)]`: what is not
/// inlined is compiled without the instruction set.
pub trait Kernel {
    /// Computes it with the instructions of `T`.
    fn run<T: Target>(self);
}

/// An instruction set: some values side by side, and what can be done with them.
///
/// The types that implement it are private and only [`Simd::run`] names them, so that code with a
/// `T: Target` runs on a CPU that has the instructions.
pub trait Target {
    /// [`LANES`](Self::LANES) values of `f32`.
    type V: Copy;
    /// Values of a register.
    const LANES: usize;
    /// Registers that can hold sums, beside what else they are needed for.
    const SUMS: usize;

    /// Returns the same value everywhere.
    fn splat(value: f32) -> Self::V;
    /// Returns the first values.
    fn load(values: &[f32]) -> Self::V;
    /// Returns the first bytes, as values.
    fn load_bytes(bytes: &[u8]) -> Self::V;
    /// Writes to the first values.
    fn store(v: Self::V, values: &mut [f32]);
    /// Writes integers from 0 to 255 to the first bytes.
    fn store_bytes(v: Self::V, bytes: &mut [u8]);
    /// Returns `a + b`.
    fn add(a: Self::V, b: Self::V) -> Self::V;
    /// Returns `a · b + sum`, rounded once where the instruction set can, or else twice.
    fn multiply_add(a: Self::V, b: Self::V, sum: Self::V) -> Self::V;
    /// Returns `yes` where `a <= b`, `no` elsewhere and where one of them is NaN.
    fn select_le(a: Self::V, b: Self::V, yes: Self::V, no: Self::V) -> Self::V;
    /// Returns `yes` where `a == b`, `no` elsewhere and where one of them is NaN.
    fn select_eq(a: Self::V, b: Self::V, yes: Self::V, no: Self::V) -> Self::V;
}

/// The instructions that the program was compiled for: NEON on AArch64, SSE2 on x86-64 unless asked
/// for more.
struct Baseline;

impl Baseline {
    #[inline(always)]
    fn each(f: impl Fn(usize) -> f32) -> [f32; 4] {
        [f(0), f(1), f(2), f(3)]
    }
}

impl Target for Baseline {
    type V = [f32; 4];
    const LANES: usize = 4;
    const SUMS: usize = if cfg!(target_arch = "aarch64") { 24 } else { 12 };

    #[inline(always)]
    fn splat(value: f32) -> [f32; 4] {
        [value; 4]
    }

    #[inline(always)]
    fn load(values: &[f32]) -> [f32; 4] {
        *values.first_chunk().expect("4 values")
    }

    #[inline(always)]
    fn load_bytes(bytes: &[u8]) -> [f32; 4] {
        bytes.first_chunk::<4>().expect("4 bytes").map(f32::from)
    }

    #[inline(always)]
    fn store(v: [f32; 4], values: &mut [f32]) {
        *values.first_chunk_mut().expect("4 values") = v;
    }

    #[inline(always)]
    fn store_bytes(v: [f32; 4], bytes: &mut [u8]) {
        *bytes.first_chunk_mut().expect("4 bytes") = v.map(|value| value as u8);
    }

    #[inline(always)]
    fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        Self::each(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn multiply_add(a: [f32; 4], b: [f32; 4], sum: [f32; 4]) -> [f32; 4] {
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            Self::each(|i| a[i].mul_add(b[i], sum[i]))
        } else {
            // Without the instruction, `mul_add` is a slow library call.
            Self::each(|i| sum[i] + a[i] * b[i])
        }
    }

    #[inline(always)]
    fn select_le(a: [f32; 4], b: [f32; 4], yes: [f32; 4], no: [f32; 4]) -> [f32; 4] {
        Self::each(|i| if a[i] <= b[i] { yes[i] } else { no[i] })
    }

    #[inline(always)]
    fn select_eq(a: [f32; 4], b: [f32; 4], yes: [f32; 4], no: [f32; 4]) -> [f32; 4] {
        Self::each(|i| if a[i] == b[i] { yes[i] } else { no[i] })
    }
}

/// The instructions are there in every function below, because [`Target`]'s implementors are only
/// used where they are, and the loads and stores are of memory that a slice of that length owns.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Target;
    use std::arch::x86_64::*;

    pub struct Avx2;

    impl Target for Avx2 {
        type V = __m256;
        const LANES: usize = 8;
        const SUMS: usize = 12;

        #[inline(always)]
        fn splat(value: f32) -> __m256 {
            // SAFETY: AVX2 is there.
            unsafe { _mm256_set1_ps(value) }
        }

        #[inline(always)]
        fn load(values: &[f32]) -> __m256 {
            let values = &values[..8];
            // SAFETY: AVX2 is there; the 8 values are those of the slice, of any alignment.
            unsafe { _mm256_loadu_ps(values.as_ptr()) }
        }

        #[inline(always)]
        fn load_bytes(bytes: &[u8]) -> __m256 {
            let bytes = &bytes[..8];
            // SAFETY: AVX2 is there; the 8 bytes are those of the slice, of any alignment.
            unsafe { _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(bytes.as_ptr().cast()))) }
        }

        #[inline(always)]
        fn store(v: __m256, values: &mut [f32]) {
            let values = &mut values[..8];
            // SAFETY: AVX2 is there; the 8 values are those of the slice, of any alignment.
            unsafe { _mm256_storeu_ps(values.as_mut_ptr(), v) }
        }

        #[inline(always)]
        fn store_bytes(v: __m256, bytes: &mut [u8]) {
            let bytes = &mut bytes[..8];
            // SAFETY: AVX2 is there; the 8 bytes are those of the slice, of any alignment.
            unsafe {
                let integers = _mm256_cvtps_epi32(v);
                let (low, high) = (_mm256_castsi256_si128(integers), _mm256_extracti128_si256::<1>(integers));
                let words = _mm_packs_epi32(low, high);
                _mm_storel_epi64(bytes.as_mut_ptr().cast(), _mm_packus_epi16(words, words));
            }
        }

        #[inline(always)]
        fn add(a: __m256, b: __m256) -> __m256 {
            // SAFETY: AVX2 is there.
            unsafe { _mm256_add_ps(a, b) }
        }

        #[inline(always)]
        fn multiply_add(a: __m256, b: __m256, sum: __m256) -> __m256 {
            // SAFETY: FMA is there.
            unsafe { _mm256_fmadd_ps(a, b, sum) }
        }

        #[inline(always)]
        fn select_le(a: __m256, b: __m256, yes: __m256, no: __m256) -> __m256 {
            // SAFETY: AVX2 is there.
            unsafe { _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_LE_OQ>(a, b)) }
        }

        #[inline(always)]
        fn select_eq(a: __m256, b: __m256, yes: __m256, no: __m256) -> __m256 {
            // SAFETY: AVX2 is there.
            unsafe { _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b)) }
        }
    }

    pub struct Avx512;

    impl Target for Avx512 {
        type V = __m512;
        const LANES: usize = 16;
        const SUMS: usize = 24;

        #[inline(always)]
        fn splat(value: f32) -> __m512 {
            // SAFETY: AVX-512 F is there.
            unsafe { _mm512_set1_ps(value) }
        }

        #[inline(always)]
        fn load(values: &[f32]) -> __m512 {
            let values = &values[..16];
            // SAFETY: AVX-512 F is there; the 16 values are those of the slice, of any alignment.
            unsafe { _mm512_loadu_ps(values.as_ptr()) }
        }

        #[inline(always)]
        fn load_bytes(bytes: &[u8]) -> __m512 {
            let bytes = &bytes[..16];
            // SAFETY: AVX-512 F is there; the 16 bytes are those of the slice, of any alignment.
            unsafe { _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(bytes.as_ptr().cast()))) }
        }

        #[inline(always)]
        fn store(v: __m512, values: &mut [f32]) {
            let values = &mut values[..16];
            // SAFETY: AVX-512 F is there; the 16 values are those of the slice, of any alignment.
            unsafe { _mm512_storeu_ps(values.as_mut_ptr(), v) }
        }

        #[inline(always)]
        fn store_bytes(v: __m512, bytes: &mut [u8]) {
            let bytes = &mut bytes[..16];
            // SAFETY: AVX-512 F is there; the 16 bytes are those of the slice, of any alignment.
            unsafe {
                _mm_storeu_si128(bytes.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)))
            }
        }

        #[inline(always)]
        fn add(a: __m512, b: __m512) -> __m512 {
            // SAFETY: AVX-512 F is there.
            unsafe { _mm512_add_ps(a, b) }
        }

        #[inline(always)]
        fn multiply_add(a: __m512, b: __m512, sum: __m512) -> __m512 {
            // SAFETY: AVX-512 F is there.
            unsafe { _mm512_fmadd_ps(a, b, sum) }
        }

        #[inline(always)]
        fn select_le(a: __m512, b: __m512, yes: __m512, no: __m512) -> __m512 {
            // SAFETY: AVX-512 F is there.
            unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b), no, yes) }
        }

        #[inline(always)]
        fn select_eq(a: __m512, b: __m512, yes: __m512, no: __m512) -> __m512 {
            // SAFETY: AVX-512 F is there.
            unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b), no, yes) }
        }
    }
}

#[cfg(target_arch = "x86_64")]
use x86::{Avx2, Avx512};
