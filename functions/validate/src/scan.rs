//! The second condition of classes that want a malware scan.
//!
//! Content and scan come in either order, each as often as it likes. Whoever is first leaves its half as the record,
//! whoever is second concludes: `shared::upload` draws the states. Killed anywhere in between, either event finishes
//! what is missing.

use shared::key::ObjectKey;
use shared::objects::Objects;
use shared::records::{Judging, UploadRecords};
use shared::upload::{Judged, Outcome, Pending, Record, ScanResult, Scanned, conclude, given_up};

use crate::judge::{settle, told, wants_scan};
use crate::wire;
use crate::{Deps, Retry};

/// What a scanner said of a version.
pub(crate) async fn scanned<R: UploadRecords, O: Objects>(deps: &Deps<R, O>, scan: &wire::Scan) -> Result<(), Retry> {
    let Some(observed) = deps.objects.head(&scan.key, scan.version.as_deref()).await? else {
        return vanished(deps, &scan.key, scan.version.as_deref(), Some(scan)).await;
    };
    // Scanners look at everything in a bucket: only what a class wants scanned may leave a trace, and only what a
    // grant for this very owner wrote may pin the upload to its version.
    let ours = observed.grant.as_ref().is_ok_and(|grant| grant.owner == *scan.key.owner());
    if !ours || !wants_scan(deps, &observed) {
        tracing::info!(ignored = "unwanted-scan", upload = %scan.key.id(), "ignored a scan that nobody waits for");
        return Ok(());
    }
    let scanned = result(deps, scan, &observed.version);
    let record = match deps.records.hold(&Pending::Scan(scanned.clone())).await? {
        Judging::Written => {
            tracing::info!(upload = %scan.key.id(), result = ?scan.result, "scanned, before its content was judged");
            return Ok(());
        }
        Judging::Stands(Record::Pending(half)) => match half {
            Pending::Content(content) if content.version == scanned.version => {
                finish(deps, conclude(*content, &scanned, scanned.scanned_at)).await?
            }
            other => Record::Pending(other),
        },
        Judging::Stands(record) => record,
    };
    if let Record::Judged(judged) = &record
        && (judged.outcome, &judged.version) == (Outcome::Accepted, &scanned.version)
        && scanned.result != ScanResult::Clean
    {
        // The first verdict is final: what to do about it is somebody's to decide. The template's alarm counts this.
        let (upload, late_threat) = (scan.key.id(), &scan.detail);
        tracing::error!(%upload, late_threat, "a scanner objects to what is accepted already");
    }
    settle(deps, &scan.key, &observed, &record).await
}

fn result<R, O>(deps: &Deps<R, O>, scan: &wire::Scan, version: &str) -> Scanned {
    Scanned {
        key: scan.key.clone(),
        bucket: deps.config.bucket.clone(),
        version: version.to_owned(),
        result: scan.result,
        detail: scan.detail.clone(),
        scanned_at: (deps.ambient.now)(),
    }
}

/// Something is said of a version that is gone. Half a verdict on it would wait for ever for the other half: where a
/// scanner objected it is concluded (whoever puts infected objects away may be faster than we are), and else the upload
/// is deleted, for somebody has deleted it. What other versions it has go with the reconciler.
pub(crate) async fn vanished<R: UploadRecords, O>(
    deps: &Deps<R, O>,
    key: &ObjectKey,
    version: Option<&str>,
    scan: Option<&wire::Scan>,
) -> Result<(), Retry> {
    tracing::info!(upload = %key.id(), "the version is gone: nothing to judge");
    let Some(version) = version else { return Ok(()) };
    let Some(Record::Pending(half)) = deps.records.get(key.id()).await? else { return Ok(()) };
    if half.version() != version {
        return Ok(());
    }
    match (half, scan.filter(|scan| scan.result != ScanResult::Clean)) {
        (Pending::Content(content), Some(scan)) => {
            let scanned = result(deps, scan, version);
            finish(deps, conclude(*content, &scanned, scanned.scanned_at)).await?;
        }
        (Pending::Content(_) | Pending::Scan(_), _) => {
            deps.records.bury(key, (deps.ambient.now)()).await?;
            tracing::warn!(upload = %key.id(), "somebody deleted it before its verdict was found");
        }
    }
    Ok(())
}

/// The content is fine and its class wants a scan: waits for it, or concludes where it is in already.
pub(crate) async fn await_scan<R: UploadRecords, O: Objects>(
    deps: &Deps<R, O>,
    judged: Judged,
) -> Result<Record, Retry> {
    let half = Pending::Content(Box::new(judged.clone()));
    match deps.records.hold(&half).await? {
        Judging::Written => {
            tracing::info!(upload = %judged.key.id(), "the content is fine, the scan is awaited");
            Ok(Record::Pending(half))
        }
        Judging::Stands(Record::Pending(half)) => match half {
            Pending::Content(content) if content.version == judged.version => {
                match given_up(&content, judged.judged_at) {
                    Some(rejected) => finish(deps, rejected).await,
                    None => Ok(Record::Pending(Pending::Content(content))),
                }
            }
            other => complete(deps, judged, other).await,
        },
        Judging::Stands(record) => Ok(record),
    }
}

/// The content was judged, and `half` was there before.
pub(crate) async fn complete<R: UploadRecords, O: Objects>(
    deps: &Deps<R, O>,
    judged: Judged,
    half: Pending,
) -> Result<Record, Retry> {
    if half.version() != judged.version {
        return Ok(Record::Pending(half));
    }
    let now = judged.judged_at;
    match half {
        Pending::Scan(scanned) => finish(deps, conclude(judged, &scanned, now)).await,
        // It waited, and today's policy wants no scan any more, or rejects it whatever a scan may say.
        Pending::Content(_) => finish(deps, judged).await,
    }
}

async fn finish<R: UploadRecords, O>(deps: &Deps<R, O>, judged: Judged) -> Result<Record, Retry> {
    match deps.records.conclude(&judged).await? {
        Judging::Written => Ok(told(judged)),
        Judging::Stands(record) => Ok(record),
    }
}
