//! A multipart upload while it is under way, and how that may change.
//!
//! ```text
//! opening ──► open ◄──► completing ──► completed
//!    │         │             ▲
//!    │         ├─────────────┘ lease: exactly one process completes, and a lease that ran out is anybody's
//!    └─────────┴──► aborted | expired     (each first with something left in S3, then without)
//! ```
//! [`Session::step`] is every transition there is; the table only ever replaces a session by its successor.

use jiff::{SignedDuration, Timestamp};

use crate::checksum::Checksum;
use crate::key::ObjectKey;
use crate::parts::{ETag, PartPlan};
use crate::{Grant, SessionTerms};

/// What the table holds about one multipart upload. It has the id of the upload that it will become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Where the object will lie, and whose it is.
    pub key: ObjectKey,
    /// Counts the changes; a change is written only over the revision that it was made from.
    pub revision: u64,
    /// What was granted.
    pub grant: Grant,
    /// How it is cut.
    pub plan: PartPlan,
    /// What holds while it is under way.
    pub terms: SessionTerms,
    /// Which of the session's S3 uploads is the current one, from 1. The object made of it carries the number.
    pub generation: u32,
    /// When the session expires, unless it is used.
    pub deadline: Timestamp,
    /// When what has arrived was last added up, where no size was declared; its beginning otherwise.
    pub summed_at: Timestamp,
    /// When somebody has to look whether the object has its verdict; `None` while it is not complete, and where the walk
    /// through the bucket looks in time.
    pub verdict_due: Option<Timestamp>,
    /// Where it stands.
    pub state: State,
}

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// S3 is about to be asked, or was asked by somebody who did not live to tell.
    Opening,
    /// Parts may come.
    Open {
        /// S3's own upload id.
        upload: String,
    },
    /// S3 is putting the parts together.
    Completing(Completing),
    /// The object is there.
    Completed(Completed),
    /// The owner gave it up.
    Aborted(Cleanup),
    /// It was not used for too long.
    Expired(Cleanup),
}

impl State {
    /// The state in one word, as callers see it.
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

/// A completion under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completing {
    /// S3's own upload id.
    pub upload: String,
    /// Who is at it.
    pub lease: Lease,
    /// What the caller said about the whole.
    pub asked: CompletionRequest,
}

/// What a caller says when asking for completion, as far as whoever takes over must know it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompletionRequest {
    /// A hash over the parts that the caller listed, if any were.
    pub listed: Option<String>,
    /// A checksum of the whole.
    pub checksum: Option<Checksum>,
}

/// The right to complete, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// A random name of who has it.
    pub holder: String,
    /// From then on anybody may take over.
    pub until: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The object's version; empty in an unversioned bucket.
    pub version: String,
    /// The object's `ETag`, which ends in the number of parts.
    pub etag: ETag,
}

/// What S3 may still hold of a session that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cleanup {
    /// Whatever was begun under its key.
    AnyUpload,
    /// This upload.
    Upload(String),
    /// Nothing: S3 was asked.
    Done,
}

/// What happens to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// S3 has begun an upload for it.
    Created {
        /// S3's own id.
        upload: String,
    },
    /// S3 has lost the upload, and begun another.
    Recreated {
        /// The one that is lost.
        lost: String,
        /// The new one.
        upload: String,
    },
    /// Somebody works with it.
    Used,
    /// What has arrived was added up.
    Summed,
    /// Somebody wants to complete it.
    Leased(Lease, CompletionRequest),
    /// Who completes it is still at it.
    Renewed(Lease),
    /// Completing came to nothing, for a reason that the caller can mend.
    Released {
        /// Who had the lease.
        holder: String,
    },
    /// The object is there.
    Completed(Completed),
    /// The owner gives it up.
    Aborted,
    /// Nobody used it in time.
    Expired,
    /// S3 holds nothing of it any more.
    CleanedUp,
    /// The object has no verdict yet, and the validator was told of it again.
    VerdictMissing,
    /// The object has a verdict.
    VerdictFound,
    /// The upload was deleted: what the user typed may not be kept.
    Redacted,
}

/// An event that does not fit the state: what stands, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session has moved on")]
pub struct InvalidTransition;

/// How long `opening` may take before the reconciler looks.
const OPENING_TIMEOUT: SignedDuration = SignedDuration::from_mins(15);

/// How long after its beginning an upload may be complete for the walk to find its object in time. S3 dates an object by
/// when its upload in parts was begun (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>, read
/// 2026-11), and so does its key: to the walk what took a week is a week old as soon as it is there.
const LISTING_WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// How long a verdict may take, where the walk does not look.
const VERDICT_TIMEOUT: SignedDuration = SignedDuration::from_mins(15);

/// How often the validator is told again, for as long as there is no verdict and the session is kept.
const REMINDER_INTERVAL: SignedDuration = SignedDuration::from_hours(24);

/// How often an upload without a declared size is added up at least.
pub const SUM_EVERY: SignedDuration = SignedDuration::from_hours(1);

