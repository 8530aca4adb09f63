//! Photographs of signs on paper, made by arithmetic: what `fit = "centre"` is chosen and judged on.
//!
//! A sign (an image of MNIST, say) is enlarged, laid on a sheet, lit, blurred and covered with
//! noise. Everything is in integers and drawn from an [`Rng`], so equal seeds give equal bytes on
//! every machine.

use crate::Rng;

/// What is particular about a photograph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No photograph: the image as it is.
    Tidy,
    /// An image file: the sign enlarged on a plain background, without noise, dark or light.
    Clean,
    /// Ink on white paper.
    EvenLight,
    /// Light that falls across the sheet to two thirds or less.
    FallingLight,
    /// Corners that are darker than the middle.
    Vignette,
    /// The edge of a shadow across the sheet.
    ShadowEdge,
    /// Little light and much noise.
    DimAndNoisy,
    /// A pencil's faint, grainy strokes.
    Pencil,
    /// Dark specks beside the sign.
    Specks,
    /// A dark edge on one side or more.
    DarkEdge,
    /// Ruled paper, not quite straight.
    Ruled,
    /// Squared paper, not quite straight.
    Squared,
    /// Chalk on a blackboard.
    Chalkboard,
    /// Grey or coloured paper.
    GreyPaper,
    /// A sign whose ink is as high as an eighth of the frame's width.
    Small,
    /// A sign anywhere, close to an edge or in a corner as well.
    OffCentre,
    /// Out of focus.
    Blurred,
    /// The edges of two shadows, which cross.
    TwoShadows,
    /// A lamp near a corner: what is close to it is brighter than the camera can show.
    Lamp,
    /// Graph paper: a fine pale grid, with stronger lines between.
    GraphPaper,
    /// A finger over a corner.
    Finger,
    /// A sheet that is not straight on a dark table, of which one side or corner is in the picture.
    Table,
    /// Blocks and rings of a picture that was compressed too much.
    Compressed,
    /// A felt pen on brown cardboard with fibres.
    Cardboard,
    /// A whiteboard that reflects a lamp.
    Whiteboard,
    /// Another sign on the other side of thin paper.
    PrintThrough,
}

impl Kind {
    /// All kinds, in the order of tables.
    pub const ALL: [Self; 26] = [
        Self::Tidy,
        Self::Clean,
        Self::EvenLight,
        Self::FallingLight,
        Self::Vignette,
        Self::ShadowEdge,
        Self::DimAndNoisy,
        Self::Pencil,
        Self::Specks,
        Self::DarkEdge,
        Self::Ruled,
        Self::Squared,
        Self::Chalkboard,
        Self::GreyPaper,
        Self::Small,
        Self::OffCentre,
        Self::Blurred,
        Self::TwoShadows,
        Self::Lamp,
        Self::GraphPaper,
        Self::Finger,
        Self::Table,
        Self::Compressed,
        Self::Cardboard,
        Self::Whiteboard,
        Self::PrintThrough,
    ];

    /// Returns the kind in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tidy => "tidy, as the data have it",
            Self::Clean => "clean and enlarged",
            Self::EvenLight => "even light",
            Self::FallingLight => "falling light",
            Self::Vignette => "vignette",
            Self::ShadowEdge => "a shadow's edge",
            Self::DimAndNoisy => "dim and noisy",
            Self::Pencil => "pencil",
            Self::Specks => "specks",
            Self::DarkEdge => "a dark edge",
            Self::Ruled => "ruled paper",
            Self::Squared => "squared paper",
            Self::Chalkboard => "chalkboard",
            Self::GreyPaper => "grey paper",
            Self::Small => "a small sign",
            Self::OffCentre => "off centre",
            Self::Blurred => "out of focus",
            Self::TwoShadows => "two shadows",
            Self::Lamp => "a lamp in a corner",
            Self::GraphPaper => "graph paper",
            Self::Finger => "a finger in a corner",
            Self::Table => "a table beside the sheet",
            Self::Compressed => "compressed too much",
            Self::Cardboard => "felt pen on cardboard",
            Self::Whiteboard => "whiteboard",
            Self::PrintThrough => "print-through",
        }
    }
}

/// A grey photograph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photograph {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// One byte per pixel, row by row.
    pub greys: Vec<u8>,
}

