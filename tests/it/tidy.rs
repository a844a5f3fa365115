//! House rules that a machine can hold. Why they are so: `docs/ARCHITECTURE.md`.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![xtask::root().join(folder)];
    folders.retain(|folder| folder.exists());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn all() -> Vec<PathBuf> {
    ["shared", "functions", "tests", "xtask", "benches"].iter().flat_map(|folder| sources(folder)).collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// By its place below the root: what the folder above it is called says nothing.
fn is_test(path: &Path) -> bool {
    let path = path.strip_prefix(xtask::root()).unwrap().to_string_lossy();
    path.contains("tests") || path.contains("/testing")
}

/// The code of a file without its comments and without its test module.
fn code(path: &Path) -> String {
    let text = text(path);
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn names(path: &Path, forbidden: &[&str], rule: &str) {
    let code = code(path);
    for word in forbidden {
        assert!(!code.contains(word), "{} names {word}: {rule} (docs/ARCHITECTURE.md)", path.display());
    }
}

/// `lib.rs` draws the lines: modules above what works over the ports are the core.
fn core_modules() -> Vec<String> {
    let lib = text(&xtask::root().join("shared/src/lib.rs"));
    let (core, _) = lib.split_once("// what several functions do, over the ports").unwrap();
    core.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned)).collect()
}

#[test]
fn the_core_knows_no_vendor_no_clock_and_no_environment() {
    let core = core_modules();
    assert!(core.len() > 10, "{core:?}");
    let inside = |path: &Path, module: &str| {
        let path = path.to_string_lossy();
        path.ends_with(&format!("/src/{module}.rs")) || path.contains(&format!("/src/{module}/"))
    };
    for path in sources("shared").iter().filter(|path| !is_test(path)) {
        if core.iter().any(|module| inside(path, module)) {
            let vendors =
                ["aws_sdk_", "aws_config", "aws_smithy", "lambda_http", "lambda_runtime", "tokio", "async fn"];
            names(path, &vendors, "the core decides and performs nothing");
            let ambient = ["std::env", "env::var", "SystemTime::now", "Timestamp::now", "Instant::now", "Uuid::new"];
            names(path, &ambient, "time, environment and randomness are passed in");
        }
    }
}

#[test]
fn each_vendor_has_its_file() {
    for path in all().iter().filter(|path| !is_test(path)) {
        let file = path.strip_prefix(xtask::root()).unwrap().to_string_lossy().into_owned();
        let rule = "each SDK is named in its own adapter only";
        let s3 = file == "shared/src/objects/s3.rs" || file.starts_with("shared/src/objects/s3/");
        if !s3 && file != "shared/src/clients.rs" && !file.starts_with("benches") {
            names(path, &["aws_sdk_s3"], rule);
        }
        if !file.starts_with("shared/src/records/") && file != "shared/src/clients.rs" {
            names(path, &["aws_sdk_dynamodb"], rule);
        }
        if !matches!(file.as_str(), "shared/src/queue/sqs.rs" | "shared/src/clients.rs") {
            names(path, &["aws_sdk_sqs"], rule);
        }
        if file.starts_with("shared/src/multipart") {
            names(path, &["aws_", "lambda_", "std::env", "SystemTime"], "what works over the ports knows no vendor");
        }
        if !matches!(file.as_str(), "shared/src/bus/eventbridge.rs" | "shared/src/clients.rs") {
            names(path, &["aws_sdk_eventbridge"], rule);
        }
    }
}

#[test]
fn functions_name_no_sdk_and_do_not_read_the_environment() {
    for path in sources("functions").iter().filter(|path| !is_test(path)) {
        names(path, &["aws_sdk_", "aws_config", "std::env", "env::var"], "functions speak to ports and to Config");
    }
}

#[test]
fn main_only_builds_and_runs() {
    for path in sources("functions").iter().filter(|path| path.ends_with("main.rs")) {
        let text = text(path);
        assert!(text.lines().count() <= 25, "{} is longer than 25 lines", path.display());
        for word in ["if ", "match ", "unwrap", "expect("] {
            assert!(!text.contains(word), "{} has a {word}: decisions belong into lib.rs", path.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_readable() {
    for path in all() {
        let text = text(&path);
        assert!(text.starts_with("//!"), "{} does not begin with what it is for", path.display());
        let lines = text.lines().count();
        assert!(lines <= 450, "{} has {lines} lines: is there a second reason to open it?", path.display());
    }
}

#[test]
fn every_member_takes_the_workspaces_lints() {
    for folder in ["shared", "tests", "xtask"] {
        let manifest = text(&xtask::root().join(folder).join("Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{folder}/Cargo.toml");
    }
    for entry in fs::read_dir(xtask::root().join("functions")).unwrap() {
        let path = entry.unwrap().path();
        let manifest = text(&path.join("Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}", path.display());
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(manifest.contains(&format!("name = \"{name}\"")), "folder, crate and binary {name} share one name");
        let template = text(&xtask::root().join("template.yaml"));
        assert!(template.contains(&format!("Binary: {name}")), "template.yaml does not deploy {name}");
    }
}

#[test]
fn every_dependency_comes_from_the_registry() {
    let lock = text(&xtask::root().join("Cargo.lock"));
    let elsewhere: Vec<&str> =
        lock.lines().filter(|line| line.starts_with("source = ") && !line.contains("registry+")).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    let web = text(&xtask::root().join("web/package-lock.json"));
    assert!(
        !web.contains("\"resolved\": \"http"),
        "web/package-lock.json names a registry: web/.npmrc keeps addresses out"
    );
}
