//! Injects every fault at every call of every function, and compares the replies with `docs/FAULTS.md`.
//!
//! The handlers run over the real SDK against the emulator, and one of their calls fails. The table has the reply. The
//! faults are then removed. The caller retries ten minutes later until it succeeds, and once more after that. Every
//! fault must lead to the scenario's end state. A reply of `done` means that it was reached before the first retry.
//!
//! Columns of the same [`Kind`] have the same cell almost everywhere, because the SDK's retries make them alike. So each
//! row is measured with one column of every kind, the next row with the next one, and all cells with `SLUICE_FULL`. Some
//! scenarios take a hundred calls: there the columns are fixed.
//!
//! `UPDATE_FAULTS=1 cargo test -p acceptance every_fault` rewrites the table.

mod existing_records;
mod fault_proxy;
mod fixture;
mod forwarding;
mod multipart;
mod notifying;
mod reconciling;
mod single_upload;
mod table;
mod validation;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;

use futures_util::{StreamExt, stream};

use fault_proxy::{Fault, FaultProxy, NthCall, Occurrence, PlannedFault};
use fixture::{Fixture, Invocation, Reply};
use table::Cells;

/// One kind of invocation of one function.
trait Scenario: Sized {
    const FUNCTION: &'static str;
    /// What the invocation does, for the heading.
    const TITLE: &'static str;
    /// The state that every fault must lead to, for the heading.
    const END_STATE: &'static str;
    /// The calls without faults. Concurrent calls may come in any order.
    const CALLS: &'static [&'static str];
    /// Faults at every call of a name, in addition to the fault of the cell.
    const PERMANENT_FAULTS: &'static [(&'static str, Fault)] = &[];
    /// The only call that gets faults. `None`: every call does.
    const FAULTS_ONLY_AT: Option<&'static str> = None;
    /// Whether only the first call of each name gets faults, and further calls of the name are not counted.
    const FIRST_CALL_ONLY: bool = false;

    async fn prepare(fixture: Rc<Fixture>) -> Self;
    /// Invokes the function once.
    async fn invoke(&self, invocation: &Invocation<'_>) -> Reply;
    async fn assert_end_state(&self);
}

/// What columns have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    KilledBefore,
    KilledAfter,
    /// One call fails before it had an effect.
    FailsBefore,
    /// One call fails after it had its effect.
    FailsAfter,
    /// Every call of the name fails.
    KeepsFailing,
    /// No answer comes.
    Silent,
}

/// A column of the table.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    fault: Fault,
    occurrence: Occurrence,
    kind: Kind,
}

const fn column(name: &'static str, fault: Fault, occurrence: Occurrence, kind: Kind) -> Column {
    Column { name, fault, occurrence, kind }
}

impl Column {
    /// Whether it is measured in a row without `SLUICE_FULL`. `row` counts through the whole table.
    fn is_measured_in(self, row: usize) -> bool {
        let alike: Vec<&str> = COLUMNS.iter().filter(|other| other.kind == self.kind).map(|other| other.name).collect();
        alike[row % alike.len()] == self.name
    }

    /// Whether it is measured for scenarios with a hundred calls without `SLUICE_FULL`.
    fn is_measured_in_long_scenarios(self) -> bool {
        ["killed", "killed after", "500 after", "throttled on"].contains(&self.name)
    }
}

const COLUMNS: [Column; 12] = [
    column("killed", Fault::Killed, Occurrence::Once, Kind::KilledBefore),
    column("killed after", Fault::KilledAfter, Occurrence::Once, Kind::KilledAfter),
    column("throttled", Fault::Throttled, Occurrence::Once, Kind::FailsBefore),
    column("500", Fault::ServerError, Occurrence::Once, Kind::FailsBefore),
    column("500 after", Fault::ServerErrorAfter, Occurrence::Once, Kind::FailsAfter),
    column("cut", Fault::Disconnected, Occurrence::Once, Kind::FailsBefore),
    column("cut after", Fault::DisconnectedAfter, Occurrence::Once, Kind::FailsAfter),
    column("half", Fault::TruncatedAnswer, Occurrence::Once, Kind::FailsAfter),
    column("silent", Fault::NoAnswer, Occurrence::Once, Kind::Silent),
    column("throttled on", Fault::Throttled, Occurrence::Always, Kind::KeepsFailing),
    column("cut on", Fault::Disconnected, Occurrence::Always, Kind::KeepsFailing),
    column("silent on", Fault::NoAnswer, Occurrence::Always, Kind::Silent),
];

