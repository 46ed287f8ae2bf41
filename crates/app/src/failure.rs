use std::process::ExitCode;

/// Why the program stops, by what the user can do about it. Errors of any other kind end with code 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The command line asks for something that does not fit together.
    Usage(String),
    /// An input cannot be used.
    Input(String),
    /// An output cannot be written, or is there already.
    Output(String),
    /// This machine lacks an element, a codec or a device.
    Lacking(String),
    /// A model, style or compute device cannot be used.
    Model(String),
    /// Ctrl-C, or a request to terminate.
    Interrupted,
}

/// Shown under `--help` and in `docs/cli.md`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    everything was done
  1    a conversion failed half-way (decoding, encoding)
  2    the command line is wrong
  3    an input cannot be used: missing, empty, no video in it, damaged
  4    an output cannot be written, or exists and --force was not given
  5    this machine lacks a GStreamer element, a codec or a device
  6    the model, the style or the compute device cannot be used
  130  interrupted by Ctrl-C; nothing half-done is left behind (a second Ctrl-C stops at once, without tidying up)
With several inputs the others are still done, and the code is that of the first one that failed.";

impl Failure {
    /// The code that `error` ends the program with.
    pub fn exit_code(error: &anyhow::Error) -> ExitCode {
        let code = match error.downcast_ref::<Failure>() {
            None => 1,
            Some(Failure::Usage(_)) => 2,
            Some(Failure::Input(_)) => 3,
            Some(Failure::Output(_)) => 4,
            Some(Failure::Lacking(_)) => 5,
            Some(Failure::Model(_)) => 6,
            Some(Failure::Interrupted) => 130,
        };
        ExitCode::from(code)
    }

    /// Whether `error` is a request to stop.
    pub fn is_interruption(error: &anyhow::Error) -> bool {
        error.downcast_ref() == Some(&Failure::Interrupted)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Usage(text)
            | Failure::Input(text)
            | Failure::Output(text)
            | Failure::Lacking(text)
            | Failure::Model(text) => f.write_str(text),
            Failure::Interrupted => f.write_str("interrupted; nothing half-done is left behind"),
        }
    }
}

impl std::error::Error for Failure {}
