//! Every fault at every call of every function, as a table: `docs/FAULTS.md`.
//!
//! The handlers run over the real SDK against the emulator, and one of their requests meets trouble on its way. What
//! they say to it stands in the table. Then the weather is fair again and whoever called comes back, ten minutes later
//! and once more after that: the end is the scenario's every time, and what is said to be done is done by then.
//!
//! Where an invocation takes many requests, some columns are looked at with `SLUICE_FULL` only.
//!
//! `UPDATE_FAULTS=1 cargo test -p acceptance every_fault` writes the table anew.

mod between;
mod events;
mod fixture;
mod in_parts;
mod reconciling;
mod single;
mod table;
mod verdicts;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;

use futures_util::{StreamExt, stream};

use between::{Between, Fault, Lasting, Place};
use fixture::{Fixture, Said, Way};
use table::Cells;

/// A function, and one thing that it is asked to do.
trait Scenario: Sized {
    const FUNCTION: &'static str;
    const WHAT: &'static str;
    /// How it must be in the end, in words.
    const END: &'static str;
    /// The requests that it takes when nothing goes wrong. Those side by side may come in any order.
    const CALLS: &'static [&'static str];
    /// What happens to all requests of a name, whatever else does.
    const WEATHER: &'static [(&'static str, Fault)] = &[];
    /// The only request that meets trouble, where that is not each of them.
    const ONLY: Option<&'static str> = None;
    /// Whether of requests of one name the first stands for all, and they are not counted.
    const FIRST_OF_EACH: bool = false;

    /// Sets it up.
    async fn prepare(fixture: Rc<Fixture>) -> Self;
    /// One invocation.
    async fn act(&self, way: &Way<'_>) -> Said;
    /// Sees that it is how it must be in the end.
    async fn check(&self);
}

/// One of the table's columns.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    fault: Fault,
    lasting: Lasting,
    /// Whether it is looked at too where an invocation takes a hundred requests; the others are with `SLUICE_FULL`.
    always: bool,
}

const fn column(name: &'static str, fault: Fault, lasting: Lasting, always: bool) -> Column {
    Column { name, fault, lasting, always }
}

const COLUMNS: [Column; 12] = [
    column("killed", Fault::Killed, Lasting::Once, true),
    column("killed after", Fault::KilledAfter, Lasting::Once, true),
    column("throttled", Fault::Throttled, Lasting::Once, false),
    column("500", Fault::Failed, Lasting::Once, false),
    column("500 after", Fault::FailedAfter, Lasting::Once, true),
    column("cut", Fault::Cut, Lasting::Once, false),
    column("cut after", Fault::CutAfter, Lasting::Once, false),
    column("half", Fault::Half, Lasting::Once, false),
    column("silent", Fault::Silent, Lasting::Once, false),
    column("throttled on", Fault::Throttled, Lasting::Always, true),
    column("cut on", Fault::Cut, Lasting::Always, false),
    column("silent on", Fault::Silent, Lasting::Always, false),
];

/// How many invocations are looked at side by side: most of them wait for an answer that does not come.
const MAX_CONCURRENCY: usize = 12;

/// How often a caller comes back at most.
const TIMEOUT: usize = 4;

/// Row and column of a cell, and what it says.
type Cell = ((usize, usize), String);

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// One heading of the document.
struct Section {
    heading: String,
    rows: Vec<Place>,
    cells: Vec<Pin<Box<dyn Future<Output = Cell>>>>,
}

impl Section {
    async fn of<S: Scenario + 'static>(fixture: Rc<Fixture>) -> Self {
        let rows = rows::<S>();
        Box::pin(calm::<S>(Rc::clone(&fixture))).await;
        let mut cells: Vec<Pin<Box<dyn Future<Output = Cell>>>> = Vec::new();
        for (row, place) in rows.iter().enumerate() {
            for (n, column) in COLUMNS.into_iter().enumerate() {
                if S::FIRST_OF_EACH && !column.always && !is_set("SLUICE_FULL") && !is_set("UPDATE_FAULTS") {
                    continue;
                }
                let what = format!("{}, {}: {} at {place:?}", S::FUNCTION, S::WHAT, column.name);
                let (fixture, trouble) = (Rc::clone(&fixture), (place.clone(), column.fault, column.lasting));
                cells.push(Box::pin(async move { ((row, n), cell::<S>(fixture, trouble, &what).await) }));
            }
        }
        let heading = format!("### {}: {}\n\nIn the end: {}.\n", S::FUNCTION, S::WHAT, S::END);
        Self { heading, rows, cells }
    }
}

/// The requests that meet trouble.
fn rows<S: Scenario>() -> Vec<Place> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    for name in S::CALLS {
        let nth = counts.entry(name).or_default();
        *nth += 1;
        if S::ONLY.is_none_or(|only| only == *name) {
            rows.push(Place { name: (*name).to_owned(), nth: *nth });
        }
    }
    rows
}

fn weather<S: Scenario>() -> Vec<(Place, Fault, Lasting)> {
    let always = |(name, fault): &(&str, Fault)| (Place { name: (*name).to_owned(), nth: 1 }, *fault, Lasting::Always);
    S::WEATHER.iter().map(always).collect()
}

