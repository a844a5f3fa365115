//! Listing: everything that S3 has, so that any device can go on.

use jiff::SignedDuration;

use super::complete::read_digest;
use super::{Multipart, SessionProblem, StepOutcome};
use crate::ports::multipart_uploads::MultipartUploads;
use crate::ports::objects::{Objects, ObjectsError};
use crate::ports::sessions::Sessions;
use policy::key::ObjectKey;
use policy::parts::{ETag, Part, PartNumber, PartPlan};
use policy::session::{Completed, Event, Session, State};

/// A session and what has arrived of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The session, which listing may have recreated.
    pub session: Session,
    /// The parts, ascending. Those of a complete upload are no more; each has the object's `ETag` then.
    pub parts: Vec<Part>,
}

/// How long parts without a declared size may come before signing adds them up.
const SUM_WHEN_SIGNING: SignedDuration = SignedDuration::from_mins(1);

impl<S: Sessions, M: MultipartUploads + Objects> Multipart<'_, S, M> {
    /// The session of `key`, for signing its parts: prolonged where that is worth a write, and added up from time to time
    /// where nobody declared a size.
    ///
    /// # Errors
    /// [`SessionProblem`]; an upload above its limit is given up.
    pub async fn for_signing(&self, key: &ObjectKey) -> Result<Session, SessionProblem> {
        let session = self.begun(self.session(key).await?).await?;
        let now = (self.now)();
        if let (State::Open { .. }, PartPlan::Unsized { .. }) = (&session.state, session.plan)
            && now.duration_since(session.summed_at) >= SUM_WHEN_SIGNING
        {
            return self.sum(session).await;
        }
        if !session.is_over(now) && session.wants_prolonging(now) {
            return match self.change(&session, Event::Used).await? {
                StepOutcome::Written(session) | StepOutcome::NotApplicable(session) => Ok(session),
            };
        }
        Ok(session)
    }

    /// What has arrived for the session of `key`. An upload that S3 has lost is begun anew, and lists nothing.
    ///
    /// # Errors
    /// [`SessionProblem`]; an upload above its limit is given up.
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
            let session = self.summed(session, &parts).await?;
            return Ok(Listing { session, parts });
        }
        if let State::Completing(at) = &session.state
            && at.lease.until > (self.now)()
            && self.own_object(&session).await?.is_none()
        {
            // S3 may know the upload no more while it puts it together: that is no reason to begin anew.
            let asked = at.asked.listed.as_deref().and_then(read_digest).map(|(count, _)| count);
            let parts = remembered(&session, asked, &ETag::none());
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

    /// Adds up what has arrived where no size was declared; what is above the limit is given up.
    async fn summed(&self, session: Session, parts: &[Part]) -> Result<Session, SessionProblem> {
        let Err(problem) = session.plan.check_sum(parts) else { return Ok(session) };
        tracing::warn!(upload = %session.key.id(), %problem, "given up: above its limit");
        self.abort(&session.key).await?;
        Err(problem.into())
    }

    /// Adds up what has arrived, and notes when; for an upload without a declared size.
    ///
    /// # Errors
    /// [`SessionProblem`]; an upload above its limit is given up.
    pub async fn sum(&self, session: Session) -> Result<Session, SessionProblem> {
        let listing = self.list_session(session).await?;
        match self.change(&listing.session, Event::Summed).await? {
            StepOutcome::Written(session) | StepOutcome::NotApplicable(session) => Ok(session),
        }
    }

    /// Everything that S3 has of an upload, page by page; `None` when it knows no such upload.
    pub(super) async fn all_parts(&self, key: &ObjectKey, upload: &str) -> Result<Option<Vec<Part>>, ObjectsError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            // An upload that is gone between two pages was complete or given up: none of it counts any more.
            let Some(page) = self.objects.list_parts(key, upload, after).await? else { return Ok(None) };
            all.extend(page.parts);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(Some(all)),
            }
        }
    }
}

/// The parts of an object that is whole: S3 ends its `ETag` with their number.
fn of_whole(session: &Session, result: &Completed) -> Vec<Part> {
    let told = result.etag.as_str().rsplit_once('-').and_then(|(_, count)| count.parse().ok());
    remembered(session, told, &result.etag)
}

/// The parts of an object that is whole, or about to be, as far as they can still be told: `told` is their number where
/// the plan doesn't know it.
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
