//! Completing: the holder of the lease calls S3, and every caller gets the same result.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Multipart, SessionProblem};
use crate::ports::multipart_uploads::{CompleteError, CompleteMultipartUpload, MultipartUploads};
use crate::ports::objects::Objects;
use crate::ports::sessions::{SessionWrite, Sessions};
use policy::checksum::Checksum;
use policy::hash::hex_sha256;
use policy::key::ObjectKey;
use policy::parts::{ETag, Part, PartNumber, PartPlan, PartsProblem};
use policy::s3_limits::StoreLimits;
use policy::session::{Completing, CompletionRequest, Event, Lease, Session, State};
use policy::size::ByteSize;
use policy::{SizeGrant, check_multipart_checksums};

/// A part as a caller lists it, with its checksum if the caller sends one.
pub type ListedPart = (PartNumber, ETag, Option<String>);

/// What a caller wants to complete.
#[derive(Debug, Clone, Default)]
pub struct RequestedParts {
    /// The parts in ascending order; `None` to use the parts that S3 lists.
    pub parts: Option<Vec<ListedPart>>,
    /// A checksum of the object; it replaces the granted one.
    pub checksum: Option<Checksum>,
}

/// How far a completion has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion {
    /// The object is there.
    Done(Session),
    /// This process holds the lease, and S3 needs longer than the caller can wait: queue a job.
    TimedOut(Session),
    /// Another process holds the lease.
    LeasedByOther(Session),
}

/// How long a lease lasts without renewal: longer than one request, short enough to wait for.
pub(super) const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(60);

/// How often a waiting caller reads the session.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// How often S3 is called when its answers are unclear.
const MAX_ATTEMPTS: u32 = 4;

