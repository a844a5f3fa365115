//! Completing: one holder of the lease asks S3, and everybody gets the same answer.

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
use policy::{SizeGrant, fits};

/// A part as a caller lists it: with its checksum, where parts carry them and the caller knows it.
pub type ListedPart = (PartNumber, ETag, Option<String>);

/// What a caller asks to be completed.
#[derive(Debug, Clone, Default)]
pub struct RequestedParts {
    /// The parts, ascending; S3 is asked for them when there are none.
    pub parts: Option<Vec<ListedPart>>,
    /// A checksum of the whole, over the one that was granted, if one was.
    pub checksum: Option<Checksum>,
}

/// What came of it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion {
    /// The object is there.
    Done(Session),
    /// We hold the lease, and S3 needs longer than the caller can wait: hand it over.
    Slow(Session),
    /// Somebody else is still at it.
    Busy(Session),
}

/// How long a lease lasts unless it is renewed: longer than any one request, and short enough to be waited out.
pub(super) const LEASE_DURATION: SignedDuration = SignedDuration::from_secs(60);

/// How often somebody who waits for another's completion looks.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// How often S3 is asked when its answers are unclear.
const MAX_ATTEMPTS: u32 = 4;

impl<S: Sessions, M: MultipartUploads + Objects> Multipart<'_, S, M> {
    /// Completes the session of `key` as `holder`, a name that nobody else has, and waits until `deadline` ends.
    ///
    /// # Errors
    /// [`SessionProblem`]. Except after [`SessionProblem::Backend`] the session is as open as before.
    pub async fn complete(
        &self,
        key: &ObjectKey,
        wanted: &RequestedParts,
        holder: &str,
        store: StoreLimits,
        deadline: Instant,
    ) -> Result<Completion, SessionProblem> {
        let asked =
            CompletionRequest { listed: wanted.parts.as_deref().map(digest), checksum: wanted.checksum.clone() };
        loop {
            let now = (self.now)();
            let stands = match self.records.lease(key, &lease(holder, now), &asked, now).await? {
                SessionWrite::Written(session) => {
                    let leased = self.complete_leased((*session).clone(), wanted.parts.as_deref(), store, deadline);
                    let outcome = leased.await;
                    if let Err(SessionProblem::Backend(_)) = outcome {
                        // The caller asks again at once.
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
                        return Ok(Completion::Busy(stands));
                    }
                }
                State::Open { .. } | State::Completing(_) => {}
            }
        }
    }

    /// Goes on as the holder of the lease, and lets go of it unless it is done. After a fault it stays: where nobody
    /// waits for the answer, whoever takes over when it runs out tries again.
    pub(super) async fn complete_leased(
        &self,
        session: Session,
        listed: Option<&[ListedPart]>,
        store: StoreLimits,
        deadline: Instant,
    ) -> Result<Completion, SessionProblem> {
        let State::Completing(at) = session.state.clone() else { return Ok(Completion::Busy(session)) };
        let outcome = timeout_at(deadline, self.call_complete(&session, &at, listed, store)).await;
        let problem = match outcome {
            Err(_) => return Ok(Completion::Slow(session)),
            Ok(Ok(session)) => return Ok(Completion::Done(session)),
            Ok(Err(problem)) => problem,
        };
        match problem {
            // These have moved the session on themselves, and after a fault the lease stays.
            SessionProblem::Restarted
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

    /// Lets go, so that the caller can mend what was wrong and ask again at once. If that fails the lease runs out.
    async fn release(&self, session: &Session, holder: &str) {
        let event = Event::Released { holder: holder.to_owned() };
        if let Err(error) = self.change(session, event).await {
            tracing::warn!(upload = %session.key.id(), %error, "a lease was not released");
        }
    }

    /// Asks S3 until it is clear what came of it.
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
            // Whatever S3 says: if our object is there, that is the answer.
            if let Some(result) = self.own_object(session).await? {
                return self.completed(session, result).await;
            }
            next = match error {
                CompleteError::NoSuchUpload => return self.restarted(session, &at.upload).await,
                CompleteError::Exists => return Err(SessionProblem::KeyTaken),
                // What S3 really has tells which part is wrong; where none is, it was between two of them.
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

    /// After S3 said that it knows no such upload, and no object of ours is there.
    async fn restarted(&self, session: &Session, lost: &str) -> Result<Session, SessionProblem> {
        let recreated = self.recreate(session.clone(), lost).await?;
        match recreated.state {
            State::Completed(_) => Ok(recreated),
            State::Aborted(_) | State::Expired(_) => Err(SessionProblem::Closed),
            State::Opening | State::Open { .. } | State::Completing(_) => Err(SessionProblem::Restarted),
        }
    }

    /// What S3 is to put together: from the caller's list where that tells everything, else from S3's own.
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

    /// The same from what S3 has, held against the caller's list and the plan.
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
        // Parts beyond the caller's list, of an earlier try with other parts, are no part of the object.
        let asked = at.asked.listed.as_deref().and_then(read_digest);
        stored.retain(|part| asked.is_none_or(|(count, _)| part.number.get() <= count));
        let size = session.plan.check_stored(&stored, store)?;
        // The client cuts as it likes, and told the size all the same: the validator would find the rest missing.
        if let SizeGrant::Exactly(declared) = session.grant.size
            && size < declared
        {
            return Err(PartsProblem::Short { sum: size, size: declared }.into());
        }
        let of = |part: Part| (part.number, part.etag, part.checksum);
        let parts: Vec<ListedPart> = stored.into_iter().map(of).collect();
        if listed.is_none() && at.asked.listed.as_ref().is_some_and(|asked| *asked != digest(&parts)) {
            return Err(PartsProblem::Replaced.into());
        }
        Ok(Next::Ask(complete_request(session, at, parts, size)))
    }
}

/// Whether the checksums that the caller names are ones that this session can have.
fn checksums_fit(session: &Session, at: &Completing, listed: Option<&[ListedPart]>) -> Result<(), SessionProblem> {
    let parts = session.terms.part_checksum;
    fits(at.asked.checksum.as_ref().map(Checksum::algorithm), parts)
        .map_err(|problem| SessionProblem::ChecksumTypeUnsupported { problem })?;
    for (number, _, sum) in listed.into_iter().flatten() {
        match (sum, parts) {
            (None, _) => {}
            (Some(_), None) => {
                let problem = "this session was begun without partChecksum: its parts have none";
                return Err(SessionProblem::ChecksumTypeUnsupported { problem });
            }
            (Some(sum), Some(algorithm)) => {
                Checksum::parse(algorithm.name(), sum).map_err(|_| PartsProblem::NoChecksum(*number))?;
            }
        }
    }
    Ok(())
}

/// What to do next.
enum Next {
    /// Ask S3 for this.
    Ask(CompleteMultipartUpload),
    /// Nothing: it was complete all along.
    Whole(Box<Session>),
}

fn complete_request(
    session: &Session,
    at: &Completing,
    parts: Vec<ListedPart>,
    size: ByteSize,
) -> CompleteMultipartUpload {
    let checksum = at.asked.checksum.clone().or_else(|| session.grant.checksum.clone());
    CompleteMultipartUpload { parts, part_checksum: session.terms.part_checksum, size, checksum }
}

/// How many parts a caller listed, and a hash over them, so that whoever takes over completes the same.
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

/// The number of parts in a digest. They are numbered without gaps, so it is also the last one's.
pub(super) fn read_digest(digest: &str) -> Option<(u32, &str)> {
    let (count, hash) = digest.split_once(':')?;
    Some((count.parse().ok()?, hash))
}

/// A lease from now on, to the millisecond that the table keeps.
pub(super) fn lease(holder: &str, now: Timestamp) -> Lease {
    let until = now.checked_add(LEASE_DURATION).unwrap_or(now).as_millisecond();
    Lease { holder: holder.to_owned(), until: Timestamp::from_millisecond(until).unwrap_or(now) }
}
