use candle_core::cuda_backend::cudarc::driver::LaunchConfig;
use candle_core::cuda_backend::cudarc::nvrtc::Ptx;

/// The kernels of an operation as the build compiled them.
#[derive(Debug)]
pub(crate) struct Module {
    /// The operation.
    pub name: &'static str,
    /// Machine code and PTX; the driver takes what fits the device.
    pub fatbin: &'static [u8],
}

impl Module {
    pub(super) fn image(&self) -> Ptx {
        Ptx::from_binary(self.fatbin.to_vec())
    }
}

/// The [`Module`] of an operation's `cuda.cu`.
macro_rules! module {
    ($operation:literal) => {
        $crate::device::Module {
            name: $operation,
            fatbin: include_bytes!(concat!(env!("OUT_DIR"), "/", $operation, ".fatbin")),
        }
    };
}

/// How many threads a kernel gets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid(pub LaunchConfig);

impl Grid {
    /// A thread for each pixel, in blocks of 32x8.
    pub fn pixels(width: usize, height: usize) -> Self {
        let blocks = |length: usize, block: u32| (length as u32).div_ceil(block).max(1);
        Grid(LaunchConfig {
            grid_dim: (blocks(width, 32), blocks(height, 8), 1),
            block_dim: (32, 8, 1),
            shared_mem_bytes: 0,
        })
    }

    /// `blocks` blocks of `threads` threads with `shared` bytes of shared memory given at the start.
    pub fn blocks(blocks: (u32, u32, u32), threads: (u32, u32, u32), shared: u32) -> Self {
        Grid(LaunchConfig { grid_dim: blocks, block_dim: threads, shared_mem_bytes: shared })
    }
}

/// Starts the kernel of a name on a context's stream. Unsafe: arguments have to be those that the kernel takes, in order
/// and type (numbers, and what `argument` and `address` of planes and buffers give), memory has to be as large as it uses,
/// and what it writes has to be mutable here.
macro_rules! launch {
    ($device:expr, $module:expr, $kernel:expr, $grid:expr, $($argument:expr),+ $(,)?) => {{
        use candle_core::cuda_backend::cudarc::driver::PushKernelArg;
        let device: &$crate::device::DeviceContext = $device;
        let kernel: &'static str = $kernel;
        let function = device.function(&$module, kernel)?;
        let mut arguments = device.stream().launch_builder(&function);
        $(
            let argument = $argument;
            arguments.arg(&argument);
        )+
        arguments
            .launch($grid.0)
            .map(drop)
            .map_err(|reason| $crate::device::DeviceError::Launch { kernel, reason })
    }};
}

pub(crate) use {launch, module};
