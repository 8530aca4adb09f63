//! Looks through a JPEG for what its decoder would paint over: a scan that is damaged or ends
//! early.
//!
//! A decoder shows as much as it can, because a person can judge what is shown. A net would learn
//! it. So every scan's Huffman codes are read here, without making pixels of them: they must be as
//! many as the frame has blocks, and end where the next marker stands. Paragraphs and figures are
//! those of ITU-T T.81.

mod bits;

use bits::{Bits, Huffman};

/// The reason why a JPEG cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JpegFault {
    /// Its end is missing.
    Truncated,
    /// Its end is there, but not all of its picture.
    Damaged,
    /// It is of a kind that no decoder at hand reads.
    Unsupported(&'static str),
}

use JpegFault::{Damaged, Truncated, Unsupported};

/// The most scans that a file may have, as the decoder has it.
const MOST_SCANS: usize = 100;

#[derive(Clone, Copy, Debug)]
struct Component {
    id: u8,
    horizontal: usize,
    vertical: usize,
}

/// The frame header (B.2.2).
#[derive(Debug)]
struct Frame {
    is_progressive: bool,
    height: usize,
    width: usize,
    components: Vec<Component>,
}

impl Frame {
    /// `None` where it makes no sense; the decoder says how.
    fn new(marker: u8, segment: &[u8]) -> Option<Self> {
        let [8, y0, y1, x0, x1, count, components @ ..] = segment else { return None };
        let (components, rest) = components.as_chunks::<3>();
        let of = |&[id, factors, _]: &[u8; 3]| Component {
            id,
            horizontal: (factors >> 4).into(),
            vertical: (factors & 15).into(),
        };
        let components: Vec<Component> = components.iter().map(of).collect();
        let is_possible =
            |one: &Component| (1..=4).contains(&one.horizontal) && (1..=4).contains(&one.vertical);
        let size = |high: &u8, low: &u8| usize::from(u16::from_be_bytes([*high, *low]));
        let (height, width) = (size(y0, y1), size(x0, x1));
        let is_usable = rest.is_empty()
            && usize::from(*count) == components.len()
            && (1..=4).contains(&components.len())
            && components.iter().all(is_possible)
            && height > 0
            && width > 0;
        is_usable.then_some(Self { is_progressive: marker == 0xc2, height, width, components })
    }

    /// Columns and rows of blocks that all components are interleaved by.
    fn units(&self) -> [usize; 2] {
        let most = |of: fn(&Component) -> usize| self.components.iter().map(of).max().unwrap_or(1);
        [
            self.width.div_ceil(8 * most(|component| component.horizontal)),
            self.height.div_ceil(8 * most(|component| component.vertical)),
        ]
    }

    /// Blocks of one component that stand in a scan of its own (A.2.2).
    fn blocks(&self, component: &Component) -> usize {
        let most = |of: fn(&Component) -> usize| self.components.iter().map(of).max().unwrap_or(1);
        (self.width * component.horizontal).div_ceil(8 * most(|component| component.horizontal))
            * (self.height * component.vertical).div_ceil(8 * most(|component| component.vertical))
    }

    /// The blocks of all components, the edges that are cut off included.
    fn all_blocks(&self) -> usize {
        let [columns, rows] = self.units();
        self.components.iter().map(|one| columns * rows * one.horizontal * one.vertical).sum()
    }
}

/// The bytes that decoding takes beside the pixels: the coefficients, where they come in more than
/// one scan. 0 where the header makes no sense.
pub(super) fn coefficient_bytes(file: &[u8]) -> u64 {
    let mut at = 2;
    let mut frame = None;
    while let Some((marker, segment, next)) = segment(file, at) {
        match marker {
            0xc0..=0xc2 => frame = Frame::new(marker, segment),
            0xda => {
                let Some(frame) = frame else { return 0 };
                let is_whole = segment.first() == Some(&(frame.components.len() as u8));
                let is_kept = frame.is_progressive || !is_whole;
                // 64 of 16 bits a block; and below, 64 bits that say which of them are not zero.
                return if is_kept { 136 * frame.all_blocks() as u64 } else { 0 };
            }
            _ => {}
        }
        at = next;
    }
    0
}

/// Returns the next marker from `at` on, the segment after it without its length, and its end.
/// Skips everything else between segments, such as fill bytes (B.1.1.2).
fn segment(file: &[u8], at: usize) -> Option<(u8, &[u8], usize)> {
    let (marker, at) = marker(file, at)?;
    // These stand alone.
    if matches!(marker, 0x01 | 0xd0..=0xd9) {
        return Some((marker, &[], at));
    }
    let len = usize::from(u16::from_be_bytes(*file.get(at..)?.first_chunk()?));
    Some((marker, file.get(at + 2..at + len.max(2))?, at + len.max(2)))
}

