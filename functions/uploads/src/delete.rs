//! Deletes an upload: writes the tombstone, deletes every version, marks the upload as purged.
//!
//! If the process is killed in between, a repeated request or the reconciler does the rest. Once the tombstone exists,
//! the validator deletes every version that arrives under the id.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use lambda_http_kit::http::{Problem, json, named_caller};
use policy::upload::Record;
use uploads_core::deletion;
use uploads_core::multipart::Multipart;

use crate::{Bucket, Deps, Table, not_received, object_key, wire};

impl<R: Table, O: Bucket> Deps<R, O> {
    pub(crate) async fn delete(&self, request: &Request, id: &str) -> Result<Response<Body>, Problem> {
        let key = object_key(named_caller(request, &self.config.access)?, id)?;
        let record = self.own_record(&key).await?;
        // Also with a tombstone: a killed delete may have written it without aborting the multipart upload.
        let may_be_uploading = !matches!(record, Some(Record::Validated(_)));
        // Without a record, an object or a session under the caller's own key proves that the id is the caller's.
        // A rejection may write the record and delete the object between these reads, so the last read is the record.
        let exists = record.is_some()
            || self.objects.head(&key, None).await?.is_some()
            || self.active_session(&key).await?.is_some()
            || self.own_record(&key).await?.is_some();
        if !exists {
            return Err(not_received());
        }
        self.records.write_tombstone(&key, (self.env.now)()).await?;
        let multipart = Multipart { records: &self.records, objects: &self.objects, now: self.env.now };
        deletion::finish(&multipart, &key, may_be_uploading).await?;
        Ok(json(StatusCode::OK, &wire::DeleteResponse::new(key.id())))
    }
}
