//! Closing: the table is written first, then S3 aborts, and then S3 is asked whether anything is left.

use super::{Multipart, SessionProblem, StepOutcome};
use crate::ports::multipart_uploads::MultipartUploads;
use crate::ports::objects::{Objects, ObjectsError};
use crate::ports::sessions::Sessions;
use policy::key::ObjectKey;
use policy::session::{Cleanup, Event, Session, State};

/// The outcome of closing a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseOutcome {
    /// It is closed, and S3 holds nothing of it.
    Closed(Session),
    /// It is completing or complete, and stays.
    StillActive(Session),
}

/// How often S3 is asked to abort: parts in flight at the first try may still be stored
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>, read 2026-11).
const MAX_ATTEMPTS: usize = 5;

impl<S: Sessions, M: MultipartUploads + Objects> Multipart<'_, S, M> {
    /// Aborts a session. One that is completing or complete is left alone.
    ///
    /// # Errors
    /// [`SessionProblem::NotFound`], or a backend error: the same call then finishes it.
    pub async fn abort(&self, key: &ObjectKey) -> Result<CloseOutcome, SessionProblem> {
        self.close(self.session(key).await?, Event::Aborted).await
    }

    /// Closes a session whose deadline has passed.
    ///
    /// # Errors
    /// As [`Multipart::abort`].
    pub async fn expire(&self, session: Session) -> Result<CloseOutcome, SessionProblem> {
        self.close(session, Event::Expired).await
    }

    /// Removes what the user typed, in any state of the session.
    ///
    /// # Errors
    /// A fault.
    pub async fn redact(&self, key: &ObjectKey) -> Result<(), SessionProblem> {
        let Some(session) = self.records.session(key).await? else { return Ok(()) };
        self.note(&session, Event::Redacted).await
    }

    /// Stores that the object of a complete session has its verdict.
    ///
    /// # Errors
    /// A fault.
    pub async fn verdict_found(&self, session: &Session) -> Result<(), SessionProblem> {
        self.note(session, Event::VerdictFound).await
    }

    /// Stores that the object has no verdict yet, and that its event was sent again.
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

    /// Closes this session.
    pub(super) async fn close(&self, session: Session, event: Event) -> Result<CloseOutcome, SessionProblem> {
        let session = match self.change(&session, event).await? {
            StepOutcome::Written(session) | StepOutcome::NotApplicable(session) => session,
        };
        match &session.state {
            State::Aborted(_) | State::Expired(_) => self.clean_up(session).await.map(CloseOutcome::Closed),
            // The event does not apply: too early, or too late.
            State::Opening | State::Open { .. } | State::Completing(_) | State::Completed(_) => {
                Ok(CloseOutcome::StillActive(session))
            }
        }
    }

    /// Removes what S3 may still hold of a closed session.
    ///
    /// # Errors
    /// A backend error, also when parts keep arriving: clean up again later.
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

    /// Aborts one upload until S3 no longer has it.
    ///
    /// # Errors
    /// When S3 does not answer, or parts keep arriving.
    pub async fn remove(&self, key: &ObjectKey, upload: &str) -> Result<(), ObjectsError> {
        for _ in 0..MAX_ATTEMPTS {
            self.objects.abort_upload(key, upload).await?;
            if self.objects.list_parts(key, upload, None).await?.is_none() {
                return Ok(());
            }
        }
        Err(ObjectsError("parts keep coming".into()))
    }

    /// Aborts every multipart upload of `key`.
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
