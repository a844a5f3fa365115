//! What most tests need: the stack, the sample files, polling, fresh keys.

use std::path::Path;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use local_stack::stack::Stack;
use policy::key::{ObjectKey, OwnerId};
use testkit::fresh_id;

/// How long [`wait_for`] polls. It is a deadline, not an expected duration.
const TIMEOUT: Duration = Duration::from_secs(90);

/// The stack that `cargo xtask up` started.
pub(crate) fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| Stack::read().unwrap())
}

/// A file of `tests/assets`.
pub(crate) fn asset(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)).unwrap()
}

/// Polls until `poll` returns a value. Panics with `what` after [`TIMEOUT`].
pub(crate) fn wait_for<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = poll() {
            return value;
        }
        assert!(started.elapsed() < TIMEOUT, "{what}: not within {TIMEOUT:?}");
        sleep(Duration::from_millis(100));
    }
}

/// A key of an owner that no other test uses.
pub(crate) fn fresh_key() -> ObjectKey {
    ObjectKey::new(OwnerId::from_claims("acceptance", &fresh_id().to_string()).unwrap(), fresh_id())
}

/// An environment variable that holds a number.
pub(crate) fn number_from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}
