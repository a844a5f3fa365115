//! The JSON form of a policy. `docs/policy.schema.json` is generated from these types and their comments.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::field::Field;

/// An upload policy.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    /// The version of this format: 1.
    #[serde(default)]
    pub(super) version: Field<u64>,
    /// Classes by name. The class "default" applies to a request that names none.
    #[serde(default)]
    pub(super) classes: Field<BTreeMap<String, Field<ClassDocument>>>,
    /// Limits of a store other than Amazon S3.
    #[serde(default)]
    pub(super) store: Field<StoreDocument>,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    pub(super) unknown: BTreeMap<String, Value>,
}

/// Limits of the object store.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct StoreDocument {
    /// The largest object, such as "48 TiB".
    #[serde(default)]
    pub(super) object_max: Field<String>,
    /// The largest body of one request, such as "5 GiB".
    #[serde(default)]
    pub(super) single_request_max: Field<String>,
    /// The smallest part, except for the last one, such as "5 MiB".
    #[serde(default)]
    pub(super) part_min: Field<String>,
    /// The largest part, such as "5 GiB".
    #[serde(default)]
    pub(super) part_max: Field<String>,
    /// The largest number of parts, such as 10000.
    #[serde(default)]
    pub(super) parts: Field<u32>,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    pub(super) unknown: BTreeMap<String, Value>,
}

/// The rules and limits of one class of uploads.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct ClassDocument {
    /// Allow rules. The first rule that matches the type applies.
    #[serde(default)]
    pub(super) allow: Field<Vec<Field<RuleDocument>>>,
    /// The largest body of one request, such as "5 GB" (the default).
    #[serde(default)]
    pub(super) single_request_max: Field<String>,
    /// From this size on, the response recommends a multipart upload; by default "100 MB".
    #[serde(default)]
    pub(super) multipart_from: Field<String>,
    /// The smallest part of a multipart upload, such as "8 MiB" (the default).
    #[serde(default)]
    pub(super) part_size: Field<String>,
    /// How long a multipart session lives after its last use, such as "7d" (the default). At most 29 days, because the
    /// bucket's lifecycle rule aborts multipart uploads after 30.
    #[serde(default)]
    pub(super) session_life: Field<String>,
    /// How many sessions without a declared size one owner may have open; by default 100, at most 320000.
    #[serde(default)]
    pub(super) unsized_sessions: Field<u32>,
    /// How long a presigned URL lives, such as "15m" (the default); at most seven days.
    #[serde(default)]
    pub(super) url_life: Field<String>,
    /// Whether a request must declare a checksum: "optional" (the default) or "required".
    #[serde(default)]
    pub(super) checksum: Field<String>,
    /// Whether an upload needs a malware scan that found nothing: "off" (the default) or "required".
    #[serde(default)]
    pub(super) scan: Field<String>,
    /// What happens to a rejected version: "delete" (the default) or "keep".
    #[serde(default)]
    pub(super) on_rejection: Field<String>,
    /// Metadata names that a request may set; "*" allows any name. By default none.
    #[serde(default)]
    pub(super) metadata: Field<Vec<String>>,
    /// Types that a browser may display instead of downloading them. By default none.
    #[serde(default)]
    pub(super) inline: Field<Vec<String>>,
    /// How the declared type is taken: "hint" (the default: the extension may resolve it, and harmless content of another
    /// allowed type is accepted with a finding) or "exact" (the default with the base "strict").
    #[serde(default)]
    pub(super) declared: Field<String>,
    /// Content rules by name, each "allow", "flag" or "reject"; "base" is "standard" (the default) or "strict".
    #[serde(default)]
    pub(super) content: Field<BTreeMap<String, String>>,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    pub(super) unknown: BTreeMap<String, Value>,
}

/// An allow rule: media types, extensions, size limits.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleDocument {
    /// Types such as "image/png", "image/*", "*/*", or the families "picture", "office", "text", "data", "audio",
    /// "video", "archive", "calendar", "mail".
    #[serde(default)]
    pub(super) types: Field<Vec<String>>,
    /// Extensions without the dot; an empty list allows any.
    #[serde(default)]
    pub(super) extensions: Field<Vec<String>>,
    /// The smallest size; by default "1 B".
    #[serde(default)]
    pub(super) min: Field<String>,
    /// The largest size; by default the store's largest object.
    #[serde(default)]
    pub(super) max: Field<String>,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    pub(super) unknown: BTreeMap<String, Value>,
}
