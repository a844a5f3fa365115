//! The port to multipart sessions.

use jiff::Timestamp;

use super::records::RecordsError;
use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::session::{CompletionRequest, Lease, Session, State};

/// What became of a session that was to be written for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenOutcome {
    /// It is new.
    Written,
    /// There is one already.
    AlreadyExists(Box<Session>),
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionWrite {
    /// It is written: this is the session now.
    Written(Box<Session>),
    /// Somebody else was first: this stands, if anything does.
    Conflict(Option<Box<Session>>),
}

impl SessionWrite {
    /// What `next` became where the table refused it because of what stands. A write whose answer was lost is sent again
    /// by the SDK, and refused because of itself: then it is written all the same, and nobody else was first.
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

/// The table, as far as multipart sessions need it. Each method is one conditional write or one read, and a session of
/// another owner is no session. A change or lease that is written already is written, however often it is asked for.
pub trait Sessions: Send + Sync {
    /// The session of `key`, as of now.
    fn session(&self, key: &ObjectKey) -> impl Future<Output = Result<Option<Session>, RecordsError>> + Send;

    /// Writes a session unless its id has one.
    fn open(&self, session: &Session) -> impl Future<Output = Result<OpenOutcome, RecordsError>> + Send;

    /// Writes `next` over the revision before it, which must be what the table holds.
    fn change(&self, next: &Session) -> impl Future<Output = Result<SessionWrite, RecordsError>> + Send;

    /// Takes the right to complete in one write, exactly where [`Session::step`] would let it be taken.
    fn lease(
        &self,
        key: &ObjectKey,
        lease: &Lease,
        asked: &CompletionRequest,
        now: Timestamp,
    ) -> impl Future<Output = Result<SessionWrite, RecordsError>> + Send;

    /// Counts `id` among the owner's sessions without a declared size, unless there are `most` others; says whether it
    /// is counted now. Counting twice counts once.
    fn count_unsized(
        &self,
        owner: &OwnerId,
        id: UploadId,
        most: u32,
    ) -> impl Future<Output = Result<bool, RecordsError>> + Send;

    /// Counts `id` no more.
    fn discount_unsized(&self, owner: &OwnerId, id: UploadId) -> impl Future<Output = Result<(), RecordsError>> + Send;
}