impl Session {
    /// A session that S3 has not been asked about yet.
    #[must_use]
    pub fn new(key: ObjectKey, grant: Grant, plan: PartPlan, terms: SessionTerms, now: Timestamp) -> Self {
        let deadline = later(now, SignedDuration::try_from(terms.session_life).unwrap_or(SignedDuration::MAX));
        let (revision, generation) = (1, 1);
        let (verdict_due, state) = (None, State::Opening);
        Self { key, revision, grant, plan, terms, generation, deadline, summed_at: now, verdict_due, state }
    }

    /// The session after `event`.
    ///
    /// # Errors
    /// [`InvalidTransition`] when the event does not fit the state.
    pub fn step(&self, event: Event, now: Timestamp) -> Result<Self, InvalidTransition> {
        let mut next = Self { revision: self.revision.saturating_add(1), ..self.clone() };
        next.state = match (&self.state, event) {
            (State::Opening, Event::Created { upload }) => State::Open { upload },
            (State::Open { upload: old }, Event::Recreated { lost, upload }) if *old == lost => {
                next.generation = next.generation.saturating_add(1);
                State::Open { upload }
            }
            (State::Completing(at), Event::Recreated { lost, upload }) if at.upload == lost => {
                next.generation = next.generation.saturating_add(1);
                State::Open { upload }
            }
            (open @ State::Open { .. }, Event::Used) => {
                next.deadline = self.deadline.max(self.prolonged(now));
                open.clone()
            }
            (open @ State::Open { .. }, Event::Summed) => {
                next.summed_at = now;
                open.clone()
            }
            (State::Open { upload }, Event::Leased(lease, asked)) => {
                State::Completing(Completing { upload: upload.clone(), lease, asked })
            }
            (State::Completing(at), Event::Leased(lease, asked)) if at.lease.until <= now => {
                State::Completing(Completing { upload: at.upload.clone(), lease, asked })
            }
            (State::Completing(at), Event::Renewed(lease)) if at.lease.holder == lease.holder => {
                State::Completing(Completing { lease, ..at.clone() })
            }
            (State::Completing(at), Event::Released { holder }) if at.lease.holder == holder => {
                State::Open { upload: at.upload.clone() }
            }
            (State::Open { .. } | State::Completing(_), Event::Completed(result)) => {
                let took = now.duration_since(self.key.id().created_at());
                next.verdict_due = (took > LISTING_WINDOW).then(|| later(now, VERDICT_TIMEOUT));
                State::Completed(result)
            }
            (done @ State::Completed(_), Event::VerdictMissing) if self.verdict_due.is_some() => {
                next.verdict_due = Some(later(now, REMINDER_INTERVAL));
                done.clone()
            }
            (done @ State::Completed(_), Event::VerdictFound) if self.verdict_due.is_some() => {
                next.verdict_due = None;
                done.clone()
            }
            (State::Opening, Event::Aborted) => State::Aborted(Cleanup::AnyUpload),
            (State::Open { upload }, Event::Aborted) => State::Aborted(Cleanup::Upload(upload.clone())),
            (State::Opening, Event::Expired) if self.look_at() <= now => State::Expired(Cleanup::AnyUpload),
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

    /// When it would expire if it were used now. A session without a declared size has one fixed end.
    fn prolonged(&self, now: Timestamp) -> Timestamp {
        match self.plan {
            PartPlan::Sized { .. } => later(now, self.life()),
            PartPlan::Unsized { .. } => self.deadline,
        }
    }

    fn life(&self) -> SignedDuration {
        SignedDuration::try_from(self.terms.session_life).unwrap_or(SignedDuration::MAX)
    }

    /// Whether using it now is worth a write: from an eighth of its life on, and not for every URL.
    #[must_use]
    pub fn wants_prolonging(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Open { .. })
            && self.prolonged(now).duration_since(self.deadline) > SignedDuration::from_secs(self.life().as_secs() / 8)
    }

    /// Whether it may be used now.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        match self.state {
            State::Opening | State::Open { .. } => self.deadline <= now,
            State::Completing(_) | State::Completed(_) => false,
            State::Aborted(_) | State::Expired(_) => true,
        }
    }

    /// When the reconciler should look at it next; `None` when nothing is left to do.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match &self.state {
            State::Opening | State::Open { .. } => Some(self.look_at()),
            State::Completing(at) => Some(at.lease.until),
            State::Completed(_) => self.verdict_due,
            State::Aborted(Cleanup::Done) | State::Expired(Cleanup::Done) => None,
            // At once: the moment of its end is as good as any in the past.
            State::Aborted(_) | State::Expired(_) => Some(self.summed_at),
        }
    }

    fn look_at(&self) -> Timestamp {
        match (&self.state, self.plan) {
            (State::Opening, _) => later(self.summed_at, OPENING_TIMEOUT),
            (_, PartPlan::Sized { .. }) => self.deadline,
            (_, PartPlan::Unsized { .. }) => self.deadline.min(later(self.summed_at, SUM_EVERY)),
        }
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
