//! Loops whose length is known when they are compiled.

/// Runs `$body` with the constant `$N` equal to `$value`, which is one of the list and at most
/// `$most`, so that arrays can have that size.
macro_rules! with_const {
    ($value:expr, $N:ident in [$($n:literal),*], at most $most:expr, $body:expr) => {
        match $value {
            $($n if const { $n <= $most } => { const $N: usize = $n; $body })*
            other => unreachable!("{other} at once"),
        }
    };
}

/// `$body` for `$i` from 0 to `$count`, which is constant, written out for each. Where the compiler
/// leaves a loop, the arrays that it changes stay in memory.
macro_rules! unrolled {
    ($i:ident in [$($value:literal),*], below $count:expr, $body:block) => {{
        $(if const { $value < $count } {
            let $i: usize = $value;
            $body
        })*
    }};
}

pub(super) use {unrolled, with_const};
