//! One walk through the bucket, which may take several runs.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::records::census::Bookmark;

/// After which key and upload or version a listing goes on.
pub(crate) type After = (String, String);

/// A piece of the walk. Short names, because a bookmark may hold thousands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Uploads in parts that are under way.
    #[serde(rename = "u")]
    Uploads(Option<After>),
    /// Objects of one day below one of the 256 prefixes.
    #[serde(rename = "o")]
    Objects(String, Option<After>),
}

impl Work {
    /// The same piece, from there on.
    pub(crate) fn from(self, after: After) -> Self {
        match self {
            Self::Uploads(_) => Self::Uploads(Some(after)),
            Self::Objects(prefix, _) => Self::Objects(prefix, Some(after)),
        }
    }
}

/// How far the walk came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pass {
    /// When the last whole walk began; this one's own beginning once it is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
    /// When this one began.
    pub(crate) began: Timestamp,
    /// Whether everything could be done so far.
    pub(crate) sound: bool,
    /// What is left of it.
    pub(crate) left: Vec<Work>,
}

impl Pass {
    /// A whole walk: everything under way, and all objects of the last `days` days.
    pub(crate) fn new(since: Option<Timestamp>, now: Timestamp, days: u16) -> Self {
        let mut left = vec![Work::Uploads(None)];
        for back in 0..days {
            let back = SignedDuration::from_hours(24 * i64::from(back));
            let Ok(day) = now.checked_sub(back) else { continue };
            let day = day.to_zoned(TimeZone::UTC).date();
            left.extend((0..=u8::MAX).map(|prefix| Work::Objects(format!("1/{prefix:02x}/{day}/"), None)));
        }
        Self { since, began: now, sound: true, left }
    }

    /// Reads a bookmark; `None` for one that another version wrote.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The bookmark to keep after `last`.
    pub(crate) fn bookmark(&self, last: &Bookmark) -> Bookmark {
        // Strings and numbers always serialise.
        let text = serde_json::to_string(self).unwrap_or_default();
        Bookmark { edition: last.edition.saturating_add(1), text }
    }
}
