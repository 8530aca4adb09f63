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
    /// Rows of bytes.
    Rows,
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
                work.kind = Kind::Conv;
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
        }
        work
    }

    /// Returns the input's and the output's shape, such as `28x28x1 → 12x12x16`.
    pub fn shapes(&self) -> String {
        let [input, output] = [self.input, self.output].map(|[h, w, c]| format!("{h}x{w}x{c}"));
        format!("{input} → {output}")
    }
}

/// Writes the operation, such as `conv 5x5/2 + pool 2x2`.
impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = match self.kind {
            Kind::Conv => "conv",
            Kind::Dense => "dense",
            Kind::MaxPool => "max pool",
            Kind::AveragePool => "average pool",
        }
        .to_owned();
        if let Some([rows, columns]) = self.window {
            text += &format!(" {rows}x{columns}");
        }
        match self.stride {
            Some([rows, columns]) if self.kind == Kind::Conv && rows != columns => {
                text += &format!("/{rows}x{columns}");
            }
            Some([stride, _]) if self.kind == Kind::Conv && stride != 1 => text += &format!("/{stride}"),
            _ => {}
        }
        if let Some(groups) = self.groups {
            text += &format!(" in {groups} groups");
        }
        if let Some([rows, columns]) = self.pool {
            text += &format!(" + pool {rows}x{columns}");
        }
        f.pad(&text)
    }
}

impl From<inspect::Kernel> for Kernel {
    fn from(kernel: inspect::Kernel) -> Self {
        match kernel {
            inspect::Kernel::Reference(_) => Self::Reference,
            inspect::Kernel::Winograd => Self::Winograd,
            inspect::Kernel::Taps => Self::Taps,
            inspect::Kernel::Rows => Self::Rows,
        }
    }
}
