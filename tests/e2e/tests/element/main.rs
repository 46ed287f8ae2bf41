//! The element `comicstyle` in harnesses and in real pipelines.

mod caps;
mod comic;
mod errors;
mod formats;
mod history;
mod pipelines;
mod properties;
mod states;
mod strides;
mod timing;
