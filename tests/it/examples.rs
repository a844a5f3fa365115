//! The examples in the documents, run as printed.

use std::process::Command;

use crate::api::alice;
use crate::support::{asset, stack};

/// A document's first code block of a language that mentions uploads.
fn code_block(document: &str, language: &str) -> String {
    let text = std::fs::read_to_string(xtask::root().join(document)).unwrap();
    let fence = format!("```{language}\n");
    let mut blocks = text.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned());
    blocks.find(|block| block.contains("uploads")).unwrap_or_else(|| panic!("{document} has no {language} example"))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

/// Runs a script that uploads `FILE` and prints the record.
fn upload_with_script(program: &str, args: &[&str], language: &str) {
    let file = xtask::root().join("tests/assets/lock.png");
    let out = run(Command::new(program)
        .args(args)
        .arg(code_block("docs/CLIENTS.md", language))
        .env("API", &stack().api_url)
        .env("TOKEN", &stack().users[0].token)
        .env("FILE", file));
    let record: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"));
    assert_eq!((record["status"].as_str(), record["filename"].as_str()), (Some("accepted"), Some("lock.png")));
    assert_eq!(alice().verdict(record["id"].as_str().unwrap())["status"], "accepted");
}

#[test]
fn the_curl_example_uploads_a_file() {
    upload_with_script("bash", &["-eu", "-c"], "sh");
}

#[test]
fn the_python_example_uploads_a_file() {
    upload_with_script("python3", &["-c"], "python");
}

/// Runs a document's `upload(api, token, file)` in Node.
fn upload_in_node(document: &str) {
    let script = format!(
        "import fs from 'node:fs'; import {{ File }} from 'node:buffer';\n\
         {}\n\
         const bytes = fs.readFileSync(process.env.FILE);\n\
         const file = new File([bytes], 'lock.png', {{ type: 'image/png' }});\n\
         console.log(JSON.stringify(await upload(process.env.API, process.env.TOKEN, file)));\n",
        code_block(document, "js")
    );
    let out = run(Command::new("node")
        .args(["--input-type=module", "--eval", &script])
        .env("API", &stack().api_url)
        .env("TOKEN", &stack().users[0].token)
        .env("FILE", xtask::root().join("tests/assets/lock.png")));
    let record: serde_json::Value = serde_json::from_str(out.trim()).unwrap_or_else(|e| panic!("{e}: {out}"));
    assert_eq!(record["status"], "accepted", "{record}");
    assert_eq!(record["observed"]["size"], asset("lock.png").len());
}

#[test]
fn the_short_client_uploads_a_file() {
    upload_in_node("README.md");
}

#[test]
fn the_robust_client_uploads_a_file() {
    upload_in_node("docs/CLIENTS.md");
}