/// The next marker from `at` on, and where its segment begins.
fn marker(file: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        match *file.get(at..at + 2)? {
            [0xff, 0] => at += 2,
            [0xff, 0xff] => at += 1,
            [0xff, marker] => return Some((marker, at + 2)),
            _ => at += 1,
        }
    }
}

/// Checks that all of the picture is there.
pub(super) fn check(file: &[u8]) -> Result<(), JpegFault> {
    let mut state = State::default();
    let (mut at, mut scans) = (2, 0);
    loop {
        let (marker, segment, next) = segment(file, at).ok_or(Truncated)?;
        at = next;
        match marker {
            0xd9 if scans == 0 => return Err(Damaged),
            0xd9 => return if state.is_seen() { Ok(()) } else { Err(Damaged) },
            0xc4 => state.read_tables(segment),
            0xc0..=0xc2 => match Frame::new(marker, segment) {
                Some(frame) if state.frame.is_none() => state.set_frame(frame),
                // The decoder says what is wrong with it.
                _ => return ends(file, at),
            },
            0xc3 | 0xc5..=0xc7 => return Err(Unsupported("a lossless or hierarchical JPEG")),
            0xc9..=0xcb | 0xcd..=0xcf => return Err(Unsupported("an arithmetic-coded JPEG")),
            0xdd => state.interval = segment.first_chunk().map_or(0, |&two| u16::from_be_bytes(two).into()),
            0xda => {
                scans += 1;
                match state.scan(segment, file, at)? {
                    Some(end) if scans <= MOST_SCANS => at = end,
                    _ => return ends(file, at),
                }
            }
            _ => {}
        }
    }
}

/// Checks a file that this program cannot decode: its end has to be there.
fn ends(file: &[u8], mut at: usize) -> Result<(), JpegFault> {
    while let Some((marker, next)) = marker(file, at) {
        if marker == 0xd9 {
            return Ok(());
        }
        at = next;
    }
    Err(Truncated)
}

/// The state of the check so far.
#[derive(Default)]
struct State {
    frame: Option<Frame>,
    /// For the first coefficient of a block, and for the others.
    tables: [[Option<Huffman>; 4]; 2],
    /// Units between two restarts; 0 for no restarts.
    interval: usize,
    /// Which coefficients are not zero, a bit for each, a word for each block, for each component
    /// of a progressive frame.
    nonzero: Vec<Vec<u64>>,
    is_seen: Vec<bool>,
}

/// The scan header (B.2.3): which components, and which part of their coefficients.
struct Scan<'a> {
    components: Vec<(usize, Option<&'a Huffman>, Option<&'a Huffman>)>,
    /// The first and the last coefficient.
    first: u32,
    last: u32,
    is_refinement: bool,
}

impl State {
    /// Returns true if there was a scan of every component.
    fn is_seen(&self) -> bool {
        self.is_seen.iter().all(|&is_seen| is_seen)
    }

    fn set_frame(&mut self, frame: Frame) {
        self.is_seen = vec![false; frame.components.len()];
        if frame.is_progressive {
            self.nonzero =
                frame.components.iter().map(|component| vec![0; frame.blocks(component)]).collect();
        }
        self.frame = Some(frame);
    }

    /// Takes the tables of a segment (B.2.4.2).
    fn read_tables(&mut self, mut segment: &[u8]) {
        while let [class, rest @ ..] = segment
            && let Some((counts, symbols)) = rest.split_first_chunk::<16>()
            && let Some((symbols, rest)) =
                symbols.split_at_checked(counts.iter().map(|&count| usize::from(count)).sum())
        {
            segment = rest;
            if let Some(table) = self.tables.get_mut(usize::from(class >> 4)) {
                table[usize::from(class & 3)] = Huffman::new(counts, symbols);
            }
        }
    }

    /// Reads the scan whose header is `segment` and whose codes begin at `at`. Returns where they
    /// end; `None` where it cannot be checked, because a table or a component is missing.
    fn scan(&mut self, segment: &[u8], file: &[u8], at: usize) -> Result<Option<usize>, JpegFault> {
        let Some(frame) = &self.frame else { return Ok(None) };
        let [count, rest @ ..] = segment else { return Ok(None) };
        let Some((chosen, &[first, last, approximation])) = rest.split_at_checked(2 * usize::from(*count))
        else {
            return Ok(None);
        };
        let mut components = Vec::new();
        for &[id, tables] in chosen.as_chunks::<2>().0 {
            let Some(index) = frame.components.iter().position(|one| one.id == id) else { return Ok(None) };
            let table = |class: usize, number: u8| self.tables[class][usize::from(number & 3)].as_ref();
            components.push((index, table(0, tables >> 4), table(1, tables)));
            self.is_seen[index] = true;
        }
        let (first, last) = if frame.is_progressive { (first, last) } else { (0, 63) };
        if first > last || last > 63 || components.is_empty() || (first > 0 && components.len() > 1) {
            return Err(Damaged);
        }
        let is_refinement = frame.is_progressive && approximation >> 4 > 0;
        let needs = [first == 0 && !is_refinement, last > 0];
        if components.iter().any(|(_, dc, ac)| needs[0] && dc.is_none() || needs[1] && ac.is_none()) {
            return Ok(None);
        }
        let scan = Scan { components, first: first.into(), last: last.into(), is_refinement };
        let mut bits = Bits::new(file, at);
        if scan.first == 0 {
            scan.units(frame, self.interval, &mut bits)?;
        } else {
            scan.coefficients(&mut self.nonzero[scan.components[0].0], self.interval, &mut bits)?;
        }
        bits.finish(self.interval > 0).map(Some)
    }
}

