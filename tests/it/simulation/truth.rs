//! What must be so in the end, whatever the weather was.

use std::collections::{BTreeMap, BTreeSet};

use policy::key::UploadId;
use policy::upload::{Outcome, Record};

use super::system::System;

/// What a version truly is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Truth {
    /// Whether its bytes keep to the grant.
    pub(super) good: bool,
    /// What the scanner says of it, where its class wants to know.
    pub(super) scan: Option<&'static str>,
}

impl Truth {
    pub(super) fn outcome(self) -> Outcome {
        let clean = self.scan.is_none_or(|scan| scan == "NO_THREATS_FOUND");
        if self.good && clean { Outcome::Accepted } else { Outcome::Rejected }
    }
}

/// What became of an upload by its owner's will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    Deleted,
}

/// Every upload has exactly one right verdict or its tombstone, nothing is left of what may not stay, nothing is under
/// way or half done, and everybody was told. Gives how many were accepted, rejected and deleted.
pub(super) fn check(system: &System<'_>) -> (usize, usize, usize) {
    let mut expected: BTreeSet<String> = BTreeSet::new();
    let (mut accepted, mut rejected, mut deleted) = (0, 0, 0);
    let (truths, made) = (system.truths.borrow(), system.made.borrow());
    for (key, fate) in made.values() {
        let id = key.id();
        let unclear = system.unclear.borrow().contains(&id);
        let kept = system.stores.objects.kept(key);
        match system.stores.records.record(id) {
            Some(Record::Validated(validated)) => {
                assert_eq!(*fate, Fate::Kept, "{id} was deleted, and is validated");
                assert_eq!(
                    validated.outcome,
                    truths[&validated.version].outcome(),
                    "{id}: a wrong verdict: {validated:?}"
                );
                let word = match validated.outcome {
                    Outcome::Accepted => {
                        accepted += 1;
                        assert_eq!(
                            kept,
                            std::slice::from_ref(&validated.version),
                            "{id}: exactly what was accepted stays"
                        );
                        "accepted"
                    }
                    Outcome::Rejected => {
                        rejected += 1;
                        assert_eq!(kept, Vec::<String>::new(), "{id}: nothing of it stays");
                        "rejected"
                    }
                };
                expected.insert(format!("{id}:{}:{word}", validated.version));
            }
            Some(Record::Deleted(_)) => {
                deleted += 1;
                assert!(*fate == Fate::Deleted || unclear, "{id} is deleted, and nobody asked for it");
                assert_eq!(kept, Vec::<String>::new(), "{id}: nothing of it stays");
                expected.insert(format!("{id}::deleted"));
            }
            other => panic!("{id} was lost: {other:?}, and {kept:?} lie there"),
        }
    }
    for record in system.stores.records.stored().iter().filter(|record| !made.contains_key(&record.key().id())) {
        // Deleted before anything of it was stored.
        let id = record.key().id();
        assert!(matches!(record, Record::Deleted(_)) && system.unclear.borrow().contains(&id), "{record:?}");
        expected.insert(format!("{id}::deleted"));
    }
    for session in system.stores.records.sessions() {
        assert_eq!(session.due(), None, "something is left to do: {session:?}");
    }
    assert_eq!(system.stores.objects.pending(), Vec::<String>::new(), "uploads under way");
    // In its whole history no upload had two verdicts, and what was told is what was written.
    let mut verdicts: BTreeMap<UploadId, String> = BTreeMap::new();
    for change in system.stores.records.changes_from(0) {
        if let Record::Validated(validated) = change.new {
            let id = validated.key.id();
            let told = format!("{id}:{}:{}", validated.version, format!("{:?}", validated.outcome).to_lowercase());
            assert_eq!(verdicts.insert(id, told.clone()), None, "{id} was validated twice");
            expected.insert(told);
        }
    }
    assert_eq!(system.stores.bus.known(), expected, "everybody is told, of nothing else, each time under the same id");
    (accepted, rejected, deleted)
}
