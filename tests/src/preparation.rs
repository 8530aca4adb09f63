//! "How an image becomes pixels" of `docs/FORMAT.md` once more, by someone who has not seen
//! `shared_model::prepare`: whole images, in 128-bit integers, one expression for each formula.

use shared_model::{
    model::format::{Background, Centring, Fit, Preprocessing},
    prepare::{Crop, Format},
};

/// An image in plain integers.
#[derive(Clone)]
pub struct Image {
    /// Rows.
    pub height: i128,
    /// Columns.
    pub width: i128,
    /// Row by row.
    pub values: Vec<i128>,
}

impl Image {
    fn from_fn(height: i128, width: i128, value: impl Fn(i128, i128) -> i128) -> Self {
        let values =
            (0..height).flat_map(|r| (0..width).map(move |c| (r, c))).map(|(r, c)| value(r, c)).collect();
        Self { height, width, values }
    }

    fn at(&self, r: i128, c: i128) -> i128 {
        self.values[(r * self.width + c) as usize]
    }

    /// All rows and columns, row by row.
    fn places(&self) -> impl Iterator<Item = (i128, i128)> + use<> {
        let width = self.width;
        (0..self.height).flat_map(move |r| (0..width).map(move |c| (r, c)))
    }

    /// Those within `reach` of a place.
    fn around(&self, r: i128, c: i128, reach: i128) -> impl Iterator<Item = (i128, i128)> + use<> {
        let rows = (r - reach).max(0)..(r + reach + 1).min(self.height);
        let columns = (c - reach).max(0)..(c + reach + 1).min(self.width);
        rows.flat_map(move |r| columns.clone().map(move |c| (r, c)))
    }

    /// The means of blocks of h × w, as many as begin within the image.
    fn means(&self, h: i128, w: i128) -> Self {
        let blocks = |side: i128, of: i128| (side + of - 1) / of;
        Self::from_fn(blocks(self.height, h), blocks(self.width, w), |r, c| {
            let rows = r * h..((r + 1) * h).min(self.height);
            let columns = c * w..((c + 1) * w).min(self.width);
            let sum =
                rows.clone().flat_map(|r| columns.clone().map(move |c| (r, c))).map(|(r, c)| self.at(r, c));
            round(sum.sum(), (rows.end - rows.start) * (columns.end - columns.start))
        })
    }

    fn map(&self, value: impl Fn(i128) -> i128) -> Self {
        Self::from_fn(self.height, self.width, |r, c| value(self.at(r, c)))
    }
}

/// `round(a / b)`.
fn round(a: i128, b: i128) -> i128 {
    (2 * a + b).div_euclid(2 * b)
}

/// The greys of a part of a frame: step 2.
pub fn greys(format: Format, stride: usize, crop: Crop, bytes: &[u8]) -> Image {
    let grey = |r: i128, g: i128, b: i128| round(54 * r + 183 * g + 19 * b, 256);
    let of_565 = |word: i128| {
        let (r, g, b) = (word / 2048, word / 32 % 64, word % 32);
        grey(8 * r + r / 4, 4 * g + g / 16, 8 * b + b / 4)
    };
    Image::from_fn(crop.height.into(), crop.width.into(), |r, c| {
        let (row, column) = (r as usize + usize::from(crop.top), c as usize + usize::from(crop.left));
        let byte = |of: usize, nth: usize| i128::from(bytes[row * stride + column * of + nth]);
        match format {
            Format::Grey8 => byte(1, 0),
            Format::Rgb888 => grey(byte(3, 0), byte(3, 1), byte(3, 2)),
            Format::Rgb565LittleEndian => of_565(byte(2, 0) + 256 * byte(2, 1)),
            Format::Rgb565BigEndian => of_565(256 * byte(2, 0) + byte(2, 1)),
            Format::Yuyv => byte(2, 0),
            Format::Uyvy => byte(2, 1),
        }
    })
}

