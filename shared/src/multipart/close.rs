//! Closing: the table first, then S3, and then S3 is asked whether anything is left.

use super::{Changed, Multipart, SessionProblem};
use crate::key::ObjectKey;
use crate::objects::multipart::MultipartUploads;
use crate::objects::{Objects, ObjectsError};
use crate::records::sessions::Sessions;
use crate::session::{Event, Left, Session, State};

/// What became of a session that was to be given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closing {
    /// Nothing of it is left.
    Closed(Session),
    /// It is being completed, or complete: it stays.
    Stands(Session),
}

/// How often S3 is asked to give an upload up: parts that were under way at the first try may outlive it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>, read 2026-11).
const TRIES: usize = 5;

impl<S: Sessions, M: MultipartUploads + Objects> Multipart<'_, S, M> {
    /// Gives a session up, for ever; one that is completing or complete is left alone.
    ///
    /// # Errors
    /// [`SessionProblem::NotFound`], or a fault: then the same call finishes what is missing.
    pub async fn abort(&self, key: &ObjectKey) -> Result<Closing, SessionProblem> {
        self.close(self.session(key).await?, Event::Aborted).await
    }

    /// Gives a session up that nobody used in time.
    ///
    /// # Errors
    /// As [`Multipart::abort`].
    pub async fn expire(&self, session: Session) -> Result<Closing, SessionProblem> {
        self.close(session, Event::Expired).await
    }

    /// Forgets what the user typed, in whatever state the session is.
    ///
    /// # Errors
    /// A fault.
    pub async fn forget(&self, key: &ObjectKey) -> Result<(), SessionProblem> {
        let Some(session) = self.sessions.session(key).await? else { return Ok(()) };
        self.note(&session, Event::Forgotten).await
    }

    /// Notes that the object of a complete session has its verdict.
    ///
    /// # Errors
    /// A fault.
    pub async fn judged(&self, session: &Session) -> Result<(), SessionProblem> {
        self.note(session, Event::Judged).await
    }

    /// Notes that it has none yet, and that the validator was told again.
    ///
    /// # Errors
    /// A fault.
    pub async fn unjudged(&self, session: &Session) -> Result<(), SessionProblem> {
        self.note(session, Event::Unjudged).await
    }

    async fn note(&self, session: &Session, event: Event) -> Result<(), SessionProblem> {
        match self.change(session, event).await {
            Ok(Changed::Written(_) | Changed::Stands(_)) | Err(SessionProblem::NotFound) => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// Gives up the session at hand.
    pub(super) async fn close(&self, session: Session, event: Event) -> Result<Closing, SessionProblem> {
        let session = match self.change(&session, event).await? {
            Changed::Written(session) | Changed::Stands(session) => session,
        };
        match &session.state {
            State::Aborted(_) | State::Expired(_) => self.sweep(session).await.map(Closing::Closed),
            // Not yet time for this event, or too late for it.
            State::Opening | State::Open { .. } | State::Completing(_) | State::Completed(_) => {
                Ok(Closing::Stands(session))
            }
        }
    }

    /// Removes what S3 may still hold of a session that is over.
    ///
    /// # Errors
    /// A fault, also when parts keep coming: then it is to be swept again.
    pub async fn sweep(&self, session: Session) -> Result<Session, SessionProblem> {
        let left = match &session.state {
            State::Aborted(left) | State::Expired(left) => left.clone(),
            State::Opening | State::Open { .. } | State::Completing(_) | State::Completed(_) => return Ok(session),
        };
        match left {
            Left::Nothing => return Ok(session),
            Left::Upload(upload) => self.remove(&session.key, &upload).await?,
            Left::Unknown => self.remove_all(&session.key).await?,
        }
        self.discount(&session).await?;
        match self.change(&session, Event::Swept).await? {
            Changed::Written(session) | Changed::Stands(session) => Ok(session),
        }
    }

    /// Aborts one upload until S3 knows it no more.
    ///
    /// # Errors
    /// When S3 does not answer, or parts keep coming.
    pub async fn remove(&self, key: &ObjectKey, upload: &str) -> Result<(), ObjectsError> {
        for _ in 0..TRIES {
            self.store.abort(key, upload).await?;
            if self.store.parts(key, upload, None).await?.is_none() {
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
            let page = self.store.under_way(&prefix, after).await?;
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
