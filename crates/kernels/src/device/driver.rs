//! What has to be there before a device can be opened, asked for piece by piece, so that what is missing has a name.

use candle_core::cuda_backend::cudarc::driver::sys::{self, CUresult};
use candle_core::cuda_backend::cudarc::driver::{DriverError, result};
use libloading::Library;

/// The driver's library.
const DRIVER: &str = "cuda";
/// The libraries that Candle opens a device with, and the one that it loads at the first convolution.
const TOOLKIT: &[&str] = if cfg!(feature = "cudnn") { &["cublas", "curand", "cudnn"] } else { &["cublas", "curand"] };
/// Versions under which the libraries are installed, those of the driver and of the toolkit that this build was made with
/// first. The bindings look for the same names.
const VERSIONS: [u32; 6] = [1, sys::CUDA_VERSION / 1000, 12, 11, 10, 9];

/// Whether the device with this index can be opened, as far as that can be told without opening it; else the reason, to
/// go behind a colon. The bindings panic where a library is missing, so nothing of them is called before this.
pub(super) fn check(index: usize) -> Result<(), String> {
    if !is_installed(DRIVER) {
        return Err("there is no NVIDIA driver (libcuda.so.1 was not found)".to_string());
    }
    check_version(driver_version()?)?;
    result::init().map_err(no_start)?;
    let count = result::device::get_count().map_err(no_start)?;
    check_index(index, usize::try_from(count).unwrap_or(0))?;
    match TOOLKIT.iter().find(|name| !is_installed(name)) {
        None => Ok(()),
        Some(missing) => Err(format!(
            "lib{missing}.so was not found: install it with CUDA {}, or name its folder in LD_LIBRARY_PATH",
            version(sys::CUDA_VERSION)
        )),
    }
}

fn is_installed(name: &str) -> bool {
    let versioned = VERSIONS.map(|version| format!("lib{name}.so.{version}"));
    let mut names = std::iter::once(format!("lib{name}.so")).chain(versioned);
    // SAFETY: these are the libraries that the bindings are about to load; they are made to be loaded at any time.
    names.any(|name| unsafe { Library::new(name) }.is_ok())
}

fn driver_version() -> Result<u32, String> {
    let mut version = 0;
    // SAFETY: the function writes one number; it may be called before all others.
    unsafe { sys::cuDriverGetVersion(&mut version) }.result().map_err(no_start)?;
    Ok(u32::try_from(version).unwrap_or(0))
}

/// The driver has to be as new as the toolkit: it compiles what the toolkit made for devices that came later.
fn check_version(driver: u32) -> Result<(), String> {
    if driver >= sys::CUDA_VERSION {
        return Ok(());
    }
    let (driver, needed) = (version(driver), version(sys::CUDA_VERSION));
    Err(format!("its driver is for CUDA {driver}, and this build needs {needed} or newer: update the NVIDIA driver"))
}

fn check_index(index: usize, count: usize) -> Result<(), String> {
    match count {
        _ if index < count => Ok(()),
        0 => Err("the driver finds no CUDA device".to_string()),
        1 => Err("there is one CUDA device, cuda:0".to_string()),
        _ => Err(format!("there are {count} CUDA devices, cuda:0 to cuda:{}", count - 1)),
    }
}

fn no_start(error: DriverError) -> String {
    let visible =
        std::env::var("CUDA_VISIBLE_DEVICES").map(|devices| format!(" (CUDA_VISIBLE_DEVICES is \"{devices}\")"));
    match error.0 {
        CUresult::CUDA_ERROR_NO_DEVICE => format!("the driver finds no CUDA device{}", visible.unwrap_or_default()),
        CUresult::CUDA_ERROR_SYSTEM_DRIVER_MISMATCH | CUresult::CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE => {
            "the NVIDIA driver and its library do not fit together: restart the machine after an update".to_string()
        }
        _ => format!("the NVIDIA driver does not start: {error}"),
    }
}

/// `13.0` for 13000.
fn version(number: u32) -> String {
    format!("{}.{}", number / 1000, number % 1000 / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_driver_is_told_by_its_version() {
        assert!(check_version(sys::CUDA_VERSION).is_ok() && check_version(sys::CUDA_VERSION + 10).is_ok());
        let error = check_version(11_040).unwrap_err();
        assert!(error.contains("CUDA 11.4") && error.contains(&version(sys::CUDA_VERSION)), "{error}");
    }

    #[test]
    fn a_wrong_index_is_answered_with_those_there_are() {
        assert!(check_index(1, 2).is_ok());
        assert!(check_index(2, 2).unwrap_err().contains("cuda:0 to cuda:1"));
        assert!(check_index(1, 1).unwrap_err().contains("one CUDA device"));
        assert!(check_index(0, 0).unwrap_err().contains("no CUDA device"));
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn libraries_are_found_by_their_versions() {
        assert!(!is_installed("inkcast-of-nobody"));
        // glibc brings librt.so.1 along, wherever it is.
        assert!(is_installed("rt"));
    }

    #[test]
    fn a_machine_without_a_driver_is_told_so() {
        if !is_installed(DRIVER) {
            assert!(check(0).unwrap_err().contains("no NVIDIA driver"));
        }
    }
}
