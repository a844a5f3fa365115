//! Bodies as callers see them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::http::{Facts, Problem, WantedChecksum, WantedSize};
use shared::key::{OwnerId, UploadId};
use shared::policy::{AllowedMetadata, Class, Policy, Requirement, Rule, Transport, Wish};
use shared::signing::ticket as signing;

/// The body of `POST /uploads`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object")]
pub(crate) struct Wanted {
    filename: String,
    content_type: String,
    size: Option<WantedSize>,
    class: Option<String>,
    checksum: Option<WantedChecksum>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    method: Method,
}

#[derive(Deserialize, Default, Clone, Copy)]
enum Method {
    #[default]
    #[serde(rename = "PUT")]
    Put,
    #[serde(rename = "POST")]
    Post,
}

impl Wanted {
    pub(crate) fn into_wish(self, owner: OwnerId) -> Result<(Wish, Transport), Problem> {
        let Self { filename, content_type, size, class, checksum, metadata, method } = self;
        let wish = Facts { filename, content_type, size, class, checksum, metadata }.into_wish(owner)?;
        let transport = match method {
            Method::Put => Transport::Put,
            Method::Post => Transport::Post,
        };
        Ok((wish, transport))
    }
}

/// The answer to `POST /uploads`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ticket {
    id: String,
    method: &'static str,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<&'static str, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<serde_json::Map<String, serde_json::Value>>,
    expires_at: Timestamp,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    multipart_recommended: bool,
}

impl Ticket {
    pub(crate) fn new(id: UploadId, signed: signing::Ticket, multipart_recommended: bool) -> Self {
        let (method, url, headers, fields, expires_at) = match signed {
            signing::Ticket::Put { url, headers, expires_at, .. } => ("PUT", url, Some(headers), None, expires_at),
            signing::Ticket::Post { form, expires_at } => ("POST", form.url, None, Some(form.fields), expires_at),
        };
        Self {
            id: id.to_string(),
            method,
            url,
            headers: headers.map(|headers| headers.into_iter().collect()),
            fields: fields.map(|fields| fields.into_iter().map(|(name, value)| (name, value.into())).collect()),
            expires_at,
            multipart_recommended,
        }
    }
}

/// The answer to `GET /policy`: what a client needs to refuse a file before asking.
#[derive(Serialize)]
pub(crate) struct Limits {
    classes: BTreeMap<String, ClassLimits>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClassLimits {
    allow: Vec<RuleLimits>,
    single_request_max: u64,
    multipart_from: u64,
    url_life_seconds: u64,
    checksum_required: bool,
    metadata: Vec<String>,
}

#[derive(Serialize)]
struct RuleLimits {
    types: Vec<String>,
    extensions: Vec<String>,
    min: u64,
    max: u64,
}

impl Limits {
    /// Those of one class; `None` where there is none of that name.
    pub(crate) fn of(policy: &Policy, class: &str) -> Option<Self> {
        let limits = ClassLimits::from(policy.classes.get(class)?);
        Some(Self { classes: BTreeMap::from([(class.to_owned(), limits)]) })
    }
}

impl From<&Policy> for Limits {
    fn from(policy: &Policy) -> Self {
        let classes = &policy.classes;
        Self { classes: classes.iter().map(|(name, class)| (name.clone(), class.into())).collect() }
    }
}

impl From<&Class> for ClassLimits {
    fn from(class: &Class) -> Self {
        Self {
            allow: class.rules.iter().map(RuleLimits::from).collect(),
            single_request_max: class.single_request_max.bytes(),
            multipart_from: class.multipart_from.bytes(),
            url_life_seconds: class.url_life.as_secs(),
            checksum_required: class.checksum == Requirement::Required,
            metadata: match &class.metadata {
                AllowedMetadata::Any => vec!["*".to_owned()],
                AllowedMetadata::Names(names) => names.clone(),
            },
        }
    }
}

impl From<&Rule> for RuleLimits {
    fn from(rule: &Rule) -> Self {
        Self {
            types: rule.types.iter().map(ToString::to_string).collect(),
            extensions: rule.extensions.clone(),
            min: rule.min.bytes(),
            max: rule.max.bytes(),
        }
    }
}
