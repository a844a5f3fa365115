//! Recognises the files of a corpus through the same ranged reads as the validator, compares the results with other
//! detectors, and checks them against limits.
//!
//! The columns of the list are `sha256`, `path`, `expected_mime`, `family` and `tier`. The limits apply to tier `real`.
//! The corpus contains its rules for grading: `tools/aliases.tsv` and `core-types.txt`.
//!
//! A label may be wrong, or true of bytes that no program opens. `--arguable` lists such files with the argument. Then
//! every figure is printed twice, and the limits apply to the one without these files.

mod declared;
mod detectors;
mod grading;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::Result;
use crate::corpus::{self, Row, object, sniff_object};
use crate::report::{Report, mean, note, percentile, row, table};
use grading::{Counts, Grade, Grading};

/// The limits, in per cent, requests and milliseconds.
const MIN_CORRECT: f64 = 98.0;
const MAX_WRONG: f64 = 0.7;
const MIN_CORE_CORRECT: f64 = 97.0;
const MAX_MEAN_READS: f64 = 1.5;
const MAX_P99_MILLIS: f64 = 1.0;

/// Timings of each file, of which the shortest counts: the first one includes filling the caches.
const TIMINGS: usize = 3;

/// The keys of `Totals::grades` that the limits and the comparison use.
const REAL: &str = "tier real";
const REAL_CORE: &str = "tier real, core types";
const CERTAIN: &str = "tier real, without arguable labels";
const CERTAIN_CORE: &str = "tier real, core types, without arguable labels";

/// The files, and what to print and write.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder that the paths of the list are relative to
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// The tab-separated list of files and their true types
    #[arg(long, value_name = "FILE.tsv")]
    list: PathBuf,
    /// Write the recognised types to this file, one line each: sha256, tab, media type
    #[arg(long, value_name = "OUT.tsv")]
    predictions: Option<PathBuf>,
    /// Sniff each file with its true type declared, and with each other core type declared falsely
    #[arg(long)]
    declared: bool,
    /// Print every file of tier real that was not recognised
    #[arg(long)]
    misses: bool,
    /// Files whose label is arguable, one line each: path, tab, argument
    #[arg(long, value_name = "FILE.tsv")]
    arguable: Option<PathBuf>,
}

impl Options {
    fn arguable(&self) -> Result<BTreeSet<String>> {
        let Some(path) = &self.arguable else { return Ok(BTreeSet::new()) };
        let names = corpus::text(path)?;
        let names = names.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split('\t').next());
        Ok(names.map(str::to_owned).collect())
    }
}

/// A file of tier `real`.
struct CorpusFile {
    name: String,
    path: PathBuf,
    /// The true type, in lower case.
    expected: String,
    core: bool,
    /// Whether the label is arguable.
    arguable: bool,
    object: Vec<u8>,
}

/// The figures of all files.
#[derive(Default)]
struct Totals {
    /// The paths of files with arguable labels.
    arguable: BTreeSet<String>,
    grades: BTreeMap<String, Counts>,
    reads: Vec<f64>,
    bytes: Vec<f64>,
    millis: Vec<f64>,
    macros: u32,
    macros_correct: u32,
    predictions: String,
    real: Vec<CorpusFile>,
}

/// Prints the figures and checks them against their limits.
pub(crate) fn measure(options: &Options, report: &mut Report) -> Result {
    let grading = Grading::read(&options.corpus)?;
    let mut totals = Totals { arguable: options.arguable()?, ..Totals::default() };
    for row in corpus::rows(&options.list)? {
        totals.add(options, &grading, &row)?;
    }
    if totals.real.is_empty() {
        return Err("the list has no file of tier real".to_owned());
    }
    if let Some(path) = &options.predictions {
        write(path, &totals.predictions)?;
    }
    let mut rows = vec![row(["files", "n", "correct", "generic", "unknown", "wrong"])];
    rows.extend(totals.grades.iter().map(|(key, counts)| counts.row(key)));
    table(&rows);
    print_costs(&mut totals);
    note("all detectors, files of tier real; the last column is the correct ones of the core types:");
    table(&detectors::compare(&grading, &totals.real, totals.grades.get(REAL), totals.grades.get(REAL_CORE))?);
    check_limits(&mut totals, report);
    if options.declared { declared::measure(&grading, &totals.real, options.misses, report) } else { Ok(()) }
}

