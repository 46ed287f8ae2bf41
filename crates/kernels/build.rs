//! With the feature `cuda`, compiles each `src/<operation>/cuda.cu` with nvcc to `<operation>.fatbin`: machine code for
//! compute capability 9.0a and PTX for 8.0 and later in one file, of which the driver takes what fits the device. Without
//! the feature it does nothing and needs nothing.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "cuda")]
    cuda::compile();
}

#[cfg(feature = "cuda")]
mod cuda {
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::thread;

    use cudaforge::CudaToolkit;

    pub fn compile() {
        println!("cargo::rerun-if-changed=src");
        for variable in ["NVCC", "CUDA_HOME", "CUDA_PATH", "NVCC_CCBIN"] {
            println!("cargo::rerun-if-env-changed={variable}");
        }
        let toolkit = CudaToolkit::detect().unwrap_or_else(|error| {
            panic!("the feature cuda needs the CUDA toolkit: {error}; put nvcc on the PATH or name it in NVCC")
        });
        let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        // nvcc runs on one core for each file.
        let operations = operations();
        let together = thread::available_parallelism().map_or(1, usize::from);
        for some in operations.chunks(together) {
            thread::scope(|scope| {
                for operation in some {
                    scope.spawn(|| compile_operation(&toolkit.nvcc_path, operation, &out));
                }
            });
        }
    }

    /// The folders in `src` with a `cuda.cu`.
    fn operations() -> Vec<String> {
        let folders = std::fs::read_dir("src").expect("the package has a folder src");
        let folders = folders.map(|entry| entry.expect("a folder's entry"));
        let with_kernels = folders.filter(|folder| folder.path().join("cuda.cu").exists());
        with_kernels.map(|folder| folder.file_name().into_string().expect("folders of operations are words")).collect()
    }

    fn compile_operation(nvcc: &Path, operation: &str, out: &Path) {
        let mut command = Command::new(nvcc);
        command.args(["--fatbin", "-std=c++17", "-O3", "-Isrc"]);
        // A product and a sum stay two roundings, as in Rust, so that the device gives the bits of the CPU.
        command.arg("-fmad=false");
        command.args(["-gencode", "arch=compute_80,code=compute_80"]);
        command.args(["-gencode", "arch=compute_90a,code=sm_90a"]);
        if let Some(compiler) = std::env::var_os("NVCC_CCBIN") {
            command.arg("-ccbin").arg(compiler);
        }
        command.arg("-o").arg(out.join(format!("{operation}.fatbin")));
        command.arg(format!("src/{operation}/cuda.cu"));
        let status = command.status().unwrap_or_else(|error| panic!("{}: {error}", nvcc.display()));
        assert!(status.success(), "nvcc could not compile src/{operation}/cuda.cu, see above");
    }
}
