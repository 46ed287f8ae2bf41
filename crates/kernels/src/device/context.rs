use std::collections::HashMap;
use std::ffi::c_void;
use std::fmt;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::Device;
use candle_core::cuda_backend::cudarc::driver::{CudaFunction, CudaModule, CudaStream, DriverError};

use super::launch::Module;
use super::{DeviceError, Graph, driver, graph};

/// A CUDA device with a stream of its own, on which everything that is started through it runs in order.
///
/// Clones share the stream.
#[derive(Clone)]
pub struct DeviceContext {
    device: Device,
    stream: Arc<CudaStream>,
    kernels: Arc<Mutex<Kernels>>,
}

/// What was loaded so far.
#[derive(Default)]
struct Kernels {
    modules: HashMap<&'static str, Arc<CudaModule>>,
    /// By module and name.
    functions: HashMap<(&'static str, &'static str), CudaFunction>,
}

impl DeviceContext {
    /// Opens the device with this index.
    ///
    /// # Errors
    /// With the reason, if there is no driver, no such device, or no library of CUDA.
    pub fn open(index: usize) -> Result<Self, DeviceError> {
        let failed = |reason: String| DeviceError::Open { index, reason };
        // Anything else that the bindings might miss is a panic of theirs, and no reason to end the process.
        let looked = catch_unwind(|| driver::check(index));
        looked
            .unwrap_or_else(|_| Err("the NVIDIA driver lacks functions that this build calls".to_string()))
            .map_err(failed)?;
        // A stream of its own: frames arrive on GStreamer's threads, and the default stream belongs to one thread.
        let device = match catch_unwind(|| Device::new_cuda_with_stream(index)) {
            Ok(device) => device.map_err(|error| failed(error.to_string()))?,
            Err(_) => return Err(failed("a CUDA library could not be loaded".to_string())),
        };
        let cuda = device.as_cuda_device().map_err(|error| failed(error.to_string()))?;
        // Events for each buffer would be recorded at each use; a graph could not be made of that.
        // SAFETY: a context's memory is used on its own stream, and on a branch's only as `join` orders it.
        unsafe { cuda.disable_event_tracking() };
        let stream = cuda.cuda_stream();
        Ok(DeviceContext { device, stream, kernels: Arc::default() })
    }

    /// The device with this index, one and the same for all who ask for it so: they share its stream. It stays open until
    /// the process ends.
    pub fn shared(index: usize) -> Result<Self, DeviceError> {
        static SHARED: Mutex<Vec<(usize, DeviceContext)>> = Mutex::new(Vec::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, device)) = shared.iter().find(|(known, _)| *known == index) {
            return Ok(device.clone());
        }
        let device = DeviceContext::open(index)?;
        shared.push((index, device.clone()));
        Ok(device)
    }

    /// The same device as Candle knows it; its tensors use the same stream.
    pub fn candle(&self) -> &Device {
        &self.device
    }

    /// The driver's context and the device's ordinal, for libraries that share the device; it is there as long as this.
    pub fn driver_context(&self) -> (*mut c_void, i32) {
        let context = self.stream.context();
        (context.cu_ctx().cast(), context.cu_device())
    }

    /// The device's name, as the driver gives it.
    pub fn name(&self) -> Result<String, DeviceError> {
        self.stream.context().name().map_err(|reason| DeviceError::Stopped { reason })
    }

    /// Waits until all that was started has finished.
    pub fn synchronize(&self) -> Result<(), DeviceError> {
        self.stream.synchronize().map_err(|reason| DeviceError::Stopped { reason })
    }

    /// The same device and its kernels with a new stream, which begins after all that was started here so far. What is
    /// started there runs beside what is started here; [`DeviceContext::join`] brings both in order. To be made before a
    /// recording, in which `branch.join(main)` opens a branch and `main.join(branch)` ends it.
    pub fn branch(&self) -> Result<DeviceContext, DeviceError> {
        let stream = self.stream.fork().map_err(|reason| DeviceError::Stopped { reason })?;
        Ok(DeviceContext { device: self.device.clone(), stream, kernels: self.kernels.clone() })
    }

    /// What is started from here on waits for all that was started on `other` so far.
    pub fn join(&self, other: &DeviceContext) -> Result<(), DeviceError> {
        self.stream.join(&other.stream).map_err(|reason| DeviceError::Stopped { reason })
    }

    /// Records what `work` starts, in place of running it, to be run as a whole any number of times. Run `work` once
    /// before, so that all kernels are loaded; it must neither allocate, nor copy to or from the host, nor wait.
    pub fn record<E: From<DeviceError>>(&self, work: impl FnOnce() -> Result<(), E>) -> Result<Graph, E> {
        graph::record(&self.stream, work)
    }

    pub(crate) fn stream(&self) -> &Arc<CudaStream> {
        &self.stream
    }

    /// The function `kernel` of a compiled operation, loaded at its first use.
    pub(crate) fn function(&self, module: &Module, kernel: &'static str) -> Result<CudaFunction, DeviceError> {
        let mut kernels = self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = kernels.functions.get(&(module.name, kernel)) {
            return Ok(function.clone());
        }
        let failed = |reason: DriverError| DeviceError::Load { kernel, reason };
        let loaded = match kernels.modules.get(module.name) {
            Some(loaded) => loaded.clone(),
            None => self.stream.context().load_module(module.image()).map_err(failed)?,
        };
        let function = loaded.load_function(kernel).map_err(failed)?;
        kernels.modules.insert(module.name, loaded);
        kernels.functions.insert((module.name, kernel), function.clone());
        Ok(function)
    }
}

impl fmt::Debug for DeviceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceContext").field("device", &self.device).finish_non_exhaustive()
    }
}
