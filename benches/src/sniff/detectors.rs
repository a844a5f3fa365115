//! Other detectors on the same files: the crate `file-format`, and libmagic and Magika if they are installed.

use std::io::ErrorKind;
use std::process::Command;

use file_format::FileFormat;

use super::CorpusFile;
use super::grading::{Counts, Grade, Grading};
use crate::Result;
use crate::report::row;

/// The size of Sluice's first read in bytes.
const FIRST_READ: usize = 16 * 1024;

/// Files per call of a program.
const BATCH_SIZE: usize = 200;

/// A heading, then one row for each detector, Sluice first.
pub(super) fn compare(
    grading: &Grading,
    real: &[CorpusFile],
    sluice: Option<&Counts>,
    sluice_core: Option<&Counts>,
) -> Result<Vec<Vec<String>>> {
    let mut table = vec![row(["detector", "n", "correct", "generic", "unknown", "wrong", "core correct"])];
    let mut add = |name: &str, counts: &Counts, core: &Counts| {
        let mut line = counts.row(name);
        line.push(if core.total() == 0 { "–".to_owned() } else { format!("{:.2} %", core.share(Grade::Correct)) });
        table.push(line);
    };
    if let Some(sluice) = sluice {
        add("Sluice, ranged reads", sluice, sluice_core.unwrap_or(&Counts::default()));
    }
    let formats = real.iter().map(|file| FileFormat::from_bytes(file.object.get(..FIRST_READ).unwrap_or(&file.object)));
    let types: Vec<String> = formats.map(|format| format.media_type().to_owned()).collect();
    let (counts, core) = grade(grading, real, &types);
    add("file-format, first 16 KiB", &counts, &core);
    let mut missing = Vec::new();
    for (name, program, options) in [
        ("libmagic", "file", ["--brief", "--mime-type"]),
        // Prints one media type per line, as `file` does.
        ("Magika", "magika", ["--format", "%m"]),
    ] {
        match detect(program, options, real)? {
            Some(types) => {
                let (counts, core) = grade(grading, real, &types);
                add(&format!("{name}, whole file"), &counts, &core);
            }
            None => missing.push(format!("{name}: not installed")),
        }
    }
    table.extend(missing.iter().map(|name| row([name.as_str(), "–", "–", "–", "–", "–", "–"])));
    Ok(table)
}

/// Grades the recognised types: of all files, and of those with a core type.
fn grade(grading: &Grading, real: &[CorpusFile], types: &[String]) -> (Counts, Counts) {
    let (mut counts, mut core) = (Counts::default(), Counts::default());
    for (file, recognised) in real.iter().zip(types) {
        let grade = grading.grade(&file.expected, recognised);
        counts.add(grade);
        if file.core {
            core.add(grade);
        }
    }
    (counts, core)
}

/// Runs a detector: one type for each file, or `None` if the program is not installed.
fn detect(program: &str, options: [&str; 2], real: &[CorpusFile]) -> Result<Option<Vec<String>>> {
    let mut types = Vec::new();
    for batch in real.chunks(BATCH_SIZE) {
        let paths = batch.iter().map(|file| &file.path);
        let output = match Command::new(program).args(options).arg("--").args(paths).output() {
            Ok(output) => output,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{program}: {error}")),
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let before = types.len();
        types.extend(text.lines().map(str::to_owned));
        if types.len() - before != batch.len() {
            return Err(format!("{program}: {} types for {} files", types.len() - before, batch.len()));
        }
    }
    Ok(Some(types))
}