fn write(path: &Path, text: &str) -> Result {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

impl Totals {
    fn add(&mut self, options: &Options, grading: &Grading, row: &Row) -> Result {
        let (name, tier) = (row.get("path")?.to_owned(), row.get("tier")?);
        let path = options.corpus.join(&name);
        let object = object(&path)?;
        let declared = row.media_type("expected_mime")?;
        let declared = options.declared.then_some(&declared);
        let (sniffed, mut time) = sniff_object(&object, declared)?;
        let expected = row.get("expected_mime")?.to_lowercase();
        let grade = grading.grade(&expected, &sniffed.media_type);
        let core = grading.is_core(&expected);
        writeln!(self.predictions, "{}\t{}", row.get("sha256")?, sniffed.media_type).map_err(|e| e.to_string())?;
        let mut keys =
            vec!["all".to_owned(), format!("tier {tier}"), format!("family {} ({tier})", row.get("family")?)];
        if tier == "real" {
            for _ in 1..TIMINGS {
                time = time.min(sniff_object(&object, declared)?.1);
            }
            let arguable = self.arguable.contains(&name);
            let core_keys = [(REAL_CORE, core), (CERTAIN, !arguable), (CERTAIN_CORE, core && !arguable)];
            keys.extend(core_keys.into_iter().filter(|(_, counts)| *counts).map(|(key, _)| key.to_owned()));
            if expected.contains("macroenabled") {
                self.macros += 1;
                self.macros_correct += u32::from(grade == Grade::Correct);
            }
            if options.misses && grade != Grade::Correct {
                let codes: Vec<&str> = sniffed.findings.iter().map(|finding| finding.code.as_str()).collect();
                note(&format!("{grade}: {expected} recognised as {}, {name} {codes:?}", sniffed.media_type));
            }
            self.reads.push(f64::from(sniffed.reads));
            self.bytes.push(u32::try_from(sniffed.bytes).map_or(f64::INFINITY, f64::from));
            self.millis.push(time.as_secs_f64() * 1e3);
            self.real.push(CorpusFile { name, path, expected, core, arguable, object });
        }
        for key in keys {
            self.grades.entry(key).or_default().add(grade);
        }
        Ok(())
    }
}

fn print_costs(totals: &mut Totals) {
    let mut rows = vec![row(["per file of tier real", "mean", "p99", "max"])];
    for (what, samples, decimals) in
        [("GETs", &mut totals.reads, 2), ("bytes", &mut totals.bytes, 0), ("processor time, ms", &mut totals.millis, 3)]
    {
        let (p99, max) = (percentile(samples, 99), percentile(samples, 100));
        let shown = |figure: f64| format!("{figure:.decimals$}");
        rows.push(row([what, &shown(mean(samples)), &shown(p99), &shown(max)]));
    }
    table(&rows);
    if cfg!(debug_assertions) {
        note("built without optimisation: only the release profile gives valid processor times");
    }
}

fn check_limits(totals: &mut Totals, report: &mut Report) {
    let share = |key: &str, grade| totals.grades.get(key).map(|counts| counts.share(grade));
    if let (Some(correct), Some(wrong)) = (share(CERTAIN, Grade::Correct), share(CERTAIN, Grade::Wrong)) {
        report.check(
            "files of tier real, correct",
            correct >= MIN_CORRECT,
            &format!("{correct:.2} %"),
            &format!("≥ {MIN_CORRECT} %"),
        );
        report.check(
            "files of tier real, wrong",
            wrong <= MAX_WRONG,
            &format!("{wrong:.2} %"),
            &format!("≤ {MAX_WRONG} %"),
        );
    }
    if let Some(correct) = share(CERTAIN_CORE, Grade::Correct) {
        let met = correct >= MIN_CORE_CORRECT;
        report.check("core types, correct", met, &format!("{correct:.2} %"), &format!("≥ {MIN_CORE_CORRECT} %"));
    }
    if totals.macros > 0 {
        let (right, all) = (totals.macros_correct, totals.macros);
        report.check("Office files with macros recognised", right == all, &format!("{right} of {all}"), "all");
    }
    let reads = mean(&totals.reads);
    report.check("GETs, mean", reads <= MAX_MEAN_READS, &format!("{reads:.2}"), &format!("≤ {MAX_MEAN_READS}"));
    let time = percentile(&mut totals.millis, 99);
    let figure = format!("{time:.3} ms");
    report.check("processor time, p99", time <= MAX_P99_MILLIS, &figure, &format!("≤ {MAX_P99_MILLIS} ms"));
}