/// Widths and heights: of cameras for microcontrollers, of a phone's small pictures, upright ones.
const FRAMES: [[usize; 2]; 8] =
    [[160, 120], [320, 240], [160, 120], [320, 240], [240, 240], [300, 400], [640, 480], [1200, 900]];
/// A share or a factor of 1.
const ONE: i64 = 256;

/// Returns a photograph of `sign`, a square image of `side` × `side` pixels on 0.
///
/// # Panics
/// Panics if `sign` does not have `side` · `side` pixels, or none.
pub fn photograph(kind: Kind, sign: &[u8], side: usize, rng: &mut Rng) -> Photograph {
    assert!(side > 0 && sign.len() == side * side, "a sign is square");
    if kind == Kind::Tidy {
        return Photograph { width: side, height: side, greys: sign.to_vec() };
    }
    let [width, height] = if kind == Kind::Small { [320, 240] } else { FRAMES[rng.below(FRAMES.len())] };
    let mut sheet = Sheet::new(kind, [width, height], rng);
    let place = Place::new(kind, [width, height], rng);
    sheet.draw(kind, sign, side, place, rng);
    match kind {
        Kind::Ruled => sheet.rule(rng, [false, true], [6, 14], [40, 75]),
        Kind::Squared => sheet.rule(rng, [true, true], [12, 24], [40, 75]),
        Kind::GraphPaper => sheet.grid(rng),
        Kind::PrintThrough => sheet.shine_through(sign, side, place, rng),
        Kind::Specks => sheet.sprinkle(place, rng),
        Kind::DarkEdge => sheet.edge(rng),
        _ => {}
    }
    sheet.light(kind, rng);
    match kind {
        Kind::TwoShadows => sheet.light(kind, rng),
        Kind::Finger => sheet.cover_corner(place, rng),
        Kind::Table => sheet.lay_on_table(place, rng),
        _ => {}
    }
    if kind == Kind::Blurred {
        let radius = (width.max(height) / between(rng, 80, 160) as usize).max(1);
        sheet.blur(radius);
        sheet.blur(radius);
    }
    if kind == Kind::Compressed {
        sheet.compress(between(rng, 40, 80));
    }
    let noise = match kind {
        Kind::Clean | Kind::Compressed => 0,
        Kind::DimAndNoisy => between(rng, 4, 7),
        _ => between(rng, 1, 2),
    };
    let greys = sheet.greys.iter().map(|&grey| {
        let noise = if noise == 0 { 0 } else { (0..4).map(|_| between(rng, -noise, noise)).sum() };
        (grey / ONE + noise).clamp(0, 255) as u8
    });
    Photograph { width, height, greys: greys.collect() }
}

/// Returns a whole number from `least` to `most`.
fn between(rng: &mut Rng, least: i64, most: i64) -> i64 {
    least + rng.below((most - least + 1) as usize) as i64
}

/// The square in which a sign lies: its left upper corner and its side, in pixels.
#[derive(Clone, Copy)]
struct Place {
    left: i64,
    top: i64,
    side: i64,
}

impl Place {
    /// Returns a place for an image whose ink is about 20/28 of its side.
    fn new(kind: Kind, [width, height]: [usize; 2], rng: &mut Rng) -> Self {
        let [width, height] = [width as i64, height as i64];
        let shorter = width.min(height);
        let side = match kind {
            Kind::Small => width / 8 * 28 / 20,
            Kind::OffCentre => shorter * between(rng, 35, 55) / 100,
            _ => shorter * between(rng, 40, 85) / 100,
        };
        let mut along = |room: i64| match kind {
            Kind::OffCentre | Kind::Small => between(rng, 0, room),
            _ => between(rng, room * 3 / 10, room * 7 / 10),
        };
        Self { left: along(width - side), top: along(height - side), side }
    }

    fn holds(self, x: i64, y: i64) -> bool {
        let inside = |at: i64, from: i64| (from..from + self.side).contains(&at);
        inside(x, self.left) && inside(y, self.top)
    }
}

/// A sheet of paper, in 256ths of a grey.
struct Sheet {
    width: usize,
    height: usize,
    greys: Vec<i64>,
}

