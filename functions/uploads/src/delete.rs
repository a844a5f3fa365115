//! Deleting: the tombstone first, then every version, then a note that all is done.
//!
//! Killed anywhere in between, the same request finishes what is missing; and from the tombstone on nothing that
//! arrives under the id can stay.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::http::{Problem, json, named_caller};
use shared::objects::Objects;
use shared::records::UploadRecords;

use crate::{Deps, not_received, own_key, own_record, wire};

pub(crate) async fn delete<R: UploadRecords, O: Objects>(
    deps: &Deps<R, O>,
    request: &Request,
    id: &str,
) -> Result<Response<Body>, Problem> {
    let key = own_key(named_caller(request, &deps.config.access)?, id)?;
    // Without a record only an object under the caller's own key proves that the id is theirs to bury.
    // In between it may have been rejected and removed: where there is neither, the record has the last word.
    let known = own_record(deps, &key).await?.is_some()
        || deps.objects.head(&key, None).await?.is_some()
        || own_record(deps, &key).await?.is_some();
    if !known {
        return Err(not_received());
    }
    let now = (deps.ambient.now)();
    deps.records.bury(&key, now).await?;
    for version in deps.objects.versions(&key).await? {
        deps.objects.delete_version(&key, &version).await?;
    }
    deps.records.buried(&key, now).await?;
    tracing::info!(upload = %key.id(), "deleted");
    Ok(json(StatusCode::OK, &wire::Deleted::new(key.id())))
}
