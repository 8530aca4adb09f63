use tinytriplet_boards::stack::{lowest_used, paint, pointer};

/// Returns the bytes of stack, below the caller's, that `f` needs. Interrupts must be masked.
#[inline(never)]
pub fn used_by(f: impl FnOnce()) -> u32 {
    let bottom = paint();
    let top = pointer();
    call(f);
    let lowest = lowest_used(bottom, top);
    assert!(lowest > bottom, "too little of the stack is painted");
    (top - lowest) as u32
}

/// Calls `f` in a frame of its own, so that all of its stack is below the caller's.
#[inline(never)]
fn call(f: impl FnOnce()) {
    f();
}
