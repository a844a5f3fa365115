//! One object: look, decide, write, and remove what must not stay.
//!
//! Killed anywhere in between, the same event finishes what is missing: the write is conditional, and a removal
//! that was already done does no harm.

use shared::key::ObjectKey;
use shared::multipart;
use shared::objects::{Objects, ObjectsError};
use shared::policy::SizeGrant;
use shared::records::sessions::Sessions;
use shared::records::{Judging, UploadRecords};
use shared::sniff::{ContentRules, Sniffed, Sniffer, Step};
use shared::upload::{Granted, Judged, Newcomer, Outcome, Record, newcomer};
use shared::verdict::{Observed, inspect};

use crate::wire::{Created, News};
use crate::{Deps, Retry, scan};

pub(crate) async fn judge<R: UploadRecords + Sessions, O: Objects>(
    deps: &Deps<R, O>,
    news: &News,
) -> Result<(), Retry> {
    let bucket = match news {
        News::Created(created) => &created.bucket,
        News::Scanned(scan) => &scan.bucket,
    };
    if *bucket != deps.config.bucket {
        tracing::warn!(ignored = "other-bucket", bucket, "ignored an event of another bucket");
        return Ok(());
    }
    match news {
        News::Created(created) => arrived(deps, created).await,
        News::Scanned(scan) => scan::scanned(deps, scan).await,
    }
}

async fn arrived<R: UploadRecords + Sessions, O: Objects>(deps: &Deps<R, O>, created: &Created) -> Result<(), Retry> {
    let Some((observed, sniffed)) = look(&deps.objects, created).await? else {
        return scan::vanished(deps, &created.key, created.version.as_deref(), None).await;
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
    let record = if judged.outcome == Outcome::Accepted && wants_scan(deps, &observed) {
        scan::await_scan(deps, judged).await?
    } else {
        match deps.records.judge(&judged).await? {
            Judging::Written => told(judged),
            Judging::Stands(Record::Pending(half)) => scan::complete(deps, judged, half).await?,
            Judging::Stands(record) => record,
        }
    };
    // While the object is still there: whoever completes it again meanwhile finds one of the two.
    multipart::arrived(&deps.records, &created.key, &observed, (deps.ambient.now)()).await?;
    settle(deps, &created.key, &observed, &record).await
}

/// The record of a verdict that was just written.
pub(crate) fn told(judged: Judged) -> Record {
    let codes: Vec<&str> = judged.reasons.iter().map(|note| note.code.as_str()).collect();
    let (size_bytes, reasons) = (judged.size.bytes(), codes.join(","));
    tracing::info!(upload = %judged.key.id(), size_bytes, outcome = ?judged.outcome, reasons, "judged");
    Record::Judged(Box::new(judged))
}

/// Removes the version where the record says that it must not stay.
pub(crate) async fn settle<R: UploadRecords, O: Objects>(
    deps: &Deps<R, O>,
    key: &ObjectKey,
    observed: &Observed,
    record: &Record,
) -> Result<(), Retry> {
    match newcomer(record, &observed.version, observed.grant.is_ok(), keeps(deps, observed)) {
        Newcomer::Settled => {}
        Newcomer::Delete => {
            deps.objects.delete_version(key, &observed.version).await?;
            tracing::info!(upload = %key.id(), "removed a version that may not stay");
        }
        Newcomer::Foreign => tracing::warn!(upload = %key.id(), "a foreign version over an upload that has its own"),
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

/// Today's content rules of the grant's class. What no grant of ours wrote is rejected whatever they say.
fn rules<R, O>(deps: &Deps<R, O>, observed: &Observed) -> ContentRules {
    observed
        .grant
        .as_ref()
        .map_or_else(|_| ContentRules::standard(), |grant| deps.config.policy.content_rules(&grant.class))
}

/// Whether a rejected version is kept.
fn keeps<R, O>(deps: &Deps<R, O>, observed: &Observed) -> bool {
    observed.grant.as_ref().is_ok_and(|grant| deps.config.policy.keeps_rejected(&grant.class))
}

/// Whether it is not accepted without a clean scan.
pub(crate) fn wants_scan<R, O>(deps: &Deps<R, O>, observed: &Observed) -> bool {
    observed.grant.as_ref().is_ok_and(|grant| deps.config.policy.wants_scan(&grant.class))
}
