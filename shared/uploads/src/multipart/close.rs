//! Closing: the table is written first, then S3 aborts, and then S3 is asked whether anything is left.

use super::{Multipart, SessionProblem, StepOutcome};
use crate::ports::multipart_uploads::MultipartUploads;
use crate::ports::objects::{Objects, ObjectsError};
use crate::ports::sessions::Sessions;
use policy::key::ObjectKey;
use policy::session::{Cleanup, Event, Session, State};

/// What became of a session that was to be given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseOutcome {
    /// Nothing of it is left.
    Closed(Session),
    /// It is being completed, or complete: it stays.
    StillActive(Session),
}

/// How often S3 is asked to give an upload up: parts that were under way at the first try may outlive it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>, read 2026-11).
const MAX_ATTEMPTS: usize = 5;

impl<S: Sessions, M: MultipartUploads + Objects> Multipart<'_, S, M> {
    /// Gives a session up, for ever; one that is completing or complete is left alone.
    ///
    /// # Errors
    /// [`SessionProblem::NotFound`], or a fault: then the same call finishes what is missing.
    pub async fn abort(&self, key: &ObjectKey) -> Result<CloseOutcome, SessionProblem> {
        self.close(self.session(key).await?, Event::Aborted).await
    }

    /// Gives a session up that nobody used in time.
    ///
    /// # Errors
    /// As [`Multipart::abort`].
    pub async fn expire(&self, session: Session) -> Result<CloseOutcome, SessionProblem> {
        self.close(session, Event::Expired).await
    }

    /// Forgets what the user typed, in whatever state the session is.
    ///
    /// # Errors
    /// A fault.
    pub async fn redact(&self, key: &ObjectKey) -> Result<(), SessionProblem> {
        let Some(session) = self.records.session(key).await? else { return Ok(()) };
        self.note(&session, Event::Redacted).await
    }

    /// Notes that the object of a complete session has its verdict.
    ///
    /// # Errors
    /// A fault.
    pub async fn verdict_found(&self, session: &Session) -> Result<(), SessionProblem> {
        self.note(session, Event::VerdictFound).await
    }

    /// Notes that it has none yet, and that the validator was told again.
    ///
    /// # Errors
    /// A fault.
    pub async fn verdict_missing(&self, session: &Session) -> Result<(), SessionProblem> {
        self.note(session, Event::VerdictMissing).await
    }

    async fn note(&self, session: &Session, event: Event) -> Result<(), SessionProblem> {
        match self.change(session, event).await {
            Ok(StepOutcome::Written(_) | StepOutcome::NotApplicable(_)) | Err(SessionProblem::NotFound) => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// Gives up the session at hand.
    pub(super) async fn close(&self, session: Session, event: Event) -> Result<CloseOutcome, SessionProblem> {
        let session = match self.change(&session, event).await? {
            StepOutcome::Written(session) | StepOutcome::NotApplicable(session) => session,
        };
        match &session.state {
            State::Aborted(_) | State::Expired(_) => self.clean_up(session).await.map(CloseOutcome::Closed),
            // Not yet time for this event, or too late for it.
            State::Opening | State::Open { .. } | State::Completing(_) | State::Completed(_) => {
                Ok(CloseOutcome::StillActive(session))
            }
        }
    }

    /// Removes what S3 may still hold of a session that is over.
    ///
    /// # Errors
    /// A fault, also when parts keep coming: then it is to be swept again.
    pub async fn clean_up(&self, session: Session) -> Result<Session, SessionProblem> {
        let left = match &session.state {
            State::Aborted(left) | State::Expired(left) => left.clone(),
            State::Opening | State::Open { .. } | State::Completing(_) | State::Completed(_) => return Ok(session),
        };
        match left {
            Cleanup::Done => return Ok(session),
            Cleanup::Upload(upload) => self.remove(&session.key, &upload).await?,
            Cleanup::AnyUpload => self.remove_all(&session.key).await?,
        }
        self.discount(&session).await?;
        match self.change(&session, Event::CleanedUp).await? {
            StepOutcome::Written(session) | StepOutcome::NotApplicable(session) => Ok(session),
        }
    }

    /// Aborts one upload until S3 knows it no more.
    ///
    /// # Errors
    /// When S3 does not answer, or parts keep coming.
    pub async fn remove(&self, key: &ObjectKey, upload: &str) -> Result<(), ObjectsError> {
        for _ in 0..MAX_ATTEMPTS {
            self.objects.abort_upload(key, upload).await?;
            if self.objects.list_parts(key, upload, None).await?.is_none() {
                return Ok(());
            }
        }
        Err(ObjectsError("parts keep coming".into()))
    }

    /// Aborts whatever was begun under `key`.
    async fn remove_all(&self, key: &ObjectKey) -> Result<(), ObjectsError> {
        let prefix = key.to_string();
        let mut after = None;
        loop {
            let page = self.objects.list_in_progress(&prefix, after).await?;
            for found in page.uploads.iter().filter(|found| found.key == prefix) {
                self.remove(key, &found.upload).await?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }
}
