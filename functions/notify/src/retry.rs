//! When a failed delivery is tried again.
//!
//! A message stays in its queue, hidden until the next attempt. SQS hides a message for at most 12 hours at a time
//! (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html>, read
//! 2026-11), counted from the last receive, so longer waits are several attempts.

use std::time::Duration;

use policy::hash::sha256;

/// The longest wait. SQS counts its 12 hours from the receive, and an attempt takes time too.
pub(crate) const MAX_WAIT: Duration = Duration::from_mins(12 * 60 - 1);

/// The waits after the failed attempts. The last one repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    waits: Vec<Duration>,
    attempts: u16,
}

/// Why waits are invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be durations of at most 12h with spaces between them, such as \"5s 30s 2m\"")]
pub struct InvalidWaits;

impl Waits {
    /// The default. With [`Config`](crate::Config)'s 15 attempts the last one is three and a half days after the first.
    pub const USUAL: &'static str = "5s 30s 2m 10m 30m 2h 6h 12h";

    /// Reads durations with spaces between them. `attempts` is the number of deliveries after which SQS moves a message
    /// to the dead-letter queue.
    ///
    /// # Errors
    /// [`InvalidWaits`].
    pub fn parse(text: &str, attempts: u16) -> Result<Self, InvalidWaits> {
        let wait = |word: &str| match humantime::parse_duration(word) {
            Ok(wait) if wait <= Duration::from_hours(12) => Ok(wait.min(MAX_WAIT)),
            _ => Err(InvalidWaits),
        };
        let waits = text.split_whitespace().map(wait).collect::<Result<Vec<_>, _>>()?;
        if waits.is_empty() { Err(InvalidWaits) } else { Ok(Self { waits, attempts }) }
    }

    /// How long to wait after attempt number `attempt`, counted from 1. `retry_after` is what the endpoint asked for.
    ///
    /// After the last attempt nothing waits: at its next receive SQS moves the message to the dead-letter queue.
    /// Otherwise up to a tenth is taken off, by `id`, so that the messages of an endpoint that was down do not come back
    /// at once.
    #[must_use]
    pub fn after(&self, attempt: u16, retry_after: Option<Duration>, id: &str) -> Duration {
        if attempt >= self.attempts {
            return Duration::ZERO;
        }
        let index = usize::from(attempt.saturating_sub(1)).min(self.waits.len() - 1);
        let [random, ..] = sha256(&[id.as_bytes(), &attempt.to_be_bytes()]);
        let wait = self.waits[index];
        let spread = wait * (2550 - u32::from(random)) / 2550;
        spread.max(retry_after.unwrap_or_default()).min(MAX_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> Waits {
        Waits::parse(Waits::USUAL, 15).unwrap()
    }

    #[test]
    fn the_usual_attempts_go_on_for_more_than_three_days() {
        for id in ["evt_1", "evt_2", "evt_3"] {
            let total: Duration = (1..15).map(|attempt| usual().after(attempt, None, id)).sum();
            assert!(Duration::from_hours(72) < total && total < Duration::from_hours(96), "{total:?}");
        }
    }

    #[test]
    fn each_wait_is_within_a_tenth_of_the_list_and_below_the_limit_of_sqs() {
        let waits = Waits::parse("10s 12h", 1000).unwrap();
        for attempt in 1..1000 {
            let wait = waits.after(attempt, None, "evt_1");
            let listed = if attempt == 1 { Duration::from_secs(10) } else { MAX_WAIT };
            assert!(listed * 9 / 10 <= wait && wait <= listed, "{attempt}: {wait:?}");
        }
        assert_eq!(waits.after(1000, None, "evt_1"), Duration::ZERO);
    }

    #[test]
    fn an_endpoint_may_ask_for_a_longer_wait() {
        let after = |seconds| usual().after(1, Some(Duration::from_secs(seconds)), "evt_1");
        assert!(after(1) <= Duration::from_secs(5));
        assert_eq!(after(120), Duration::from_mins(2));
        assert_eq!(after(u64::MAX), MAX_WAIT);
    }

    #[test]
    fn invalid_waits_are_refused() {
        for invalid in ["", "  ", "5", "soon", "5s,30s", "12h 43201s", "-5s"] {
            assert_eq!(Waits::parse(invalid, 15), Err(InvalidWaits), "{invalid}");
        }
        assert!(Waits::parse("0s 43200s", 15).is_ok());
    }
}
