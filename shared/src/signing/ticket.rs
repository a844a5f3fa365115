//! A grant for one request, signed: what its holder sends, and where.

use jiff::Timestamp;

use super::post::{Form, FormRequest};
use super::{Place, Request, Signer, expiry};
use crate::grant::METADATA_HEADER;
use crate::key::{ObjectKey, UploadId};
use crate::policy::{Grant, Reviewed, SizeGrant, Transport};

/// A grant that is about to be signed.
#[derive(Debug, Clone)]
pub struct Unsigned<'a> {
    /// The upload that it is for.
    pub id: UploadId,
    /// What was granted.
    pub reviewed: &'a Reviewed,
    /// The same as it travels with the object.
    pub carried: String,
    /// How the bytes will travel.
    pub transport: Transport,
    /// The bucket's name.
    pub bucket: &'a str,
    /// The bucket's address.
    pub place: &'a Place,
}

/// What the holder sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ticket {
    /// One PUT with exactly these headers.
    Put {
        /// The object's key.
        key: String,
        /// Where to.
        url: String,
        /// Lower-case names.
        headers: Vec<(&'static str, String)>,
        /// Until when it may begin.
        expires_at: Timestamp,
    },
    /// One form.
    Post {
        /// The form.
        form: Form,
        /// Until when it may begin.
        expires_at: Timestamp,
    },
}

impl Signer {
    /// Signs a grant; `now` is the signer's own moment.
    #[must_use]
    pub fn ticket(&self, unsigned: Unsigned<'_>, now: Timestamp) -> Ticket {
        let Unsigned { id, reviewed, carried, transport, bucket, place } = unsigned;
        let grant = &reviewed.grant;
        let key = ObjectKey::new(grant.owner.clone(), id).to_string();
        let mut fixed = vec![("content-type", grant.content_type.to_string())];
        if let Some(checksum) = &grant.checksum {
            fixed.push((checksum.algorithm().header(), checksum.value().to_owned()));
        }
        fixed.push((METADATA_HEADER, carried));
        let expires_at = expiry(now, reviewed.url_life);
        match transport {
            Transport::Put => {
                let headers = put_headers(grant, fixed);
                let request = Request { method: "PUT", place, key: &key, headers: &headers, query: &[] };
                let url = self.presign(&request, reviewed.url_life);
                Ticket::Put { key, url, headers, expires_at }
            }
            Transport::Post => {
                fixed.push(("success_action_status", "201".to_owned()));
                let (min, max) = match grant.size {
                    SizeGrant::Exactly(size) => (size, size),
                    SizeGrant::Between { min, max } => (min, max),
                };
                let request = FormRequest { bucket, place, key: &key, fields: &fixed, min, max };
                Ticket::Post { form: self.form(&request, now, reviewed.url_life), expires_at }
            }
        }
    }
}

/// What the store will insist on: the exact length, and that nothing lies there yet.
fn put_headers(grant: &Grant, fixed: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    let mut headers = fixed;
    if let SizeGrant::Exactly(size) = grant.size {
        headers.push(("content-length", size.bytes().to_string()));
    }
    headers.push(("if-none-match", "*".to_owned()));
    headers
}
