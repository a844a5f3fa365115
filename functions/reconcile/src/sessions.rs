//! Sessions that are due: each is expired, cleaned up, measured, completed, or has its object validated.

use policy::hash::hex;
use policy::key::ObjectKey;
use policy::parts::{PartPlan, PartsProblem};
use policy::session::{Cleanup, Completed, Session, State};
use tokio::time::Instant;
use uploads_core::multipart::{BackendError, CloseOutcome, Completion, SessionProblem};
use uploads_core::ports::queue::Queue;

use crate::deadline::Deadline;
use crate::deps::{Bucket, Deps, Table};
use crate::report::{Metric, Report};

impl<R: Table, O: Bucket, Q: Queue> Deps<R, O, Q> {
    /// Takes the step that the session's state requires.
    pub(crate) async fn process_session(
        &self,
        deadline: &Deadline<'_>,
        key: &ObjectKey,
    ) -> Result<Report, BackendError> {
        let now = (self.env.now)();
        let found = self.records.session(key).await?;
        // The index is eventually consistent: the session may no longer be due.
        let Some(session) = found.filter(|session| session.due().is_some_and(|due| due <= now)) else {
            return Ok(Report::default());
        };
        match &session.state {
            State::Completed(completed) => self.check_verdict(&session, completed).await,
            State::Completing(_) => self.resume_completion(deadline, session).await,
            State::Aborted(_) | State::Expired(_) => {
                let bytes = self.session_bytes(&session).await?;
                let report = Report::of(Metric::SessionsCleanedUp, 1).and(Metric::BytesFreed, bytes);
                report.if_applied(self.multipart().clean_up(session).await)
            }
            State::Open { .. } if !session.is_over(now) => self.measure(session).await,
            State::Opening | State::Open { .. } => self.expire(session).await,
        }
    }

    /// Expires a session whose deadline has passed.
    async fn expire(&self, session: Session) -> Result<Report, BackendError> {
        let bytes = self.session_bytes(&session).await?;
        let report = Report::of(Metric::SessionsExpired, 1).and(Metric::BytesFreed, bytes);
        match self.multipart().expire(session).await {
            // The owner used the session just now.
            Ok(CloseOutcome::StillActive(_)) => Ok(Report::default()),
            outcome => report.if_applied(outcome),
        }
    }

    /// Sends the object of a slow upload to the validator if it has no verdict. The walk through the bucket no longer
    /// finds such an object, because S3 dates it by the start of its upload.
    async fn check_verdict(&self, session: &Session, completed: &Completed) -> Result<Report, BackendError> {
        let (key, version) = (&session.key, &completed.version);
        if self.is_unvalidated(key, version).await? {
            self.requeue(key, version).await?;
            let outcome = self.multipart().verdict_missing(session).await;
            return Report::of(Metric::ObjectsRequeued, 1).if_applied(outcome);
        }
        Report::default().if_applied(self.multipart().verdict_found(session).await)
    }

    /// Adds up the parts of a session without a declared size, and aborts it above its limit.
    async fn measure(&self, session: Session) -> Result<Report, BackendError> {
        debug_assert!(matches!(session.plan, PartPlan::Unsized { .. }), "sized sessions are due when they expire");
        let bytes = self.session_bytes(&session).await?;
        let report = Report::of(Metric::SessionsMeasured, 1);
        match self.multipart().check_size_limit(session).await {
            Err(SessionProblem::Parts(PartsProblem::TooLarge { .. })) => {
                Ok(report.and(Metric::SessionsAboveLimit, 1).and(Metric::BytesFreed, bytes))
            }
            outcome => report.if_applied(outcome),
        }
    }

    /// Finishes a completion whose lease ran out. If that is impossible, the session is open again and its owner can
    /// correct the parts.
    async fn resume_completion(&self, deadline: &Deadline<'_>, session: Session) -> Result<Report, BackendError> {
        let (upload, holder) = (session.key.id(), hex(&(self.env.random)()));
        // S3 may take long. The other half of the time is for the walk through the bucket.
        let until = Instant::now() + deadline.at.duration_since(Instant::now()) / 2;
        match self.multipart().resume(session, &holder, self.config.storage.policy.store, until).await {
            Ok(Completion::Done(_)) => Ok(Report::of(Metric::SessionsCompleted, 1)),
            // This run holds the lease. A later run checks the result when the lease has run out.
            Ok(Completion::TimedOut(_)) => Ok(Report::of(Metric::SessionsCompleting, 1)),
            Ok(Completion::LeasedByOther(_)) => Ok(Report::default()),
            Err(SessionProblem::Backend(error)) => Err(error),
            Err(problem) => {
                tracing::info!(%upload, %problem, "a completion failed; its session is open again");
                Ok(Report::of(Metric::SessionsReopened, 1))
            }
        }
    }

    /// The size of the stored parts that ending the session deletes, in bytes.
    async fn session_bytes(&self, session: &Session) -> Result<u64, BackendError> {
        match &session.state {
            State::Open { upload }
            | State::Aborted(Cleanup::Upload(upload))
            | State::Expired(Cleanup::Upload(upload)) => Ok(self.stored_bytes(&session.key, upload).await?),
            State::Opening | State::Completing(_) | State::Completed(_) | State::Aborted(_) | State::Expired(_) => {
                Ok(0)
            }
        }
    }
}