/// Red, green and blue of a part of a frame: step 2, for a net in colour.
pub fn colours(format: Format, stride: usize, crop: Crop, bytes: &[u8]) -> [Image; 3] {
    let of_565 = |word: i128| {
        let (r, g, b) = (word / 2048, word / 32 % 64, word % 32);
        [8 * r + r / 4, 4 * g + g / 16, 8 * b + b / 4]
    };
    let of_yuv = |y: i128, u: i128, v: i128| {
        let (u, v) = (u - 128, v - 128);
        let (red, green, blue) = (round(359 * v, 256), round(88 * u + 183 * v, 256), round(454 * u, 256));
        [y + red, y - green, y + blue].map(|value| value.clamp(0, 255))
    };
    let colour = |r: i128, c: i128| {
        let (row, column) = (r as usize + usize::from(crop.top), c as usize + usize::from(crop.left));
        let byte = |at: usize| i128::from(bytes[row * stride + at]);
        let (two, pair) = (2 * column, column / 2 * 4);
        match format {
            Format::Grey8 => [byte(column); 3],
            Format::Rgb888 => [0, 1, 2].map(|channel| byte(3 * column + channel)),
            Format::Rgb565LittleEndian => of_565(byte(two) + 256 * byte(two + 1)),
            Format::Rgb565BigEndian => of_565(256 * byte(two) + byte(two + 1)),
            Format::Yuyv => of_yuv(byte(two), byte(pair + 1), byte(pair + 3)),
            Format::Uyvy => of_yuv(byte(two + 1), byte(pair), byte(pair + 2)),
        }
    };
    [0, 1, 2]
        .map(|channel| Image::from_fn(crop.height.into(), crop.width.into(), |r, c| colour(r, c)[channel]))
}

/// Steps 3 and 4 for a net in colour.
pub fn prepared_in_colour(
    greys: &Image,
    colours: &[Image; 3],
    preprocessing: Preprocessing,
    h: i128,
    w: i128,
) -> (Vec<u8>, bool) {
    assert_ne!(preprocessing.fit, Fit::Centre, "which is for grey");
    let (_, is_light) = prepared(greys, preprocessing, h, w);
    let background = if is_light { Background::Light } else { Background::Dark };
    let judged = Preprocessing { background, ..preprocessing };
    let [red, green, blue] = [0, 1, 2].map(|channel| prepared(&colours[channel], judged, h, w).0);
    let pixels = red.into_iter().zip(green).zip(blue);
    (pixels.flat_map(|((red, green), blue)| [red, green, blue]).collect(), is_light)
}

/// For each output, its sources and their weights; and the weights' sum.
fn weights(a: i128, h: i128) -> (Vec<Vec<(i128, i128)>>, i128) {
    let of = |r: i128| {
        if h <= a {
            (r * a / h..a.min((r + 1) * a / h + 1))
                .map(|i| (i, ((i + 1) * h).min((r + 1) * a) - (i * h).max(r * a)))
                .filter(|(_, shared)| *shared > 0)
                .collect()
        } else {
            let p = ((2 * r + 1) * a - h).clamp(0, 2 * h * (a - 1));
            let k = p / (2 * h);
            let next = p - 2 * h * k;
            [(k, 2 * h - next), (k + 1, next)].into_iter().filter(|(_, weight)| *weight > 0).collect()
        }
    };
    ((0..h).map(of).collect(), if h <= a { a } else { 2 * h })
}

/// "Resizing".
pub fn resized(image: &Image, h: i128, w: i128) -> Image {
    let ((down, v), (across, u)) = (weights(image.height, h), weights(image.width, w));
    Image::from_fn(h, w, |r, c| {
        let sum =
            |i: i128| across[c as usize].iter().map(|(j, weight)| weight * image.at(i, *j)).sum::<i128>();
        round(down[r as usize].iter().map(|(i, weight)| weight * sum(*i)).sum(), v * u)
    })
}

/// "Fitted into h × w".
fn fitted(image: &Image, h: i128, w: i128) -> Image {
    let (a, b) = (image.height, image.width);
    if b * h >= a * w {
        resized(image, round(a * w, b).max(1).min(h), w)
    } else {
        resized(image, h, round(b * h, a).max(1).min(w))
    }
}

/// `image` at a place of an image of zeros.
fn placed(image: &Image, h: i128, w: i128, top: i128, left: i128) -> Image {
    Image::from_fn(h, w, |r, c| {
        let (r, c) = (r - top, c - left);
        if (0..image.height).contains(&r) && (0..image.width).contains(&c) { image.at(r, c) } else { 0 }
    })
}