impl Sheet {
    fn new(kind: Kind, [width, height]: [usize; 2], rng: &mut Rng) -> Self {
        let paper = match kind {
            Kind::Clean => 255 * between(rng, 0, 1),
            Kind::DimAndNoisy => between(rng, 70, 110),
            Kind::Chalkboard => between(rng, 25, 70),
            Kind::GreyPaper => between(rng, 110, 190),
            Kind::Cardboard => between(rng, 115, 160),
            _ => between(rng, 215, 245),
        };
        let mut sheet = Self { width, height, greys: vec![paper * ONE; width * height] };
        if kind == Kind::Cardboard {
            sheet.strew_fibres(rng);
        }
        sheet
    }

    fn longer(&self) -> i64 {
        self.width.max(self.height) as i64
    }

    /// Gives every pixel, with its column and row, to `change`.
    fn change(&mut self, mut change: impl FnMut(i64, i64, &mut i64)) {
        for (y, row) in (0..).zip(self.greys.chunks_exact_mut(self.width)) {
            for (x, grey) in (0..).zip(row) {
                change(x, y, grey);
            }
        }
    }

    /// Draws the sign: its pixels are shares of ink, or of chalk.
    fn draw(&mut self, kind: Kind, sign: &[u8], side: usize, place: Place, rng: &mut Rng) {
        let paper = self.greys[self.greys.len() / 2];
        let ink = match kind {
            Kind::Clean => 255 * ONE - paper,
            Kind::Chalkboard => between(rng, 170, 235) * ONE,
            Kind::Pencil => paper * between(rng, 58, 75) / 100,
            Kind::Whiteboard => paper * between(rng, 25, 50) / 100,
            _ => paper * between(rng, 8, 35) / 100,
        };
        let is_grainy = matches!(kind, Kind::Pencil | Kind::Chalkboard);
        self.change(|x, y, grey| {
            if !place.holds(x, y) {
                return;
            }
            let mut share = enlarged(sign, side, [x - place.left, y - place.top], place.side);
            if is_grainy {
                share = share * between(rng, 60, 100) / 100;
            }
            if kind == Kind::Cardboard {
                // A felt pen has no soft edge, and a broad tip.
                share = (share * 3).min(255);
            }
            *grey += (ink - paper) * share / 255;
        });
    }

    /// Draws the lines of paper: down, across, or both.
    fn rule(&mut self, rng: &mut Rng, directions: [bool; 2], per_side: [i64; 2], strength: [i64; 2]) {
        // In 16ths of a pixel.
        let longer = 16 * self.longer();
        let spacing = longer / between(rng, per_side[0], per_side[1]);
        let thickness = (longer / between(rng, 130, 260)).max(16);
        let slope = between(rng, -9, 9);
        let left = between(rng, strength[0], strength[1]);
        let offsets = [between(rng, 0, spacing - 1), between(rng, 0, spacing - 1)];
        self.change(|x, y, grey| {
            let at = [16 * x - 16 * y * slope / ONE, 16 * y + 16 * x * slope / ONE];
            for (axis, offset) in offsets.into_iter().enumerate().filter(|&(axis, _)| directions[axis]) {
                let distance = ((at[axis] + offset).rem_euclid(spacing) - spacing / 2).abs();
                let share = (thickness / 2 + 8 - distance).clamp(0, 16);
                let line = *grey * (16 * 100 - share * (100 - left)) / (16 * 100);
                *grey = line;
            }
        });
    }

    /// Draws dark specks beside the sign.
    fn sprinkle(&mut self, place: Place, rng: &mut Rng) {
        for _ in 0..between(rng, 1, 3) {
            let radius = (self.longer() / between(rng, 45, 130)).max(1);
            let mut at = || [between(rng, 0, self.width as i64 - 1), between(rng, 0, self.height as i64 - 1)];
            let is_free = |[x, y]: [i64; 2]| {
                let [dx, dy] = [-radius, radius].map(|d| [x + d, y + d]);
                !(place.holds(dx[0], dx[1])
                    || place.holds(dy[0], dy[1])
                    || place.holds(dx[0], dy[1])
                    || place.holds(dy[0], dx[1]))
            };
            let Some([left, top]) = (0..50).map(|_| at()).find(|&at| is_free(at)) else { continue };
            self.change(|x, y, grey| {
                if (x - left).pow(2) + (y - top).pow(2) <= radius * radius {
                    *grey /= 5;
                }
            });
        }
    }

