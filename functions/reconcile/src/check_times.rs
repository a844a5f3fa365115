//! When an object without a verdict is checked, and which walk does it.
//!
//! The check times of an object are `grace` after S3 stored it, four times as long after it, sixteen times, and so on. A
//! slow validator must not get its backlog in every run. The walk whose window has a check time reads the object's record.
//!
//! Listings cost money, also when nothing was uploaded: see decision 0027. A day that has ended is therefore listed only
//! every four hours, and only if one of its objects may have a check time in the window. A day has ended when its last
//! upload has had its first check.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lambda_http_kit::config::{MAX_UPLOAD_DURATION, ReconcileConfig};

/// How many times later each check is than the one before.
const CHECK_TIME_FACTOR: i32 = 4;

/// How often a day that has ended is listed.
const ENDED_DAY_INTERVAL: SignedDuration = SignedDuration::from_hours(4);

/// The longest usual time between two runs. The run after an upload's first check time still lists its day.
const RUN_INTERVAL: Duration = Duration::from_hours(1);

/// The time between two walks. A check time belongs to the walk whose window has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CheckWindow {
    /// Excluded. `None` if there was no walk before.
    after: Option<Timestamp>,
    /// Included.
    until: Timestamp,
}

impl CheckWindow {
    /// The window for the objects of `day` in a walk that started at `now`. It is empty for a day that has ended if the
    /// last walk was in the same interval.
    pub(crate) fn of(day: Date, last_walk: Option<Timestamp>, now: Timestamp, config: &ReconcileConfig) -> Self {
        if later(last_upload(day, config), config.grace.saturating_add(RUN_INTERVAL)) >= now {
            return Self { after: last_walk, until: now };
        }
        Self { after: last_walk.map(interval_start), until: interval_start(now) }
    }

    /// Whether an object that was stored at `stored_at` has a check time in this window.
    pub(crate) fn has_check(self, stored_at: Timestamp, grace: Duration) -> bool {
        self.has_any_check(stored_at, stored_at, grace)
    }

    /// Whether any object with a key of `day` may have a check time in this window.
    pub(crate) fn may_have_checks(self, day: Date, config: &ReconcileConfig) -> bool {
        self.has_any_check(midnight_before(day), last_upload(day, config), config.grace)
    }

    /// Whether an object that was stored from `first` to `last` may have a check time in this window.
    fn has_any_check(self, first: Timestamp, last: Timestamp, grace: Duration) -> bool {
        if self.after.is_some_and(|after| after >= self.until) {
            return false;
        }
        let grace = SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX).max(SignedDuration::from_secs(1));
        let (youngest, oldest) = (self.after.map(|after| after.duration_since(last)), self.until.duration_since(first));
        std::iter::successors(Some(grace), |check| check.checked_mul(CHECK_TIME_FACTOR))
            .take_while(|check| *check <= oldest)
            .any(|check| youngest.is_none_or(|youngest| youngest < check))
    }
}

fn midnight_before(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MIN, |midnight| midnight.timestamp())
}

/// The latest time at which S3 stores an object with a key of `day`: its URL was signed at the end of the day.
fn last_upload(day: Date, config: &ReconcileConfig) -> Timestamp {
    let after_signing = config.storage.policy.longest_url_life().saturating_add(MAX_UPLOAD_DURATION);
    later(later(midnight_before(day), Duration::from_hours(24)), after_signing)
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The start of the interval of four hours that has `time`.
fn interval_start(time: Timestamp) -> Timestamp {
    let seconds = ENDED_DAY_INTERVAL.as_secs();
    Timestamp::from_second(time.as_second().div_euclid(seconds) * seconds).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{config, now};

    const GRACE: Duration = Duration::from_mins(15);

    fn mins(n: i64) -> Timestamp {
        now().checked_add(SignedDuration::from_mins(n)).unwrap()
    }

    fn day_of(time: Timestamp) -> Date {
        time.to_zoned(TimeZone::UTC).date()
    }

    #[test]
    fn each_check_is_due_in_exactly_one_walk() {
        for (check, next) in [(15, 60), (60, 240), (240, 960), (960, 3840)] {
            let due =
                |last_walk, at| CheckWindow { after: Some(mins(last_walk)), until: mins(at) }.has_check(now(), GRACE);
            assert!(!due(check - 2, check - 1) && due(check - 1, check) && due(check - 1, check + 1), "{check}");
            assert!(!due(check, check + 1) && !due(check, next - 1) && due(check, next), "{check}");
        }
        let due = |last_walk, at| CheckWindow { after: last_walk, until: mins(at) }.has_check(now(), GRACE);
        assert!(due(None, 15) && !due(None, 14));
        assert!(due(Some(mins(-5)), 15), "stored since the last walk");
        assert!(!due(Some(mins(-5)), -1), "clocks differ");
    }

    /// Walks every 15 minutes for 12 days. Every object of a day is found at every one of its check times, at most four
    /// hours and a run late, by a walk that lists its day.
    #[test]
    fn no_walk_skips_a_check() {
        let config = config::<ReconcileConfig>(&[]);
        let day = day_of(now());
        let last = last_upload(day, &config).duration_since(now()).as_secs() / 60;
        for stored_after in [0, 1, 14, 90, 11 * 60 + 59, 12 * 60, last - 1, last] {
            let stored_at = mins(stored_after);
            let mut found_at = Vec::new();
            for run in 0..12 * 96 {
                let (last, at) = (mins(15 * run - 15), mins(15 * run));
                let window = CheckWindow::of(day, (run > 0).then_some(last), at, &config);
                if window.may_have_checks(day, &config) && window.has_check(stored_at, GRACE) {
                    found_at.push(at);
                }
            }
            for check in [15, 60, 240, 960, 3840, 15360] {
                let due = mins(stored_after + check);
                let late = found_at.iter().map(|at| at.duration_since(due)).filter(|late| !late.is_negative()).min();
                let limit = SignedDuration::from_mins(if check > 15 { 4 * 60 + 15 } else { 15 });
                assert!(late.is_some_and(|late| late <= limit), "stored {stored_after}, check {check}: {late:?}");
            }
            assert!(found_at.len() <= 7, "a check is repeated at most once: {found_at:?}");
        }
    }

    #[test]
    fn an_ended_day_is_listed_in_few_walks() {
        let config = config::<ReconcileConfig>(&[("RECONCILE_DAYS", "30")]);
        let month = 30 * 96;
        let listed: usize = (0..month)
            .map(|run| {
                let (last, at) = (mins(15 * run - 15), mins(15 * run));
                let days = (0..30).map(|ago| day_of(at.checked_sub(SignedDuration::from_hours(24 * ago)).unwrap()));
                days.filter(|day| CheckWindow::of(*day, Some(last), at, &config).may_have_checks(*day, &config)).count()
            })
            .sum();
        assert!(listed < usize::try_from(month).unwrap() * 15 / 10, "{listed} days in {month} walks");
    }
}