impl Scan<'_> {
    /// Reads units of blocks, one after another, with the first coefficient of each.
    fn units(&self, frame: &Frame, interval: usize, bits: &mut Bits<'_>) -> Result<(), JpegFault> {
        let blocks = |&(index, ..): &(usize, Option<&Huffman>, Option<&Huffman>)| {
            frame.components[index].horizontal * frame.components[index].vertical
        };
        let (units, blocks): (usize, Vec<usize>) = match self.components.as_slice() {
            [(index, ..)] => (frame.blocks(&frame.components[*index]), vec![1]),
            components => (frame.units().iter().product(), components.iter().map(blocks).collect()),
        };
        for unit in 0..units {
            bits.restart_before(unit, interval)?;
            for (&(_, dc, ac), &blocks) in self.components.iter().zip(&blocks) {
                for _ in 0..blocks {
                    self.block(dc, ac, bits)?;
                }
            }
        }
        Ok(())
    }

    /// Reads the first coefficient of a block, and the others where the frame is sequential
    /// (F.1.2).
    fn block(
        &self,
        dc: Option<&Huffman>,
        ac: Option<&Huffman>,
        bits: &mut Bits<'_>,
    ) -> Result<(), JpegFault> {
        match dc {
            Some(dc) if !self.is_refinement => {
                let size = bits.symbol(dc)?;
                bits.skip(size.into())?;
            }
            _ => bits.skip(1)?,
        }
        let Some(ac) = ac.filter(|_| self.last > 0) else { return Ok(()) };
        let mut at = 1;
        while at < 64 {
            let symbol = bits.symbol(ac)?;
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (15, 0) => at += 16,
                (_, 0) => break,
                _ if at + run > 63 => return Err(Damaged),
                _ => {
                    bits.skip(size)?;
                    at += run + 1;
                }
            }
        }
        Ok(())
    }

    /// Reads a band of coefficients of all blocks of one component of a progressive frame (G.1.2.2,
    /// G.1.2.3).
    fn coefficients(
        &self,
        nonzero: &mut [u64],
        interval: usize,
        bits: &mut Bits<'_>,
    ) -> Result<(), JpegFault> {
        let Some(ac) = self.components[0].2 else { return Ok(()) };
        // Blocks that have nothing more in this band.
        let mut empty = 0;
        for (unit, nonzero) in nonzero.iter_mut().enumerate() {
            if bits.restart_before(unit, interval)? {
                empty = 0;
            }
            let mut at = self.first;
            while empty == 0 && at <= self.last {
                let symbol = bits.symbol(ac)?;
                let (mut run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
                if size == 0 && run < 15 {
                    empty = (1 << run) + bits.take(run)?;
                    break;
                }
                bits.skip(size)?;
                // Zeros are counted. What a refinement finds to be none has a bit here.
                while at <= self.last {
                    if self.is_refinement && *nonzero >> at & 1 > 0 {
                        bits.skip(1)?;
                    } else if run == 0 {
                        break;
                    } else {
                        run -= 1;
                    }
                    at += 1;
                }
                if size > 0 {
                    if at > self.last {
                        return Err(Damaged);
                    }
                    *nonzero |= 1 << at;
                }
                at += 1;
            }
            if empty > 0 {
                empty -= 1;
                if self.is_refinement {
                    let rest = (*nonzero >> at.min(63) << at.min(63)) & (u64::MAX >> (63 - self.last));
                    if at <= self.last {
                        bits.skip(rest.count_ones())?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};

    /// 50 × 38 in colour, 4:2:0, by libjpeg-turbo: in ten scans, and with a restart marker every
    /// few units.
    const PROGRESSIVE: &[u8] = include_bytes!("jpeg/progressive.jpg");
    const RESTARTS: &[u8] = include_bytes!("jpeg/restarts.jpg");

    /// A busy picture in one scan.
    fn busy(color: ExtendedColorType) -> Vec<u8> {
        let mut file = Vec::new();
        let samples = 61 * 45 * usize::from(color.channel_count());
        let pixels: Vec<u8> = (0..samples).map(|at| (at * at / 7 + at * 31) as u8).collect();
        JpegEncoder::new_with_quality(&mut file, 80).encode(&pixels, 61, 45, color).unwrap();
        file
    }

    /// JPEGs of all kinds that are checked.
    fn sound() -> [Vec<u8>; 4] {
        [busy(ExtendedColorType::L8), busy(ExtendedColorType::Rgb8), RESTARTS.into(), PROGRESSIVE.into()]
    }

    /// Returns the place where the codes of the first scan begin.
    fn first_scan(file: &[u8]) -> usize {
        let mut at = 2;
        loop {
            let (marker, _, next) = segment(file, at).unwrap();
            at = next;
            if marker == 0xda {
                return at;
            }
        }
    }

    fn parts(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    #[test]
    fn sound_files_pass() {
        for file in sound() {
            assert_eq!(check(&file), Ok(()));
            assert_eq!(check(&parts(&[&file, b"what a camera adds"])), Ok(()));
        }
    }

    #[test]
    fn fill_bytes_may_stand_before_every_marker() {
        for file in sound() {
            for count in [1, 3] {
                let (mut filled, mut at) = (file[..2].to_vec(), 2);
                while let Some((_, next)) = marker(&file, at) {
                    filled.extend(&file[at..next - 2]);
                    filled.extend(vec![0xff; count]);
                    filled.extend(&file[next - 2..next]);
                    at = next;
                    // No markers are looked for inside of a segment.
                    if let Some((_, _, end)) = segment(&file, next - 2) {
                        filled.extend(&file[at..end]);
                        at = end;
                    }
                }
                assert!(filled.len() >= file.len() + 6 * count);
                assert_eq!(check(&filled), Ok(()));
            }
        }
    }

    #[test]
    fn what_ends_early_is_damaged_even_with_its_end() {
        const END: &[u8] = &[0xff, 0xd9];
        for file in sound() {
            let scan = first_scan(&file);
            for end in (scan..file.len() - 12).step_by(7) {
                assert_eq!(check(&file[..end]), Err(Truncated), "{end}");
                // Between two scans of a progressive file nothing is missing but detail.
                if file[end - 1] != 0xff && !file[..end].ends_with(&file[file.len() - 14..file.len() - 12]) {
                    let ended = parts(&[&file[..end], END]);
                    let is_between = check(&ended).is_ok();
                    assert!(!is_between || file == PROGRESSIVE, "{end}");
                }
            }
        }
    }

    #[test]
    fn holes_and_zeros_in_a_scan_are_damage() {
        for (number, file) in sound().iter().enumerate() {
            let scan = first_scan(file);
            let len = marker(file, scan).unwrap().1 - 2 - scan;
            let at = scan + len / 4;
            // What lies within one block may be another block's.
            for hole in [len / 3, len / 2] {
                let cut = parts(&[&file[..at], &file[at + hole..]]);
                assert_eq!(check(&cut), Err(Damaged), "{number}: {hole} bytes are missing");
                let doubled = parts(&[&file[..at + hole], &file[at..]]);
                assert_eq!(check(&doubled), Err(Damaged), "{number}: {hole} bytes are there twice");
            }
            let mut zeros = file.clone();
            zeros[at..at + len / 3].fill(0);
            assert_eq!(check(&zeros), Err(Damaged), "{number}: zeros");
        }
    }

    #[test]
    fn restarts_count() {
        let first = RESTARTS.windows(2).position(|two| two == [0xff, 0xd0]).unwrap();
        let mut other = RESTARTS.to_vec();
        other[first + 1] = 0xd3;
        assert_eq!(check(&other), Err(Damaged));
        // One after the last unit does no harm, nor do zeros that fill up a sector.
        let (body, end) = RESTARTS.split_at(RESTARTS.len() - 2);
        assert_eq!(check(&parts(&[body, &[0xff, 0xd7], end])), Ok(()));
        assert_eq!(check(&parts(&[body, &[0; 40], end])), Ok(()));
        assert_eq!(check(&parts(&[body, &[1; 40], end])), Err(Damaged));
    }

    #[test]
    fn rare_kinds_are_named() {
        let frame = RESTARTS.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        for (marker, words) in [(0xc3, "lossless"), (0xc9, "arithmetic-coded")] {
            let mut file = RESTARTS.to_vec();
            file[frame + 1] = marker;
            assert!(matches!(check(&file), Err(Unsupported(kind)) if kind.contains(words)));
        }
    }

    #[test]
    fn nothing_panics() {
        for file in sound() {
            for at in 2..file.len() {
                for change in [0x01, 0x80, 0xff] {
                    let mut other = file.clone();
                    other[at] ^= change;
                    let _ = check(&other);
                    coefficient_bytes(&other);
                }
            }
        }
    }
}