impl<S: Sessions, M: MultipartUploads + Objects> Multipart<'_, S, M> {
    /// Completes the session of `key` as `holder`, a unique name, and waits until `deadline`.
    ///
    /// # Errors
    /// [`SessionProblem`]. Except after [`SessionProblem::Backend`] the session is as open as before.
    pub async fn complete(
        &self,
        key: &ObjectKey,
        requested: &RequestedParts,
        holder: &str,
        store: StoreLimits,
        deadline: Instant,
    ) -> Result<Completion, SessionProblem> {
        let request =
            CompletionRequest { listed: requested.parts.as_deref().map(digest), checksum: requested.checksum.clone() };
        loop {
            let now = (self.now)();
            let stands = match self.records.lease(key, &lease(holder, now), &request, now).await? {
                SessionWrite::Written(session) => {
                    let leased = self.complete_leased((*session).clone(), requested.parts.as_deref(), store, deadline);
                    let outcome = leased.await;
                    if let Err(SessionProblem::Backend(_)) = outcome {
                        // So that the caller can retry at once.
                        self.release(&session, holder).await;
                    }
                    return outcome;
                }
                SessionWrite::Conflict(None) => return Err(SessionProblem::NotFound),
                SessionWrite::Conflict(Some(stands)) => *stands,
            };
            match &stands.state {
                State::Completed(_) => return Ok(Completion::Done(stands)),
                State::Aborted(_) | State::Expired(_) => return Err(SessionProblem::Closed),
                State::Opening => {
                    self.begun(stands).await?;
                }
                State::Completing(at) if at.lease.until > now => {
                    if timeout_at(deadline, sleep(POLL_INTERVAL)).await.is_err() {
                        return Ok(Completion::LeasedByOther(stands));
                    }
                }
                State::Open { .. } | State::Completing(_) => {}
            }
        }
    }

    /// Continues as the holder of the lease, and releases it when the completion fails. After a backend error the lease
    /// stays: a job has no caller who retries, so the next holder does once the lease has expired.
    pub(super) async fn complete_leased(
        &self,
        session: Session,
        listed: Option<&[ListedPart]>,
        store: StoreLimits,
        deadline: Instant,
    ) -> Result<Completion, SessionProblem> {
        let State::Completing(at) = session.state.clone() else { return Ok(Completion::LeasedByOther(session)) };
        let outcome = timeout_at(deadline, self.call_complete(&session, &at, listed, store)).await;
        let problem = match outcome {
            Err(_) => return Ok(Completion::TimedOut(session)),
            Ok(Ok(session)) => return Ok(Completion::Done(session)),
            Ok(Err(problem)) => problem,
        };
        match problem {
            // These have changed the session themselves; after a backend error the lease stays.
            SessionProblem::Recreated
            | SessionProblem::NotFound
            | SessionProblem::Closed
            | SessionProblem::Backend(_) => {}
            SessionProblem::Completing
            | SessionProblem::Completed
            | SessionProblem::Parts(_)
            | SessionProblem::KeyTaken
            | SessionProblem::TooMany { .. }
            | SessionProblem::ChecksumTypeUnsupported { .. }
            | SessionProblem::ObjectMismatch(_) => self.release(&session, &at.lease.holder).await,
        }
        if let SessionProblem::Parts(PartsProblem::TooLarge { .. }) = problem {
            self.abort(&session.key).await?;
        }
        Err(problem)
    }

    /// Releases the lease, so that the caller can correct the request and retry at once. If this fails, the lease expires.
    async fn release(&self, session: &Session, holder: &str) {
        let event = Event::Released { holder: holder.to_owned() };
        if let Err(error) = self.change(session, event).await {
            tracing::warn!(upload = %session.key.id(), %error, "a lease was not released");
        }
    }

    /// Calls S3 until the outcome is clear.
    async fn call_complete(
        &self,
        session: &Session,
        at: &Completing,
        listed: Option<&[ListedPart]>,
        store: StoreLimits,
    ) -> Result<Session, SessionProblem> {
        let mut next = self.build_complete_request(session, at, listed, store).await?;
        let mut tries = 0;
        loop {
            tries += 1;
            let complete_request = match next {
                Next::Ask(complete_request) => complete_request,
                Next::Whole(session) => return Ok(*session),
            };
            let error = match self.objects.complete_upload(&session.key, &at.upload, &complete_request).await {
                Ok(result) => return self.completed(session, result).await,
                Err(error) => error,
            };
            // Whatever S3 answered: if this session's object exists, the completion succeeded.
            if let Some(result) = self.own_object(session).await? {
                return self.completed(session, result).await;
            }
            next = match error {
                CompleteError::NoSuchUpload => return self.restarted(session, &at.upload).await,
                CompleteError::Exists => return Err(SessionProblem::KeyTaken),
                // The stored parts show which one is wrong. If none is, a part changed between the two calls.
                CompleteError::InvalidPart | CompleteError::PartTooSmall | CompleteError::ObjectMismatch(_)
                    if tries == 1 =>
                {
                    self.stored(session, at, listed, store).await?
                }
                CompleteError::ObjectMismatch(why) => return Err(SessionProblem::ObjectMismatch(why)),
                CompleteError::Unclear(error) if tries == MAX_ATTEMPTS => return Err(error.into()),
                CompleteError::InvalidPart | CompleteError::PartTooSmall | CompleteError::Conflict
                    if tries == MAX_ATTEMPTS =>
                {
                    return Err(SessionProblem::ObjectMismatch("S3 refuses the parts that it lists".to_owned()));
                }
                CompleteError::InvalidPart
                | CompleteError::PartTooSmall
                | CompleteError::Conflict
                | CompleteError::Unclear(_) => {
                    sleep(POLL_INTERVAL * 2_u32.pow(tries)).await;
                    Next::Ask(complete_request)
                }
            };
        }
    }

    /// The outcome after S3 said that it has no such upload, and this session's object does not exist.
    async fn restarted(&self, session: &Session, lost: &str) -> Result<Session, SessionProblem> {
        let recreated = self.recreate(session.clone(), lost).await?;
        match recreated.state {
            State::Completed(_) => Ok(recreated),
            State::Aborted(_) | State::Expired(_) => Err(SessionProblem::Closed),
            State::Opening | State::Open { .. } | State::Completing(_) => Err(SessionProblem::Recreated),
        }
    }

    /// The request to S3: from the caller's list if that is complete, otherwise from S3's own list.
    async fn build_complete_request(
        &self,
        session: &Session,
        at: &Completing,
        listed: Option<&[ListedPart]>,
        store: StoreLimits,
    ) -> Result<Next, SessionProblem> {
        checksums_fit(session, at, listed)?;
        if let (Some(listed), PartPlan::Sized { size, .. }) = (listed, session.plan) {
            session.plan.check_numbers(listed.iter().map(|(number, ..)| *number))?;
            let told = session.terms.part_checksum.is_none() || listed.iter().all(|(.., sum)| sum.is_some());
            if told {
                return Ok(Next::Ask(complete_request(session, at, listed.to_vec(), size)));
            }
        }
        self.stored(session, at, listed, store).await
    }

    /// The request from the parts that S3 lists, checked against the caller's list and the plan.
    async fn stored(
        &self,
        session: &Session,
        at: &Completing,
        listed: Option<&[ListedPart]>,
        store: StoreLimits,
    ) -> Result<Next, SessionProblem> {
        let Some(mut stored) = self.all_parts(&session.key, &at.upload).await? else {
            return self.restarted(session, &at.upload).await.map(|whole| Next::Whole(Box::new(whole)));
        };
        if let Some(listed) = listed {
            session.plan.check_numbers(listed.iter().map(|(number, ..)| *number))?;
            if let Some(problem) = PartsProblem::between(listed, &stored) {
                return Err(problem.into());
            }
        }
        // Stored parts that the caller does not list come from an earlier try and are left out.
        let leased = at.request.listed.as_deref().and_then(read_digest);
        stored.retain(|part| leased.is_none_or(|(count, _)| part.number.get() <= count));
        let size = session.plan.check_stored(&stored, store)?;
        // The client chooses the part size but declared the total: otherwise the validator would find a size mismatch.
        if let SizeGrant::Exactly(declared) = session.grant.size
            && size < declared
        {
            return Err(PartsProblem::Short { sum: size, size: declared }.into());
        }
        let of = |part: Part| (part.number, part.etag, part.checksum);
        let parts: Vec<ListedPart> = stored.into_iter().map(of).collect();
        if listed.is_none() && at.request.listed.as_ref().is_some_and(|leased| *leased != digest(&parts)) {
            return Err(PartsProblem::Replaced.into());
        }
        Ok(Next::Ask(complete_request(session, at, parts, size)))
    }
}

