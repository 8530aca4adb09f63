use crate::board::stack::{lowest_used, paint, pointer};

/// Bytes of stack below its caller's that `f` takes. Interrupts must be masked.
#[inline(never)]
pub fn used_by(f: impl FnOnce()) -> u32 {
    let bottom = paint();
    let top = pointer();
    call(f);
    let lowest = lowest_used(bottom, top);
    assert!(lowest > bottom, "the stack that is painted is too little");
    (top - lowest) as u32
}

/// With a frame of its own, so that all that `f` takes is below the caller's.
#[inline(never)]
fn call(f: impl FnOnce()) {
    f();
}
