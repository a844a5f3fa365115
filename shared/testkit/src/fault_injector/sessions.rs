//! Sessions and multipart uploads, with calls that may be interrupted.

use jiff::Timestamp;

use super::{FaultyPort, bucket, table};
use policy::key::{ObjectKey, OwnerId, UploadId};
use policy::parts::PartNumber;
use policy::session::{Completed, CompletionRequest, Lease, Session};
use uploads_core::ports::multipart_uploads::{
    CompleteError, CompleteMultipartUpload, CreateMultipartUpload, InProgressPage, MultipartUploads, PartsPage,
};
use uploads_core::ports::objects::ObjectsError;
use uploads_core::ports::records::RecordsError;
use uploads_core::ports::sessions::{OpenOutcome, SessionWrite, Sessions};

impl<S: Sessions> Sessions for FaultyPort<'_, S> {
    async fn session(&self, key: &ObjectKey) -> Result<Option<Session>, RecordsError> {
        self.faults.call(|| self.port.session(key), table).await
    }

    async fn open(&self, session: &Session) -> Result<OpenOutcome, RecordsError> {
        self.faults.call(|| self.port.open(session), table).await
    }

    async fn change(&self, next: &Session) -> Result<SessionWrite, RecordsError> {
        self.faults.call(|| self.port.change(next), table).await
    }

    async fn lease(
        &self,
        key: &ObjectKey,
        lease: &Lease,
        request: &CompletionRequest,
        now: Timestamp,
    ) -> Result<SessionWrite, RecordsError> {
        self.faults.call(|| self.port.lease(key, lease, request, now), table).await
    }

    async fn count_unsized(&self, owner: &OwnerId, id: UploadId, most: u32) -> Result<bool, RecordsError> {
        self.faults.call(|| self.port.count_unsized(owner, id, most), table).await
    }

    async fn discount_unsized(&self, owner: &OwnerId, id: UploadId) -> Result<(), RecordsError> {
        self.faults.call(|| self.port.discount_unsized(owner, id), table).await
    }
}

impl<M: MultipartUploads> MultipartUploads for FaultyPort<'_, M> {
    async fn create_upload(
        &self,
        key: &ObjectKey,
        create_request: &CreateMultipartUpload,
    ) -> Result<String, ObjectsError> {
        self.faults.call(|| self.port.create_upload(key, create_request), bucket).await
    }

    async fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &str,
        after: Option<PartNumber>,
    ) -> Result<Option<PartsPage>, ObjectsError> {
        self.faults.call(|| self.port.list_parts(key, upload, after), bucket).await
    }

    async fn complete_upload(
        &self,
        key: &ObjectKey,
        upload: &str,
        complete_request: &CompleteMultipartUpload,
    ) -> Result<Completed, CompleteError> {
        let fault = || CompleteError::Unclear(bucket());
        self.faults.call(|| self.port.complete_upload(key, upload, complete_request), fault).await
    }

    async fn abort_upload(&self, key: &ObjectKey, upload: &str) -> Result<(), ObjectsError> {
        self.faults.call(|| self.port.abort_upload(key, upload), bucket).await
    }

    async fn list_in_progress(
        &self,
        prefix: &str,
        after: Option<(String, String)>,
    ) -> Result<InProgressPage, ObjectsError> {
        self.faults.call(|| self.port.list_in_progress(prefix, after.clone()), bucket).await
    }
}
