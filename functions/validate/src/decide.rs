//! What follows from the content, the scan result and today's policy. Pure: values in, values out.

use content_sniff::Sniffed;
use jiff::Timestamp;
use policy::content_rules::ContentRules;
use policy::key::ObjectKey;
use policy::observed::ObservedObject;
use policy::upload::{
    Granted, Outcome, Pending, Record, ScanResult, Scanned, ValidatedUpload, VersionDisposition, combine_with_scan,
    scan_timed_out,
};
use policy::verdict::decide;
use policy::{Policy, SizeGrant};

use crate::events::{ObjectCreated, ObjectScanned};

/// What to write for an upload that has no record yet.
#[derive(Debug)]
pub(crate) enum Decision {
    /// The verdict is final.
    Verdict(Box<ValidatedUpload>),
    /// Content or scan result is known, and the other is missing.
    Pending(Pending),
}

/// What to do about a pending verdict whose version was deleted. Its missing event may never arrive.
#[derive(Debug)]
pub(crate) enum DeletedVersion {
    /// The scan was not clean: reject the upload.
    Reject(Box<ValidatedUpload>),
    /// Mark the upload deleted.
    Delete,
}

/// Whether an upload needs a clean scan. `false` unless a grant for the key's own owner wrote the object.
pub(crate) fn scan_required(policy: &Policy, key: &ObjectKey, observed: &ObservedObject) -> bool {
    observed.grant.as_ref().is_ok_and(|grant| grant.owner == *key.owner() && policy.requires_scan(&grant.class))
}

/// The verdict on the content, pending if it is acceptable and needs a scan.
pub(crate) fn from_content(
    policy: &Policy,
    created: &ObjectCreated,
    observed: &ObservedObject,
    sniffed: Sniffed,
    now: Timestamp,
) -> Decision {
    // `verdict::decide` rejects an object without a grant under any rules.
    let (rules, class) = match &observed.grant {
        Ok(grant) => (policy.content_rules(&grant.class), policy.classes.get(&grant.class)),
        Err(_) => (ContentRules::standard(), None),
    };
    let verdict = decide(&created.key, observed, &sniffed, &rules, class);
    let validated = Box::new(ValidatedUpload {
        key: created.key.clone(),
        bucket: created.bucket.clone(),
        version: observed.version.clone(),
        sequencer: created.sequencer.clone(),
        outcome: verdict.outcome,
        reasons: verdict.reasons,
        findings: verdict.findings,
        granted: granted(observed),
        size: observed.size,
        content_type: sniffed.media_type.into_owned(),
        checksum: observed.checksums.first().cloned(),
        judged_at: now,
    });
    if validated.outcome == Outcome::Accepted && scan_required(policy, &created.key, observed) {
        Decision::Pending(Pending::Content(validated))
    } else {
        Decision::Verdict(validated)
    }
}

fn granted(observed: &ObservedObject) -> Option<Granted> {
    let grant = observed.grant.as_ref().ok()?;
    Some(Granted {
        class: grant.class.clone(),
        filename: grant.filename.as_str().to_owned(),
        size: match grant.size {
            SizeGrant::Exactly(size) => Some(size),
            SizeGrant::Between { .. } => None,
        },
        content_type: grant.content_type.to_string(),
        declared_type: grant.declared_type.as_ref().map(ToString::to_string),
        metadata: grant.metadata.clone(),
        policy_hash: grant.policy_hash.clone(),
    })
}

/// The scan result for one version, to be stored until the content is validated.
pub(crate) fn from_scan(scan: &ObjectScanned, version: &str, now: Timestamp) -> Scanned {
    Scanned {
        key: scan.key.clone(),
        bucket: scan.bucket.clone(),
        version: version.to_owned(),
        result: scan.result,
        detail: scan.detail.clone(),
        scanned_at: now,
    }
}

/// The final verdict if `decision` completes the pending verdict that is already stored. `None` if the stored one
/// stays: it is for another version, or it still waits for the other event.
pub(crate) fn complete(decision: Decision, stored: &Pending) -> Option<ValidatedUpload> {
    if decision.version() != stored.version() {
        return None;
    }
    match (decision, stored) {
        (Decision::Verdict(validated), Pending::Scan(scanned)) => Some(with_scan(*validated, scanned)),
        // The policy changed in between: it no longer requires a scan, or it rejects the content.
        (Decision::Verdict(validated), Pending::Content(_)) => Some(*validated),
        (Decision::Pending(Pending::Content(content)), Pending::Scan(scanned)) => Some(with_scan(*content, scanned)),
        (Decision::Pending(Pending::Content(content)), Pending::Content(stored)) => {
            scan_timed_out(stored, content.judged_at)
        }
        (Decision::Pending(Pending::Scan(scanned)), Pending::Content(content)) => {
            Some(combine_with_scan((**content).clone(), &scanned, scanned.scanned_at))
        }
        (Decision::Pending(Pending::Scan(_)), Pending::Scan(_)) => None,
    }
}

impl Decision {
    fn version(&self) -> &str {
        match self {
            Self::Verdict(validated) => &validated.version,
            Self::Pending(pending) => pending.version(),
        }
    }
}

/// Content that was validated after its scan.
fn with_scan(content: ValidatedUpload, scanned: &Scanned) -> ValidatedUpload {
    let now = content.judged_at;
    combine_with_scan(content, scanned, now)
}

/// What to do when an event arrives about `version`, which no longer exists. `None` if the pending verdict is for
/// another version.
///
/// A scan that is not clean rejects the upload: a tool that quarantines infected objects may have deleted the version.
/// The reconciler removes other versions of a deleted upload.
pub(crate) fn for_deleted_version(
    pending: Pending,
    version: &str,
    scanned: Option<&Scanned>,
) -> Option<DeletedVersion> {
    if pending.version() != version {
        return None;
    }
    let not_clean = scanned.filter(|scanned| scanned.result != ScanResult::Clean);
    Some(match (pending, not_clean) {
        (Pending::Content(content), Some(scanned)) => {
            DeletedVersion::Reject(Box::new(combine_with_scan(*content, scanned, scanned.scanned_at)))
        }
        (Pending::Content(_), None) | (Pending::Scan(_), _) => DeletedVersion::Delete,
    })
}

/// Whether a scan of an accepted version is not clean. The verdict stays, because the first one is final.
pub(crate) fn is_late_threat(record: &Record, scanned: &Scanned) -> bool {
    let accepted = match record {
        Record::Validated(validated) => validated.outcome == Outcome::Accepted && validated.version == scanned.version,
        Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => false,
    };
    accepted && scanned.result != ScanResult::Clean
}

/// What happens to the observed version.
pub(crate) fn disposition(policy: &Policy, record: &Record, observed: &ObservedObject) -> VersionDisposition {
    let grant = observed.grant.as_ref();
    let keep_rejected = grant.is_ok_and(|grant| policy.keeps_rejected(&grant.class));
    policy::upload::disposition(record, &observed.version, grant.is_ok(), keep_rejected)
}
