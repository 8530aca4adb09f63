//! Files as MNIST's are.

/// Returns an image file of `count` images of `size` × `size`, all of one grey.
pub fn images(count: u32, size: u32) -> Vec<u8> {
    let mut file = [0x803u32, count, size, size].map(u32::to_be_bytes).concat();
    file.resize(16 + (count * size * size) as usize, 7);
    file
}

/// Returns a label file.
pub fn labels(labels: &[u8]) -> Vec<u8> {
    [&0x801u32.to_be_bytes()[..], &(labels.len() as u32).to_be_bytes(), labels].concat()
}
