//! Request and response bodies.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambda_http_kit::http::{ChecksumBody, CreateFields, Problem, SizeBody};
use lambda_http_kit::presigned_upload::PresignedUpload;
use policy::key::{OwnerId, UploadId};
use policy::{Class, DeclaredType, Policy, Requirement, Rule, Transport, UploadRequest};
use serde::{Deserialize, Serialize};

/// The body of `POST /uploads`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, expecting = "an object")]
pub(crate) struct CreateBody {
    filename: String,
    content_type: Option<String>,
    size: Option<SizeBody>,
    class: Option<String>,
    checksum: Option<ChecksumBody>,
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

impl CreateBody {
    pub(crate) fn into_upload_request(self, owner: OwnerId) -> Result<(UploadRequest, Transport), Problem> {
        let Self { filename, content_type, size, class, checksum, metadata, method } = self;
        let upload =
            CreateFields { filename, content_type, size, class, checksum, metadata }.into_upload_request(owner)?;
        let transport = match method {
            Method::Put => Transport::Put,
            Method::Post => Transport::Post,
        };
        Ok((upload, transport))
    }
}

/// The response to `POST /uploads`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateResponse {
    id: String,
    method: &'static str,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<&'static str, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<serde_json::Map<String, serde_json::Value>>,
    expires_at: Timestamp,
    /// The granted type, with which the file must be sent.
    content_type: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    multipart_recommended: bool,
}

impl CreateResponse {
    pub(crate) fn new(
        id: UploadId,
        signed: PresignedUpload,
        content_type: &impl ToString,
        multipart_recommended: bool,
    ) -> Self {
        let (method, url, headers, fields, expires_at) = match signed {
            PresignedUpload::Put { url, headers, expires_at, .. } => ("PUT", url, Some(headers), None, expires_at),
            PresignedUpload::Post { form, expires_at } => ("POST", form.url, None, Some(form.fields), expires_at),
        };
        Self {
            id: id.to_string(),
            method,
            url,
            headers: headers.map(|headers| headers.into_iter().collect()),
            fields: fields.map(|fields| fields.into_iter().map(|(name, value)| (name, value.into())).collect()),
            expires_at,
            content_type: content_type.to_string(),
            multipart_recommended,
        }
    }
}

/// The response to `GET /policy`. A client can check a file against it before it requests a grant.
#[derive(Serialize)]
pub(crate) struct PolicyResponse {
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
    /// How the declared type is taken: `hint` or `exact`.
    declared: &'static str,
}

#[derive(Serialize)]
struct RuleLimits {
    types: Vec<String>,
    extensions: Vec<String>,
    min: u64,
    max: u64,
}

impl PolicyResponse {
    /// The limits of one class; `None` if the policy has no such class.
    pub(crate) fn of_class(policy: &Policy, class: &str) -> Option<Self> {
        let limits = ClassLimits::from(policy.classes.get(class)?);
        Some(Self { classes: BTreeMap::from([(class.to_owned(), limits)]) })
    }
}

impl From<&Policy> for PolicyResponse {
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
            metadata: class.metadata.names(),
            declared: match class.declared {
                DeclaredType::Hint => "hint",
                DeclaredType::Exact => "exact",
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
