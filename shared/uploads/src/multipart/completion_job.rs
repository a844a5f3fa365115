//! Completion jobs: a request can wait for seconds, S3 may need minutes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, interval_at};

use super::complete::lease;
use super::{Completion, Multipart, SessionProblem, StepOutcome};
use crate::ports::multipart_uploads::MultipartUploads;
use crate::ports::objects::Objects;
use crate::ports::sessions::{SessionWrite, Sessions};
use policy::key::ObjectKey;
use policy::s3_limits::StoreLimits;
use policy::session::{Event, Session, State};

/// A completion that another function finishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionJob {
    /// The object's key.
    pub key: ObjectKey,
    /// The holder of the lease, which the job takes over.
    pub holder: String,
}

/// Schema version 1.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Message {
    complete: JobBody,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct JobBody {
    version: u8,
    key: String,
    holder: String,
}

impl CompletionJob {
    /// The job as a queue message.
    #[must_use]
    pub fn to_json(&self) -> String {
        let complete = JobBody { version: 1, key: self.key.to_string(), holder: self.holder.clone() };
        // Numbers and strings always serialise.
        serde_json::to_string(&Message { complete }).unwrap_or_default()
    }

    /// Reads a message; `None` if it is not a completion job.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        let Message { complete } = serde_json::from_str(text).ok()?;
        let key = ObjectKey::parse(&complete.key).ok().filter(|_| complete.version == 1)?;
        Some(Self { key, holder: complete.holder })
    }
}

/// How often a lease is renewed: often enough that two writes may fail.
const LEASE_RENEWAL_INTERVAL: Duration = Duration::from_secs(15);

impl<S: Sessions, M: MultipartUploads + Objects> Multipart<'_, S, M> {
    /// Continues a queued completion until `deadline`. A completion with another holder is left alone.
    ///
    /// # Errors
    /// As [`Multipart::complete`].
    pub async fn run_job(
        &self,
        completion_job: &CompletionJob,
        store: StoreLimits,
        deadline: Instant,
    ) -> Result<Completion, SessionProblem> {
        let session = self.session(&completion_job.key).await?;
        let State::Completing(at) = &session.state else { return Ok(Completion::Done(session)) };
        if at.lease.holder != completion_job.holder {
            return Ok(Completion::LeasedByOther(session));
        }
        let renewed = Event::Renewed(lease(&completion_job.holder, (self.now)()));
        match self.change(&session, renewed).await? {
            StepOutcome::Written(session) => self.keep_at_it(session, &completion_job.holder, store, deadline).await,
            StepOutcome::NotApplicable(session) => Ok(Completion::LeasedByOther(session)),
        }
    }

    /// Finishes a completion whose lease has expired, as `holder`; or finds that another process holds the lease.
    ///
    /// # Errors
    /// As [`Multipart::complete`].
    pub async fn resume(
        &self,
        session: Session,
        holder: &str,
        store: StoreLimits,
        deadline: Instant,
    ) -> Result<Completion, SessionProblem> {
        let State::Completing(at) = &session.state else { return Ok(Completion::Done(session)) };
        let now = (self.now)();
        match self.records.lease(&session.key, &lease(holder, now), &at.request, now).await? {
            SessionWrite::Written(session) => self.keep_at_it(*session, holder, store, deadline).await,
            SessionWrite::Conflict(Some(session)) => Ok(Completion::LeasedByOther(*session)),
            SessionWrite::Conflict(None) => Err(SessionProblem::NotFound),
        }
    }

    async fn keep_at_it(
        &self,
        session: Session,
        holder: &str,
        store: StoreLimits,
        deadline: Instant,
    ) -> Result<Completion, SessionProblem> {
        // The previous holder may have succeeded without receiving S3's answer.
        if let Some(result) = self.own_object(&session).await? {
            return self.completed(&session, result).await.map(Completion::Done);
        }
        let work = self.complete_leased(session.clone(), None, store, deadline);
        tokio::pin!(work);
        let mut beat = interval_at(Instant::now() + LEASE_RENEWAL_INTERVAL, LEASE_RENEWAL_INTERVAL);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = beat.tick() => {
                    let renewed = Event::Renewed(lease(holder, (self.now)()));
                    // If a lease is not renewed, another process may take it. Both then send S3 the same request.
                    if let Err(error) = self.change(&session, renewed).await {
                        tracing::warn!(upload = %session.key.id(), %error, "a lease was not renewed");
                    }
                }
            }
        }
    }
}
