//! Deleting: the tombstone first, then every version, then a note that all is done.
//!
//! Killed anywhere in between, the same request finishes what is missing, or the reconciler does where nobody asks again;
//! and from the tombstone on nothing that arrives under the id can stay.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use shared::deletion;
use shared::http::{Problem, json, named_caller};
use shared::multipart::Multipart;
use shared::objects::Objects;
use shared::objects::multipart::MultipartUploads;
use shared::records::UploadRecords;
use shared::records::sessions::Sessions;
use shared::upload::Record;

use crate::{Deps, not_received, own_key, own_record, wire};

pub(crate) async fn delete<R: UploadRecords + Sessions, O: Objects + MultipartUploads>(
    deps: &Deps<R, O>,
    request: &Request,
    id: &str,
) -> Result<Response<Body>, Problem> {
    let key = own_key(named_caller(request, &deps.config.access)?, id)?;
    let multipart = Multipart { sessions: &deps.records, store: &deps.objects, now: deps.ambient.now };
    let record = own_record(deps, &key).await?;
    // A delete that was killed may have come to the tombstone and not to the session.
    let in_parts = !matches!(record, Some(Record::Judged(_)));
    // Without a record only an object or a session under the caller's own key proves that the id is theirs to bury. In
    // between it may have been rejected and removed: where there is neither, the record has the last word.
    let known = record.is_some()
        || deps.objects.head(&key, None).await?.is_some()
        || deps.records.session(&key).await?.is_some_and(|session| !session.is_over((deps.ambient.now)()))
        || own_record(deps, &key).await?.is_some();
    if !known {
        return Err(not_received());
    }
    deps.records.bury(&key, (deps.ambient.now)()).await?;
    deletion::finish(&multipart, &key, in_parts).await?;
    Ok(json(StatusCode::OK, &wire::Deleted::new(key.id())))
}
