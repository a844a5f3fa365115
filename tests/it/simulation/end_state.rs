//! The end state that every run must reach, whichever faults occurred.

use std::collections::{BTreeMap, BTreeSet};

use policy::key::UploadId;
use policy::upload::{Outcome, Record};
use serde_json::Value;
use testkit::Delivered;

use super::events::verdict_event;
use super::system::{ENDPOINTS, System};

/// The facts that decide the verdict on a version.
#[derive(Debug, Clone, Copy)]
pub(super) struct VersionFacts {
    /// Whether its bytes match the grant.
    pub(super) matches_grant: bool,
    /// The status that the scanner reports, if the class requires a scan.
    pub(super) scan: Option<&'static str>,
}

impl VersionFacts {
    pub(super) fn outcome(self) -> Outcome {
        let clean = self.scan.is_none_or(|scan| scan == "NO_THREATS_FOUND");
        if self.matches_grant && clean { Outcome::Accepted } else { Outcome::Rejected }
    }
}

/// Whether the owner deleted the upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnerAction {
    Kept,
    Deleted,
}

/// Every upload has exactly one correct verdict or a tombstone, and only accepted versions exist. No multipart upload is
/// in progress, no session is due, and the bus and every webhook endpoint received every event. Returns the numbers of accepted, rejected and
/// deleted uploads.
pub(super) fn check(system: &System<'_>) -> (usize, usize, usize) {
    let mut expected_events: BTreeSet<String> = BTreeSet::new();
    let (mut accepted, mut rejected, mut deleted) = (0, 0, 0);
    let (facts, uploads) = (system.facts.borrow(), system.uploads.borrow());
    for (key, action) in uploads.values() {
        let id = key.id();
        let maybe_deleted = system.unconfirmed_deletions.borrow().contains(&id);
        let kept = system.stores.objects.kept(key);
        match system.stores.records.record(id) {
            Some(Record::Validated(validated)) => {
                assert_eq!(*action, OwnerAction::Kept, "{id} has a verdict although it was deleted");
                assert_eq!(
                    validated.outcome,
                    facts[&validated.version].outcome(),
                    "{id} has a wrong verdict: {validated:?}"
                );
                let status = match validated.outcome {
                    Outcome::Accepted => {
                        accepted += 1;
                        assert_eq!(
                            kept,
                            std::slice::from_ref(&validated.version),
                            "{id} has other versions than the accepted one"
                        );
                        "accepted"
                    }
                    Outcome::Rejected => {
                        rejected += 1;
                        assert_eq!(kept, Vec::<String>::new(), "{id} still has versions");
                        "rejected"
                    }
                };
                expected_events.insert(format!("{id}:{}:{status}", validated.version));
            }
            Some(Record::Deleted(_)) => {
                deleted += 1;
                assert!(*action == OwnerAction::Deleted || maybe_deleted, "{id} is deleted without a request");
                assert_eq!(kept, Vec::<String>::new(), "{id} still has versions");
                expected_events.insert(format!("{id}::deleted"));
            }
            other => panic!("{id} has no end state: {other:?}, versions {kept:?}"),
        }
    }
    for record in system.stores.records.stored().iter().filter(|record| !uploads.contains_key(&record.key().id())) {
        // The owner deleted it before anything was stored.
        let id = record.key().id();
        assert!(
            matches!(record, Record::Deleted(_)) && system.unconfirmed_deletions.borrow().contains(&id),
            "{record:?}"
        );
        expected_events.insert(format!("{id}::deleted"));
    }
    for session in system.stores.records.sessions() {
        assert_eq!(session.due(), None, "a session is due: {session:?}");
    }
    assert_eq!(system.stores.objects.pending(), Vec::<String>::new(), "multipart uploads in progress");
    // No upload ever had two verdicts, and the bus received exactly the verdicts that were written.
    let mut verdicts: BTreeMap<UploadId, String> = BTreeMap::new();
    for change in system.stores.records.changes_from(0) {
        if let Record::Validated(validated) = change.new {
            let id = validated.key.id();
            let event_id = verdict_event(&validated);
            // A lost change comes again as a new record.
            let earlier = verdicts.insert(id, event_id.clone());
            assert!(earlier.is_none_or(|earlier| earlier == event_id), "{id} has two verdicts");
            expected_events.insert(event_id);
        }
    }
    // A verdict that the stream lost is not repeated if the upload was deleted meanwhile: the tombstone has no verdict.
    let is_gone = |event: &String| {
        let deletion = format!("{}::deleted", event.split(':').next().unwrap());
        system.lost_verdicts.borrow().contains(event) && expected_events.contains(&deletion)
    };
    let required: BTreeSet<String> = expected_events.iter().filter(|event| !is_gone(event)).cloned().collect();
    let check = |received: &BTreeSet<String>, by: &str| {
        assert!(required.is_subset(received), "{by} lacks {:?}", required.difference(received));
        assert!(received.is_subset(&expected_events), "{by} has {:?}", received.difference(&expected_events));
    };
    check(&system.stores.bus.known(), "the bus");
    let by_endpoint = webhooks(system);
    for url in ENDPOINTS {
        check(&by_endpoint[url], url);
    }
    (accepted, rejected, deleted)
}

/// The events that each endpoint received. Each came under one id, which no other event has.
fn webhooks(system: &System<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    let mut received: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Delivered { url, id, body, .. } in system.stores.endpoints.received() {
        let body: Value = serde_json::from_str(&body).unwrap();
        let event = body["data"]["eventId"].as_str().unwrap().to_owned();
        let known = ids.entry(event.clone()).or_insert_with(|| id.clone());
        assert_eq!(*known, id, "{event} came under two ids");
        received.entry(url).or_default().insert(event);
    }
    assert_eq!(ids.values().collect::<BTreeSet<_>>().len(), ids.len(), "two events under one id");
    received
}
