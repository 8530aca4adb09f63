//! Axes: from where to where, and which numbers are at them.

/// Numbers at an axis, about.
const NUMBERS: f64 = 5.0;

/// An axis, as a chart asks for it.
pub struct Axis<'a> {
    /// What it measures.
    pub name: &'a str,
    /// The format of its numbers.
    pub format: fn(f64) -> String,
    /// The format of a value that is read out.
    pub exact: fn(f64) -> String,
    /// The value at its beginning; a round one at or below the smallest where it is left open.
    pub from: Option<f64>,
    /// The value at its end; a round one at or above the largest where it is left open.
    pub to: Option<f64>,
    /// Whether decades are equally long. Both ends are given then.
    pub logarithmic: bool,
}

/// The places of values on an axis.
pub struct Scale {
    from: f64,
    to: f64,
    logarithmic: bool,
    /// The numbers at the axis, ascending.
    pub ticks: Vec<f64>,
}

impl Scale {
    /// Returns the scale on which an axis shows some values.
    pub fn new(axis: &Axis<'_>, values: impl Iterator<Item = f64>) -> Self {
        let bounds = values
            .filter(|value| value.is_finite())
            .map(|value| (value, value))
            .reduce(|(low, high), (value, _)| (low.min(value), high.max(value)));
        let (low, high) = bounds.unwrap_or((0.0, 1.0));
        let (mut from, mut to) = (axis.from.unwrap_or(low), axis.to.unwrap_or(high));
        if axis.logarithmic {
            let decades = from.log10().round() as i32..=to.log10().round() as i32;
            let ticks = decades.map(|decade| 10f64.powi(decade)).collect();
            return Self { from, to, logarithmic: true, ticks };
        }
        if from >= to {
            match axis.to {
                Some(_) => from = to - 0.1 * to.abs().max(1e-3),
                None => to = from + if from == 0.0 { 1.0 } else { from.abs() },
            }
        }
        let step = round_step((to - from) / NUMBERS);
        let first =
            if axis.from.is_some() { (from / step - 1e-9).ceil() } else { (from / step + 1e-9).floor() };
        let last = if axis.to.is_some() { (to / step + 1e-9).floor() } else { (to / step - 1e-9).ceil() };
        if axis.from.is_none() {
            from = first * step;
        }
        if axis.to.is_none() {
            to = last * step;
        }
        let count = (last - first + 1.0).clamp(0.0, 4.0 * NUMBERS) as usize;
        let ticks = (0..count).map(|tick| (first + tick as f64) * step).filter(|tick| tick.is_finite());
        Self { from, to, logarithmic: false, ticks: ticks.collect() }
    }

    /// Returns the share of the axis that lies before a value.
    pub fn place(&self, value: f64) -> f64 {
        let Self { from, to, .. } = *self;
        match self.logarithmic {
            true => (value.max(from).log10() - from.log10()) / (to.log10() - from.log10()),
            false => (value - from) / (to - from),
        }
    }
}

/// Returns 1, 2 or 5 times a power of ten, the smallest that is not below a size.
fn round_step(size: f64) -> f64 {
    let power = 10f64.powf(size.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= size * (1.0 - 1e-9));
    step.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::text::number;

    fn axis(from: Option<f64>, to: Option<f64>) -> Axis<'static> {
        Axis { name: "", format: number, exact: number, from, to, logarithmic: false }
    }

    #[track_caller]
    fn numbers(axis: &Axis<'_>, values: &[f64]) -> String {
        let scale = Scale::new(axis, values.iter().copied());
        let ticks: Vec<String> = scale.ticks.iter().map(|&tick| number(tick)).collect();
        format!("{} to {}: {}", number(scale.from), number(scale.to), ticks.join(" "))
    }

    #[test]
    fn an_open_end_is_a_number_of_the_axis() {
        assert_eq!(numbers(&axis(Some(0.0), None), &[0.02, 0.213]), "0 to 0.25: 0 0.05 0.1 0.15 0.2 0.25");
        assert_eq!(numbers(&axis(None, Some(1.0)), &[0.9871, 0.999]), "0.985 to 1: 0.985 0.99 0.995 1");
        assert_eq!(numbers(&axis(None, None), &[-3.0, 7.0]), "-4 to 8: -4 -2 0 2 4 6 8");
        assert_eq!(numbers(&axis(Some(0.0), Some(1.93)), &[]), "0 to 1.93: 0 0.5 1 1.5");
    }

    #[test]
    fn one_value_or_none_has_an_axis() {
        assert_eq!(numbers(&axis(None, Some(1.0)), &[1.0]), "0.9 to 1: 0.9 0.92 0.94 0.96 0.98 1");
        assert_eq!(numbers(&axis(Some(0.0), None), &[0.0]), "0 to 1: 0 0.2 0.4 0.6 0.8 1");
        assert_eq!(numbers(&axis(Some(0.0), None), &[f64::NAN]), "0 to 1: 0 0.2 0.4 0.6 0.8 1");
        assert_eq!(Scale::new(&axis(None, None), [-1e308, 1e308].into_iter()).ticks, [0.0; 0]);
    }

    #[test]
    fn decades_are_equally_long() {
        let axis = Axis { from: Some(1e-5), to: Some(1.0), logarithmic: true, ..axis(None, None) };
        let scale = Scale::new(&axis, std::iter::empty());
        assert_eq!(scale.ticks.len(), 6);
        assert_eq!([0.0, 1e-5, 1.0].map(|value| scale.place(value)), [0.0, 0.0, 1.0]);
        assert!((scale.place(0.01) - 0.6).abs() < 1e-12);
    }
}
