//! Compiles each `src/<operation>.cpp`, which includes that operation's `body.cuh` and loops over pixels, into one library.

use std::path::{Path, PathBuf};

fn main() {
    let kernels = Path::new("../../crates/kernels/src");
    let mut sources: Vec<PathBuf> = files(Path::new("src")).filter(|path| has_extension(path, "cpp")).collect();
    sources.sort();
    for path in files(Path::new("src")).chain(folders(kernels).flat_map(|folder| files(&folder))) {
        if has_extension(&path, "cpp") || has_extension(&path, "cuh") {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    println!("cargo::rerun-if-changed=src");
    cc::Build::new()
        .cpp(true)
        // The bodies use no part of the C++ library.
        .cpp_link_stdlib(None)
        .std("c++17")
        .opt_level(2)
        // A product and a sum stay two roundings, as in Rust and as nvcc is told.
        .flag("-ffp-contract=off")
        .flag("-fno-exceptions")
        .include(kernels)
        .files(sources)
        .compile("inkcast_device");
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("a folder's entry").path())
}

fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    files(folder).filter(|path| path.is_dir())
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}