/// Steps 3 and 4: the pixels of a net of h × w, and whether the background is light.
pub fn prepared(frame: &Image, preprocessing: Preprocessing, h: i128, w: i128) -> (Vec<u8>, bool) {
    let is_outermost = |r: i128, c: i128| r == 0 || c == 0 || r == frame.height - 1 || c == frame.width - 1;
    let all = (0..frame.height).flat_map(|r| (0..frame.width).map(move |c| (r, c)));
    let mut border: Vec<_> = all.filter(|&(r, c)| is_outermost(r, c)).map(|(r, c)| frame.at(r, c)).collect();
    border.sort();
    let (low, high) = (border[(border.len() - 1) / 2], border[border.len() / 2]);
    let is_light = match preprocessing.background {
        Background::Dark => false,
        Background::Light => true,
        Background::Auto => low + high > 255,
    };
    let on_dark = |x| if is_light { 255 - x } else { x };
    let pixels = match preprocessing.fit {
        Fit::Stretch => resized(frame, h, w).map(on_dark),
        Fit::Contain => {
            let image = fitted(frame, h, w).map(on_dark);
            placed(&image, h, w, (h - image.height) / 2, (w - image.width) / 2)
        }
        Fit::Centre => {
            let is_small = frame.height <= h && frame.width <= w;
            if !is_small || border[border.len() - 1] - border[0] > 24 {
                let (ink, is_light) = sign(frame, preprocessing, h, w);
                let pixels = ink.map_or(Image::from_fn(h, w, |_, _| 0), |(ink, faintest)| {
                    centred(&ink, |x| x >= faintest, h, w)
                });
                return (bytes(&pixels), is_light);
            }
            let paper = if is_light { 255 - low } else { high };
            let ink = frame.map(|x| (on_dark(x) - paper).max(0));
            let largest = *ink.values.iter().max().unwrap();
            centred(&ink, |x| largest > 0 && 4 * x >= largest, h, w)
        }
    };
    (bytes(&pixels), is_light)
}

fn bytes(image: &Image) -> Vec<u8> {
    image.values.iter().map(|&x| u8::try_from(x).unwrap()).collect()
}

/// Cuts out the box of the ink, and puts it into the middle.
fn centred(working: &Image, is_ink: impl Fn(i128) -> bool, h: i128, w: i128) -> Image {
    let ink: Vec<_> = working.places().filter(|&(r, c)| is_ink(working.at(r, c))).collect();
    if ink.is_empty() {
        return Image::from_fn(h, w, |_, _| 0);
    }
    let ends = |of: fn(&(i128, i128)) -> i128| {
        (ink.iter().map(of).min().unwrap(), ink.iter().map(of).max().unwrap())
    };
    let ((top, bottom), (left, right)) = (ends(|at| at.0), ends(|at| at.1));
    let cut = Image::from_fn(bottom - top + 1, right - left + 1, |r, c| working.at(top + r, left + c));
    let image = fitted(&cut, round(20 * h, 28).max(1), round(20 * w, 28).max(1));
    let m: i128 = image.values.iter().sum();
    if m == 0 {
        return Image::from_fn(h, w, |_, _| 0);
    }
    let at = |side: i128, part: i128, of: &dyn Fn(i128, i128) -> i128| {
        let cells = (0..image.height).flat_map(|r| (0..image.width).map(move |c| (r, c)));
        let moment: i128 = cells.map(|(r, c)| (2 * of(r, c) + 1) * image.at(r, c)).sum();
        ((side + 1) * m - moment).div_euclid(2 * m).clamp(0, side - part)
    };
    placed(&image, h, w, at(h, image.height, &|r, _| r), at(w, image.width, &|_, c| c))
}

