//! The backends that Burn computes with.

use burn::tensor::Device;
#[cfg(feature = "cuda")]
use burn::tensor::DeviceIndex;
#[cfg(feature = "wgpu")]
use burn::tensor::DeviceKind;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
use burn::tensor::DeviceType;
use thiserror::Error;
use tinytriplet_recipe::Backend;

/// The reason why a backend cannot compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BackendError {
    /// The program was built without it.
    #[error(
        "backend = \"{0}\" is not part of this build; to build with it: cargo run --release -p host-train --features {0}"
    )]
    NotBuilt(&'static str),
    /// The machine has nothing that it could compute on.
    #[error("backend = \"{0}\" finds no GPU here that it can use; install the GPU's driver, or use \"flex\"")]
    NoGpu(&'static str),
}

/// Returns the device that computes, without gradients. Of several GPUs, it is the first one, or the one
/// that the system prefers.
///
/// # Errors
/// Returns [`BackendError::NotBuilt`] if the program was built without this backend, and
/// [`BackendError::NoGpu`] if there is no such GPU.
pub fn device(backend: Backend) -> Result<Device, BackendError> {
    match backend {
        Backend::Flex => Ok(Device::flex()),
        #[allow(deprecated)] // Burn would like everybody to use Flex, which is the default here.
        Backend::Ndarray => Ok(Device::ndarray()),
        #[cfg(feature = "cuda")]
        Backend::Cuda => gpu("cuda", DeviceType::Cuda, Device::cuda(DeviceIndex::Default)),
        #[cfg(not(feature = "cuda"))]
        Backend::Cuda => Err(BackendError::NotBuilt("cuda")),
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => gpu("wgpu", DeviceType::Wgpu, Device::wgpu(DeviceKind::DefaultDevice)),
        #[cfg(not(feature = "wgpu"))]
        Backend::Wgpu => Err(BackendError::NotBuilt("wgpu")),
    }
}
/// Returns the device, if there is one of its type: Burn would panic when it is first used.
#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn gpu(name: &'static str, all: DeviceType, device: Device) -> Result<Device, BackendError> {
    if Device::enumerate(all).is_empty() { Err(BackendError::NoGpu(name)) } else { Ok(device) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused_conv::supported;

    #[test]
    fn what_is_not_built_names_its_feature() {
        for (backend, name, built) in
            [(Backend::Cuda, "cuda", cfg!(feature = "cuda")), (Backend::Wgpu, "wgpu", cfg!(feature = "wgpu"))]
        {
            match device(backend) {
                Ok(device) => assert!(built && !supported(&device) && !supported(&device.autodiff())),
                Err(BackendError::NoGpu(_)) => assert!(built),
                Err(error) => {
                    assert!(!built && error.to_string().ends_with(&format!("--features {name}")), "{error}");
                }
            }
        }
        assert!(supported(&device(Backend::Flex).unwrap()));
    }
}
