//! The Python tools, each in a virtual environment of its own: they pin different versions of the same libraries.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result};

use crate::process::quietly;
use crate::root;

/// One virtual environment, made from a pinned and hashed requirements file.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    name: &'static str,
    label: &'static str,
}

/// AWS SAM CLI, cargo-lambda and AWS's Runtime Interface Emulator.
pub const SAM: Tool = Tool { name: "sam", label: "installing the AWS SAM CLI and cargo-lambda" };
/// The AWS emulator.
pub const EMULATOR: Tool = Tool { name: "emulator", label: "installing the AWS emulator" };
/// Another implementation of S3, for tests.
pub const SECOND_STORE: Tool = Tool { name: "second-store", label: "installing SeaweedFS" };

impl Tool {
    fn home(self) -> PathBuf {
        root().join("target/tools").join(self.name)
    }

    /// A program of this environment.
    #[must_use]
    pub fn program(self, name: &str) -> PathBuf {
        self.home().join("bin").join(name)
    }

    /// Makes sure that the packages of the requirements file are installed.
    ///
    /// # Errors
    /// When there is no usable Python, or the packages can't be installed.
    pub fn install(self) -> Result<()> {
        let requirements = root().join("xtask/requirements").join(format!("{}.txt", self.name));
        let wanted = fs::read_to_string(&requirements).with_context(|| requirements.display().to_string())?;
        let stamp = self.home().join("installed.txt");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        let python = python()?;
        let log = root().join("target/tools").join(format!("{}.log", self.name));
        let _ = fs::remove_dir_all(self.home());
        quietly("making a virtual environment", &log, Command::new(python).args(["-m", "venv"]).arg(self.home()))
            .context("Python has no working venv module: on Debian and Ubuntu, run `apt install python3-venv`")?;
        let mut pip = Command::new(self.program("python"));
        // The file lists every dependency, so pip need not resolve any; older versions can't, with extras and hashes.
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--requirement"])
            .arg(&requirements);
        quietly(self.label, &log, &mut pip)?;
        Ok(fs::write(&stamp, wanted)?)
    }

    /// The search path with this environment's programs first.
    #[must_use]
    pub fn path(self) -> std::ffi::OsString {
        let own = self.home().join("bin");
        let inherited = env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(own).chain(env::split_paths(&inherited));
        env::join_paths(paths).unwrap_or_default()
    }
}

/// A Python of a version that the tools support.
fn python() -> Result<&'static str> {
    let check = "import sys, venv; sys.exit(sys.version_info < (3, 10))";
    let works = |name: &&str| {
        let run = Command::new(name).args(["-c", check]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        run.is_ok_and(|status| status.success())
    };
    ["python3", "python3.13", "python3.12", "python3.11", "python"].into_iter().find(works).context(
        "the AWS tools need Python 3.10 or newer: install it (Debian: apt install python3 python3-venv) and run the \
         command again",
    )
}

/// AWS's Runtime Interface Emulator, which comes with the SAM CLI.
///
/// # Errors
/// When the SAM CLI does not have it.
pub fn runtime_interface_emulator() -> Result<PathBuf> {
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let lib = SAM.home().join("lib");
    let pythons = fs::read_dir(&lib).with_context(|| lib.display().to_string())?;
    let rie = Path::new("site-packages/samcli/local/rapid").join(format!("aws-lambda-rie-{machine}"));
    pythons
        .filter_map(Result::ok)
        .map(|python| python.path().join(&rie))
        .find(|path| path.exists())
        .context("the SAM CLI has no Runtime Interface Emulator")
}
