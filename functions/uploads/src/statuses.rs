//! `POST /uploads/status`: the verdicts of up to a thousand uploads.

use std::collections::{BTreeMap, BTreeSet};

use lambda_http::{Body, Request, Response};
use lambda_http_kit::http::{BatchResults, Problem, caller, checked_batch, parse_body};
use policy::key::{ObjectKey, UploadId};
use policy::upload::Record;
use policy::view::Upload;
use serde::{Deserialize, Serialize};

use crate::{Bucket, Deps, Table, object_key};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct StatusBody {
    ids: Vec<String>,
}

#[derive(Serialize)]
struct StatusResult {
    id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<Upload>,
}

impl<R: Table, O: Bucket> Deps<R, O> {
    /// Looks all ids up in the table, and nowhere else: an upload without a verdict is `pending`, whether it is still
    /// coming, is being validated, or never was. So are those of other owners. The read is eventually consistent.
    pub(crate) async fn statuses(&self, request: &Request) -> Result<Response<Body>, Problem> {
        let owner = caller(request, &self.config.access)?;
        let ids = checked_batch(parse_body::<StatusBody>(request)?.ids, "ids")?;
        let keys: Vec<ObjectKey> = ids.iter().map(|id| object_key(owner.clone(), id)).collect::<Result<_, _>>()?;
        let distinct: BTreeSet<UploadId> = keys.iter().map(ObjectKey::id).collect();
        let records = self.records.records_of(&distinct).await?;
        Ok(BatchResults::new(keys.iter().map(|key| result(key, &records))).respond())
    }
}

fn result(key: &ObjectKey, records: &BTreeMap<UploadId, Option<Record>>) -> StatusResult {
    let record = records.get(&key.id()).and_then(Option::as_ref).filter(|record| record.key() == key);
    let (status, upload) = match record {
        Some(Record::Validated(validated)) => (validated.outcome.as_str(), Some(Upload::validated(validated))),
        Some(Record::Deleting(_) | Record::Deleted(_)) => ("deleted", None),
        Some(Record::Pending(_)) | None => ("pending", None),
    };
    StatusResult { id: key.id().to_string(), status, upload }
}