/// "The sign on the paper": the ink with the faintest that is ink, if there is any, and whether the
/// background is light.
fn sign(frame: &Image, preprocessing: Preprocessing, h: i128, w: i128) -> (Option<(Image, i128)>, bool) {
    let reduced = reduced(frame, h, w);
    let s = if 4 * reduced.height * reduced.width <= 25 * h * w { 1 } else { 2 };
    // What is missing is doubled first, so that every cell has all its pixels.
    let whole = |side: i128| (side + s - 1) / s * s;
    let doubled = Image::from_fn(whole(reduced.height), whole(reduced.width), |r, c| {
        reduced.at(r.min(reduced.height - 1), c.min(reduced.width - 1))
    });
    let cells = doubled.means(s, s);
    let tiles = cells.means(4, 4);

    let reach = (tiles.height.max(tiles.width) / 8).max(1);
    let largest = |of: &Image, reach| {
        Image::from_fn(of.height, of.width, |r, c| {
            of.around(r, c, reach).map(|(r, c)| of.at(r, c)).max().unwrap()
        })
    };
    let smallest = |of: &Image, reach| {
        Image::from_fn(of.height, of.width, |r, c| {
            of.around(r, c, reach).map(|(r, c)| of.at(r, c)).min().unwrap()
        })
    };
    let (high, low) = (largest(&tiles, reach), smallest(&tiles, reach));
    let vote: i128 = tiles.places().map(|(r, c)| 2 * tiles.at(r, c) - high.at(r, c) - low.at(r, c)).sum();
    let sum: i128 = tiles.values.iter().sum();
    let is_light = match preprocessing.background {
        Background::Dark => false,
        Background::Light => true,
        Background::Auto => vote > 0 || vote == 0 && 2 * sum > 255 * tiles.values.len() as i128,
    };
    let on_dark = |x| if is_light { 255 - x } else { x };
    let paper = largest(&smallest(&tiles.map(on_dark), reach), reach + 1);
    let stands_out = |x: i128, r: i128, c: i128| {
        let paper = paper.at(r / 4, c / 4);
        let gain = if is_light { 65280 / (255 - paper).max(16) } else { 256 };
        ((on_dark(x) - paper) * gain).div_euclid(256)
    };
    let f =
        Image::from_fn(cells.height, cells.width, |r, c| stands_out(cells.at(r, c), r, c).clamp(-64, 191));

    let Centring { threshold, line, speck } = preprocessing.centring;
    let mut sorted = f.values.clone();
    sorted.sort();
    let count = sorted.len();
    let m = sorted[count / 2];
    let peak = sorted[count - 1 - count / 300] - m;
    let beside = f.places().filter(|(_, c)| c + 1 < f.width);
    let mut differences: Vec<_> = beside.map(|(r, c)| (f.at(r, c) - f.at(r, c + 1)).abs()).collect();
    differences.sort();
    let noise = differences.get(differences.len() / 4).copied().unwrap_or(0);
    let t = (peak * i128::from(threshold) / 256).max(8 * noise).max(1);
    if peak < 8 || peak < t {
        return (None, is_light);
    }

    let value = f.map(|f| f - m);
    let mut has_ink: Vec<bool> = value.values.iter().map(|&value| value >= t).collect();
    if line > 0 {
        let mut inked = value.map(|value| i128::from(value >= (3 * t / 8).max(1)));
        let thickest = (inked.height.max(inked.width) / 40).max(2);
        erase_lines(&mut inked, line.into(), thickest);
        let mut turned = Image::from_fn(inked.width, inked.height, |r, c| inked.at(c, r));
        erase_lines(&mut turned, line.into(), thickest);
        let left = Image::from_fn(inked.height, inked.width, |r, c| turned.at(c, r));
        has_ink.iter_mut().zip(&left.values).for_each(|(has, &left)| *has &= left == 1);
    }
    let mask = Image { values: has_ink.into_iter().map(i128::from).collect(), ..value.clone() };
    let mask = parts(&mask, speck.into());

    let mut strengths: Vec<_> =
        mask.places().filter(|&(r, c)| mask.at(r, c) == 1).map(|(r, c)| value.at(r, c)).collect();
    if strengths.is_empty() {
        return (None, is_light);
    }
    strengths.sort();
    // More than a quarter reach it: so many are at least as large.
    let strong = strengths[strengths.len() - 1 - strengths.len() / 4];
    let d = strong - strong / 16;
    let ink = Image::from_fn(reduced.height, reduced.width, |r, c| {
        if mask.around(r / s, c / s, 1).all(|(r, c)| mask.at(r, c) == 0) {
            return 0;
        }
        let y = stands_out(reduced.at(r, c), r / s, c / s);
        ((y - m - strong / 16).max(0) * ((65280 + d - 1) / d) / 256).min(255)
    });
    (Some((ink, 64)), is_light)
}

/// Step 1.
fn reduced(frame: &Image, h: i128, w: i128) -> Image {
    let (a, b) = (frame.height, frame.width);
    let rim = if a <= h && b <= w { (0, 0) } else { (a / 64, b / 64) };
    let (a, b) = (a - 2 * rim.0, b - 2 * rim.1);
    let size = |k: i128| ((a / k).max(1), (b / k).max(1));
    let fits =
        |(rows, columns): (i128, i128)| rows * columns <= 25 * h * w && rows <= 8 * h && columns <= 8 * w;
    let k = (1..).find(|&k| fits(size(k))).unwrap();
    let (rows, columns) = size(k);
    let block = (k.min(a), k.min(b));
    let kept = Image::from_fn(rows * block.0, columns * block.1, |r, c| frame.at(rim.0 + r, rim.1 + c));
    kept.means(block.0, block.1)
}

