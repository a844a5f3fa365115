//! Creating a multipart upload: the session is written first, then S3 is called, then the session is updated. And
//! recreating one that S3 has lost.

use super::{BackendError, Multipart, SessionProblem, StepOutcome};
use crate::ports::multipart_uploads::{CreateMultipartUpload, MultipartUploads, PartChecksums};
use crate::ports::objects::Objects;
use crate::ports::sessions::{OpenOutcome, Sessions};
use policy::session::{Event, Session, State};

impl<S: Sessions, M: MultipartUploads + Objects> Multipart<'_, S, M> {
    /// Opens `session`, or returns it as an earlier try left it. A session without a declared size is counted, and aborted
    /// when its owner already has `unsized_sessions` of them.
    ///
    /// # Errors
    /// [`SessionProblem::NotFound`] when the id has another owner, [`SessionProblem::TooMany`], or a backend error.
    pub async fn open(&self, session: Session, unsized_sessions: Option<u32>) -> Result<Session, SessionProblem> {
        let session = match self.records.open(&session).await? {
            OpenOutcome::Written => session,
            OpenOutcome::AlreadyExists(stands) if stands.key == session.key => *stands,
            OpenOutcome::AlreadyExists(_) => return Err(SessionProblem::NotFound),
        };
        // Counted after the session is written: if the process dies here, the clean-up of the session also uncounts it.
        if let (Some(most), State::Opening) = (unsized_sessions, &session.state)
            && !self.records.count_unsized(session.key.owner(), session.key.id(), most).await?
        {
            self.close(session, Event::Aborted).await?;
            return Err(SessionProblem::TooMany { most });
        }
        self.begun(session).await
    }

    /// The session, with its multipart upload created in S3 if that is still missing.
    pub(super) async fn begun(&self, session: Session) -> Result<Session, SessionProblem> {
        match session.state {
            State::Opening => {
                let upload =
                    self.objects.create_upload(&session.key, &create_request(&session, session.generation)).await?;
                let event = Event::Created { upload: upload.clone() };
                self.install(&session, &upload, event).await
            }
            State::Open { .. } | State::Completing(_) | State::Completed(_) | State::Aborted(_) | State::Expired(_) => {
                Ok(session)
            }
        }
    }

    /// The session after S3 said that it has no upload `lost`: completed if the object exists, otherwise with a new upload.
    pub(super) async fn recreate(&self, session: Session, lost: &str) -> Result<Session, SessionProblem> {
        if let Some(result) = self.own_object(&session).await? {
            return self.completed(&session, result).await;
        }
        let generation = session.generation.saturating_add(1);
        let upload = self.objects.create_upload(&session.key, &create_request(&session, generation)).await?;
        tracing::warn!(upload = %session.key.id(), generation, "S3 had lost the parts: begun anew");
        let event = Event::Recreated { lost: lost.to_owned(), upload: upload.clone() };
        self.install(&session, &upload, event).await
    }

    /// Stores `upload` in the session. If another process was first, its upload is kept and this one is aborted.
    async fn install(&self, session: &Session, upload: &str, event: Event) -> Result<Session, SessionProblem> {
        match self.change(session, event).await {
            Ok(StepOutcome::Written(session)) => Ok(session),
            Ok(StepOutcome::NotApplicable(stands)) => {
                self.objects.abort_upload(&session.key, upload).await?;
                Ok(stands)
            }
            // It is unknown whether the session has this upload. If it does, aborting would break it. If not, the reconciler
            // aborts it.
            Err(problem @ SessionProblem::Backend(BackendError::Records(_))) => Err(problem),
            Err(problem) => {
                self.objects.abort_upload(&session.key, upload).await?;
                Err(problem)
            }
        }
    }
}

/// What S3 is told when the multipart upload is created.
fn create_request(session: &Session, generation: u32) -> CreateMultipartUpload {
    CreateMultipartUpload {
        content_type: session.grant.content_type.to_string(),
        // The size was checked when the upload was granted.
        encoded_grant: session.grant.encode().unwrap_or_default(),
        generation,
        checksum: session.terms.part_checksum.map(|algorithm| PartChecksums {
            algorithm,
            // Also without a checksum in the grant: the caller may send one with the completion.
            whole: algorithm.covers_full_object(),
        }),
    }
}
