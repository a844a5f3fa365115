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
    ["shared", "functions", "cli", "tests", "xtask", "benches"].iter().flat_map(|folder| sources(folder)).collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Cargo can't tell the two targets of one package apart: the rest of the dependency table is in the manifests.
#[test]
fn only_a_functions_main_names_the_aws_adapters() {
    for path in sources("functions") {
        let is_test = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
        if !is_test && !path.ends_with("main.rs") {
            assert!(!text(&path).contains("aws_adapters"), "{} names the AWS adapters", path.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_readable() {
    for path in all() {
        let text = text(&path);
        assert!(
            text.starts_with("//!") || text.starts_with("#![doc"),
            "{} does not begin with what it is for",
            path.display()
        );
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines: is there a second reason to open it?", path.display());
    }
}

#[test]
fn every_member_takes_the_workspaces_lints() {
    let shared = fs::read_dir(xtask::root().join("shared")).unwrap().map(|entry| entry.unwrap().path());
    let tools = ["tests", "xtask", "benches"].iter().map(|folder| xtask::root().join(folder));
    for folder in shared.chain(tools) {
        assert!(text(&folder.join("Cargo.toml")).contains("[lints]\nworkspace = true"), "{}", folder.display());
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