/// Step 8, for rows.
fn erase_lines(inked: &mut Image, line: i128, thickest: i128) {
    let c = inked.width;
    if c < 16 {
        return;
    }
    let strip = |i: i128| i * c / 8..(i + 1) * c / 8;
    let crossed = Image::from_fn(8, inked.height, |i, y| {
        let both = [y, y + 1].into_iter().filter(|&y| y < inked.height);
        let count: i128 = both.flat_map(|y| strip(i).map(move |x| (y, x))).map(|(y, x)| inked.at(y, x)).sum();
        i128::from(8 * count >= 5 * (strip(i).end - strip(i).start))
    });
    // The most strips that a path from either end crosses up to each.
    let most = |from_end: bool| {
        let mut most = crossed.clone();
        for step in 1..8 {
            let (i, last) = if from_end { (7 - step, 8 - step) } else { (step, step - 1) };
            for y in 0..inked.height {
                let near = (y - 1).max(0)..(y + 2).min(inked.height);
                let best = near.map(|y| most.at(last, y)).max().unwrap();
                most.values[(i * inked.height + y) as usize] += best;
            }
        }
        most
    };
    let (forth, back) = (most(false), most(true));
    let before = inked.clone();
    for (i, y) in crossed.places().filter(|&(i, y)| crossed.at(i, y) == 1) {
        if forth.at(i, y) + back.at(i, y) - 1 < line {
            continue;
        }
        for x in strip(i) {
            for y in (y..(y + 2).min(before.height)).filter(|&y| before.at(y, x) == 1) {
                let first = (0..=y).rev().take_while(|&y| before.at(y, x) == 1).last().unwrap();
                let last = (y..before.height).take_while(|&y| before.at(y, x) == 1).last().unwrap();
                if last - first < thickest {
                    (first..=last).for_each(|y| inked.values[(y * before.width + x) as usize] = 0);
                }
            }
        }
    }
}

/// Step 9: the cells of the parts that are kept.
fn parts(mask: &Image, speck: i128) -> Image {
    let rows = (mask.height + 1) / 2;
    let columns = (mask.width + 1) / 2;
    let mut blocks = Image::from_fn(rows, columns, |_, _| 0);
    for (r, c) in mask.places() {
        blocks.values[(r / 2 * columns + c / 2) as usize] += mask.at(r, c);
    }
    // 0 for no part, else its number from 1 on, in the order of first blocks.
    let mut part = blocks.map(|_| 0);
    let mut sizes = vec![0];
    let mut is_rim = vec![false];
    for start in blocks.places() {
        if blocks.at(start.0, start.1) == 0 || part.at(start.0, start.1) != 0 {
            continue;
        }
        let number = sizes.len();
        sizes.push(0);
        is_rim.push(false);
        let mut open = vec![start];
        while let Some((r, c)) = open.pop() {
            if blocks.at(r, c) == 0 || part.at(r, c) != 0 {
                continue;
            }
            part.values[(r * columns + c) as usize] = number as i128;
            sizes[number] += blocks.at(r, c);
            is_rim[number] |= r == 0 || c == 0 || r == rows - 1 || c == columns - 1;
            open.extend(blocks.around(r, c, 1));
        }
    }
    let l = sizes.iter().copied().max().unwrap();
    let i = (0..sizes.len()).filter(|&n| !is_rim[n]).map(|n| sizes[n]).max().unwrap();
    let is_inner = i > 0 && 8 * i >= l;
    let main_size = if is_inner { i } else { l };
    if main_size == 0 {
        return mask.clone();
    }
    let main = (1..sizes.len()).find(|&n| sizes[n] == main_size && !(is_inner && is_rim[n])).unwrap();
    let of_main: Vec<_> = part.places().filter(|&(r, c)| part.at(r, c) == main as i128).collect();
    let ends = |of: fn(&(i128, i128)) -> i128| {
        let (low, high) = (of_main.iter().map(of).min().unwrap(), of_main.iter().map(of).max().unwrap());
        let around = (high - low + 1) / 4;
        low - around..high + around + 1
    };
    let (near_rows, near_columns) = (ends(|at| at.0), ends(|at| at.1));
    let is_near = |n: usize| {
        part.places()
            .any(|(r, c)| part.at(r, c) == n as i128 && near_rows.contains(&r) && near_columns.contains(&c))
    };
    let is_kept: Vec<bool> = (0..sizes.len())
        .map(|n| {
            let times = if n > 0 && is_near(n) { 3 } else { 1 };
            n > 0 && sizes[n] * times * 256 >= main_size * speck && !(is_inner && is_rim[n])
        })
        .collect();
    Image::from_fn(mask.height, mask.width, |r, c| {
        mask.at(r, c) * i128::from(is_kept[part.at(r / 2, c / 2) as usize])
    })
}
