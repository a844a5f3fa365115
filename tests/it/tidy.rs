//! Rules of the repository that a test can check. `docs/ARCHITECTURE.md` has the reasons.

use std::fs;
use std::path::{Path, PathBuf};

/// The Rust files below a folder, if it exists.
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

fn all_sources() -> Vec<PathBuf> {
    ["shared", "functions", "cli", "tests", "xtask", "benches"].iter().flat_map(|folder| sources(folder)).collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Library and binary of a function share one manifest, so Cargo cannot enforce this rule.
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
fn every_file_has_a_header_and_at_most_400_lines() {
    for path in all_sources() {
        let text = text(&path);
        assert!(
            text.starts_with("//!") || text.starts_with("#![doc"),
            "{} has no doc comment at its start",
            path.display()
        );
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_member_inherits_the_workspace_lints() {
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
        assert!(manifest.contains(&format!("name = \"{name}\"")), "folder {name} and its crate have different names");
        let template = text(&xtask::root().join("template.yaml"));
        assert!(template.contains(&format!("Binary: {name}")), "template.yaml does not deploy {name}");
    }
}

#[test]
fn every_dependency_comes_from_the_registry() {
    let lock = text(&xtask::root().join("Cargo.lock"));
    let other_sources: Vec<&str> =
        lock.lines().filter(|line| line.starts_with("source = ") && !line.contains("registry+")).collect();
    assert!(other_sources.is_empty(), "{other_sources:?}");
    let web = text(&xtask::root().join("web/package-lock.json"));
    assert!(
        !web.contains("\"resolved\": \"http"),
        "web/package-lock.json contains a registry URL, which web/.npmrc should prevent"
    );
}
