//! Lines that tell how far a command is.

use std::io::{Write, stderr, stdout};

/// Where progress goes: with `--json`, standard output holds nothing but the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Lines on standard output.
    Stdout,
    /// Lines on standard error.
    Stderr,
}

impl Progress {
    /// The place for a command with or without `--json`.
    #[must_use]
    pub fn beside(json: bool) -> Self {
        if json { Self::Stderr } else { Self::Stdout }
    }

    /// Writes one line. A reader that closed the pipe is no error of the command.
    pub fn line(self, text: &str) {
        let _ = match self {
            Self::Stdout => writeln!(stdout(), "{text}"),
            Self::Stderr => writeln!(stderr(), "{text}"),
        };
    }
}
