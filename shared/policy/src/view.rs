//! The JSON form of an upload in responses and in events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::announcement::Announcement;
use crate::grant::{Grant, SizeGrant};
use crate::key::ObjectKey;
use crate::observed::ObservedObject;
use crate::session::Session;
use crate::size::ByteSize;
use crate::upload::{Note, Record, ValidatedUpload};
use crate::words;

/// An upload in the responses to `GET /uploads/{id}` and `GET /uploads`, and in the detail of an event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    declared: Option<SizeAndType>,
    /// The type that was granted, if it is not the declared one.
    #[serde(skip_serializing_if = "Option::is_none")]
    granted_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed: Option<SizeAndType>,
    reasons: Vec<NoteBody>,
    findings: Vec<NoteBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    bucket: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    judged_at: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SizeAndType {
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
}

#[derive(Debug, Serialize)]
struct NoteBody {
    code: String,
    /// The sentence for the person who chose the file.
    detail: String,
    /// What was found, and where.
    #[serde(skip_serializing_if = "String::is_empty")]
    evidence: String,
}

impl NoteBody {
    fn new(note: &Note, granted: &str, found: &str) -> Self {
        let Note { code, detail: evidence } = note.clone();
        match words::reason(&code, granted, found) {
            Some(detail) => Self { code, detail, evidence },
            None => Self { code, detail: evidence, evidence: String::new() },
        }
    }
}

/// The reasons or findings of a verdict, with sentences for people.
fn notes(notes: &[Note], validated: &ValidatedUpload) -> Vec<NoteBody> {
    let granted = validated.granted.as_ref().map_or("application/octet-stream", |granted| &granted.content_type);
    let granted = granted.split(';').next().unwrap_or_default().trim_end();
    notes.iter().map(|note| NoteBody::new(note, granted, &validated.content_type)).collect()
}

impl Upload {
    /// With a verdict: the status `accepted` or `rejected`.
    #[must_use]
    pub fn validated(validated: &ValidatedUpload) -> Self {
        let granted = validated.granted.as_ref();
        Self {
            id: validated.key.id().to_string(),
            status: validated.outcome.as_str(),
            class: granted.map(|granted| granted.class.clone()),
            filename: granted.map(|granted| granted.filename.clone()),
            declared: granted.map(|granted| SizeAndType {
                size: granted.size.map(ByteSize::bytes),
                content_type: granted.declared_type.clone(),
            }),
            granted_type: granted
                .filter(|granted| granted.declared_type.as_ref() != Some(&granted.content_type))
                .map(|granted| granted.content_type.clone()),
            observed: Some(SizeAndType {
                size: Some(validated.size.bytes()),
                content_type: Some(validated.content_type.clone()),
            }),
            reasons: notes(&validated.reasons, validated),
            findings: notes(&validated.findings, validated),
            checksum: validated.checksum.clone(),
            metadata: granted.map(|granted| granted.metadata.clone()).unwrap_or_default(),
            bucket: validated.bucket.clone(),
            key: validated.key.to_string(),
            version_id: Some(validated.version.clone()),
            created_at: validated.key.id().created_at(),
            judged_at: Some(validated.judged_at),
        }
    }

    /// With an object but without a verdict.
    #[must_use]
    pub fn validating(key: &ObjectKey, bucket: &str, observed: &ObservedObject) -> Self {
        Self::without_verdict("validating", key, bucket, observed.grant.as_ref().ok())
    }

    /// A multipart upload before its completion.
    #[must_use]
    pub fn uploading(session: &Session, bucket: &str) -> Self {
        Self::without_verdict("uploading", &session.key, bucket, Some(&session.grant))
    }

    fn without_verdict(status: &'static str, key: &ObjectKey, bucket: &str, grant: Option<&Grant>) -> Self {
        Self {
            id: key.id().to_string(),
            status,
            class: grant.map(|grant| grant.class.clone()),
            filename: grant.map(|grant| grant.filename.as_str().to_owned()),
            declared: grant.map(|grant| SizeAndType {
                size: match grant.size {
                    SizeGrant::Exactly(size) => Some(size.bytes()),
                    SizeGrant::Between { .. } => None,
                },
                content_type: grant.declared_type.as_ref().map(ToString::to_string),
            }),
            granted_type: grant
                .filter(|grant| grant.declared_type.as_ref() != Some(&grant.content_type))
                .map(|grant| grant.content_type.to_string()),
            observed: None,
            reasons: Vec::new(),
            findings: Vec::new(),
            checksum: None,
            metadata: grant.map(|grant| grant.metadata.clone()).unwrap_or_default(),
            bucket: bucket.to_owned(),
            key: key.to_string(),
            version_id: None,
            created_at: key.id().created_at(),
            judged_at: None,
        }
    }
}

/// The detail of an event on the bus, and the data of a webhook. `eventId` is equal in repeated events about the same change.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDetail {
    event_id: String,
    #[serde(flatten)]
    upload: EventUpload,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum EventUpload {
    Validated(Box<Upload>),
    #[serde(rename_all = "camelCase")]
    Deleted {
        id: String,
        status: &'static str,
        bucket: String,
        key: String,
        deleted_at: Timestamp,
    },
}

impl EventDetail {
    /// The detail for an announcement about an object in `bucket`.
    #[must_use]
    pub fn new(announcement: &Announcement, bucket: &str) -> Self {
        let upload = match &announcement.record {
            Record::Validated(validated) => EventUpload::Validated(Box::new(Upload::validated(validated))),
            Record::Pending(_) | Record::Deleting(_) | Record::Deleted(_) => EventUpload::Deleted {
                id: announcement.record.key().id().to_string(),
                status: announcement.kind.as_str(),
                bucket: bucket.to_owned(),
                key: announcement.record.key().to_string(),
                deleted_at: announcement.at(),
            },
        };
        Self { event_id: announcement.event_id(), upload }
    }
}
