//! Multipart sessions and uploads whose calls may be interrupted.

use jiff::Timestamp;

use super::{Interrupted, bucket, table};
use crate::key::{ObjectKey, OwnerId, UploadId};
use crate::objects::ObjectsError;
use crate::objects::multipart::{Assembly, AssemblyError, Beginning, MultipartUploads, PartsPage, UnderWayPage};
use crate::parts::PartNumber;
use crate::records::RecordsError;
use crate::records::sessions::{Changing, Opening, Sessions};
use crate::session::{Asked, Completed, Lease, Session};

impl<S: Sessions> Sessions for Interrupted<'_, S> {
    async fn session(&self, key: &ObjectKey) -> Result<Option<Session>, RecordsError> {
        self.interruption.call(|| self.port.session(key), table).await
    }

    async fn open(&self, session: &Session) -> Result<Opening, RecordsError> {
        self.interruption.call(|| self.port.open(session), table).await
    }

    async fn change(&self, next: &Session) -> Result<Changing, RecordsError> {
        self.interruption.call(|| self.port.change(next), table).await
    }

    async fn lease(
        &self,
        key: &ObjectKey,
        lease: &Lease,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Changing, RecordsError> {
        self.interruption.call(|| self.port.lease(key, lease, asked, now), table).await
    }

    async fn count_unsized(&self, owner: &OwnerId, id: UploadId, most: u32) -> Result<bool, RecordsError> {
        self.interruption.call(|| self.port.count_unsized(owner, id, most), table).await
    }

    async fn discount_unsized(&self, owner: &OwnerId, id: UploadId) -> Result<(), RecordsError> {
        self.interruption.call(|| self.port.discount_unsized(owner, id), table).await
    }
}

impl<M: MultipartUploads> MultipartUploads for Interrupted<'_, M> {
    async fn begin(&self, key: &ObjectKey, beginning: &Beginning) -> Result<String, ObjectsError> {
        self.interruption.call(|| self.port.begin(key, beginning), bucket).await
    }

    async fn parts(
        &self,
        key: &ObjectKey,
        upload: &str,
        after: Option<PartNumber>,
    ) -> Result<Option<PartsPage>, ObjectsError> {
        self.interruption.call(|| self.port.parts(key, upload, after), bucket).await
    }

    async fn assemble(&self, key: &ObjectKey, upload: &str, assembly: &Assembly) -> Result<Completed, AssemblyError> {
        let fault = || AssemblyError::Unclear(bucket());
        self.interruption.call(|| self.port.assemble(key, upload, assembly), fault).await
    }

    async fn abort(&self, key: &ObjectKey, upload: &str) -> Result<(), ObjectsError> {
        self.interruption.call(|| self.port.abort(key, upload), bucket).await
    }

    async fn under_way(&self, prefix: &str, after: Option<(String, String)>) -> Result<UnderWayPage, ObjectsError> {
        self.interruption.call(|| self.port.under_way(prefix, after.clone()), bucket).await
    }
}