/// Checks that the session can have the checksums that the caller sends.
fn checksums_fit(session: &Session, at: &Completing, listed: Option<&[ListedPart]>) -> Result<(), SessionProblem> {
    let parts = session.terms.part_checksum;
    check_multipart_checksums(at.request.checksum.as_ref().map(Checksum::algorithm), parts)
        .map_err(|problem| SessionProblem::ChecksumTypeUnsupported { problem })?;
    for (number, _, sum) in listed.into_iter().flatten() {
        match (sum, parts) {
            (None, _) => {}
            (Some(_), None) => {
                let problem = "this session was begun without partChecksum: its parts have none";
                return Err(SessionProblem::ChecksumTypeUnsupported { problem });
            }
            (Some(sum), Some(algorithm)) => {
                Checksum::parse(algorithm.name(), sum).map_err(|_| PartsProblem::InvalidChecksum(*number))?;
            }
        }
    }
    Ok(())
}

/// The next step.
enum Next {
    /// Send this request.
    Ask(CompleteMultipartUpload),
    /// Nothing: the session is complete.
    Whole(Box<Session>),
}

fn complete_request(
    session: &Session,
    at: &Completing,
    parts: Vec<ListedPart>,
    size: ByteSize,
) -> CompleteMultipartUpload {
    let checksum = at.request.checksum.clone().or_else(|| session.grant.checksum.clone());
    CompleteMultipartUpload { parts, part_checksum: session.terms.part_checksum, size, checksum }
}

/// The number of listed parts and a hash over them, so that another holder completes the same parts.
fn digest(parts: &[ListedPart]) -> String {
    let mut text = String::with_capacity(parts.len() * 40);
    for (number, etag, _) in parts {
        text.push_str(&number.to_string());
        text.push(' ');
        text.push_str(etag.as_str());
        text.push('\n');
    }
    format!("{}:{}", parts.len(), hex_sha256(&[text.as_bytes()]))
}

/// The number of parts in a digest. Parts are numbered without gaps, so this is also the last part number.
pub(super) fn read_digest(digest: &str) -> Option<(u32, &str)> {
    let (count, hash) = digest.split_once(':')?;
    Some((count.parse().ok()?, hash))
}

/// A lease that starts now, rounded to the milliseconds that the table stores.
pub(super) fn lease(holder: &str, now: Timestamp) -> Lease {
    let until = now.checked_add(LEASE_DURATION).unwrap_or(now).as_millisecond();
    Lease { holder: holder.to_owned(), until: Timestamp::from_millisecond(until).unwrap_or(now) }
}
