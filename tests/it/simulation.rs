//! The whole system in one thread, in an order that a seed decides: clients, S3 with versions and events, the queue
//! with redelivery and dead letters, the table with its conditions, the stream and the bus. The real handlers run over
//! the ports in memory, which keep the same contract as the deployed table and bucket (`ports.rs`). Of all calls 20 %
//! fail, half of them after they took effect, and others are sent twice; functions die at any await; events come one to
//! five times, in any order and wrapping, and some never. Some clients never come back either, or not for days: all of
//! that is the reconciler's to finish.
//!
//! A seed that fails is named, and `SLUICE_SEED=N cargo test -p acceptance simulation::some_seeds` runs that one again,
//! step by step the same. `SLUICE_SEEDS=N` is how many seeds there are.

mod clients;
mod system;
mod truth;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Waker};
use std::time::Duration;

use system::{Functions, Stores, System};

/// Something that happens beside everything else.
type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// How many clients are at it at the same time, and how many validators.
const CLIENTS: usize = 40;
const VALIDATORS: usize = 6;

/// How often the functions' clock goes on, and by how much.
const STEPS_OF_A_TICK: u64 = 16;
const TICK: Duration = Duration::from_secs(1);

/// How often the reconciler runs in bad weather, and how often at most until there is nothing left for it.
const STORMY_RUNS: usize = 3;
const MOST_RUNS: usize = 5;

/// What a run was like, apart from being right.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Run {
    steps: u64,
    calls: usize,
    killed: usize,
    lost: usize,
    dead_letters: usize,
    accepted: usize,
    rejected: usize,
    deleted: usize,
}

/// Runs a seed to its end and holds the end against the truth.
fn run(seed: u64, uploads: usize) -> Run {
    // Handlers set timers: their clock stands still unless we let it go on.
    let clock = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    clock.block_on(run_by(seed, uploads))
}

async fn run_by(seed: u64, uploads: usize) -> Run {
    system::begin();
    let stores = Stores::new(seed);
    let functions = Functions::of(&stores);
    let system = System::new(seed, &stores, &functions);
    let mut steps = until_quiet(&system, (0..uploads).map(|_| clients::client(&system)).collect()).await;
    let dead_letters = system.dead_letters();
    // What kept the dead letters there is mended; somebody moves them back.
    system.clear_up();
    system.redrive();
    steps += until_quiet(&system, Vec::new()).await;
    assert_eq!(system.dead_letters(), 0, "dead letters after the redrive");
    // What nobody was told of, and what nobody came back for, is the reconciler's: within the hour for what has arrived,
    // however late it came, after the longest life of a session for the rest.
    system::an_hour();
    steps += reconciled(&system).await;
    system::five_days();
    system.inject();
    steps += until_quiet(&system, clients::late(&system)).await;
    for time_passes in [system::an_hour, system::eight_days] {
        time_passes();
        steps += reconciled(&system).await;
    }
    assert_eq!(system.dead_letters(), 0, "dead letters in the end");
    let (accepted, rejected, deleted) = truth::check(&system);
    let (calls, killed, lost) = (stores.weather.calls(), system.killed(), system.lost());
    Run { steps, calls, killed, lost, dead_letters, accepted, rejected, deleted }
}

/// Lets the reconciler, who has no better weather than others, run until nothing is left for it.
async fn reconciled<'a>(system: &'a System<'a>) -> u64 {
    let mut steps = 0;
    system.inject();
    for _ in 0..STORMY_RUNS {
        system.reconcile().await;
        steps += until_quiet(system, Vec::new()).await;
        system::a_minute();
    }
    system.clear_up();
    system.redrive();
    steps += until_quiet(system, Vec::new()).await;
    let mut runs = 0;
    while !system.reconcile().await {
        steps += until_quiet(system, Vec::new()).await;
        runs += 1;
        assert!(runs < MOST_RUNS, "the reconciler finds something at every run");
        system::a_minute();
    }
    steps
}

/// Lets clients and functions have their turns, by chance, until nobody has anything left to do.
async fn until_quiet<'a>(system: &'a System<'a>, mut waiting: Vec<Task<'a>>) -> u64 {
    let mut functions: Vec<Task<'a>> = (0..=VALIDATORS).map(|n| function(system, n)).collect();
    let mut clients: Vec<Task<'a>> = Vec::new();
    let mut context = Context::from_waker(Waker::noop());
    for steps in 0.. {
        while clients.len() < CLIENTS {
            let Some(client) = waiting.pop() else { break };
            clients.push(client);
        }
        system.deliver();
        if steps % STEPS_OF_A_TICK == 0 {
            tokio::time::advance(TICK).await;
        }
        if clients.is_empty() && system.is_quiet() {
            return steps;
        }
        let turn = system.random.below(functions.len() + clients.len());
        if let Some(task) = functions.get_mut(turn) {
            if task.as_mut().poll(&mut context).is_ready() {
                *task = function(system, turn);
            }
        } else {
            let client = turn - functions.len();
            if clients[client].as_mut().poll(&mut context).is_ready() {
                drop(clients.swap_remove(client));
            }
        }
    }
    unreachable!("the numbers don't end")
}

fn function<'a>(system: &'a System<'a>, n: usize) -> Task<'a> {
    if n < VALIDATORS { Box::pin(system.validate()) } else { Box::pin(system.forward()) }
}

/// The same, and names the seed where something is wrong.
fn run_named(seed: u64, uploads: usize) -> Run {
    catch_unwind(AssertUnwindSafe(|| run(seed, uploads))).unwrap_or_else(|problem| {
        eprintln!("seed {seed} of {uploads} uploads failed; again: SLUICE_SEED={seed} SLUICE_UPLOADS={uploads}");
        resume_unwind(problem)
    })
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn ten_thousand_uploads_in_bad_weather_end_well() {
    let run = run_named(1, 10_000);
    eprintln!("{run:?}");
    // The weather was truly bad, and there was something of everything.
    assert!(run.dead_letters > 100 && run.killed > 1000 && run.lost > 100, "{run:?}");
    assert!(run.accepted > 1000 && run.rejected > 1000 && run.deleted > 1000, "{run:?}");
}

#[test]
fn some_seeds() {
    let uploads = usize::try_from(number("SLUICE_UPLOADS").unwrap_or(300)).unwrap();
    let seeds = match number("SLUICE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 2..2 + number("SLUICE_SEEDS").unwrap_or(20),
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let seeds = &Mutex::new(seeds);
    std::thread::scope(|threads| {
        for _ in 0..processors {
            threads.spawn(move || {
                while let Some(seed) = next(seeds) {
                    run_named(seed, uploads);
                }
            });
        }
    });
}

fn next(seeds: &Mutex<Range<u64>>) -> Option<u64> {
    seeds.lock().unwrap().next()
}

#[test]
fn a_seed_is_the_same_every_time() {
    let first = run_named(7, 200);
    assert_eq!(first, run_named(7, 200));
    assert_ne!(first, run_named(8, 200));
}
