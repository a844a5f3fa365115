//! The session of a multipart upload: its states and transitions.
//!
//! ```text
//! opening ──► open ◄──► completing ──► completed
//!    │         │
//!    └─────────┴──► aborted | expired     (first with something left in S3, then cleaned up)
//! ```
//! A process needs a [`Lease`] to complete a session. When the lease has run out, another process may take it.
//!
//! [`Session::step`] has every transition. The table only replaces a session by the result of a transition.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::checksum::{Checksum, ChecksumAlgorithm};
use crate::grant::Grant;
use crate::key::ObjectKey;
use crate::parts::{ETag, PartPlan};

/// A multipart upload in the table. The completed upload has the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The key of the object, with owner and id.
    pub key: ObjectKey,
    /// Counts the changes, from 1. The table writes a change only over the revision before it.
    pub revision: u64,
    /// The grant.
    pub grant: Grant,
    /// Number and size of the parts.
    pub plan: PartPlan,
    /// Its terms. A new policy does not change them.
    pub terms: SessionTerms,
    /// Counts the multipart uploads that S3 created for this session, from 1. The object's metadata has the number.
    pub generation: u32,
    /// When the session expires. Its use extends this.
    pub deadline: Timestamp,
    /// When the reconciler last added up the stored parts of a session without a declared size; otherwise the creation.
    pub summed_at: Timestamp,
    /// When the reconciler must check whether the object has its verdict. `None` before completion, and if the
    /// reconciler's walk through the bucket finds the object in time.
    pub verdict_due: Option<Timestamp>,
    /// Its state.
    pub state: State,
}

/// The terms of a session, from the policy at its creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTerms {
    /// How long each part's URL lives.
    pub url_life: Duration,
    /// How long the session lives after its last use.
    pub session_life: Duration,
    /// The algorithm of the checksum to which each part's URL is bound; `None` without part checksums.
    pub part_checksum: Option<ChecksumAlgorithm>,
}

/// The state of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The session is in the table. Its multipart upload may exist in S3, but the table has no upload id yet.
    Opening,
    /// The client can send parts.
    Open {
        /// S3's upload id.
        upload: String,
    },
    /// A process with a lease completes the upload.
    Completing(Completing),
    /// The object exists.
    Completed(Completed),
    /// The owner aborted it.
    Aborted(Cleanup),
    /// Its deadline passed.
    Expired(Cleanup),
}

impl State {
    /// The name of the state in logs and errors.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Open { .. } => "open",
            Self::Completing(_) => "completing",
            Self::Completed(_) => "completed",
            Self::Aborted(_) => "aborted",
            Self::Expired(_) => "expired",
        }
    }
}

/// A completion in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completing {
    /// S3's upload id.
    pub upload: String,
    /// The lease of the process that completes it.
    pub lease: Lease,
    /// The request to complete.
    pub request: CompletionRequest,
}

/// A request to complete a session. The table stores it, so that another process can take over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompletionRequest {
    /// A hash of the parts that the caller listed; `None` if the request has no list.
    pub listed: Option<String>,
    /// A checksum of the whole object.
    pub checksum: Option<Checksum>,
}

/// The exclusive right to complete a session, for a limited time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// A random id of the process that has it.
    pub holder: String,
    /// From this instant on another process may take it.
    pub until: Timestamp,
}

/// The object of a completed session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// Its version id; empty in an unversioned bucket.
    pub version: String,
    /// Its entity tag, which ends in the number of parts.
    pub etag: ETag,
}

/// What S3 may still store of an aborted or expired session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cleanup {
    /// Any multipart upload of its key: the upload id is unknown.
    AnyUpload,
    /// The multipart upload with this id.
    Upload(String),
    /// Nothing. The reconciler or the abort has checked it.
    Done,
}

/// An event that may change a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// S3 created its multipart upload.
    Created {
        /// S3's upload id.
        upload: String,
    },
    /// S3 no longer has the multipart upload and created another one.
    Recreated {
        /// The upload id that S3 no longer has.
        lost: String,
        /// The new upload id.
        upload: String,
    },
    /// The client used it.
    Used,
    /// The reconciler added up the stored parts.
    PartsSummed,
    /// A process takes the lease to complete it.
    Leased(Lease, CompletionRequest),
    /// The holder of the lease extends it.
    Renewed(Lease),
    /// The completion failed for a reason that the caller can fix.
    Released {
        /// The holder of the lease.
        holder: String,
    },
    /// The object exists.
    Completed(Completed),
    /// The owner aborts it.
    Aborted,
    /// The reconciler found its deadline passed.
    Expired,
    /// S3 no longer stores anything of it.
    CleanedUp,
    /// The object has no verdict yet. The reconciler sent it to the validator again.
    VerdictMissing,
    /// The object has a verdict.
    VerdictFound,
    /// The upload was deleted, so the session must not keep file name and metadata.
    Redacted,
}

/// The event is not possible in this state. The session stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this event is not possible in the current state of the session")]
pub struct InvalidTransition;

/// How long a session may stay in [`State::Opening`].
const OPENING_TIMEOUT: SignedDuration = SignedDuration::from_mins(15);

/// If a multipart upload takes longer than this, the reconciler's walk through the bucket does not find its object in
/// time. The walk covers recent days only, and S3 dates an object by the creation of its multipart upload
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>, read 2026-11).
const LISTING_WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// How long a verdict may take after a completion that the walk does not find.
const VERDICT_TIMEOUT: SignedDuration = SignedDuration::from_mins(15);

/// How often the reconciler sends such an object to the validator again.
const REQUEUE_INTERVAL: SignedDuration = SignedDuration::from_hours(24);

/// How often the reconciler adds up the stored parts of a session without a declared size.
const SUM_INTERVAL: SignedDuration = SignedDuration::from_hours(1);

