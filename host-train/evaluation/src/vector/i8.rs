//! The int8 engine's share: products of a few neighbouring inputs with the weights of several
//! output channels, added up in 32 bits ([`Target::multiply_add`]). Everything else is left to the
//! compiler.

use super::{Level, Simd};
use shared_model::{engine::requantize::round_scale, inspect::Element};

impl Simd {
    /// Calls `caller` with the type that stands for this instruction set.
    pub(crate) fn with_target<C: WithTarget>(self, caller: C) -> C::Output {
        match self.0 {
            Level::Baseline => caller.call::<Baseline>(),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 | Level::Avx512 => caller.call::<Avx2>(),
            #[cfg(target_arch = "x86_64")]
            Level::AvxVnni => caller.call::<AvxVnni>(),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni => caller.call::<Avx512Vnni>(),
        }
    }
}

/// No [`Target::LANES`] is larger.
pub const MOST_LANES: usize = 16;

/// A function that is generic in the instruction set.
pub trait WithTarget {
    type Output;
    fn call<T: Target>(self) -> Self::Output;
}

/// Something to compute. `run` and all that it calls must be `#[inline(always)]`: what is not
/// inlined is compiled without the instruction set.
pub trait Kernel {
    fn run(self);
}

/// An instruction set: how it wants inputs and weights, and what it does with them.
///
/// The types that implement it are private and only [`Simd::with_target`] names them, so that code
/// with a `T: Target` runs on a CPU that has the instructions.
pub trait Target: Send + Sync + 'static {
    /// An input, as it is multiplied.
    type Value: Copy + Send;
    /// [`GROUP`](Self::GROUP) neighbouring inputs.
    type Group: Copy;
    /// A group's weights for each of [`LANES`](Self::LANES) output channels.
    type Weights: Copy + Send + Sync;
    /// An accumulator of 32 bits for each of as many output channels.
    type Sums: Copy;
    /// Output channels side by side.
    const LANES: usize;
    /// Inputs that are multiplied and added by one instruction.
    const GROUP: usize;
    /// Output pixels that are computed at once, where there is one and where there are two times
    /// [`LANES`](Self::LANES) channels: as many as there are registers for.
    const PIXELS: [usize; 2];

    /// Runs `kernel`, compiled for this instruction set.
    fn run(kernel: impl Kernel);
    /// Returns the input that `byte` stands for.
    fn value(byte: u8, element: Element) -> Self::Value;
    /// Returns by how much every [`value`](Self::value) of `element` is larger than the number that
    /// the byte stands for.
    fn offset(element: Element) -> i32;
    /// Inputs as groups; what is left over at the end is left out.
    fn groups(values: &[Self::Value]) -> &[Self::Group];
    /// Returns weights of a group: `weight` is asked for each output channel and each index in the group.
    fn weights(weight: impl Fn(usize, usize) -> i8) -> Self::Weights;
    /// Returns the first accumulators.
    fn load(sums: &[i32]) -> Self::Sums;
    /// [`requantize`](shared_model::engine::requantize::requantize) in each channel, with the first
    /// multipliers, saturated to `range` (both ends included), to the first bytes.
    fn requantize(sums: Self::Sums, multipliers: &[i32], range: (i32, i32), to: &mut [u8]);
    /// Returns the larger of two accumulators, in each channel.
    fn max(a: Self::Sums, b: Self::Sums) -> Self::Sums;
    /// Returns `sums[channel] + Σ group[i] · weights[channel][i]`, modulo 2^32.
    fn multiply_add(sums: Self::Sums, group: Self::Group, weights: Self::Weights) -> Self::Sums;
    /// Returns `sums[channel] + values[channel] · weights[channel][0]`, modulo 2^32. All other weights
    /// are 0.
    fn multiply_add_each(sums: Self::Sums, values: &[Self::Value], weights: Self::Weights) -> Self::Sums;
}

/// The instructions that the program was compiled for: NEON on AArch64, SSE2 on x86-64 unless asked
/// for more. Arrays of this size the compiler leaves arrays, and turns loops over them into
/// vectors; smaller ones it takes apart.
struct Baseline;