/// How many cells are measured at the same time. Most of them wait for a time-out.
const MAX_CONCURRENT_CELLS: usize = 12;

/// How often the caller retries before the test fails.
const MAX_RETRIES: usize = 4;

/// Row and column of a cell, and its text.
type MeasuredCell = ((usize, usize), String);

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// A scenario in the document.
struct Section {
    heading: String,
    rows: Vec<NthCall>,
    cells: Vec<Pin<Box<dyn Future<Output = MeasuredCell>>>>,
}

impl Section {
    /// `first_row` is the number of rows in the sections before, to which it adds its own.
    async fn of<S: Scenario + 'static>(fixture: Rc<Fixture>, first_row: Rc<Cell<usize>>) -> Self {
        let rows = rows::<S>();
        let first_row = first_row.replace(first_row.get() + rows.len());
        Box::pin(run_without_faults::<S>(Rc::clone(&fixture))).await;
        let mut cells: Vec<Pin<Box<dyn Future<Output = MeasuredCell>>>> = Vec::new();
        for (row, call) in rows.iter().enumerate() {
            for (n, column) in COLUMNS.into_iter().enumerate() {
                let is_measured = if S::FIRST_CALL_ONLY {
                    column.is_measured_in_long_scenarios()
                } else {
                    column.is_measured_in(first_row + row)
                };
                if !is_measured && !is_set("SLUICE_FULL") && !is_set("UPDATE_FAULTS") {
                    continue;
                }
                let Column { name, fault, occurrence, .. } = column;
                let description = format!("{}, {}: {name} at {call:?}", S::FUNCTION, S::TITLE);
                let (fixture, planned) = (Rc::clone(&fixture), PlannedFault { call: call.clone(), fault, occurrence });
                cells.push(Box::pin(async move { ((row, n), measure::<S>(fixture, planned, &description).await) }));
            }
        }
        let heading = format!("### {}: {}\n\nIn the end: {}.\n", S::FUNCTION, S::TITLE, S::END_STATE);
        Self { heading, rows, cells }
    }
}

/// The calls that get faults.
fn rows<S: Scenario>() -> Vec<NthCall> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    for name in S::CALLS {
        let nth = counts.entry(name).or_default();
        *nth += 1;
        if S::FAULTS_ONLY_AT.is_none_or(|only| only == *name) {
            rows.push(NthCall { name: (*name).to_owned(), nth: *nth });
        }
    }
    rows
}

fn permanent_faults<S: Scenario>() -> Vec<PlannedFault> {
    let plan = |(name, fault): &(&str, Fault)| PlannedFault {
        call: NthCall { name: (*name).to_owned(), nth: 1 },
        fault: *fault,
        occurrence: Occurrence::Always,
    };
    S::PERMANENT_FAULTS.iter().map(plan).collect()
}

/// Without faults the scenario makes exactly its [`Scenario::CALLS`].
async fn run_without_faults<S: Scenario>(fixture: Rc<Fixture>) {
    let scenario = S::prepare(fixture).await;
    let proxy = FaultProxy::start(permanent_faults::<S>());
    let reply = scenario.invoke(&Invocation::first(&proxy)).await;
    let mut calls = proxy.calls();
    let mut expected: Vec<String> = S::CALLS.iter().map(|name| (*name).to_owned()).collect();
    calls.sort();
    expected.sort();
    if S::FIRST_CALL_ONLY {
        calls.dedup();
    }
    assert_eq!(calls, expected, "{}, {}: {reply:?}", S::FUNCTION, S::TITLE);
    if S::PERMANENT_FAULTS.is_empty() {
        assert!(matches!(reply, Reply::Done(_)), "{reply:?}");
        scenario.assert_end_state().await;
    }
}

/// Prints the cell if its scenario panics, because the scenario's own message does not name the fault.
struct PrintOnPanic<'a>(&'a str);