    /// Makes one edge dark or more: 3 pixels, or a hundredth of a large picture.
    fn edge(&mut self, rng: &mut Rng) {
        let deep = (self.longer() / 100).max(3);
        let sides = between(rng, 1, 15);
        let [width, height] = [self.width as i64, self.height as i64];
        self.change(|x, y, grey| {
            let within = [x, y, width - 1 - x, height - 1 - y];
            if (0..4).any(|side| sides >> side & 1 == 1 && within[side] < deep) {
                *grey /= 6;
            }
        });
    }

    /// Lights the sheet.
    fn light(&mut self, kind: Kind, rng: &mut Rng) {
        let [width, height] = [self.width as i64, self.height as i64];
        let [dx, dy] = loop {
            let direction = [between(rng, -100, 100), between(rng, -100, 100)];
            if direction.iter().any(|part| part.abs() > 50) {
                break direction;
            }
        };
        match kind {
            Kind::FallingLight => {
                let least = between(rng, 45, 65);
                let farthest = dx.abs() * width + dy.abs() * height;
                self.change(|x, y, grey| {
                    let along = dx * (2 * x - width) + dy * (2 * y - height) + farthest;
                    *grey = *grey * (200 * farthest - along * (100 - least)) / (200 * farthest);
                });
            }
            Kind::Vignette => {
                let least = between(rng, 40, 60);
                let farthest = width * width + height * height;
                self.change(|x, y, grey| {
                    let away = (2 * x - width).pow(2) + (2 * y - height).pow(2);
                    *grey = *grey * (100 * farthest - away * (100 - least)) / (100 * farthest);
                });
            }
            Kind::Lamp => {
                let least = between(rng, 30, 50);
                let lamp =
                    [width, height].map(|side| [0, side][rng.below(2)] + between(rng, -side / 8, side / 8));
                let farthest = width * width + height * height;
                self.change(|x, y, grey| {
                    let away = (x - lamp[0]).pow(2) + (y - lamp[1]).pow(2);
                    // Half of the strongest light is where a fifth of the diagonal is.
                    let near = 25 * away;
                    *grey = *grey * (least + 110 * farthest / (farthest + near)) / 100;
                });
            }
            Kind::Whiteboard => {
                let middle = [width, height].map(|side| between(rng, 0, side));
                let radius = self.longer() * between(rng, 10, 25) / 100;
                self.change(|x, y, grey| {
                    let away = ((x - middle[0]).pow(2) + (y - middle[1]).pow(2)).isqrt();
                    let share = (2 * radius - away).clamp(0, radius);
                    *grey += (250 * ONE - *grey).max(0) * share * 3 / (4 * radius);
                });
            }
            Kind::ShadowEdge | Kind::TwoShadows => {
                let least = between(rng, 45, 75);
                let middle = [width, height].map(|side| between(rng, side * 3 / 10, side * 7 / 10));
                let soft = between(rng, 0, self.longer() / 50) + 1;
                let length = (dx * dx + dy * dy).isqrt();
                self.change(|x, y, grey| {
                    let beyond = (dx * (x - middle[0]) + dy * (y - middle[1])) / length;
                    let share = beyond.clamp(0, soft);
                    *grey = *grey * (100 * soft - share * (100 - least)) / (100 * soft);
                });
            }
            _ => {}
        }
    }

    /// Draws the pale grid of graph paper, and its stronger lines.
    fn grid(&mut self, rng: &mut Rng) {
        self.rule(rng, [true, true], [40, 50], [82, 92]);
        self.rule(rng, [true, true], [8, 10], [70, 85]);
    }

    /// Draws the sign mirrored, faint and elsewhere, as from the other side of the paper.
    fn shine_through(&mut self, sign: &[u8], side: usize, place: Place, rng: &mut Rng) {
        let mirrored: Vec<u8> = sign.chunks(side).flat_map(|row| row.iter().rev().copied()).collect();
        let shift = |rng: &mut Rng| place.side * between(rng, -60, 60) / 100;
        let place = Place { left: place.left + shift(rng), top: place.top + shift(rng), side: place.side };
        let strength = between(rng, 6, 14);
        self.change(|x, y, grey| {
            if place.holds(x, y) {
                let share = enlarged(&mirrored, side, [x - place.left, y - place.top], place.side);
                *grey -= *grey * strength * share / (100 * 255);
            }
        });
    }

