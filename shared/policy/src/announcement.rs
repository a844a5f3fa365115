//! Changes of an upload that Sluice announces as events.

use jiff::Timestamp;

use crate::hash::hex_sha256;
use crate::upload::{Outcome, Record};

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// The upload was accepted.
    Accepted,
    /// The upload was rejected.
    Rejected,
    /// The upload was deleted.
    Deleted,
}

impl EventKind {
    /// Every kind, in the order of `docs/CONTRACT.md`.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Rejected, Self::Deleted];

    /// The stable name, which is also the record's status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Deleted => "deleted",
        }
    }
}

/// A change of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Its kind.
    pub kind: EventKind,
    /// The record after the change.
    pub record: Record,
    /// When the owner deleted the upload; `None` for a verdict, whose record has its time.
    pub deleted_at: Option<Timestamp>,
}

impl Announcement {
    /// The announcement of a change from `old` to `new`; `None` if the kind stays the same. Without `old`, the kind of
    /// `new` is announced.
    #[must_use]
    pub fn of(old: Option<&Record>, new: Record, deleted_at: Option<Timestamp>) -> Option<Self> {
        let kind = kind_of(&new)?;
        (old.and_then(kind_of) != Some(kind)).then_some(Self { kind, record: new, deleted_at })
    }

    /// When the verdict was reached or the upload was deleted. It is equal in repeated announcements of one change.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        let verdict = match &self.record {
            Record::Validated(validated) => Some(validated.judged_at),
            Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => None,
        };
        // Tombstones of early versions have no time of deletion.
        verdict.or(self.deleted_at).unwrap_or_else(|| self.record.key().id().created_at())
    }

    /// `id:version:kind`, without a version for a deletion. It is equal in repeated announcements of one change.
    #[must_use]
    pub fn event_id(&self) -> String {
        let version = match &self.record {
            Record::Validated(validated) => validated.version.as_str(),
            Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => "",
        };
        format!("{}:{version}:{}", self.record.key().id(), self.kind.as_str())
    }

    /// The `webhook-id`: `evt_` and 32 hex digits of the event id's hash. Standard Webhooks joins id, time and body with
    /// dots before it signs, and a version id of S3 may contain one
    /// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, read 2026-11).
    #[must_use]
    pub fn webhook_id(&self) -> String {
        let digits = hex_sha256(&[self.event_id().as_bytes()]);
        format!("evt_{digits:.32}")
    }
}

/// The kind to announce for a record; `None` before the verdict.
fn kind_of(record: &Record) -> Option<EventKind> {
    match record {
        Record::Validated(validated) => Some(match validated.outcome {
            Outcome::Accepted => EventKind::Accepted,
            Outcome::Rejected => EventKind::Rejected,
        }),
        Record::Pending(_) => None,
        // The tombstone counts as the deletion. Deleting the versions afterwards is not announced.
        Record::Deleting(_) | Record::Deleted(_) => Some(EventKind::Deleted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{ALICE, id, key, validated};
    use crate::upload::Pending;

    #[test]
    fn each_change_is_announced_once() {
        let key = key(ALICE, id(1));
        let accepted = Record::Validated(Box::new(validated(&key, "v1", Outcome::Accepted)));
        let rejected = Record::Validated(Box::new(validated(&key, "v1", Outcome::Rejected)));
        let pending = Record::Pending(Pending::Content(Box::new(validated(&key, "v1", Outcome::Accepted))));
        let (deleting, deleted) = (Record::Deleting(key.clone()), Record::Deleted(key.clone()));
        for (old, new, event) in [
            (None, &accepted, Some("v1:accepted")),
            (Some(&pending), &accepted, Some("v1:accepted")),
            (Some(&pending), &rejected, Some("v1:rejected")),
            (None, &rejected, Some("v1:rejected")),
            (Some(&accepted), &accepted, None),
            (Some(&rejected), &rejected, None),
            (None, &pending, None),
            (Some(&accepted), &deleting, Some(":deleted")),
            (Some(&pending), &deleting, Some(":deleted")),
            (None, &deleting, Some(":deleted")),
            (Some(&deleting), &deleted, None),
            (None, &deleted, Some(":deleted")),
        ] {
            let announced = Announcement::of(old, new.clone(), None).map(|announcement| announcement.event_id());
            let expected = event.map(|rest| format!("{}:{rest}", key.id()));
            assert_eq!(announced, expected, "{old:?} to {new:?}");
        }
    }

    #[test]
    fn a_webhook_id_has_no_dot_and_is_equal_for_one_change() {
        let key = key(ALICE, id(1));
        let verdict = |version: &str, at: &str| {
            let mut validated = validated(&key, version, Outcome::Accepted);
            validated.judged_at = at.parse().unwrap();
            Announcement::of(None, Record::Validated(Box::new(validated)), None).unwrap().webhook_id()
        };
        let (one, again) = (verdict("v.1", "2026-11-22T10:00:00Z"), verdict("v.1", "2026-11-23T10:00:00Z"));
        assert_eq!(one, again);
        assert_ne!(one, verdict("v1", "2026-11-22T10:00:00Z"));
        assert_eq!((&one[..4], one.len(), one.contains('.')), ("evt_", 36, false));
    }
}