impl Session {
    /// A new session, before S3 creates its multipart upload.
    #[must_use]
    pub fn new(key: ObjectKey, grant: Grant, plan: PartPlan, terms: SessionTerms, now: Timestamp) -> Self {
        let deadline = later(now, session_life(&terms));
        let (revision, generation) = (1, 1);
        let (verdict_due, state) = (None, State::Opening);
        Self { key, revision, grant, plan, terms, generation, deadline, summed_at: now, verdict_due, state }
    }

    /// The session after `event`.
    ///
    /// # Errors
    /// [`InvalidTransition`] if the event is not possible in this state.
    pub fn step(&self, event: Event, now: Timestamp) -> Result<Self, InvalidTransition> {
        let mut next = Self { revision: self.revision.saturating_add(1), ..self.clone() };
        next.state = match (&self.state, event) {
            (State::Opening, Event::Created { upload }) => State::Open { upload },
            (State::Open { upload: old }, Event::Recreated { lost, upload }) if *old == lost => {
                next.generation = next.generation.saturating_add(1);
                State::Open { upload }
            }
            (State::Completing(completing), Event::Recreated { lost, upload }) if completing.upload == lost => {
                next.generation = next.generation.saturating_add(1);
                State::Open { upload }
            }
            (open @ State::Open { .. }, Event::Used) => {
                next.deadline = self.deadline.max(self.deadline_if_used(now));
                open.clone()
            }
            (open @ State::Open { .. }, Event::PartsSummed) => {
                next.summed_at = now;
                open.clone()
            }
            (State::Open { upload }, Event::Leased(lease, request)) => {
                State::Completing(Completing { upload: upload.clone(), lease, request })
            }
            (State::Completing(completing), Event::Leased(lease, request)) if completing.lease.until <= now => {
                State::Completing(Completing { upload: completing.upload.clone(), lease, request })
            }
            (State::Completing(completing), Event::Renewed(lease)) if completing.lease.holder == lease.holder => {
                State::Completing(Completing { lease, ..completing.clone() })
            }
            (State::Completing(completing), Event::Released { holder }) if completing.lease.holder == holder => {
                State::Open { upload: completing.upload.clone() }
            }
            (State::Open { .. } | State::Completing(_), Event::Completed(result)) => {
                let duration = now.duration_since(self.key.id().created_at());
                next.verdict_due = (duration > LISTING_WINDOW).then(|| later(now, VERDICT_TIMEOUT));
                State::Completed(result)
            }
            (completed @ State::Completed(_), Event::VerdictMissing) if self.verdict_due.is_some() => {
                next.verdict_due = Some(later(now, REQUEUE_INTERVAL));
                completed.clone()
            }
            (completed @ State::Completed(_), Event::VerdictFound) if self.verdict_due.is_some() => {
                next.verdict_due = None;
                completed.clone()
            }
            (State::Opening, Event::Aborted) => State::Aborted(Cleanup::AnyUpload),
            (State::Open { upload }, Event::Aborted) => State::Aborted(Cleanup::Upload(upload.clone())),
            (State::Opening, Event::Expired) if self.next_check() <= now => State::Expired(Cleanup::AnyUpload),
            (State::Open { upload }, Event::Expired) if self.deadline <= now => {
                State::Expired(Cleanup::Upload(upload.clone()))
            }
            (state, Event::Redacted) if self.grant != self.grant.redacted() => {
                next.grant = self.grant.redacted();
                state.clone()
            }
            (State::Aborted(_), Event::CleanedUp) => State::Aborted(Cleanup::Done),
            (State::Expired(_), Event::CleanedUp) => State::Expired(Cleanup::Done),
            _ => return Err(InvalidTransition),
        };
        Ok(next)
    }

    /// The deadline after a use at `now`. That of a session without a declared size does not change.
    fn deadline_if_used(&self, now: Timestamp) -> Timestamp {
        match self.plan {
            PartPlan::Sized { .. } => later(now, session_life(&self.terms)),
            PartPlan::Unsized { .. } => self.deadline,
        }
    }

    /// Whether the table should record a use at `now`. To save writes, it records a use only if it extends the deadline
    /// by more than an eighth of the session's life.
    #[must_use]
    pub fn should_record_use(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Open { .. })
            && self.deadline_if_used(now).duration_since(self.deadline) > session_life(&self.terms) / 8
    }

    /// Whether the client can no longer use it. A completed session is not over in this sense.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        match self.state {
            State::Opening | State::Open { .. } => self.deadline <= now,
            State::Completing(_) | State::Completed(_) => false,
            State::Aborted(_) | State::Expired(_) => true,
        }
    }

    /// When the reconciler must check it next; `None` if it has nothing to do.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match &self.state {
            State::Opening | State::Open { .. } => Some(self.next_check()),
            State::Completing(completing) => Some(completing.lease.until),
            State::Completed(_) => self.verdict_due,
            State::Aborted(Cleanup::Done) | State::Expired(Cleanup::Done) => None,
            // Immediately: any time in the past has this effect.
            State::Aborted(_) | State::Expired(_) => Some(self.summed_at),
        }
    }

    fn next_check(&self) -> Timestamp {
        match (&self.state, self.plan) {
            (State::Opening, _) => later(self.summed_at, OPENING_TIMEOUT),
            (_, PartPlan::Sized { .. }) => self.deadline,
            (_, PartPlan::Unsized { .. }) => self.deadline.min(later(self.summed_at, SUM_INTERVAL)),
        }
    }
}

fn session_life(terms: &SessionTerms) -> SignedDuration {
    SignedDuration::try_from(terms.session_life).unwrap_or(SignedDuration::MAX)
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
