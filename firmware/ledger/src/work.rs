use serde::{Deserialize, Serialize};
use shared_model::inspect::{self, Operation, Shape};
use std::fmt;

/// The work of a step: everything that its cost depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The kind of the layer.
    pub kind: Kind,
    /// Rows and columns of its window, except of a dense layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<[u16; 2]>,
    /// Rows and columns from one window to the next, except of a dense layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<[u16; 2]>,
    /// Groups of a convolution with several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<u16>,
    /// Rows and columns of the max pool after a convolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<[u16; 2]>,
    /// Height, width and channels of the input.
    pub input: [u16; 3],
    /// Height, width and channels of the output.
    pub output: [u16; 3],
    /// The kernel that computes it.
    pub kernel: Kernel,
    /// Multiply-accumulates.
    pub macs: u64,
}

/// The kind of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A convolution.
    Conv,
    /// A fully connected layer.
    Dense,
    /// A max pool that does not follow a convolution.
    MaxPool,
    /// An average pool.
    AveragePool,
    /// A map that is kept.
    Skip,
    /// A convolution that is kept.
    Shortcut,
    /// A sum of two maps.
    Add,
}

/// The kernel of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// The plain kernel.
    Reference,
    /// Winograd's F(2×2, 3×3).
    Winograd,
    /// Few weights, of 2 bytes each.
    Taps,
    /// A filter per channel, of 2 bytes a weight.
    Depthwise,
    /// Rows of bytes.
    Rows,
    /// Four channels at a time.
    Weightless,
}

impl Work {
    /// Describes the work of a step of a packed model.
    pub fn new(step: &inspect::Step<'_>) -> Self {
        let size = |size: [usize; 2]| size.map(|size| size as u16);
        let shape = |Shape { height, width, channels }: Shape| [height, width, channels];
        let mut work = Self {
            kind: Kind::Dense,
            window: None,
            stride: None,
            groups: None,
            pool: None,
            input: shape(step.input.shape),
            output: shape(step.output.shape),
            kernel: step.kernel.into(),
            macs: step.macs(),
        };
        match &step.operation {
            Operation::Conv2d { geometry, pool, .. } => {
                work.kind = if step.keeps { Kind::Shortcut } else { Kind::Conv };
                (work.window, work.stride) = (Some(size(geometry.kernel)), Some(size(geometry.stride)));
                work.groups = (geometry.groups != 1).then_some(geometry.groups as u16);
                work.pool = pool.map(|pool| pool.kernel.map(u16::from));
            }
            Operation::MaxPool2d(pool) | Operation::AveragePool2d(pool, _) => {
                let is_max = matches!(step.operation, Operation::MaxPool2d(_));
                work.kind = if is_max { Kind::MaxPool } else { Kind::AveragePool };
                work.window = Some(pool.kernel.map(u16::from));
                work.stride = Some(pool.stride.map(u16::from));
            }
            Operation::Dense(_) => {}
            Operation::Skip => work.kind = Kind::Skip,
            Operation::Add { .. } => work.kind = Kind::Add,
        }
        work
    }

    /// Returns the input's and the output's shape, such as `28x28x1 → 12x12x16`.
    pub fn shapes(&self) -> String {
        let [input, output] = [self.input, self.output].map(|[h, w, c]| format!("{h}x{w}x{c}"));
        format!("{input} → {output}")
    }

    /// Returns the operation, with the name of the activation where it belongs.
    pub(crate) fn words(&self, activation: &str) -> String {
        let size = |[rows, columns]: [u16; 2]| format!("{rows}x{columns}");
        let window = self.window.map(size).unwrap_or_default();
        let stride = match self.stride.unwrap_or([1, 1]) {
            [1, 1] => String::new(),
            [rows, columns] if rows == columns => format!("/{rows}"),
            stride => format!("/{}", size(stride)),
        };
        let groups = self.groups.map(|groups| format!(" g{groups}")).unwrap_or_default();
        let pool = self.pool.map(|pool| format!(" max {}", size(pool))).unwrap_or_default();
        match self.kind {
            Kind::Conv => format!("conv {window}{stride}{groups}{activation}{pool}"),
            Kind::Shortcut => format!("shortcut {window}{stride}{groups}{activation}"),
            Kind::Dense => format!("dense{activation}"),
            Kind::Skip => "skip".to_owned(),
            Kind::Add => format!("add{activation}"),
            Kind::MaxPool => format!("max {window}"),
            Kind::AveragePool => format!("average {window}"),
        }
    }
}

/// Writes the operation, such as `conv 5x5/2 max 2x2`.
impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.words(""))
    }
}

impl From<inspect::Kernel> for Kernel {
    fn from(kernel: inspect::Kernel) -> Self {
        match kernel {
            inspect::Kernel::Reference(_) => Self::Reference,
            inspect::Kernel::Winograd => Self::Winograd,
            inspect::Kernel::Taps => Self::Taps,
            inspect::Kernel::Depthwise => Self::Depthwise,
            inspect::Kernel::Rows => Self::Rows,
            inspect::Kernel::Weightless => Self::Weightless,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_work_in_words() {
        let conv = Work {
            kind: Kind::Conv,
            window: Some([5, 3]),
            stride: Some([1, 1]),
            groups: None,
            pool: None,
            input: [8, 8, 4],
            output: [4, 6, 4],
            kernel: Kernel::Rows,
            macs: 1,
        };
        assert_eq!(conv.words(""), "conv 5x3");
        assert_eq!(Work { stride: Some([2, 2]), ..conv.clone() }.words(" relu"), "conv 5x3/2 relu");
        let whole = Work { stride: Some([2, 1]), groups: Some(4), pool: Some([2, 3]), ..conv.clone() };
        assert_eq!(whole.words(" relu"), "conv 5x3/2x1 g4 relu max 2x3");
        let pool = |kind| Work { kind, stride: Some([2, 2]), ..conv.clone() };
        assert_eq!(pool(Kind::MaxPool).words(" relu"), "max 5x3");
        assert_eq!(pool(Kind::AveragePool).words(""), "average 5x3");
        let dense = Work { kind: Kind::Dense, window: None, stride: None, ..conv };
        assert_eq!((dense.words(""), dense.words(" relu")), ("dense".into(), "dense relu".into()));
        assert_eq!(format!("{dense:>7}|"), "  dense|");
        let of = |kind| Work { kind, ..dense.clone() }.words(" relu");
        assert_eq!((of(Kind::Skip), of(Kind::Add)), ("skip".into(), "add relu".into()));
        let shortcut = Work { kind: Kind::Shortcut, groups: None, pool: None, ..whole };
        assert_eq!(shortcut.words(""), "shortcut 5x3/2x1");
    }
}
