//! Multipart sessions, in memory.

use jiff::Timestamp;

use super::MemoryRecords;
use crate::key::{ObjectKey, OwnerId, UploadId};
use crate::records::RecordsError;
use crate::records::sessions::{Changing, Opening, Sessions};
use crate::session::{Asked, Event, Lease, Session};

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

    /// Puts a session there, whatever stood in its place.
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

    async fn open(&self, session: &Session) -> Result<Opening, RecordsError> {
        let mut tables = self.tables();
        if let Some(stands) = tables.sessions.get(&session.key.id()) {
            return Ok(Opening::Stands(Box::new(stands.clone())));
        }
        tables.sessions.insert(session.key.id(), session.clone());
        Ok(Opening::Written)
    }

    async fn change(&self, next: &Session) -> Result<Changing, RecordsError> {
        let mut tables = self.tables();
        let stands = tables.sessions.get(&next.key.id()).filter(|session| session.key == next.key).cloned();
        match stands {
            Some(stands) if stands.revision + 1 == next.revision => {
                tables.sessions.insert(next.key.id(), next.clone());
                Ok(Changing::Written(Box::new(next.clone())))
            }
            stands => Ok(Changing::refused(next, stands.map(Box::new))),
        }
    }

    async fn lease(
        &self,
        key: &ObjectKey,
        lease: &Lease,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Changing, RecordsError> {
        let Some(stands) = Sessions::session(self, key).await? else { return Ok(Changing::Stands(None)) };
        match stands.step(Event::Leased(lease.clone(), asked.clone()), now) {
            Ok(next) => self.change(&next).await,
            Err(_) => Ok(Changing::lease_refused(lease, Some(Box::new(stands)))),
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
