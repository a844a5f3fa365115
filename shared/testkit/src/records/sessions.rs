//! Multipart sessions, in memory.

use jiff::Timestamp;

use super::MemoryRecords;
use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::session::{CompletionRequest, Event, Lease, Session};
use uploads_core::ports::records::RecordsError;
use uploads_core::ports::sessions::{OpenOutcome, SessionWrite, Sessions};

impl MemoryRecords {
    /// Every session, oldest first.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        self.tables().sessions.values().cloned().collect()
    }

    /// The session of `id`.
    #[must_use]
    pub fn session_of(&self, id: UploadId) -> Option<Session> {
        self.tables().sessions.get(&id).cloned()
    }

    /// Replaces the stored session without a condition.
    pub fn store_session(&self, session: Session) {
        self.tables().sessions.insert(session.key.id(), session);
    }

    /// How many sessions without a declared size are counted for `owner`.
    #[must_use]
    pub fn counted(&self, owner: &OwnerId) -> usize {
        self.tables().unsized_sessions.get(owner).map_or(0, std::collections::BTreeSet::len)
    }
}

impl Sessions for MemoryRecords {
    async fn session(&self, key: &ObjectKey) -> Result<Option<Session>, RecordsError> {
        Ok(self.session_of(key.id()).filter(|session| session.key == *key))
    }

    async fn open(&self, session: &Session) -> Result<OpenOutcome, RecordsError> {
        let mut tables = self.tables();
        if let Some(stands) = tables.sessions.get(&session.key.id()) {
            return Ok(OpenOutcome::AlreadyExists(Box::new(stands.clone())));
        }
        tables.sessions.insert(session.key.id(), session.clone());
        Ok(OpenOutcome::Written)
    }

    async fn change(&self, next: &Session) -> Result<SessionWrite, RecordsError> {
        let mut tables = self.tables();
        let stands = tables.sessions.get(&next.key.id()).filter(|session| session.key == next.key).cloned();
        match stands {
            Some(stands) if stands.revision + 1 == next.revision => {
                tables.sessions.insert(next.key.id(), next.clone());
                Ok(SessionWrite::Written(Box::new(next.clone())))
            }
            stands => Ok(SessionWrite::refused(next, stands.map(Box::new))),
        }
    }

    async fn lease(
        &self,
        key: &ObjectKey,
        lease: &Lease,
        request: &CompletionRequest,
        now: Timestamp,
    ) -> Result<SessionWrite, RecordsError> {
        let Some(stands) = Sessions::session(self, key).await? else { return Ok(SessionWrite::Conflict(None)) };
        match stands.step(Event::Leased(lease.clone(), request.clone()), now) {
            Ok(next) => self.change(&next).await,
            Err(_) => Ok(SessionWrite::lease_refused(lease, Some(Box::new(stands)))),
        }
    }

    async fn count_unsized(&self, owner: &OwnerId, id: UploadId, most: u32) -> Result<bool, RecordsError> {
        let mut tables = self.tables();
        let open = tables.unsized_sessions.entry(owner.clone()).or_default();
        let counted = open.contains(&id) || open.len() < usize::try_from(most).unwrap_or(usize::MAX);
        if counted {
            open.insert(id);
        }
        Ok(counted)
    }

    async fn discount_unsized(&self, owner: &OwnerId, id: UploadId) -> Result<(), RecordsError> {
        if let Some(open) = self.tables().unsized_sessions.get_mut(owner) {
            open.remove(&id);
        }
        Ok(())
    }
}