/// When nothing goes wrong, it takes the requests that it says.
async fn calm<S: Scenario>(fixture: Rc<Fixture>) {
    let scenario = S::prepare(fixture).await;
    let between = Between::with(weather::<S>());
    let said = scenario.act(&Way { between: &between, later: false }).await;
    let (mut seen, mut told) = (between.seen(), S::CALLS.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    seen.sort();
    told.sort();
    if S::FIRST_OF_EACH {
        seen.dedup();
    }
    assert_eq!(seen, told, "{}, {}: {said:?}", S::FUNCTION, S::WHAT);
    if S::WEATHER.is_empty() {
        assert!(matches!(said, Said::Done(_)), "{said:?}");
        scenario.check().await;
    }
}

/// Names the cell whose scenario fails: its own words know nothing of the trouble.
struct Named<'a>(&'a str);

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("while looking at {}", self.0);
        }
    }
}

/// What a function says to one trouble; and that all ends well.
async fn cell<S: Scenario>(fixture: Rc<Fixture>, trouble: (Place, Fault, Lasting), what: &str) -> String {
    let _named = Named(what);
    let scenario = S::prepare(fixture).await;
    let mut all = vec![trouble];
    all.extend(weather::<S>());
    let between = Between::with(all);
    let first = between.run(scenario.act(&Way { between: &between, later: false })).await;
    if let Some(Said::Done(_)) = first {
        scenario.check().await;
    }
    let fair = Between::with(Vec::new());
    for again in 0.. {
        assert!(again < TIMEOUT, "{what}: it said {first:?}, and is not done after {again} more times");
        if let Said::Done(_) = scenario.act(&Way { between: &fair, later: true }).await {
            break;
        }
    }
    scenario.check().await;
    // A hundred requests are too many for a third time: that a run over nothing does nothing is seen elsewhere.
    if !S::FIRST_OF_EACH {
        let once_more = scenario.act(&Way { between: &fair, later: true }).await;
        assert!(matches!(once_more, Said::Done(_)), "{what}: {once_more:?}");
        scenario.check().await;
    }
    first.map_or_else(|| "–".to_owned(), |said| said.words().to_owned())
}

#[tokio::test]
async fn at_every_call_every_fault_ends_well() {
    let fixture = Rc::new(Fixture::new());
    let fresh = || Rc::clone(&fixture);
    let mut sections = Vec::new();
    let all: Vec<Pin<Box<dyn Future<Output = Section>>>> = vec![
        Box::pin(Section::of::<single::Granting>(fresh())),
        Box::pin(Section::of::<single::Status>(fresh())),
        Box::pin(Section::of::<single::Waiting>(fresh())),
        Box::pin(Section::of::<single::Listing>(fresh())),
        Box::pin(Section::of::<single::Fetching>(fresh())),
        Box::pin(Section::of::<single::Deleting>(fresh())),
        Box::pin(Section::of::<in_parts::DeletingOpen>(fresh())),
        Box::pin(Section::of::<in_parts::Beginning>(fresh())),
        Box::pin(Section::of::<in_parts::Parts<false>>(fresh())),
        Box::pin(Section::of::<in_parts::Parts<true>>(fresh())),
        Box::pin(Section::of::<in_parts::Completing>(fresh())),
        Box::pin(Section::of::<in_parts::Handing>(fresh())),
        Box::pin(Section::of::<in_parts::Aborting>(fresh())),
        Box::pin(Section::of::<events::Judging<true>>(fresh())),
        Box::pin(Section::of::<events::Judging<false>>(fresh())),
        Box::pin(Section::of::<events::Closing>(fresh())),
        Box::pin(Section::of::<events::Scanning>(fresh())),
        Box::pin(Section::of::<events::Concluding>(fresh())),
        Box::pin(Section::of::<verdicts::Scanned<true>>(fresh())),
        Box::pin(Section::of::<verdicts::Scanned<false>>(fresh())),
        Box::pin(Section::of::<verdicts::Replayed<false>>(fresh())),
        Box::pin(Section::of::<verdicts::Replayed<true>>(fresh())),
        Box::pin(Section::of::<verdicts::Vanished>(fresh())),
        Box::pin(Section::of::<verdicts::Long>(fresh())),
        Box::pin(Section::of::<verdicts::Counted>(fresh())),
        Box::pin(Section::of::<events::Announcing>(fresh())),
        Box::pin(Section::of::<in_parts::HandedOver>(fresh())),
        Box::pin(Section::of::<reconciling::Reconciling>(fresh())),
        Box::pin(Section::of::<reconciling::Unheard>(fresh())),
    ];
    for section in all {
        sections.push(section.await);
    }
    let cells = sections.iter_mut().enumerate().flat_map(|(n, section)| {
        std::mem::take(&mut section.cells).into_iter().map(move |cell| async move { (n, cell.await) })
    });
    let said: Cells = stream::iter(cells.collect::<Vec<_>>())
        .buffer_unordered(MAX_CONCURRENCY)
        .map(|(n, ((row, column), words))| ((n, row, column), words))
        .collect()
        .await;
    let path = xtask::root().join("docs/FAULTS.md");
    if is_set("UPDATE_FAULTS") {
        std::fs::write(&path, table::write(&sections, &said)).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    let mut cells = table::read(&kept);
    cells.extend(said);
    let table = table::write(&sections, &cells);
    for (is, was) in table.lines().zip(kept.lines()) {
        assert_eq!(is, was, "docs/FAULTS.md says something else; if this is right: UPDATE_FAULTS=1");
    }
    assert_eq!(table, kept);
}
