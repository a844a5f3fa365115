//! One object: look, decide, write, and remove what must not stay.
//!
//! Killed anywhere in between, the same event finishes what is missing: the write is conditional, and a removal
//! that was already done does no harm.

use shared::objects::{Objects, ObjectsError};
use shared::policy::{OnRejection, SizeGrant};
use shared::records::{Judging, UploadRecords};
use shared::sniff::{ContentRules, Sniffed, Sniffer, Step};
use shared::upload::{Granted, Judged, Newcomer, Record, newcomer};
use shared::verdict::{Observed, inspect};

use crate::wire::Created;
use crate::{Deps, Retry};

pub(crate) async fn judge<R: UploadRecords, O: Objects>(deps: &Deps<R, O>, created: &Created) -> Result<(), Retry> {
    if created.bucket != deps.config.bucket {
        tracing::warn!(ignored = "other-bucket", bucket = created.bucket, "ignored an event of another bucket");
        return Ok(());
    }
    let Some((observed, sniffed)) = look(&deps.objects, created).await? else {
        tracing::info!(key = %created.key, "the version is gone: nothing to judge");
        return Ok(());
    };
    let verdict = inspect(&created.key, &observed, &sniffed, &rules(deps, &observed));
    let judged = Judged {
        key: created.key.clone(),
        bucket: deps.config.bucket.clone(),
        version: observed.version.clone(),
        sequencer: created.sequencer.clone(),
        outcome: verdict.outcome,
        reasons: verdict.reasons,
        findings: verdict.findings,
        granted: granted(&observed),
        size: observed.size,
        content_type: sniffed.media_type.into_owned(),
        checksum: observed.checksums.first().cloned(),
        judged_at: (deps.ambient.now)(),
    };
    let record = match deps.records.judge(&judged).await? {
        Judging::Written => {
            let codes: Vec<&str> = judged.reasons.iter().map(|note| note.code.as_str()).collect();
            tracing::info!(upload = %judged.key.id(), size_bytes = judged.size.bytes(), outcome = ?judged.outcome, reasons = codes.join(","), "judged");
            Record::Judged(Box::new(judged))
        }
        Judging::Stands(record) => record,
    };
    settle(deps, created, &observed, &record).await
}

/// Removes the version where the record says that it must not stay.
async fn settle<R: UploadRecords, O: Objects>(
    deps: &Deps<R, O>,
    created: &Created,
    observed: &Observed,
    record: &Record,
) -> Result<(), Retry> {
    match newcomer(record, &observed.version, observed.grant.is_ok(), keeps(deps, observed)) {
        Newcomer::Settled => {}
        Newcomer::Delete => {
            deps.objects.delete_version(&created.key, &observed.version).await?;
            tracing::info!(upload = %created.key.id(), "removed a version that may not stay");
        }
        Newcomer::Foreign => tracing::warn!(upload = %created.key.id(), "a foreign version over an accepted upload"),
    }
    Ok(())
}

/// HEAD and the first window side by side, then whatever else the format asks for: all of one version.
/// `None` when the version is gone.
async fn look(objects: &impl Objects, created: &Created) -> Result<Option<(Observed, Sniffed)>, ObjectsError> {
    let key = &created.key;
    let head_window = Sniffer::first_window();
    let (observed, first) = if let Some(version) = &created.version {
        let both = tokio::join!(objects.head(key, Some(version)), objects.read(key, version, head_window));
        let (Some(observed), Some(first)) = (both.0?, both.1?) else { return Ok(None) };
        (observed, first)
    } else {
        // An unversioned event tells nothing to pin the read to: the HEAD must come first.
        let Some(observed) = objects.head(key, None).await? else { return Ok(None) };
        let Some(first) = objects.read(key, &observed.version, head_window).await? else { return Ok(None) };
        (observed, first)
    };
    let (mut sniffer, mut step) = Sniffer::start(observed.size.bytes(), claim(&observed));
    let mut window = Some(first);
    loop {
        let range = match step {
            Step::Done(sniffed) => return Ok(Some((observed, sniffed))),
            Step::Read(range) => range,
        };
        let bytes = match window.take() {
            Some(first) => first,
            None => match objects.read(key, &observed.version, range).await? {
                Some(bytes) => bytes,
                None => return Ok(None),
            },
        };
        (sniffer, step) = sniffer.feed(&bytes);
    }
}

fn claim(observed: &Observed) -> Option<&shared::media::MediaType> {
    observed.grant.as_ref().ok().map(|grant| &grant.content_type)
}

fn granted(observed: &Observed) -> Option<Granted> {
    let grant = observed.grant.as_ref().ok()?;
    Some(Granted {
        class: grant.class.clone(),
        filename: grant.filename.as_str().to_owned(),
        size: match grant.size {
            SizeGrant::Exactly(size) => Some(size),
            SizeGrant::Between { .. } => None,
        },
        content_type: grant.content_type.to_string(),
        metadata: grant.metadata.clone(),
        policy_hash: grant.policy_hash.clone(),
    })
}

/// Today's content rules of the grant's class; the standard ones where there is no such class any more.
fn rules<R, O>(deps: &Deps<R, O>, observed: &Observed) -> ContentRules {
    let grant = observed.grant.as_ref().ok();
    let class = grant.and_then(|grant| deps.config.policy.classes.get(&grant.class));
    class.map_or_else(ContentRules::standard, |class| class.content.clone())
}

/// Whether the class wants rejected versions kept. A class that is gone keeps nothing.
fn keeps<R, O>(deps: &Deps<R, O>, observed: &Observed) -> bool {
    let grant = observed.grant.as_ref().ok();
    let class = grant.and_then(|grant| deps.config.policy.classes.get(&grant.class));
    class.is_some_and(|class| class.on_rejection == OnRejection::Keep)
}