    /// Covers a corner with the end of a finger, which stays beside the sign.
    fn cover_corner(&mut self, place: Place, rng: &mut Rng) {
        let [width, height] = [self.width as i64, self.height as i64];
        let skin = between(rng, 80, 160);
        let corner = [between(rng, 0, 1), between(rng, 0, 1)];
        let middle = [corner[0] * width, corner[1] * height];
        // From the corner to the ink, which is a seventh of the image's side within it.
        let reach = [
            if corner[0] == 0 { place.left } else { width - place.left - place.side },
            if corner[1] == 0 { place.top } else { height - place.top - place.side },
        ]
        .map(|side| side.max(0) + place.side / 8);
        let radius = reach[0].max(reach[1]).min(self.longer() * between(rng, 15, 30) / 100).max(2);
        self.change(|x, y, grey| {
            let away = ((x - middle[0]).pow(2) + (y - middle[1]).pow(2)).isqrt();
            if away < radius {
                // Darker towards its outline, as what is round is.
                *grey = skin * ONE * (3 * radius - away) / (3 * radius);
            }
        });
    }

    /// Shows the table beside the sheet: beyond a line that is not straight up or across.
    fn lay_on_table(&mut self, place: Place, rng: &mut Rng) {
        let [width, height] = [self.width as i64, self.height as i64];
        let table = between(rng, 25, 90);
        // The edge's direction, from nearly straight to that of a corner, and the side it is on.
        let tilt = between(rng, -60, 60);
        let side = between(rng, 0, 3);
        let normal = [[100, tilt], [-100, tilt], [tilt, 100], [tilt, -100]][side as usize];
        let along = |x: i64, y: i64| normal[0] * x + normal[1] * y;
        let corners = [[0, 0], [width, 0], [0, height], [width, height]].map(|[x, y]| along(x, y));
        let farthest = corners.into_iter().max().unwrap_or(0);
        let ink = [0, place.side].map(|dx| [0, place.side].map(|dy| along(place.left + dx, place.top + dy)));
        let sign = ink.into_iter().flatten().max().unwrap_or(0);
        // Between the sign and the farthest corner.
        let edge = sign + (farthest - sign).max(0) * between(rng, 20, 80) / 100;
        self.change(|x, y, grey| {
            if along(x, y) > edge {
                *grey = (table + (x * 7 + y * 3) / 5 % 6) * ONE;
            }
        });
    }

    /// Strews cardboard's fibres: short strokes, a little lighter or darker.
    fn strew_fibres(&mut self, rng: &mut Rng) {
        let longer = self.longer();
        for _ in 0..longer * 2 {
            let [x, y] = [self.width, self.height].map(|side| rng.below(side));
            let (len, lighter) = (between(rng, 2, longer / 25 + 2) as usize, between(rng, -14, 14));
            let is_lying = rng.below(2) == 0;
            for step in 0..len {
                let (x, y) = if is_lying { (x + step, y + step / 3) } else { (x + step / 3, y + step) };
                if x < self.width && y < self.height {
                    self.greys[y * self.width + x] += lighter * ONE;
                }
            }
        }
    }

    /// Rounds the cosine transform of blocks of 8 × 8 to steps that get larger with the frequency, as
    /// a JPEG of low quality does.
    fn compress(&mut self, step: i64) {
        const SIDE: usize = 8;
        // 4096 · cos(i π / 16).
        const COSINES: [i64; 9] = [4096, 4017, 3784, 3406, 2896, 2276, 1567, 799, 0];
        let cosine = |angle: usize| match angle % 32 {
            angle @ 0..=8 => COSINES[angle],
            angle @ 9..=16 => -COSINES[16 - angle],
            angle @ 17..=24 => -COSINES[angle - 16],
            angle => COSINES[32 - angle],
        };
        // 8192 times an orthogonal matrix's: of row u and column x.
        let wave = |u: usize, x: usize| if u == 0 { 2896 } else { cosine((2 * x + 1) * u) };
        let product = |block: &[[i64; SIDE]; SIDE], is_inverse: bool| {
            let mut out = [[0; SIDE]; SIDE];
            for (i, row) in out.iter_mut().enumerate() {
                for (j, value) in row.iter_mut().enumerate() {
                    let sum: i64 = (0..SIDE)
                        .map(|k| block[j][k] * if is_inverse { wave(k, i) } else { wave(i, k) })
                        .sum();
                    *value = sum / 8192;
                }
            }
            out
        };
        for top in (0..self.height).step_by(SIDE) {
            for left in (0..self.width).step_by(SIDE) {
                let place = |x: usize, y: usize| {
                    (top + y).min(self.height - 1) * self.width + (left + x).min(self.width - 1)
                };
                let mut block = [[0; SIDE]; SIDE];
                for (y, row) in block.iter_mut().enumerate() {
                    for (x, value) in row.iter_mut().enumerate() {
                        *value = self.greys[place(x, y)];
                    }
                }
                let mut waves = product(&product(&block, false), false);
                for (u, row) in waves.iter_mut().enumerate() {
                    for (v, value) in row.iter_mut().enumerate() {
                        let step = if u + v == 0 { 16 * ONE } else { step * (u + v + 1) as i64 * ONE / 2 };
                        *value = (2 * *value + step).div_euclid(2 * step) * step;
                    }
                }
                let block = product(&product(&waves, true), true);
                for (y, row) in block.iter().enumerate() {
                    for (x, &value) in row.iter().enumerate() {
                        if top + y < self.height && left + x < self.width {
                            self.greys[place(x, y)] = value;
                        }
                    }
                }
            }
        }
    }

