//! Opening: the intent first, then S3, then the session. And opening anew what S3 has lost.

use super::{BackendError, Multipart, SessionProblem, StepOutcome};
use crate::ports::multipart_uploads::{CreateMultipartUpload, MultipartUploads, PartChecksums};
use crate::ports::objects::Objects;
use crate::ports::sessions::{OpenOutcome, Sessions};
use policy::session::{Event, Session, State};

impl<S: Sessions, M: MultipartUploads + Objects> Multipart<'_, S, M> {
    /// Opens `session`, or finds it as an earlier try left it: begun, or anything that came after. One without a declared
    /// size is counted, and given up where its owner has `unsized_sessions` of them open already.
    ///
    /// # Errors
    /// [`SessionProblem::NotFound`] when the id is somebody else's, [`SessionProblem::TooMany`], or a fault.
    pub async fn open(&self, session: Session, unsized_sessions: Option<u32>) -> Result<Session, SessionProblem> {
        let session = match self.records.open(&session).await? {
            OpenOutcome::Written => session,
            OpenOutcome::AlreadyExists(stands) if stands.key == session.key => *stands,
            OpenOutcome::AlreadyExists(_) => return Err(SessionProblem::NotFound),
        };
        // After the intent: what is counted and killed here is swept with it.
        if let (Some(most), State::Opening) = (unsized_sessions, &session.state)
            && !self.records.count_unsized(session.key.owner(), session.key.id(), most).await?
        {
            self.close(session, Event::Aborted).await?;
            return Err(SessionProblem::TooMany { most });
        }
        self.begun(session).await
    }

    /// A session that S3 has been asked about.
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

    /// What a session becomes whose upload `lost` S3 does not know: complete, if that is why; open anew otherwise.
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

    /// Makes `upload` the session's own; whoever comes second takes the first one's and gives up theirs.
    async fn install(&self, session: &Session, upload: &str, event: Event) -> Result<Session, SessionProblem> {
        match self.change(session, event).await {
            Ok(StepOutcome::Written(session)) => Ok(session),
            Ok(StepOutcome::NotApplicable(stands)) => {
                self.objects.abort_upload(&session.key, upload).await?;
                Ok(stands)
            }
            // Whether it was written is not known. Cleanup as it is, it is either the session's, or the reconciler's to
            // sweep; given up now, it could be missing from a session that has it.
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
        // It fitted when it was granted.
        encoded_grant: session.grant.encode().unwrap_or_default(),
        generation,
        checksum: session.terms.part_checksum.map(|algorithm| PartChecksums {
            algorithm,
            whole: session.grant.checksum.is_some() || algorithm.always_whole(),
        }),
    }
}
