//! Multipart sessions over the ports: create, list, recreate, complete and close.
//!
//! The process may be killed after any step. So the table is written before S3 is called, and the next request, the
//! object's event or the reconciler finishes what is missing.

mod close;
mod complete;
mod completion_job;
mod list;
mod open;

use jiff::Timestamp;

use crate::ports::multipart_uploads::MultipartUploads;
use crate::ports::objects::{Objects, ObjectsError};
use crate::ports::records::RecordsError;
use crate::ports::sessions::{SessionWrite, Sessions};
use policy::key::ObjectKey;
use policy::observed::ObservedObject;
use policy::parts::{PartPlan, PartsProblem};
use policy::session::{Completed, Event, Session};

pub use crate::backend_error::BackendError;
pub use close::CloseOutcome;
pub use complete::{Completion, ListedPart, RequestedParts};
pub use completion_job::CompletionJob;
pub use list::Listing;

/// Both ports and the clock.
pub struct Multipart<'a, S, M> {
    /// The table.
    pub records: &'a S,
    /// The bucket.
    pub objects: &'a M,
    /// The time.
    pub now: fn() -> Timestamp,
}

/// Why a session refuses a request.
#[derive(Debug, thiserror::Error)]
pub enum SessionProblem {
    /// There is no session of that id, or it has another owner.
    #[error("there is no such session")]
    NotFound,
    /// It was aborted, or it expired.
    #[error("this multipart upload was aborted or has expired: create a new one")]
    Closed,
    /// It is being completed.
    #[error("this upload is being completed and accepts no more parts")]
    Completing,
    /// It is complete.
    #[error("this upload is complete and accepts no more parts")]
    Completed,
    /// The parts can't be completed.
    #[error(transparent)]
    Parts(#[from] PartsProblem),
    /// S3 had lost the parts, and the multipart upload was recreated.
    #[error("S3 no longer has the parts of this upload: send all parts again")]
    Recreated,
    /// Another object exists at the key.
    #[error("another object exists at the key of this upload")]
    KeyTaken,
    /// As many sessions without a declared size are open as the class allows.
    #[error("{most} uploads without a declared size are open, the limit of the class: complete or abort one")]
    TooMany {
        /// The limit.
        most: u32,
    },
    /// A checksum type that a multipart upload with this part checksum can't have.
    #[error("{problem}")]
    ChecksumTypeUnsupported {
        /// Why, and what would do.
        problem: &'static str,
    },
    /// S3 found another size or checksum than declared.
    #[error("the object does not match what was declared: {0}")]
    ObjectMismatch(String),
    /// A backend service did not answer.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl From<RecordsError> for SessionProblem {
    fn from(error: RecordsError) -> Self {
        Self::Backend(error.into())
    }
}

impl From<ObjectsError> for SessionProblem {
    fn from(error: ObjectsError) -> Self {
        Self::Backend(error.into())
    }
}

impl<S: Sessions, M: MultipartUploads + Objects> Multipart<'_, S, M> {
    /// The session of `key`, if there is one.
    ///
    /// # Errors
    /// [`SessionProblem::NotFound`], or a backend error.
    pub async fn session(&self, key: &ObjectKey) -> Result<Session, SessionProblem> {
        self.records.session(key).await?.ok_or(SessionProblem::NotFound)
    }

    /// Applies `event` to the session as the table has it now. If it no longer applies, the stored session is returned.
    async fn change(&self, session: &Session, event: Event) -> Result<StepOutcome, SessionProblem> {
        let mut stands = session.clone();
        loop {
            let Ok(next) = stands.step(event.clone(), (self.now)()) else {
                return Ok(StepOutcome::NotApplicable(stands));
            };
            match self.records.change(&next).await? {
                SessionWrite::Written(session) => return Ok(StepOutcome::Written(*session)),
                SessionWrite::Conflict(Some(newer)) => stands = *newer,
                SessionWrite::Conflict(None) => return Err(SessionProblem::NotFound),
            }
        }
    }

    /// The object that this session made, if it exists: its metadata has the generation.
    async fn own_object(&self, session: &Session) -> Result<Option<Completed>, BackendError> {
        let Some(observed) = self.objects.head(&session.key, None).await? else { return Ok(None) };
        // An earlier generation also counts: S3 may have completed it after all. The reconciler aborts the later upload.
        let ours = observed.generation.is_some_and(|made| made <= session.generation);
        Ok(observed.etag.filter(|_| ours).map(|etag| Completed { version: observed.version, etag }))
    }

    /// Stores that the object exists, whoever holds the lease.
    async fn completed(&self, session: &Session, result: Completed) -> Result<Session, SessionProblem> {
        // First, because a complete session is not processed again.
        self.discount(session).await?;
        match self.change(session, Event::Completed(result)).await? {
            StepOutcome::Written(session) => {
                tracing::info!(upload = %session.key.id(), "complete");
                Ok(session)
            }
            // Already complete, or closed meanwhile.
            StepOutcome::NotApplicable(session) => Ok(session),
        }
    }

    /// Stops counting a session without a declared size.
    async fn discount(&self, session: &Session) -> Result<(), BackendError> {
        if let PartPlan::Unsized { .. } = session.plan {
            self.records.discount_unsized(session.key.owner(), session.key.id()).await?;
        }
        Ok(())
    }
}

/// Completes the session of an object that has arrived, in case the completing process was killed.
///
/// # Errors
/// When the table does not answer: the event must be delivered again.
pub async fn complete_arrived<S: Sessions>(
    sessions: &S,
    key: &ObjectKey,
    observed: &ObservedObject,
    now: Timestamp,
) -> Result<(), RecordsError> {
    // An object of a single request has no session and costs no call.
    let (Some(_), Some(etag)) = (observed.generation, &observed.etag) else { return Ok(()) };
    let result = Completed { version: observed.version.clone(), etag: etag.clone() };
    let mut stands = sessions.session(key).await?;
    while let Some(session) = stands {
        let Ok(next) = session.step(Event::Completed(result.clone()), now) else { return Ok(()) };
        if let PartPlan::Unsized { .. } = session.plan {
            sessions.discount_unsized(key.owner(), key.id()).await?;
        }
        match sessions.change(&next).await? {
            SessionWrite::Written(_) => return Ok(()),
            SessionWrite::Conflict(newer) => stands = newer.map(|newer| *newer),
        }
    }
    Ok(())
}

/// The outcome of a change.
enum StepOutcome {
    /// It is written; this is the session now.
    Written(Session),
    /// The event does not apply; this is the stored session.
    NotApplicable(Session),
}
