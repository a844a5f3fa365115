//! Records that wait for a second step: deletions, and pending verdicts.

use policy::key::ObjectKey;
use policy::upload::Record;
use uploads_core::deletion;
use uploads_core::multipart::BackendError;
use uploads_core::ports::queue::Queue;

use crate::deps::{Bucket, Deps, Table};
use crate::report::{Metric, Report};

impl<R: Table, O: Bucket, Q: Queue> Deps<R, O, Q> {
    /// Finishes a deletion, or sends the version of a pending verdict to the validator.
    pub(crate) async fn process_record(&self, key: &ObjectKey) -> Result<Report, BackendError> {
        let now = (self.env.now)();
        match self.records.get(key.id()).await? {
            Some(Record::Deleting(key)) => {
                let outcome = deletion::finish(&self.multipart(), &key, true).await;
                Report::of(Metric::DeletionsFinished, 1).if_applied(outcome)
            }
            Some(Record::Pending(pending)) if pending.due() <= now => {
                self.requeue(pending.key(), pending.version()).await?;
                Ok(Report::of(Metric::ObjectsRequeued, 1))
            }
            // The index is eventually consistent: the record may have changed since.
            Some(Record::Pending(_) | Record::Validated(_) | Record::Deleted(_)) | None => Ok(Report::default()),
        }
    }
}
