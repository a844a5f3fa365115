//! Completions that were handed over because S3 needs longer than a request may.

use serde_json::{Value, json};
use shared::multipart::{Completion, HandOver, SessionProblem};
use shared::queue::Queue;
use tokio::time::Instant;

use crate::{Bucket, Deps, Table, Unfinished};

/// Whether an event is a batch of them.
pub(crate) fn is_batch(event: &Value) -> bool {
    event["Records"].as_array().is_some_and(|records| records.iter().any(|record| record["eventSource"] == "aws:sqs"))
}

/// Finishes each, until `until`.
///
/// # Errors
/// [`Unfinished`] when one must come again.
pub(crate) async fn finish<R: Table, O: Bucket, Q: Queue>(
    deps: &Deps<R, O, Q>,
    event: &Value,
    until: Instant,
) -> Result<Value, Unfinished> {
    let mut unfinished = 0;
    for record in event["Records"].as_array().into_iter().flatten() {
        let Some(hand_over) = record["body"].as_str().and_then(HandOver::read) else {
            // Never readable, however often it comes: the session's lease runs out, and the schedule looks after it.
            tracing::error!("a message that hands nothing over");
            continue;
        };
        let upload = hand_over.key.id();
        match deps.multipart().take_over(&hand_over, deps.config.policy.store, until).await {
            Ok(Completion::Done(_)) => tracing::info!(%upload, "finished a completion that was handed over"),
            Ok(Completion::Busy(_)) => tracing::info!(%upload, "somebody else is at it"),
            Ok(Completion::Slow(_)) => {
                tracing::warn!(%upload, "S3 is still at it");
                unfinished += 1;
            }
            Err(SessionProblem::Fault(fault)) => {
                let cause = std::error::Error::source(&fault).map(ToString::to_string).unwrap_or_default();
                tracing::error!(%upload, %fault, cause, "must come again");
                unfinished += 1;
            }
            // The session is its owner's again, or over: either way the owner is told when asking.
            Err(problem) => tracing::warn!(%upload, %problem, "a completion came to nothing"),
        }
    }
    if unfinished == 0 { Ok(json!({ "unfinished": 0 })) } else { Err(Unfinished(unfinished)) }
}
