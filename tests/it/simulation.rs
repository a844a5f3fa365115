//! Simulates the whole system in one thread: clients, S3 with versions and events, the queue with its DLQ, the table,
//! the stream, the bus and webhooks. The handlers are the real ones. The ports are in memory and fulfil the same contract as the
//! deployed table and bucket (`ports.rs`). A seed decides the order of all steps.
//!
//! - 20 % of the calls fail, half of them after they took effect. Others are sent twice.
//! - A function may be killed at any await.
//! - An event arrives one to five times, in any order and wrapping. Some events are lost.
//! - Lambda gives up on some batches of the stream.
//! - Some clients abandon their upload, others resume it after days. The reconciler finishes what they leave.
//!
//! A failing run prints its seed. `SLUICE_SEED=N cargo test -p acceptance simulation::some_seeds` repeats it step by step.
//! `SLUICE_SEEDS=N` sets the number of seeds.

mod clients;
mod end_state;
mod events;
mod system;
mod validation;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Waker};
use std::time::Duration;

use system::{Functions, Stores, System};

use crate::support::number_from_env;

/// A client or an invocation of a function.
type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// How many clients are active at the same time.
const CONCURRENT_CLIENTS: usize = 40;
/// How many invocations of the validator run at the same time.
const CONCURRENT_VALIDATORS: usize = 6;
/// How many invocations of the notifier run at the same time.
const CONCURRENT_NOTIFIERS: usize = 3;
/// These, and one of the forwarder.
const CONCURRENT_FUNCTIONS: usize = 1 + CONCURRENT_NOTIFIERS + CONCURRENT_VALIDATORS;

/// After how many steps the clock of tokio advances, and by how much.
const STEPS_PER_TICK: u64 = 16;
const TICK: Duration = Duration::from_secs(1);

/// How often the reconciler runs with faults.
const RUNS_WITH_FAULTS: usize = 3;
/// How often it may run without faults until it finds nothing.
const MAX_RUNS_WITHOUT_FAULTS: usize = 5;

/// Counters of one run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Run {
    steps: u64,
    calls: usize,
    killed: usize,
    lost_events: usize,
    dlq_messages: usize,
    accepted: usize,
    rejected: usize,
    deleted: usize,
}

/// Runs a seed and checks the end state.
fn run(seed: u64, uploads: usize) -> Run {
    // Handlers set timers, so the clock of tokio is paused and the simulation advances it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(simulate(seed, uploads))
}

async fn simulate(seed: u64, uploads: usize) -> Run {
    system::reset_clock();
    let stores = Stores::new(seed);
    let functions = Functions::of(&stores);
    let system = System::new(seed, &stores, &functions);
    let mut steps = run_until_idle(&system, (0..uploads).map(|_| clients::client(&system)).collect()).await;
    let dlq_messages = system.dlq_messages();
    // The faults end, and an operator redrives the DLQ.
    system.stop_faults();
    system.redrive();
    steps += run_until_idle(&system, Vec::new()).await;
    assert_eq!(system.dlq_messages(), 0, "messages in the DLQ after the redrive");
    // The reconciler finishes objects whose events were lost after an hour, and abandoned sessions after their maximum age.
    system::advance_one_hour();
    steps += reconcile_until_done(&system).await;
    system::advance_five_days();
    system.start_faults();
    steps += run_until_idle(&system, clients::resume_abandoned(&system)).await;
    for advance in [system::advance_one_hour, system::advance_eight_days] {
        advance();
        steps += reconcile_until_done(&system).await;
    }
    assert_eq!(system.dlq_messages(), 0, "messages in the DLQ in the end");
    let (accepted, rejected, deleted) = end_state::check(&system);
    let (calls, killed, lost_events) = (stores.faults.calls(), system.killed(), system.lost_events());
    Run { steps, calls, killed, lost_events, dlq_messages, accepted, rejected, deleted }
}

/// Runs the reconciler with faults, then without faults until it finds nothing.
async fn reconcile_until_done<'a>(system: &'a System<'a>) -> u64 {
    let mut steps = 0;
    system.start_faults();
    for _ in 0..RUNS_WITH_FAULTS {
        system.reconcile().await;
        steps += run_until_idle(system, Vec::new()).await;
        system::advance_one_minute();
    }
    system.stop_faults();
    system.redrive();
    steps += run_until_idle(system, Vec::new()).await;
    let mut runs = 0;
    while !system.reconcile().await {
        steps += run_until_idle(system, Vec::new()).await;
        runs += 1;
        assert!(runs < MAX_RUNS_WITHOUT_FAULTS, "the reconciler finds something at every run");
        system::advance_one_minute();
    }
    steps
}

/// Polls a random client or invocation at each step, until all clients are done and nothing is queued.
async fn run_until_idle<'a>(system: &'a System<'a>, mut waiting: Vec<Task<'a>>) -> u64 {
    let mut functions: Vec<Task<'a>> = (0..CONCURRENT_FUNCTIONS).map(|n| function(system, n)).collect();
    let mut clients: Vec<Task<'a>> = Vec::new();
    let mut context = Context::from_waker(Waker::noop());
    for steps in 0.. {
        while clients.len() < CONCURRENT_CLIENTS {
            let Some(client) = waiting.pop() else { break };
            clients.push(client);
        }
        system.deliver();
        if steps % STEPS_PER_TICK == 0 {
            tokio::time::advance(TICK).await;
        }
        if clients.is_empty() && system.is_idle() {
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
    unreachable!("the range has no end")
}

fn function<'a>(system: &'a System<'a>, n: usize) -> Task<'a> {
    match n {
        0 => Box::pin(system.forward()),
        1..=CONCURRENT_NOTIFIERS => Box::pin(system.notify()),
        _ => Box::pin(system.validate()),
    }
}

/// Runs a seed, and prints it if the run fails.
fn run_and_report(seed: u64, uploads: usize) -> Run {
    catch_unwind(AssertUnwindSafe(|| run(seed, uploads))).unwrap_or_else(|problem| {
        eprintln!("seed {seed} with {uploads} uploads failed; repeat with SLUICE_SEED={seed} SLUICE_UPLOADS={uploads}");
        resume_unwind(problem)
    })
}

#[test]
fn ten_thousand_uploads_with_faults_reach_the_right_end_state() {
    let run = run_and_report(1, 10_000);
    eprintln!("{run:?}");
    // Otherwise the run would test too little.
    assert!(run.dlq_messages > 100 && run.killed > 1000 && run.lost_events > 100, "{run:?}");
    assert!(run.accepted > 1000 && run.rejected > 1000 && run.deleted > 1000, "{run:?}");
}

#[test]
fn some_seeds() {
    let uploads = usize::try_from(number_from_env("SLUICE_UPLOADS").unwrap_or(300)).unwrap();
    let seeds = match number_from_env("SLUICE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 2..2 + number_from_env("SLUICE_SEEDS").unwrap_or(20),
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let seeds = &Mutex::new(seeds);
    std::thread::scope(|threads| {
        for _ in 0..processors {
            threads.spawn(move || {
                while let Some(seed) = next(seeds) {
                    run_and_report(seed, uploads);
                }
            });
        }
    });
}

fn next(seeds: &Mutex<Range<u64>>) -> Option<u64> {
    seeds.lock().unwrap().next()
}

#[test]
fn a_seed_always_gives_the_same_run() {
    let first = run_and_report(7, 200);
    assert_eq!(first, run_and_report(7, 200));
    assert_ne!(first, run_and_report(8, 200));
}
