//! Code compiled once for each instruction set and chosen at run time: for [`f32`](mod@f32), and
//! for the int8 engine.

pub mod f32;
pub(crate) mod i8;

/// An instruction set that this CPU has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simd(Level);

/// The instruction sets told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// The instructions that the program was compiled for: NEON on AArch64, SSE2 on x86-64 unless
    /// asked for more.
    Baseline,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-VNNI as well.
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    /// AVX2, FMA and AVX-512 F.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// AVX-512 BW, VL and VNNI as well.
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
}

impl Simd {
    /// Returns the instruction sets that this CPU has, the best last; [`baseline`](Self::name) is always
    /// there. There is no other way to make one, so that having one proves that its instructions
    /// may be used.
    pub fn available() -> impl Iterator<Item = Self> {
        let mut levels = vec![Level::Baseline];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            levels.push(Level::Avx2);
            if is_x86_feature_detected!("avxvnni") {
                levels.push(Level::AvxVnni);
            }
            if is_x86_feature_detected!("avx512f") {
                levels.push(Level::Avx512);
                if is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
                {
                    levels.push(Level::Avx512Vnni);
                }
            }
        }
        levels.into_iter().map(Self)
    }

    /// Returns the best one that this CPU has.
    pub fn best() -> Self {
        Self::available().last().expect("the baseline is always there")
    }

    /// Returns `baseline` (what the program was compiled for), `avx2`, `avx-vnni`, `avx512` or
    /// `avx512-vnni`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::AvxVnni => "avx-vnni",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni => "avx512-vnni",
        }
    }
}
