//! Progress messages of a command.

use std::io::{Write, stderr, stdout};

/// The stream for progress messages. With `--json`, standard output contains only the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Lines on standard output.
    Stdout,
    /// Lines on standard error.
    Stderr,
}

impl Progress {
    /// Standard error with `--json`, standard output without it.
    #[must_use]
    pub fn for_output(json: bool) -> Self {
        if json { Self::Stderr } else { Self::Stdout }
    }

    /// Writes one line. It ignores errors, because a closed pipe must not fail the command.
    pub fn line(self, text: &str) {
        let _ = match self {
            Self::Stdout => writeln!(stdout(), "{text}"),
            Self::Stderr => writeln!(stderr(), "{text}"),
        };
    }
}