impl Drop for PrintOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed cell: {}", self.0);
        }
    }
}

/// Runs a scenario with one fault, checks the end state and returns the text of the cell.
async fn measure<S: Scenario>(fixture: Rc<Fixture>, planned: PlannedFault, description: &str) -> String {
    let _print = PrintOnPanic(description);
    let scenario = S::prepare(fixture).await;
    let mut faults = vec![planned];
    faults.extend(permanent_faults::<S>());
    let proxy = FaultProxy::start(faults);
    let first = proxy.run(scenario.invoke(&Invocation::first(&proxy))).await;
    if let Some(Reply::Done(_)) = first {
        scenario.assert_end_state().await;
    }
    let proxy = FaultProxy::without_faults();
    let retry = Invocation::retry(&proxy);
    for retries in 0.. {
        assert!(retries < MAX_RETRIES, "{description}: the reply was {first:?}, and {retries} retries did not succeed");
        if let Reply::Done(_) = scenario.invoke(&retry).await {
            break;
        }
    }
    scenario.assert_end_state().await;
    // With a hundred calls this takes too long. The reconciler's own tests cover a run that finds nothing.
    if !S::FIRST_CALL_ONLY {
        let repeated = scenario.invoke(&retry).await;
        assert!(matches!(repeated, Reply::Done(_)), "{description}: {repeated:?}");
        scenario.assert_end_state().await;
    }
    first.map_or_else(|| "–".to_owned(), |reply| reply.text().to_owned())
}

#[tokio::test]
async fn every_fault_at_every_call_leads_to_the_end_state() {
    let fixture = Rc::new(Fixture::new());
    let (shared, row) = (|| Rc::clone(&fixture), Rc::new(Cell::new(0)));
    let mut sections = Vec::new();
    let all: Vec<Pin<Box<dyn Future<Output = Section>>>> = vec![
        Box::pin(Section::of::<single_upload::Presign>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<single_upload::GetStatus>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<single_upload::GetStatusBeforeVerdict>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<single_upload::ListUploads>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<single_upload::GetContent>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<single_upload::DeleteUpload>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<multipart::DeleteInProgressUpload>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<multipart::CreateSession>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<multipart::Parts<false>>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<multipart::Parts<true>>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<multipart::CompleteUpload>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<multipart::SlowCompletion>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<multipart::AbortUpload>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<validation::ValidateObject<true>>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<validation::ValidateObject<false>>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<validation::ObjectOfOpenSession>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<validation::ScanBeforeContent>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<validation::ContentAfterScan>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<existing_records::ScanAfterContent<true>>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<existing_records::ScanAfterContent<false>>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<existing_records::LaterVersion<false>>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<existing_records::LaterVersion<true>>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<existing_records::DeletedVersion>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<validation::LongObject>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<validation::ObjectOfUnsizedSession>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<forwarding::ForwardVerdicts>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<notifying::Deliver>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<notifying::Wait>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<multipart::RunCompletionJob>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<reconciling::FullRun>(shared(), Rc::clone(&row))),
        Box::pin(Section::of::<reconciling::LostEvent>(shared(), Rc::clone(&row))),
    ];
    for section in all {
        sections.push(section.await);
    }
    let cells = sections.iter_mut().enumerate().flat_map(|(n, section)| {
        std::mem::take(&mut section.cells).into_iter().map(move |cell| async move { (n, cell.await) })
    });
    let measured: Cells = stream::iter(cells.collect::<Vec<_>>())
        .buffer_unordered(MAX_CONCURRENT_CELLS)
        .map(|(n, ((row, column), text))| ((n, row, column), text))
        .collect()
        .await;
    let path = xtask::root().join("docs/FAULTS.md");
    if is_set("UPDATE_FAULTS") {
        std::fs::write(&path, table::write(&sections, &measured)).unwrap();
    }
    let document = std::fs::read_to_string(&path).unwrap();
    let mut cells = table::read(&document);
    cells.extend(measured);
    let table = table::write(&sections, &cells);
    for (new, old) in table.lines().zip(document.lines()) {
        assert_eq!(new, old, "docs/FAULTS.md differs; if the change is intended: UPDATE_FAULTS=1");
    }
    assert_eq!(table, document);
}
