//! What is due. Sessions are closed, swept, added up, completed, or judged, whatever each of them waits for.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use shared::key::{ObjectKey, hex};
use shared::multipart::{Closing, Completion, Fault, SessionProblem};
use shared::parts::{PartPlan, PartsProblem};
use shared::queue::Queue;
use shared::records::census::Due;
use shared::session::{Completed, Left, Session, State};
use tokio::time::Instant;

use crate::report::{Count, Report};
use crate::{Bucket, Deps, SIDE_BY_SIDE, Table, Time, Trouble, failure, halves, orphans, unjudged};

/// How many are asked for at a time.
const BATCH: usize = 100;

/// Settles everything that is due, as far as the time goes.
pub(crate) async fn settle_due<R: Table, O: Bucket, Q: Queue>(deps: &Deps<R, O, Q>, time: &Time<'_>) -> Report {
    let mut report = Report::default();
    let mut tried: HashSet<Due> = HashSet::new();
    while !time.is_up() {
        // What failed stays due, and must not stand before what has not been tried.
        let limit = u16::try_from(BATCH.saturating_add(tried.len())).unwrap_or(u16::MAX);
        let due = match deps.records.due((deps.ambient.now)(), limit).await {
            Ok(due) => due,
            Err(error) => return report + failure(&error, "what is due"),
        };
        let last = due.len() < usize::from(limit);
        let fresh: Vec<Due> = due.into_iter().filter(|due| tried.insert(due.clone())).collect();
        let more = !fresh.is_empty();
        let settled = stream::iter(fresh).map(|due| settle(deps, time, due)).buffer_unordered(SIDE_BY_SIDE);
        report = settled.fold(report, async |sum, one| sum + one).await;
        if last || !more {
            break;
        }
    }
    report
}

async fn settle<R: Table, O: Bucket, Q: Queue>(deps: &Deps<R, O, Q>, time: &Time<'_>, due: Due) -> Report {
    if time.is_up() {
        return Report::default();
    }
    let outcome = match &due {
        Due::Session(key) => outcome(deps, time, key).await,
        Due::Upload(key) => halves::finish(deps, key).await,
    };
    outcome.unwrap_or_else(|error| failure(&error, &format!("what is due of {}", due.key().id())))
}

async fn outcome<R: Table, O: Bucket, Q: Queue>(
    deps: &Deps<R, O, Q>,
    time: &Time<'_>,
    key: &ObjectKey,
) -> Result<Report, Trouble> {
    let now = (deps.ambient.now)();
    let found = deps.records.session(key).await?;
    // The index is a moment behind: the session itself says what it waits for.
    let Some(session) = found.filter(|session| session.due().is_some_and(|due| due <= now)) else {
        return Ok(Report::default());
    };
    let settled = match &session.state {
        State::Completed(whole) => return verdict(deps, &session, whole).await,
        State::Completing(_) => resume(deps, time, session).await,
        State::Aborted(_) | State::Expired(_) => {
            let bytes = held(deps, &session).await?;
            let swept = deps.multipart().sweep(session).await.map(|_| ());
            told(swept, Report::of(Count::SessionsSwept, 1).and(Count::BytesFreed, bytes))
        }
        State::Open { .. } if !session.is_over(now) => sum(deps, session).await,
        State::Opening | State::Open { .. } => {
            let bytes = held(deps, &session).await?;
            let closed = Report::of(Count::SessionsExpired, 1).and(Count::BytesFreed, bytes);
            match deps.multipart().expire(session).await {
                // Somebody came back for it just now.
                Ok(Closing::Stands(_)) => Ok(Report::default()),
                other => told(other.map(|_| ()), closed),
            }
        }
    };
    Ok(settled?)
}

/// Has the object of an upload that took long judged, or removed, where its event was lost: to the walk it is too old.
async fn verdict<R: Table, O: Bucket, Q: Queue>(
    deps: &Deps<R, O, Q>,
    session: &Session,
    whole: &Completed,
) -> Result<Report, Trouble> {
    let (key, multipart) = (&session.key, deps.multipart());
    if unjudged::is_waiting(deps, key, &whole.version).await? {
        unjudged::send(deps, key, &whole.version).await?;
        return Ok(told(multipart.unjudged(session).await, Report::of(Count::ObjectsRequeued, 1))?);
    }
    Ok(told(multipart.judged(session).await, Report::default())?)
}

/// `done`, unless something behind us did not answer. What a session itself objects to is no failure of ours: it has
/// moved on meanwhile.
pub(crate) fn told(outcome: Result<(), SessionProblem>, done: Report) -> Result<Report, Fault> {
    match outcome {
        Ok(()) => Ok(done),
        Err(SessionProblem::Fault(fault)) => Err(fault),
        Err(
            SessionProblem::NotFound
            | SessionProblem::Closed
            | SessionProblem::Completing
            | SessionProblem::Completed
            | SessionProblem::Parts(_)
            | SessionProblem::Restarted
            | SessionProblem::KeyTaken
            | SessionProblem::TooMany { .. }
            | SessionProblem::Unfit { .. }
            | SessionProblem::Refused(_),
        ) => Ok(Report::default()),
    }
}

/// Adds up what has arrived where no size was declared.
async fn sum<R: Table, O: Bucket, Q: Queue>(deps: &Deps<R, O, Q>, session: Session) -> Result<Report, Fault> {
    debug_assert!(matches!(session.plan, PartPlan::Unsized { .. }), "others are due when they are over");
    let bytes = held(deps, &session).await?;
    match deps.multipart().sum(session).await {
        Err(SessionProblem::Parts(PartsProblem::TooLarge { .. })) => {
            Ok(Report::of(Count::SessionsSummed, 1).and(Count::SessionsAboveLimit, 1).and(Count::BytesFreed, bytes))
        }
        other => told(other.map(|_| ()), Report::of(Count::SessionsSummed, 1)),
    }
}

/// Finishes a completion that nobody is at any more, or lets the session go so that its owner can mend it.
async fn resume<R: Table, O: Bucket, Q: Queue>(
    deps: &Deps<R, O, Q>,
    time: &Time<'_>,
    session: Session,
) -> Result<Report, Fault> {
    let holder = hex(&(deps.ambient.random)());
    let store = deps.config.policy.store;
    // S3 may take long, and the walk through the bucket is to have its share.
    let patience = Instant::now() + time.until.duration_since(Instant::now()) / 2;
    match deps.multipart().resume(session, &holder, store, patience).await {
        Ok(Completion::Done(_)) => Ok(Report::of(Count::SessionsCompleted, 1)),
        // We hold the lease, and when it runs out the next run looks what came of it.
        Ok(Completion::Slow(_)) => Ok(Report::of(Count::SessionsCompleting, 1)),
        Ok(Completion::Busy(_)) => Ok(Report::default()),
        Err(problem @ SessionProblem::Fault(_)) => told(Err(problem), Report::default()),
        Err(problem) => {
            tracing::info!(%problem, "a completion is its owner's again");
            Ok(Report::of(Count::SessionsReopened, 1))
        }
    }
}

/// What S3 holds of a session's upload, in bytes.
async fn held<R: Table, O: Bucket, Q: Queue>(deps: &Deps<R, O, Q>, session: &Session) -> Result<u64, Fault> {
    match &session.state {
        State::Open { upload } | State::Aborted(Left::Upload(upload)) | State::Expired(Left::Upload(upload)) => {
            Ok(orphans::held(&deps.objects, &session.key, upload).await?)
        }
        State::Opening | State::Completing(_) | State::Completed(_) | State::Aborted(_) | State::Expired(_) => Ok(0),
    }
}