impl Target for Baseline {
    type Value = i16;
    type Group = [i16; 2];
    type Weights = [[i16; 16]; 2];
    type Sums = [i32; 16];
    const LANES: usize = 16;
    const GROUP: usize = 2;
    const PIXELS: [usize; 2] = [4, 4];

    fn run(kernel: impl Kernel) {
        kernel.run();
    }

    #[inline(always)]
    fn value(byte: u8, element: Element) -> i16 {
        element.value(byte) as i16
    }

    #[inline(always)]
    fn offset(_: Element) -> i32 {
        0
    }

    #[inline(always)]
    fn groups(values: &[i16]) -> &[[i16; 2]] {
        values.as_chunks().0
    }

    fn weights(weight: impl Fn(usize, usize) -> i8) -> [[i16; 16]; 2] {
        [0, 1].map(|index| core::array::from_fn(|lane| weight(lane, index).into()))
    }

    #[inline(always)]
    fn load(sums: &[i32]) -> [i32; 16] {
        *sums.first_chunk().expect("16 sums")
    }

    #[inline(always)]
    fn requantize(sums: [i32; 16], multipliers: &[i32], (low, high): (i32, i32), to: &mut [u8]) {
        let multipliers: &[i32; 16] = multipliers.first_chunk().expect("16 multipliers");
        let to: &mut [u8; 16] = to.first_chunk_mut().expect("16 bytes");
        for ((to, sum), &multiplier) in to.iter_mut().zip(sums).zip(multipliers) {
            *to = round_scale(sum, multiplier).max(low).min(high) as u8;
        }
    }

    #[inline(always)]
    fn max(a: [i32; 16], b: [i32; 16]) -> [i32; 16] {
        core::array::from_fn(|lane| a[lane].max(b[lane]))
    }

    #[inline(always)]
    fn multiply_add(sums: [i32; 16], group: [i16; 2], [first, second]: [[i16; 16]; 2]) -> [i32; 16] {
        let [x, y] = group.map(i32::from);
        core::array::from_fn(|lane| {
            let product =
                x.wrapping_mul(first[lane].into()).wrapping_add(y.wrapping_mul(second[lane].into()));
            sums[lane].wrapping_add(product)
        })
    }

    #[inline(always)]
    fn multiply_add_each(sums: [i32; 16], values: &[i16], [weights, _]: [[i16; 16]; 2]) -> [i32; 16] {
        let values: &[i16; 16] = values.first_chunk().expect("16 values");
        core::array::from_fn(|lane| {
            let product = i32::from(values[lane]).wrapping_mul(weights[lane].into());
            sums[lane].wrapping_add(product)
        })
    }
}

