use std::fmt;
use std::sync::Arc;

use candle_core::cuda_backend::cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use candle_core::cuda_backend::cudarc::driver::{CudaGraph, CudaStream, DriverError};

use super::DeviceError;

/// Launches that were recorded and run as one.
///
/// It holds the addresses of the memory that they use, not the memory: whoever keeps a graph keeps the buffers, and
/// records anew when one is resized.
pub struct Graph(CudaGraph);

// SAFETY: a graph may be used from any thread, by one at a time, and launching takes it exclusively.
unsafe impl Send for Graph {}

impl Graph {
    /// Starts the recorded work on the stream that it was recorded on.
    pub fn launch(&mut self) -> Result<(), DeviceError> {
        self.0.launch().map_err(failed)
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").finish_non_exhaustive()
    }
}

pub(super) fn record<E: From<DeviceError>>(
    stream: &Arc<CudaStream>,
    work: impl FnOnce() -> Result<(), E>,
) -> Result<Graph, E> {
    // Calls of other threads, which may serve other streams, do not disturb a recording of this one.
    stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).map_err(failed)?;
    let done = work();
    // Ended in any case, or the stream would stay in the recording.
    let graph = stream.end_capture(CUgraphInstantiate_flags(0));
    done?;
    let invalid = DriverError(candle_core::cuda_backend::cudarc::driver::sys::CUresult::CUDA_ERROR_INVALID_VALUE);
    Ok(Graph(graph.map_err(failed)?.ok_or_else(|| failed(invalid))?))
}

fn failed(reason: DriverError) -> DeviceError {
    DeviceError::Graph { reason }
}
