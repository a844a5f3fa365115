//! The Python tools, in virtual environments: they pin different versions of the same libraries.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::{env, fs};

use anyhow::{Context, Result, anyhow};

use crate::process::{Progress, run};
use crate::root;

/// The packages of a pinned and hashed requirements file, in a virtual environment.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    name: &'static str,
    environment: &'static str,
    label: &'static str,
}

/// cargo-lambda, which compiles the functions. It is installed before the SAM CLI, so that compiling begins early.
pub const CARGO_LAMBDA: Tool = Tool { name: "cargo-lambda", environment: "sam", label: "installing cargo-lambda" };
/// AWS SAM CLI and AWS's Runtime Interface Emulator. Both need cargo-lambda.
pub const SAM: Tool = Tool { name: "sam", environment: "sam", label: "installing the AWS SAM CLI" };
/// The AWS emulator.
pub const EMULATOR: Tool = Tool { name: "emulator", environment: "emulator", label: "installing the AWS emulator" };
/// Another implementation of S3, for tests.
pub const SECOND_STORE: Tool =
    Tool { name: "second-store", environment: "second-store", label: "installing SeaweedFS" };

/// Starts to install tools, one after the other, while other work goes on. The returned function waits for the end.
pub fn install_beside(tools: &'static [Tool]) -> impl FnOnce() -> Result<()> {
    beside(|| tools.iter().try_for_each(|tool| tool.install_with(Progress::End)))
}

/// Starts work that goes on beside the caller's. The returned function waits for its end.
pub(crate) fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> impl FnOnce() -> Result<T> {
    let working = thread::spawn(work);
    || working.join().unwrap_or_else(|_| Err(anyhow!("work in the background panicked")))
}

impl Tool {
    fn home(self) -> PathBuf {
        root().join("target/tools").join(self.environment)
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
        self.install_with(Progress::Lines)
    }

    pub(crate) fn install_with(self, progress: Progress) -> Result<()> {
        // Two installations at once must not write into the same environment.
        let lock = self.home().with_extension("lock");
        fs::create_dir_all(root().join("target/tools"))?;
        let one_by_one = File::create(&lock).with_context(|| lock.display().to_string())?;
        one_by_one.lock()?;
        let requirements = root().join("xtask/requirements").join(format!("{}.txt", self.name));
        let wanted = fs::read_to_string(&requirements).with_context(|| requirements.display().to_string())?;
        let stamp = self.home().join(format!("{}.txt", self.name));
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        let log = root().join("target/tools").join(format!("{}.log", self.name));
        if !self.program("pip").exists() {
            let _ = fs::remove_dir_all(self.home());
            let mut venv = Command::new(python()?);
            run("making a virtual environment", &log, venv.args(["-m", "venv"]).arg(self.home()), progress)
                .context("Python has no working venv module: on Debian and Ubuntu, run `apt install python3-venv`")?;
        }
        let mut pip = Command::new(self.program("python"));
        // The file lists every dependency, so pip need not resolve any; older versions can't, with extras and hashes.
        // Python compiles what it imports: most of the SAM CLI's libraries never are.
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check"]);
        pip.args(["--require-hashes", "--requirement"]).arg(&requirements);
        if let Err(error) = run(self.label, &log, &mut pip, progress) {
            // The next start makes a new environment: pip stumbles over a half-installed package.
            let _ = fs::remove_dir_all(self.home());
            return Err(error);
        }
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
