//! Uploads in parts that belong to no session: what a process left behind that began one and was killed.

use futures_util::{StreamExt, TryStreamExt, stream};
use shared::key::ObjectKey;
use shared::multipart::Fault;
use shared::objects::ObjectsError;
use shared::objects::multipart::{MultipartUploads, UnderWay};
use shared::queue::Queue;
use shared::session::{Session, State};

use crate::pass::After;
use crate::report::{Count, Report};
use crate::{Bucket, Deps, SIDE_BY_SIDE, Table, Trouble};

/// Below which all our keys are.
const ALL: &str = "1/";

/// Aborts what is old and of no session on one page of all that is under way.
pub(crate) async fn page<R: Table, O: Bucket, Q: Queue>(
    deps: &Deps<R, O, Q>,
    after: Option<After>,
) -> Result<(Report, Option<After>), Trouble> {
    let page = deps.objects.under_way(ALL, after).await.map_err(Fault::from)?;
    let before = (deps.ambient.now)().checked_sub(deps.config.reconcile.orphan_age).unwrap_or_default();
    // A key of another layout is somebody else's business.
    let old = page.uploads.iter().filter(|found| found.begun_at <= before);
    let old: Vec<(ObjectKey, &UnderWay)> =
        old.filter_map(|found| ObjectKey::parse(&found.key).ok().map(|key| (key, found))).collect();
    let keys: Vec<ObjectKey> = old.iter().map(|(key, _)| key.clone()).collect();
    let sessions =
        if keys.is_empty() { Vec::new() } else { deps.records.sessions_of(&keys).await.map_err(Fault::from)? };
    let lives =
        |key: &ObjectKey, upload: &str| sessions.iter().any(|session| session.key == *key && may_use(session, upload));
    let orphans = old.into_iter().filter(|(key, found)| !lives(key, &found.upload));
    let aborted = stream::iter(orphans)
        .map(|(key, found)| async move {
            let bytes = held(&deps.objects, &key, &found.upload).await?;
            deps.multipart().remove(&key, &found.upload).await?;
            tracing::warn!(upload = %key.id(), bytes, "aborted an upload in parts that was of no session");
            Ok::<_, ObjectsError>(Report::of(Count::UploadsAborted, 1).and(Count::BytesFreed, bytes))
        })
        .buffer_unordered(SIDE_BY_SIDE)
        .try_fold(Report::default(), async |sum, one| Ok(sum + one))
        .await
        .map_err(Fault::from)?;
    Ok((aborted.and(Count::UploadsUnderWay, page.uploads.len() as u64), page.next))
}

/// Whether the session still has a use for the upload.
pub(crate) fn may_use(session: &Session, upload: &str) -> bool {
    match &session.state {
        // It may be the very one that is about to be written down.
        State::Opening => true,
        State::Open { upload: own } => own == upload,
        State::Completing(at) => at.upload == upload,
        State::Completed(_) | State::Aborted(_) | State::Expired(_) => false,
    }
}

/// What S3 holds of an upload, in bytes.
pub(crate) async fn held(store: &impl MultipartUploads, key: &ObjectKey, upload: &str) -> Result<u64, ObjectsError> {
    let (mut sum, mut after) = (0_u64, None);
    while let Some(page) = store.parts(key, upload, after).await? {
        sum = page.parts.iter().fold(sum, |sum, part| sum.saturating_add(part.size.bytes()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(sum)
}
