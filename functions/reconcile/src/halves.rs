//! Records that are half of something: deletions whose caller did not come back, and halves of verdicts.

use shared::deletion;
use shared::key::ObjectKey;
use shared::queue::Queue;
use shared::upload::Record;

use crate::report::{Count, Report};
use crate::{Bucket, Deps, Table, Trouble, sessions, unjudged};

/// Does what is missing, or has the validator do it.
pub(crate) async fn finish<R: Table, O: Bucket, Q: Queue>(
    deps: &Deps<R, O, Q>,
    key: &ObjectKey,
) -> Result<Report, Trouble> {
    let now = (deps.ambient.now)();
    match deps.records.get(key.id()).await? {
        Some(Record::Deleting(key)) => {
            let finished = deletion::finish(&deps.multipart(), &key, true).await;
            Ok(sessions::told(finished, Report::of(Count::DeletionsFinished, 1))?)
        }
        Some(Record::Pending(half)) if half.due() <= now => {
            unjudged::send(deps, half.key(), half.version()).await?;
            Ok(Report::of(Count::ObjectsRequeued, 1))
        }
        // The index is a moment behind.
        Some(Record::Pending(_) | Record::Judged(_) | Record::Deleted(_)) | None => Ok(Report::default()),
    }
}
