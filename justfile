# Short names for what is done often; `just` lists them.

[private]
default:
    @just --list

# Formats, and runs the checks that are quick, before a commit.
precommit:
    cargo fmt --all
    scripts/check-deps
    cargo clippy --release --workspace --all-targets -- -D warnings

# Everything that a change has to pass.
test:
    scripts/test

# Runs inkcast: just run convert holiday.mp4
run *args:
    scripts/run {{args}}

# Times kernels; `inkcast bench` times the stages of a frame.
bench *args:
    cargo bench --workspace {{args}}

# Feeds random bytes to one target of tests/fuzz; needs cargo-fuzz and a nightly toolchain.
fuzz target *args:
    cargo +nightly fuzz run --fuzz-dir tests/fuzz {{target}} {{args}}
