//! Listing the parts that S3 has, so that any device can resume.

use jiff::SignedDuration;

use super::complete::read_digest;
use super::{Multipart, SessionProblem, StepOutcome};
use crate::ports::multipart_uploads::MultipartUploads;
use crate::ports::objects::{Objects, ObjectsError};
use crate::ports::sessions::Sessions;
use policy::key::ObjectKey;
use policy::parts::{ETag, Part, PartNumber, PartPlan};
use policy::session::{Completed, Event, Session, State};

/// A session and its stored parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The session; listing may have recreated its multipart upload.
    pub session: Session,
    /// The parts in ascending order. S3 no longer has the parts of a complete upload: each then has the object's `ETag`.
    pub parts: Vec<Part>,
}

/// How often signing measures a session without a declared size.
const SUM_WHEN_SIGNING: SignedDuration = SignedDuration::from_mins(1);

impl<S: Sessions, M: MultipartUploads + Objects> Multipart<'_, S, M> {
    /// The session of `key`, for signing its parts. Its deadline is extended when that is worth a write, and a session
    /// without a declared size is measured at intervals.
    ///
    /// # Errors
    /// [`SessionProblem`]; a session above its limit is aborted.
    pub async fn for_signing(&self, key: &ObjectKey) -> Result<Session, SessionProblem> {
        let session = self.begun(self.session(key).await?).await?;
        let now = (self.now)();
        if let (State::Open { .. }, PartPlan::Unsized { .. }) = (&session.state, session.plan)
            && now.duration_since(session.summed_at) >= SUM_WHEN_SIGNING
        {
            return self.check_size_limit(session).await;
        }
        if !session.is_over(now) && session.should_record_use(now) {
            return match self.change(&session, Event::Used).await? {
                StepOutcome::Written(session) | StepOutcome::NotApplicable(session) => Ok(session),
            };
        }
        Ok(session)
    }

    /// The stored parts of the session of `key`. If S3 has lost the multipart upload, it is recreated and the list is empty.
    ///
    /// # Errors
    /// [`SessionProblem`]; a session above its limit is aborted.
    pub async fn list(&self, key: &ObjectKey) -> Result<Listing, SessionProblem> {
        let session = self.begun(self.session(key).await?).await?;
        self.list_session(session).await
    }

    async fn list_session(&self, session: Session) -> Result<Listing, SessionProblem> {
        let upload = match &session.state {
            State::Aborted(_) | State::Expired(_) => return Err(SessionProblem::Closed),
            State::Completed(result) => {
                let parts = of_whole(&session, result);
                return Ok(Listing { session, parts });
            }
            State::Opening => return Ok(Listing { session, parts: Vec::new() }),
            State::Open { upload } => upload.clone(),
            State::Completing(at) => at.upload.clone(),
        };
        if session.is_over((self.now)()) {
            return Err(SessionProblem::Closed);
        }
        if let Some(parts) = self.all_parts(&session.key, &upload).await? {
            let session = self.abort_above_limit(session, &parts).await?;
            return Ok(Listing { session, parts });
        }
        if let State::Completing(at) = &session.state
            && at.lease.until > (self.now)()
            && self.own_object(&session).await?.is_none()
        {
            // While S3 completes an upload it may not list it: that is no reason to recreate it.
            let listed = at.request.listed.as_deref().and_then(read_digest).map(|(count, _)| count);
            let parts = remembered(&session, listed, &ETag::none());
            return Ok(Listing { session, parts });
        }
        let session = self.recreate(session, &upload).await?;
        let parts = match &session.state {
            State::Completed(result) => of_whole(&session, result),
            State::Opening | State::Open { .. } | State::Completing(_) | State::Aborted(_) | State::Expired(_) => {
                Vec::new()
            }
        };
        Ok(Listing { session, parts })
    }

    /// Measures a session without a declared size; one above its limit is aborted.
    async fn abort_above_limit(&self, session: Session, parts: &[Part]) -> Result<Session, SessionProblem> {
        let Err(problem) = session.plan.check_sum(parts) else { return Ok(session) };
        tracing::warn!(upload = %session.key.id(), %problem, "aborted: above its size limit");
        self.abort(&session.key).await?;
        Err(problem.into())
    }

    /// Measures a session without a declared size, and stores the time.
    ///
    /// # Errors
    /// [`SessionProblem`]; a session above its limit is aborted.
    pub async fn check_size_limit(&self, session: Session) -> Result<Session, SessionProblem> {
        let listing = self.list_session(session).await?;
        match self.change(&listing.session, Event::PartsSummed).await? {
            StepOutcome::Written(session) | StepOutcome::NotApplicable(session) => Ok(session),
        }
    }

    /// All parts of an upload, page by page; `None` when S3 has no such upload.
    pub(super) async fn all_parts(&self, key: &ObjectKey, upload: &str) -> Result<Option<Vec<Part>>, ObjectsError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            // An upload that disappears between two pages was completed or aborted: its parts no longer count.
            let Some(page) = self.objects.list_parts(key, upload, after).await? else { return Ok(None) };
            all.extend(page.parts);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(Some(all)),
            }
        }
    }
}

/// The parts of a complete object: its `ETag` ends in their number.
fn of_whole(session: &Session, result: &Completed) -> Vec<Part> {
    let told = result.etag.as_str().rsplit_once('-').and_then(|(_, count)| count.parse().ok());
    remembered(session, told, &result.etag)
}

/// The parts of an object that is complete, or about to be, as far as they are known. `told` is their number where the
/// plan has none.
fn remembered(session: &Session, told: Option<u32>, etag: &ETag) -> Vec<Part> {
    let (count, part_size) = match session.plan {
        PartPlan::Sized { count, part_size, .. } => (count, part_size),
        PartPlan::Unsized { part_size, last, .. } => (told.unwrap_or(0).min(last.get()), part_size),
    };
    let numbers = (1..=count).filter_map(PartNumber::new);
    numbers
        .map(|number| Part {
            number,
            etag: etag.clone(),
            size: session.plan.size_of(number).unwrap_or(part_size),
            checksum: None,
        })
        .collect()
}
