//! What becomes of multipart sessions, over the ports: opening, listing, healing, completing, closing.
//!
//! Every step may be the last one before the process is killed. So the table always learns of an intent before S3 is
//! asked, and whoever comes next (a repeated request, the object's own event, the reconciler) finishes what is missing.

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

/// Why a session can't do what is asked of it.
#[derive(Debug, thiserror::Error)]
pub enum SessionProblem {
    /// There is none of that id, or it is somebody else's.
    #[error("there is no such session")]
    NotFound,
    /// It was aborted, or it expired.
    #[error("this upload was given up or expired: begin a new one")]
    Closed,
    /// It is being completed.
    #[error("this upload is being completed: no more parts can come")]
    Completing,
    /// It is complete.
    #[error("this upload is complete: no more parts can come")]
    Completed,
    /// The parts make no object.
    #[error(transparent)]
    Parts(#[from] PartsProblem),
    /// S3 had lost the parts; a new upload was begun for them.
    #[error("S3 no longer has the parts of this upload, so it was begun anew: send all of them again")]
    Restarted,
    /// Something that is not ours lies at the key.
    #[error("another object lies at this upload's key")]
    KeyTaken,
    /// As many sessions without a declared size are open as the class allows.
    #[error("{most} uploads without a declared size are open already, and the class allows no more")]
    TooMany {
        /// The limit.
        most: u32,
    },
    /// A checksum that an upload begun like this can't have.
    #[error("{problem}")]
    ChecksumTypeUnsupported {
        /// Why, and what would do.
        problem: &'static str,
    },
    /// S3 found another size or checksum than was promised.
    #[error("the whole is not what was promised: {0}")]
    ObjectMismatch(String),
    /// Something behind us did not answer.
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
    /// [`SessionProblem::NotFound`], or a fault.
    pub async fn session(&self, key: &ObjectKey) -> Result<Session, SessionProblem> {
        self.records.session(key).await?.ok_or(SessionProblem::NotFound)
    }

    /// Writes what `event` makes of the session, wherever that stands by now; where the event fits no more, what stands
    /// comes back.
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

    /// What our own completion left at the key, if it did: the object carries the generation it was begun with.
    async fn own_object(&self, session: &Session) -> Result<Option<Completed>, BackendError> {
        let Some(observed) = self.objects.head(&session.key, None).await? else { return Ok(None) };
        // An earlier generation is ours as well: S3 may have finished it after all. What was begun since is then left to
        // the reconciler.
        let ours = observed.generation.is_some_and(|made| made <= session.generation);
        Ok(observed.etag.filter(|_| ours).map(|etag| Completed { version: observed.version, etag }))
    }

    /// Notes that the object is there, whoever holds the lease by now.
    async fn completed(&self, session: &Session, result: Completed) -> Result<Session, SessionProblem> {
        // First: once it is complete nobody comes back to it.
        self.discount(session).await?;
        match self.change(session, Event::Completed(result)).await? {
            StepOutcome::Written(session) => {
                tracing::info!(upload = %session.key.id(), "complete");
                Ok(session)
            }
            // Complete already, or given up meanwhile: either way that is how it stands.
            StepOutcome::NotApplicable(session) => Ok(session),
        }
    }

    /// A session that is over counts no more among those without a size.
    async fn discount(&self, session: &Session) -> Result<(), BackendError> {
        if let PartPlan::Unsized { .. } = session.plan {
            self.records.discount_unsized(session.key.owner(), session.key.id()).await?;
        }
        Ok(())
    }
}

/// Closes the session of an object that has arrived, whatever became of the process that completed it.
///
/// # Errors
/// When the table does not answer: the object's event must come again.
pub async fn arrived<S: Sessions>(
    sessions: &S,
    key: &ObjectKey,
    observed: &ObservedObject,
    now: Timestamp,
) -> Result<(), RecordsError> {
    // An object of one request has no session, and costs no call.
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

/// What became of a change.
enum StepOutcome {
    /// It is written, and this is the session now.
    Written(Session),
    /// Something else stands.
    NotApplicable(Session),
}
