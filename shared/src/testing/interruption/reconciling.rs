//! What the reconciler asks for, where calls may be interrupted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Interrupted, bucket, table};
use crate::key::{ObjectKey, UploadId};
use crate::objects::ObjectsError;
use crate::objects::inventory::{Inventory, StoredPage};
use crate::queue::{Queue, QueueError};
use crate::records::RecordsError;
use crate::records::census::{Bookmark, Census, Due};
use crate::session::Session;
use crate::upload::Record;

impl<C: Census> Census for Interrupted<'_, C> {
    async fn due(&self, now: Timestamp, limit: u16) -> Result<Vec<Due>, RecordsError> {
        self.interruption.call(|| self.port.due(now, limit), table).await
    }

    async fn recorded(&self, ids: &BTreeSet<UploadId>) -> Result<BTreeMap<UploadId, Option<Record>>, RecordsError> {
        self.interruption.call(|| self.port.recorded(ids), table).await
    }

    async fn sessions_of(&self, keys: &[ObjectKey]) -> Result<Vec<Session>, RecordsError> {
        self.interruption.call(|| self.port.sessions_of(keys), table).await
    }

    async fn bookmark(&self) -> Result<Option<Bookmark>, RecordsError> {
        self.interruption.call(|| self.port.bookmark(), table).await
    }

    async fn keep(&self, bookmark: &Bookmark) -> Result<bool, RecordsError> {
        self.interruption.call(|| self.port.keep(bookmark), table).await
    }
}

impl<I: Inventory> Inventory for Interrupted<'_, I> {
    async fn stored(&self, prefix: &str, after: Option<(String, String)>) -> Result<StoredPage, ObjectsError> {
        self.interruption.call(|| self.port.stored(prefix, after.clone()), bucket).await
    }
}

impl<Q: Queue> Queue for Interrupted<'_, Q> {
    async fn send(&self, body: &str) -> Result<(), QueueError> {
        self.interruption.call(|| self.port.send(body), || QueueError("interrupted".into())).await
    }
}
