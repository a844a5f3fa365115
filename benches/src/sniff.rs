//! Recognising the files of a corpus, from bytes and size alone, through the same ranged reads that the validator
//! makes, beside other detectors; and whether it keeps its limits.
//!
//! The list's columns: `sha256`, `path`, `expected_mime`, `family` and `tier`; what counts is tier `real`. The corpus
//! brings its own rules for grading: `tools/aliases.tsv` and `core-types.txt`.

mod grading;
mod peers;
mod validator;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::Outcome;
use crate::corpus::{self, Row, look, object};
use crate::report::{Report, mean, note, percentile, row, table};
use grading::{Counts, Grade, Grading};

/// The limits, in per cent, requests and milliseconds.
const CORRECT: f64 = 95.0;
const WRONG: f64 = 1.0;
const CORE_CORRECT: f64 = 97.0;
const MEAN_READS: f64 = 1.5;
const P99_MILLIS: f64 = 1.0;

/// Each file is timed so often and the best counts: the first time pays for the caches.
const TIMED: usize = 3;

/// What is measured of other detectors, and the keys that the limits are about.
const REAL: &str = "tier real";
const REAL_CORE: &str = "tier real, core types";

/// Which files, and what to do with them.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder that the list's paths start from
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// The files with their true types, tab-separated
    #[arg(long, value_name = "FILE.tsv")]
    list: PathBuf,
    /// Write what was recognised: sha256, tab, media type
    #[arg(long, value_name = "OUT.tsv")]
    predictions: Option<PathBuf>,
    /// Declare each file's true type, as an honest client would, and each other core type, as a liar would
    #[arg(long)]
    declared: bool,
    /// Print every real file that was not recognised
    #[arg(long)]
    misses: bool,
}

/// A file of tier `real`.
struct Specimen {
    name: String,
    path: PathBuf,
    /// The true type, in lower case.
    expected: String,
    core: bool,
    object: Vec<u8>,
}

/// Everything that adds up over the files.
#[derive(Default)]
struct Seen {
    grades: BTreeMap<String, Counts>,
    reads: Vec<f64>,
    bytes: Vec<f64>,
    millis: Vec<f64>,
    macros: u32,
    macros_correct: u32,
    predictions: String,
    real: Vec<Specimen>,
}

/// Prints and judges the figures.
pub(crate) fn measure(options: &Options, report: &mut Report) -> Outcome {
    let grading = Grading::read(&options.corpus)?;
    let mut seen = Seen::default();
    for row in corpus::rows(&options.list)? {
        seen.add(options, &grading, &row)?;
    }
    if seen.real.is_empty() {
        return Err("the list holds no file of tier real".to_owned());
    }
    if let Some(path) = &options.predictions {
        write(path, &seen.predictions)?;
    }
    let mut rows = vec![row(["files", "n", "correct", "generic", "unknown", "wrong"])];
    rows.extend(seen.grades.iter().map(|(key, counts)| counts.row(key)));
    table(&rows);
    costs(&mut seen);
    note("beside others, all real files and, last, the correct ones of the core types:");
    table(&peers::compare(&grading, &seen.real, seen.grades.get(REAL), seen.grades.get(REAL_CORE))?);
    apply_rules(&mut seen, report);
    if options.declared { validator::measure(&grading, &seen.real, options.misses, report) } else { Ok(()) }
}

fn write(path: &Path, text: &str) -> Outcome {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

impl Seen {
    fn add(&mut self, options: &Options, grading: &Grading, row: &Row) -> Outcome {
        let (name, tier) = (row.get("path")?.to_owned(), row.get("tier")?);
        let path = options.corpus.join(&name);
        let object = object(&path)?;
        let declared = row.media_type("expected_mime")?;
        let claim = options.declared.then_some(&declared);
        let (sniffed, mut time) = look(&object, claim)?;
        let expected = row.get("expected_mime")?.to_lowercase();
        let grade = grading.grade(&expected, &sniffed.media_type);
        let core = grading.is_core(&expected);
        writeln!(self.predictions, "{}\t{}", row.get("sha256")?, sniffed.media_type).map_err(|e| e.to_string())?;
        let mut keys =
            vec!["all".to_owned(), format!("tier {tier}"), format!("family {} ({tier})", row.get("family")?)];
        if tier == "real" {
            for _ in 1..TIMED {
                time = time.min(look(&object, claim)?.1);
            }
            if core {
                keys.push(REAL_CORE.to_owned());
            }
            if expected.contains("macroenabled") {
                self.macros += 1;
                self.macros_correct += u32::from(grade == Grade::Correct);
            }
            if options.misses && grade != Grade::Correct {
                let found: Vec<&str> = sniffed.findings.iter().map(|finding| finding.code.as_str()).collect();
                note(&format!("{grade}: {expected} seen as {}, {name} {found:?}", sniffed.media_type));
            }
            self.reads.push(f64::from(sniffed.reads));
            self.bytes.push(u32::try_from(sniffed.bytes).map_or(f64::INFINITY, f64::from));
            self.millis.push(time.as_secs_f64() * 1e3);
            self.real.push(Specimen { name, path, expected, core, object });
        }
        for key in keys {
            self.grades.entry(key).or_default().add(grade);
        }
        Ok(())
    }
}

fn costs(seen: &mut Seen) {
    let mut rows = vec![row(["for a real file", "mean", "p99", "max"])];
    for (what, samples, decimals) in
        [("GETs", &mut seen.reads, 2), ("bytes", &mut seen.bytes, 0), ("processor time, ms", &mut seen.millis, 3)]
    {
        let (p99, max) = (percentile(samples, 99), percentile(samples, 100));
        let shown = |figure: f64| format!("{figure:.decimals$}");
        rows.push(row([what, &shown(mean(samples)), &shown(p99), &shown(max)]));
    }
    table(&rows);
    if cfg!(debug_assertions) {
        note("built without optimisation: processor time only counts in the release profile");
    }
}

fn apply_rules(seen: &mut Seen, report: &mut Report) {
    let share = |key: &str, grade| seen.grades.get(key).map(|counts| counts.share(grade));
    if let (Some(correct), Some(wrong)) = (share(REAL, Grade::Correct), share(REAL, Grade::Wrong)) {
        report.limit("real files, correct", correct >= CORRECT, &format!("{correct:.2} %"), &format!("≥ {CORRECT} %"));
        report.limit("real files, wrong", wrong <= WRONG, &format!("{wrong:.2} %"), &format!("≤ {WRONG} %"));
    }
    if let Some(correct) = share(REAL_CORE, Grade::Correct) {
        let held = correct >= CORE_CORRECT;
        report.limit("core types, correct", held, &format!("{correct:.2} %"), &format!("≥ {CORE_CORRECT} %"));
    }
    if seen.macros > 0 {
        let (right, all) = (seen.macros_correct, seen.macros);
        report.limit("Office files with macros told apart", right == all, &format!("{right} of {all}"), "all");
    }
    let reads = mean(&seen.reads);
    report.limit("GETs, mean", reads <= MEAN_READS, &format!("{reads:.2}"), &format!("≤ {MEAN_READS}"));
    let time = percentile(&mut seen.millis, 99);
    let figure = format!("{time:.3} ms");
    report.limit("processor time, p99", time <= P99_MILLIS, &figure, &format!("≤ {P99_MILLIS} ms"));
}