/// The instructions are there in every function below, because [`Target`]'s implementors are only
/// used where they are, and the loads and stores are of memory that a slice or an array of that
/// length owns.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Kernel, Target};
    use shared_model::inspect::Element;
    use std::arch::x86_64::*;

    /// The common part of the two 256-bit sets.
    macro_rules! eight_lanes {
        () => {
            type Sums = __m256i;
            const LANES: usize = 8;
            const PIXELS: [usize; 2] = [8, 6];

            #[inline(always)]
            fn load(sums: &[i32]) -> __m256i {
                let sums = &sums[..8];
                // SAFETY: AVX2 is there; the 8 integers are those of the slice, of any alignment.
                unsafe { _mm256_loadu_si256(sums.as_ptr().cast()) }
            }

            #[inline(always)]
            fn requantize(sums: __m256i, multipliers: &[i32], (low, high): (i32, i32), to: &mut [u8]) {
                let (multipliers, to) = (&multipliers[..8], &mut to[..8]);
                // SAFETY: AVX2 is there; the 8 integers and the 8 bytes are those of the slices, of
                // any alignment.
                unsafe {
                    let multipliers = _mm256_loadu_si256(multipliers.as_ptr().cast());
                    let half = _mm256_set1_epi64x(1 << 31);
                    // 64-bit products of the even and of the odd channels.
                    let even = _mm256_add_epi64(_mm256_mul_epi32(sums, multipliers), half);
                    let odd_sums = _mm256_srli_epi64::<32>(sums);
                    let odd_multipliers = _mm256_srli_epi64::<32>(multipliers);
                    let odd = _mm256_add_epi64(_mm256_mul_epi32(odd_sums, odd_multipliers), half);
                    let scaled = _mm256_blend_epi32::<0b1010_1010>(_mm256_srli_epi64::<32>(even), odd);
                    let scaled = _mm256_max_epi32(scaled, _mm256_set1_epi32(low));
                    let scaled = _mm256_min_epi32(scaled, _mm256_set1_epi32(high));
                    // The lowest byte of each.
                    let first = _mm256_setr_epi8(
                        0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, //
                        0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                    );
                    let bytes = _mm256_shuffle_epi8(scaled, first);
                    let low = _mm256_castsi256_si128(bytes);
                    let high = _mm256_extracti128_si256::<1>(bytes);
                    _mm_storel_epi64(to.as_mut_ptr().cast(), _mm_unpacklo_epi32(low, high));
                }
            }

            #[inline(always)]
            fn max(a: __m256i, b: __m256i) -> __m256i {
                // SAFETY: AVX2 is there.
                unsafe { _mm256_max_epi32(a, b) }
            }
        };
    }

    /// The common part of the two sets that multiply unsigned with signed bytes. Signed inputs
    /// become unsigned by adding 128, which the bias takes back.
    macro_rules! unsigned_bytes {
        ($vector:ty) => {
            type Value = u8;
            type Group = [u8; 4];
            type Weights = $vector;
            const GROUP: usize = 4;

            #[inline(always)]
            fn value(byte: u8, element: Element) -> u8 {
                // Flipping the highest bit of two's complement adds 128.
                byte ^ Self::offset(element) as u8
            }

            #[inline(always)]
            fn offset(element: Element) -> i32 {
                match element {
                    Element::Unsigned => 0,
                    Element::Signed => 128,
                }
            }

            #[inline(always)]
            fn groups(values: &[u8]) -> &[[u8; 4]] {
                values.as_chunks().0
            }

            fn weights(weight: impl Fn(usize, usize) -> i8) -> $vector {
                let weights: [i8; size_of::<$vector>()] = core::array::from_fn(|at| weight(at / 4, at % 4));
                // SAFETY: both are as many bytes, of any content.
                unsafe { core::mem::transmute(weights) }
            }
        };
    }

    pub struct Avx2;

    impl Target for Avx2 {
        eight_lanes!();
        type Value = i16;
        type Group = [i16; 2];
        type Weights = __m256i;
        const GROUP: usize = 2;

        fn run(kernel: impl Kernel) {
            #[target_feature(enable = "avx2")]
            fn run(kernel: impl Kernel) {
                kernel.run();
            }
            // SAFETY: AVX2 is there.
            unsafe { run(kernel) }
        }

        #[inline(always)]
        fn value(byte: u8, element: Element) -> i16 {
            element.value(byte) as i16
        }

        #[inline(always)]
        fn offset(_: Element) -> i32 {
            0
        }

        #[inline(always)]
        fn groups(values: &[i16]) -> &[[i16; 2]] {
            values.as_chunks().0
        }

        fn weights(weight: impl Fn(usize, usize) -> i8) -> __m256i {
            let weights: [i16; 16] = core::array::from_fn(|at| weight(at / 2, at % 2).into());
            // SAFETY: both are 32 bytes of any content.
            unsafe { core::mem::transmute(weights) }
        }

        #[inline(always)]
        fn multiply_add(sums: __m256i, [low, high]: [i16; 2], weights: __m256i) -> __m256i {
            let pair = i32::from(high) << 16 | i32::from(low as u16);
            // SAFETY: AVX2 is there.
            unsafe { _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_set1_epi32(pair), weights)) }
        }

        #[inline(always)]
        fn multiply_add_each(sums: __m256i, values: &[i16], weights: __m256i) -> __m256i {
            let values = &values[..8];
            // SAFETY: AVX2 is there; the 8 values are those of the slice, of any alignment.
            unsafe {
                let values = _mm256_cvtepu16_epi32(_mm_loadu_si128(values.as_ptr().cast()));
                _mm256_add_epi32(sums, _mm256_madd_epi16(values, weights))
            }
        }
    }

    pub struct AvxVnni;

    impl Target for AvxVnni {
        eight_lanes!();
        unsigned_bytes!(__m256i);

        fn run(kernel: impl Kernel) {
            #[target_feature(enable = "avx2,avxvnni")]
            fn run(kernel: impl Kernel) {
                kernel.run();
            }
            // SAFETY: AVX2 and AVX-VNNI are there.
            unsafe { run(kernel) }
        }

        #[inline(always)]
        fn multiply_add(sums: __m256i, group: [u8; 4], weights: __m256i) -> __m256i {
            // SAFETY: AVX2 and AVX-VNNI are there.
            unsafe { _mm256_dpbusd_avx_epi32(sums, _mm256_set1_epi32(i32::from_le_bytes(group)), weights) }
        }

        #[inline(always)]
        fn multiply_add_each(sums: __m256i, values: &[u8], weights: __m256i) -> __m256i {
            let values = &values[..8];
            // SAFETY: AVX2 and AVX-VNNI are there; the 8 values are those of the slice, of any
            // alignment.
            unsafe {
                let values = _mm256_cvtepu8_epi32(_mm_loadl_epi64(values.as_ptr().cast()));
                _mm256_dpbusd_avx_epi32(sums, values, weights)
            }
        }
    }

    pub struct Avx512Vnni;

    impl Target for Avx512Vnni {
        type Sums = __m512i;
        const LANES: usize = 16;
        const PIXELS: [usize; 2] = [8, 8];
        unsigned_bytes!(__m512i);

        fn run(kernel: impl Kernel) {
            #[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512vnni")]
            fn run(kernel: impl Kernel) {
                kernel.run();
            }
            // SAFETY: AVX2 and AVX-512 F, BW, VL and VNNI are there.
            unsafe { run(kernel) }
        }

        #[inline(always)]
        fn load(sums: &[i32]) -> __m512i {
            let sums = &sums[..16];
            // SAFETY: AVX-512 F is there; the 16 integers are those of the slice, of any alignment.
            unsafe { _mm512_loadu_si512(sums.as_ptr().cast()) }
        }

        #[inline(always)]
        fn requantize(sums: __m512i, multipliers: &[i32], (low, high): (i32, i32), to: &mut [u8]) {
            let (multipliers, to) = (&multipliers[..16], &mut to[..16]);
            // SAFETY: AVX-512 F is there; the 16 integers and the 16 bytes are those of the slices,
            // of any alignment.
            unsafe {
                let multipliers = _mm512_loadu_si512(multipliers.as_ptr().cast());
                let half = _mm512_set1_epi64(1 << 31);
                // 64-bit products of the even and of the odd channels.
                let even = _mm512_add_epi64(_mm512_mul_epi32(sums, multipliers), half);
                let odd_sums = _mm512_srli_epi64::<32>(sums);
                let odd_multipliers = _mm512_srli_epi64::<32>(multipliers);
                let odd = _mm512_add_epi64(_mm512_mul_epi32(odd_sums, odd_multipliers), half);
                let even = _mm512_srli_epi64::<32>(even);
                let scaled = _mm512_mask_blend_epi32(0b1010_1010_1010_1010, even, odd);
                let scaled = _mm512_max_epi32(scaled, _mm512_set1_epi32(low));
                let scaled = _mm512_min_epi32(scaled, _mm512_set1_epi32(high));
                _mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(scaled));
            }
        }

        #[inline(always)]
        fn max(a: __m512i, b: __m512i) -> __m512i {
            // SAFETY: AVX-512 F is there.
            unsafe { _mm512_max_epi32(a, b) }
        }

        #[inline(always)]
        fn multiply_add(sums: __m512i, group: [u8; 4], weights: __m512i) -> __m512i {
            // SAFETY: AVX-512 F and VNNI are there.
            unsafe { _mm512_dpbusd_epi32(sums, _mm512_set1_epi32(i32::from_le_bytes(group)), weights) }
        }

        #[inline(always)]
        fn multiply_add_each(sums: __m512i, values: &[u8], weights: __m512i) -> __m512i {
            let values = &values[..16];
            // SAFETY: AVX-512 F and VNNI are there; the 16 values are those of the slice, of any
            // alignment.
            unsafe {
                let values = _mm512_cvtepu8_epi32(_mm_loadu_si128(values.as_ptr().cast()));
                _mm512_dpbusd_epi32(sums, values, weights)
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
use x86::{Avx2, Avx512Vnni, AvxVnni};
