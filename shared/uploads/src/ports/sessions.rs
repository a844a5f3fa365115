//! The port to multipart sessions.

use jiff::Timestamp;

use super::records::RecordsError;
use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::session::{CompletionRequest, Lease, Session, State};

/// The outcome of writing a new session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenOutcome {
    /// It was written.
    Written,
    /// The id already has a session.
    AlreadyExists(Box<Session>),
}

/// The outcome of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionWrite {
    /// It was written; this is the session now.
    Written(Box<Session>),
    /// Another write was first; this is the stored session, if there is one.
    Conflict(Option<Box<Session>>),
}

impl SessionWrite {
    /// The outcome after the table refused `next` because of the stored session. The SDK repeats a write whose answer was
    /// lost, and the table then refuses the repetition: the stored session equals `next`, so it counts as written.
    #[must_use]
    pub fn refused(next: &Session, stands: Option<Box<Session>>) -> Self {
        let same = |stands: &Session| {
            stands.revision == next.revision && stands.state == next.state && stands.grant == next.grant
        };
        match stands {
            Some(stands) if same(&stands) => Self::Written(stands),
            stands => Self::Conflict(stands),
        }
    }

    /// The same for a lease.
    #[must_use]
    pub fn lease_refused(lease: &Lease, stands: Option<Box<Session>>) -> Self {
        match stands {
            Some(stands) if matches!(&stands.state, State::Completing(at) if at.lease == *lease) => {
                Self::Written(stands)
            }
            stands => Self::Conflict(stands),
        }
    }
}

/// Multipart sessions in the table. Each method is one conditional write or one read. A session of another owner does
/// not exist for the caller. A repeated change or lease counts as written.
pub trait Sessions: Send + Sync {
    /// The session of `key`, strongly consistent.
    fn session(&self, key: &ObjectKey) -> impl Future<Output = Result<Option<Session>, RecordsError>> + Send;

    /// Writes a session unless its id has one.
    fn open(&self, session: &Session) -> impl Future<Output = Result<OpenOutcome, RecordsError>> + Send;

    /// Replaces the previous revision by `next`, if the table still has that revision.
    fn change(&self, next: &Session) -> impl Future<Output = Result<SessionWrite, RecordsError>> + Send;

    /// Takes the lease in one write, exactly when [`Session::step`] would allow it.
    fn lease(
        &self,
        key: &ObjectKey,
        lease: &Lease,
        request: &CompletionRequest,
        now: Timestamp,
    ) -> impl Future<Output = Result<SessionWrite, RecordsError>> + Send;

    /// Counts `id` among the owner's sessions without a declared size, unless there are `most` others. Returns whether it
    /// is counted. Counting twice counts once.
    fn count_unsized(
        &self,
        owner: &OwnerId,
        id: UploadId,
        most: u32,
    ) -> impl Future<Output = Result<bool, RecordsError>> + Send;

    /// Stops counting `id`.
    fn discount_unsized(&self, owner: &OwnerId, id: UploadId) -> impl Future<Output = Result<(), RecordsError>> + Send;
}
