//! The same files, seen by others: the crate that reads signatures alone, and libmagic and Magika where they are installed.

use std::io::ErrorKind;
use std::process::Command;

use file_format::FileFormat;

use super::Specimen;
use super::grading::{Counts, Grade, Grading};
use crate::Outcome;
use crate::report::row;

/// As much as the product's first read.
const HEAD: usize = 16 * 1024;

/// Files for one call of a program.
const BATCH: usize = 200;

/// One row for each detector, Sluice's first.
pub(super) fn compare(
    grading: &Grading,
    real: &[Specimen],
    ours: Option<&Counts>,
    our_core: Option<&Counts>,
) -> Outcome<Vec<Vec<String>>> {
    let mut table = vec![row(["detector", "n", "correct", "generic", "unknown", "wrong", "core correct"])];
    let mut add = |name: &str, counts: &Counts, core: &Counts| {
        let mut line = counts.row(name);
        line.push(if core.all() == 0 { "–".to_owned() } else { format!("{:.2} %", core.share(Grade::Correct)) });
        table.push(line);
    };
    if let Some(ours) = ours {
        add("Sluice, ranged reads", ours, our_core.unwrap_or(&Counts::default()));
    }
    let plain = real.iter().map(|one| FileFormat::from_bytes(one.object.get(..HEAD).unwrap_or(&one.object)));
    let plain: Vec<String> = plain.map(|format| format.media_type().to_owned()).collect();
    let (counts, core) = grade(grading, real, &plain);
    add("file-format, first 16 KiB", &counts, &core);
    let mut missing = Vec::new();
    for (name, program, options) in [
        ("libmagic", "file", ["--brief", "--mime-type"]),
        // One media type a line, as `file` prints them.
        ("Magika", "magika", ["--format", "%m"]),
    ] {
        match ask(program, options, real)? {
            Some(answers) => {
                let (counts, core) = grade(grading, real, &answers);
                add(&format!("{name}, whole file"), &counts, &core);
            }
            None => missing.push(format!("{name}: not installed")),
        }
    }
    table.extend(missing.iter().map(|name| row([name.as_str(), "–", "–", "–", "–", "–", "–"])));
    Ok(table)
}

/// The grades of all and of the core types.
fn grade(grading: &Grading, real: &[Specimen], answers: &[String]) -> (Counts, Counts) {
    let (mut counts, mut core) = (Counts::default(), Counts::default());
    for (one, answer) in real.iter().zip(answers) {
        let grade = grading.grade(&one.expected, answer);
        counts.add(grade);
        if one.core {
            core.add(grade);
        }
    }
    (counts, core)
}

/// One answer for each file; nothing where the program is missing.
fn ask(program: &str, options: [&str; 2], real: &[Specimen]) -> Outcome<Option<Vec<String>>> {
    let mut answers = Vec::new();
    for batch in real.chunks(BATCH) {
        let paths = batch.iter().map(|one| &one.path);
        let output = match Command::new(program).args(options).arg("--").args(paths).output() {
            Ok(output) => output,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{program}: {error}")),
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let before = answers.len();
        answers.extend(text.lines().map(str::to_owned));
        if answers.len() - before != batch.len() {
            return Err(format!("{program}: {} answers for {} files", answers.len() - before, batch.len()));
        }
    }
    Ok(Some(answers))
}
