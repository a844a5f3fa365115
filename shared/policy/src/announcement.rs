//! What a team's other systems are told of an upload: one kind for every change that concerns them.

use crate::upload::{Outcome, Record};

/// The kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// It may be used.
    Accepted,
    /// It never may.
    Rejected,
    /// It is gone for good, whatever it was before.
    Deleted,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Rejected, Self::Deleted];

    /// The stable kind, which is also the record's status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Deleted => "deleted",
        }
    }
}

/// One change that concerns others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// What happened.
    pub kind: EventKind,
    /// The record as it is now.
    pub record: Record,
}

impl Announcement {
    /// What the step from `old` to `new` tells others; `None` where it changes nothing for them. A record whose past
    /// is unknown is announced as it stands.
    #[must_use]
    pub fn of(old: Option<&Record>, new: Record) -> Option<Self> {
        let kind = of(&new)?;
        (old.and_then(of) != Some(kind)).then_some(Self { kind, record: new })
    }

    /// The same for the same change, however often it is announced: `id:version:kind`. An upload is deleted once, so
    /// that has no version.
    #[must_use]
    pub fn event_id(&self) -> String {
        let version = match &self.record {
            Record::Validated(validated) => validated.version.as_str(),
            Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => "",
        };
        format!("{}:{version}:{}", self.record.key().id(), self.kind.as_str())
    }
}

/// What a record says to others.
fn of(record: &Record) -> Option<EventKind> {
    match record {
        Record::Validated(validated) => Some(match validated.outcome {
            Outcome::Accepted => EventKind::Accepted,
            Outcome::Rejected => EventKind::Rejected,
        }),
        Record::Pending(_) => None,
        // From the tombstone on: that versions may still lie there concerns nobody else.
        Record::Deleting(_) | Record::Deleted(_) => Some(EventKind::Deleted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{ALICE, id, key, validated};
    use crate::upload::Pending;

    #[test]
    fn each_change_is_told_once_and_under_its_own_name() {
        let key = key(ALICE, id(1));
        let accepted = Record::Validated(Box::new(validated(&key, "v1", Outcome::Accepted)));
        let rejected = Record::Validated(Box::new(validated(&key, "v1", Outcome::Rejected)));
        let half = Record::Pending(Pending::Content(Box::new(validated(&key, "v1", Outcome::Accepted))));
        let (deleting, deleted) = (Record::Deleting(key.clone()), Record::Deleted(key.clone()));
        for (old, new, told) in [
            (None, &accepted, Some("v1:accepted")),
            (Some(&half), &accepted, Some("v1:accepted")),
            (Some(&half), &rejected, Some("v1:rejected")),
            (None, &rejected, Some("v1:rejected")),
            (Some(&accepted), &accepted, None),
            (Some(&rejected), &rejected, None),
            (None, &half, None),
            (Some(&accepted), &deleting, Some(":deleted")),
            (Some(&half), &deleting, Some(":deleted")),
            (None, &deleting, Some(":deleted")),
            (Some(&deleting), &deleted, None),
            (None, &deleted, Some(":deleted")),
        ] {
            let announced = Announcement::of(old, new.clone()).map(|announcement| announcement.event_id());
            let expected = told.map(|rest| format!("{}:{rest}", key.id()));
            assert_eq!(announced, expected, "{old:?} to {new:?}");
        }
    }
}