    /// Replaces every pixel with the mean of a square around it.
    fn blur(&mut self, radius: usize) {
        for [step, stride, count, lines] in
            [[1, self.width, self.width, self.height], [self.width, 1, self.height, self.width]]
        {
            for line in 0..lines {
                let values: Vec<i64> = (0..count).map(|at| self.greys[line * stride + at * step]).collect();
                for at in 0..count {
                    let window = &values[at.saturating_sub(radius)..count.min(at + radius + 1)];
                    self.greys[line * stride + at * step] = window.iter().sum::<i64>() / window.len() as i64;
                }
            }
        }
    }
}

/// Returns a pixel of a square image enlarged to `to` pixels: bilinear, 0 to 255.
fn enlarged(image: &[u8], side: usize, at: [i64; 2], to: i64) -> i64 {
    let side = side as i64;
    let [column, row] = at.map(|at| {
        let place = ((2 * at + 1) * side * ONE / to - ONE) / 2;
        (place.div_euclid(ONE), place.rem_euclid(ONE))
    });
    let pixel = |x: i64, y: i64| {
        let inside = (0..side).contains(&x) && (0..side).contains(&y);
        if inside { i64::from(image[(y * side + x) as usize]) } else { 0 }
    };
    let across = |y: i64| (ONE - column.1) * pixel(column.0, y) + column.1 * pixel(column.0 + 1, y);
    ((ONE - row.1) * across(row.0) + row.1 * across(row.0 + 1)) / (ONE * ONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn;

    #[test]
    fn equal_seeds_give_equal_photographs_of_the_kind() {
        let digits = drawn::dataset(1, 1, 0).train;
        for kind in Kind::ALL {
            let photograph = |seed| photograph(kind, digits.image(3), 28, &mut Rng::new(seed));
            let first = photograph(1);
            assert_eq!(first, photograph(1), "{kind:?}");
            assert_eq!(first.greys.len(), first.width * first.height);
            assert_eq!(first != photograph(2), kind != Kind::Tidy, "{kind:?}");
        }
        let names: std::collections::BTreeSet<_> = Kind::ALL.map(Kind::name).into();
        assert_eq!(names.len(), Kind::ALL.len());
    }

    #[test]
    fn a_tidy_image_is_left_as_it_is() {
        let digits = drawn::dataset(1, 1, 0).train;
        let tidy = photograph(Kind::Tidy, digits.image(0), 28, &mut Rng::new(1));
        assert_eq!((tidy.width, tidy.height, &*tidy.greys), (28, 28, digits.image(0)));
    }

    #[test]
    fn a_point_is_enlarged_to_a_pyramid() {
        // Pixels of 3 become 6: their middles lie a quarter of a pixel beside those of the others.
        let sign = [0, 0, 0, 0, 255, 0, 0, 0, 0];
        let row: Vec<i64> = (0..6).map(|x| enlarged(&sign, 3, [x, 2], 6)).collect();
        let (near, far) = (255 * 192 * 192 / 65_536, 255 * 64 * 192 / 65_536);
        assert_eq!(row, [0, far, near, near, far, 0]);
    }
}
