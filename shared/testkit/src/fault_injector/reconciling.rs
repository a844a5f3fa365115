//! The reconciler's ports, with calls that may be interrupted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{FaultyPort, bucket, table};
use policy::key::{ObjectKey, UploadId};
use policy::session::Session;
use policy::upload::Record;
use uploads_core::ports::announced::{AnnouncedPage, AnnouncedRecords};
use uploads_core::ports::due_index::{Checkpoint, Due, DueIndex};
use uploads_core::ports::event_bus::Refused;
use uploads_core::ports::object_listing::{ObjectListing, VersionPage};
use uploads_core::ports::objects::ObjectsError;
use uploads_core::ports::queue::{Inbox, Message, Queue, QueueError};
use uploads_core::ports::records::RecordsError;

impl<C: DueIndex> DueIndex for FaultyPort<'_, C> {
    async fn due(&self, now: Timestamp, limit: u16) -> Result<Vec<Due>, RecordsError> {
        self.faults.call(|| self.port.due(now, limit), table).await
    }

    async fn records_of(&self, ids: &BTreeSet<UploadId>) -> Result<BTreeMap<UploadId, Option<Record>>, RecordsError> {
        self.faults.call(|| self.port.records_of(ids), table).await
    }

    async fn sessions_of(&self, keys: &[ObjectKey]) -> Result<Vec<Session>, RecordsError> {
        self.faults.call(|| self.port.sessions_of(keys), table).await
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>, RecordsError> {
        self.faults.call(|| self.port.checkpoint(), table).await
    }

    async fn save_checkpoint(&self, checkpoint: &Checkpoint) -> Result<bool, RecordsError> {
        self.faults.call(|| self.port.save_checkpoint(checkpoint), table).await
    }
}

impl<I: ObjectListing> ObjectListing for FaultyPort<'_, I> {
    async fn list_versions(&self, prefix: &str, after: Option<(String, String)>) -> Result<VersionPage, ObjectsError> {
        self.faults.call(|| self.port.list_versions(prefix, after.clone()), bucket).await
    }
}

impl<Q: Queue> Queue for FaultyPort<'_, Q> {
    async fn send(&self, body: &str) -> Result<(), QueueError> {
        self.faults.call(|| self.port.send(body), || QueueError("interrupted".into())).await
    }

    async fn send_batch(&self, bodies: &[String]) -> Result<Vec<Refused>, QueueError> {
        self.faults.call(|| self.port.send_batch(bodies), || QueueError("interrupted".into())).await
    }
}

impl<Q: Inbox> Inbox for FaultyPort<'_, Q> {
    async fn receive(&self) -> Result<Vec<Message>, QueueError> {
        self.faults.call(|| self.port.receive(), || QueueError("interrupted".into())).await
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        self.faults.call(|| self.port.delete(receipt), || QueueError("interrupted".into())).await
    }
}

impl<R: AnnouncedRecords> AnnouncedRecords for FaultyPort<'_, R> {
    async fn announced_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        start: Option<&str>,
    ) -> Result<AnnouncedPage, RecordsError> {
        self.faults.call(|| self.port.announced_between(from, until, start), table).await
    }

    async fn announce_again(&self, id: UploadId, now: Timestamp) -> Result<(), RecordsError> {
        self.faults.call(|| self.port.announce_again(id, now), table).await
    }
}
