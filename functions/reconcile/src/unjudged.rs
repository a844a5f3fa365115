//! Objects without a verdict, or left over beside one, whose event was lost: they are sent to the validator again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::key::{ObjectKey, UploadId};
use shared::multipart::Fault;
use shared::objects::inventory::Stored;
use shared::policy::Policy;
use shared::queue::{Queue, QueueError};
use shared::upload::{Newcomer, Record, newcomer};

use crate::pass::After;
use crate::report::{Count, Report};
use crate::{Bucket, Deps, SIDE_BY_SIDE, Table, Trouble};

/// How much longer each time. A validator that is behind must not be given the same work at every run.
const PATIENCE: i32 = 4;

/// Sends the versions on one page of a prefix whose time has come.
pub(crate) async fn page<R: Table, O: Bucket, Q: Queue>(
    deps: &Deps<R, O, Q>,
    prefix: &str,
    after: Option<After>,
    since: Option<Timestamp>,
) -> Result<(Report, Option<After>), Trouble> {
    let page = deps.objects.stored(prefix, after).await.map_err(Fault::from)?;
    let now = (deps.ambient.now)();
    let grace = deps.config.reconcile.grace;
    let due: Vec<Stored> =
        page.versions.into_iter().filter(|stored| is_due(stored.stored_at, grace, since, now)).collect();
    let ids: BTreeSet<UploadId> = due.iter().map(|stored| stored.key.id()).collect();
    let recorded =
        if ids.is_empty() { BTreeMap::new() } else { deps.records.recorded(&ids).await.map_err(Fault::from)? };
    let policy = &deps.config.policy;
    let waiting = due.into_iter().filter(|stored| waits(recorded.get(&stored.key.id()), &stored.version, policy));
    let sent = stream::iter(waiting)
        .map(|stored| async move {
            send(deps, &stored.key, &stored.version).await?;
            let size = stored.size.bytes();
            Ok::<_, QueueError>(Report::of(Count::ObjectsRequeued, 1).and(Count::BytesRequeued, size))
        })
        .buffer_unordered(SIDE_BY_SIDE)
        .try_fold(Report::default(), async |sum, one| Ok(sum + one))
        .await?;
    Ok((sent, page.next))
}

/// Whether one version lies there that nobody judged, or removed.
pub(crate) async fn is_waiting<R: Table, O: Bucket, Q>(
    deps: &Deps<R, O, Q>,
    key: &ObjectKey,
    version: &str,
) -> Result<bool, Fault> {
    let recorded = deps.records.recorded(&BTreeSet::from([key.id()])).await?;
    if !waits(recorded.get(&key.id()), version, &deps.config.policy) {
        return Ok(false);
    }
    let page = deps.objects.stored(&key.to_string(), None).await?;
    // Of so many versions that there is a second page, one may be ours.
    Ok(page.next.is_some() || page.versions.iter().any(|stored| stored.key == *key && stored.version == version))
}

/// Whether a version waits for a verdict, or to be removed, by what there is of its id.
fn waits(recorded: Option<&Option<Record>>, version: &str, policy: &Policy) -> bool {
    match recorded {
        None => true,
        Some(Some(record)) => is_stray(record, version, policy),
        // A later version's: its verdict is none of ours.
        Some(None) => false,
    }
}

/// Whether the event that would have removed this version was lost: it has no business where its upload has a verdict
/// on another version, a rejection, or a tombstone. Who wrote it the validator looks up.
fn is_stray(record: &Record, version: &str, policy: &Policy) -> bool {
    let keep = match record {
        Record::Judged(judged) => judged.granted.as_ref().is_some_and(|granted| policy.keeps_rejected(&granted.class)),
        Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => false,
    };
    newcomer(record, version, true, keep) == Newcomer::Delete
}

/// Whether its turn has come since the last walk: after the grace, four times as long, sixteen times and so on.
fn is_due(stored_at: Timestamp, grace: Duration, since: Option<Timestamp>, now: Timestamp) -> bool {
    let grace = SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX).max(SignedDuration::from_secs(1));
    let age = now.duration_since(stored_at);
    let age_then = since.map(|since| since.duration_since(stored_at));
    std::iter::successors(Some(grace), |turn| turn.checked_mul(PATIENCE))
        .take_while(|turn| *turn <= age)
        .any(|turn| age_then.is_none_or(|then| then < turn))
}

/// Sends the event of a version once more.
pub(crate) async fn send<R, O, Q: Queue>(
    deps: &Deps<R, O, Q>,
    key: &ObjectKey,
    version: &str,
) -> Result<(), QueueError> {
    let event = event(&deps.config.bucket, key, version, (deps.ambient.now)());
    deps.events.send(&event.to_string()).await?;
    tracing::warn!(upload = %key.id(), "a version that waits was sent to the validator again");
    Ok(())
}

/// The event that S3 sends for a version, as far as the validator reads it.
fn event(bucket: &str, key: &ObjectKey, version: &str, now: Timestamp) -> Value {
    let mut object = json!({ "key": key.to_string() });
    if !version.is_empty() {
        object["versionId"] = json!(version);
    }
    json!({ "Records": [{
        "eventVersion": "2.6", "eventSource": "aws:s3", "eventName": "ObjectCreated:Reconciled",
        "eventTime": now.to_string(), "s3": { "bucket": { "name": bucket }, "object": object }
    }] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testing::now;

    #[test]
    fn each_turn_comes_once() {
        let grace = Duration::from_mins(15);
        let is_due = |stored, since, at| is_due(stored, grace, since, at);
        let mins = |n: i64| now().checked_add(SignedDuration::from_mins(n)).unwrap();
        for (turn, next) in [(15, 60), (60, 240), (240, 960), (960, 3840)] {
            let due = |since: i64, at: i64| is_due(now(), Some(mins(since)), mins(at));
            assert!(!due(turn - 2, turn - 1) && due(turn - 1, turn) && due(turn - 1, turn + 1), "{turn}");
            assert!(!due(turn, turn + 1) && !due(turn, next - 1) && due(turn, next), "{turn}");
        }
        assert!(is_due(now(), None, mins(15)) && !is_due(now(), None, mins(14)));
        assert!(is_due(now(), Some(mins(-5)), mins(15)), "stored since the last walk");
        assert!(!is_due(now(), Some(mins(-5)), mins(-1)), "clocks differ");
    }
}
