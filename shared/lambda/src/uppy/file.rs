//! A file as such a client describes it, in a query or in a body.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use crate::http::{Code, Problem};
use content_sniff::MediaType;
use content_sniff::type_of_extension;
use policy::filename::FileName;
use policy::key::OwnerId;
use policy::size::ByteSize;
use policy::{DEFAULT_CLASS, Policy, Transport, UploadRequest};

/// What says nothing about a file.
const ANYTHING: &str = "application/octet-stream";

/// The body of `POST multipart`. Fields that we don't know are the client's own business.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, expecting = "an object")]
pub struct Created {
    filename: Value,
    r#type: Value,
    metadata: Option<BTreeMap<String, Value>>,
}

impl Created {
    /// The body that would say this.
    #[must_use]
    pub fn new(filename: String, content_type: Value, metadata: BTreeMap<String, Value>) -> Self {
        Self { filename: filename.into(), r#type: content_type, metadata: Some(metadata) }
    }
}

/// A file that somebody wants to upload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UppyFile {
    filename: String,
    content_type: Option<String>,
    class: Option<String>,
    size: Option<ByteSize>,
    metadata: BTreeMap<String, String>,
    /// Only ever asked for in a query.
    put: bool,
}

impl UppyFile {
    /// Reads `filename`, `type`, `metadata[NAME]` and `method`.
    #[must_use]
    pub fn from_query(pairs: &[(String, String)]) -> Self {
        let mut asked = Self::default();
        for (name, value) in pairs {
            // Scripts write what is missing as a word; version 6 does so with null.
            let written = !matches!(value.as_str(), "null" | "undefined");
            let field = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']'));
            match (name.as_str(), field) {
                ("filename", _) => asked.filename.clone_from(value),
                ("method", _) => asked.put = value.eq_ignore_ascii_case("put"),
                ("type", _) if written => asked.content_type = Some(value.clone()),
                (_, Some(field)) if written => asked.note(field, value),
                _ => {}
            }
        }
        asked
    }

    /// Reads the body of `POST multipart`.
    ///
    /// # Errors
    /// 400 for a name or a type that is no text.
    pub fn from_body(body: Created) -> Result<Self, Problem> {
        let text = |value: Value, code: Code, what: &str| match value {
            Value::String(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(Problem::new(code, format!("{what} must be text")))
            }
        };
        let mut asked = Self {
            filename: text(body.filename, Code::InvalidFilename, "filename")?.unwrap_or_default(),
            content_type: text(body.r#type, Code::InvalidContentType, "type")?,
            ..Self::default()
        };
        for (name, value) in body.metadata.unwrap_or_default() {
            match value {
                Value::Null => {}
                Value::String(text) => asked.note(&name, &text),
                // As JSON: numbers and truths as they are written, lists and objects whole.
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    asked.note(&name, &value.to_string());
                }
            }
        }
        Ok(asked)
    }

    /// The same file as a query, which [`UppyFile::from_query`] reads back.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        let field = |name: &str, value: &str| (format!("metadata[{name}]"), value.to_owned());
        let mut pairs = vec![("filename".to_owned(), self.filename.clone())];
        pairs.extend(self.content_type.iter().map(|text| ("type".to_owned(), text.clone())));
        pairs.extend(self.class.iter().map(|class| field("class", class)));
        pairs.extend(self.size.iter().map(|size| field("size", &size.bytes().to_string())));
        pairs.extend(self.metadata.iter().map(|(name, value)| field(name, value)));
        pairs
    }

    /// With a type from elsewhere, where it came without one.
    #[must_use]
    pub fn or_type(mut self, content_type: Option<&str>) -> Self {
        self.content_type = self.content_type.or_else(|| content_type.map(str::to_owned));
        self
    }

    /// Whether anybody has said what type it is, be it that nobody knows.
    #[must_use]
    pub fn tells_type(&self) -> bool {
        self.content_type.is_some()
    }

    /// Takes note of one piece of metadata, or of what it says about the upload itself.
    fn note(&mut self, name: &str, value: &str) {
        let (name, value) = (decoded(name), decoded(value));
        match name.as_str() {
            // Uppy repeats here what it has said already.
            "name" | "type" => {}
            "class" => self.class = Some(value),
            // Only where it is a number of bytes: a shirt has a size too.
            "size" if value.parse::<u64>().is_ok() => self.size = value.parse().ok().map(ByteSize::from_bytes),
            _ => {
                self.metadata.insert(name, value);
            }
        }
    }

    /// How it is to travel in one request.
    #[must_use]
    pub fn transport(&self) -> Transport {
        if self.put { Transport::Put } else { Transport::Post }
    }

    /// What this comes to as a upload of `owner`, in the class that the path names if it names one.
    ///
    /// # Errors
    /// 400 for a name or a type that can't be used.
    pub fn into_upload_request(
        self,
        owner: OwnerId,
        class: Option<String>,
        policy: &Policy,
    ) -> Result<UploadRequest, Problem> {
        let filename =
            FileName::parse(&self.filename).map_err(|e| Problem::new(Code::InvalidFilename, e.to_string()))?;
        let class = class.or(self.class);
        let rules = policy.classes.get(class.as_deref().unwrap_or(DEFAULT_CLASS));
        let mut metadata = self.metadata;
        // Uppy's dashboard adds it unasked, so it is no reason to refuse a file where nobody wants it.
        if rules.is_some_and(|class| !class.metadata.allows("relativePath")) {
            metadata.remove("relativePath");
        }
        let declared = self.content_type.filter(|text| !text.is_empty() && text != ANYTHING);
        let content_type = match declared {
            Some(text) => text,
            // The name is the next best witness, as far as the class takes its word.
            None => filename
                .extension()
                .and_then(|extension| type_of_extension(&extension))
                .filter(|text| {
                    let takes = |media: &MediaType| rules.is_some_and(|class| class.rule_for(media).is_some());
                    MediaType::parse(text).is_ok_and(|media| takes(&media))
                })
                .unwrap_or(ANYTHING)
                .to_owned(),
        };
        Ok(UploadRequest {
            owner,
            content_type: MediaType::parse(&content_type)
                .map_err(|e| Problem::new(Code::InvalidContentType, e.to_string()))?,
            filename,
            size: self.size,
            class,
            checksum: None,
            metadata,
        })
    }
}

/// Text, where it is one or more encoded words of RFC 2047 in UTF-8 (as Companion writes metadata beyond ASCII);
/// anything else as it is.
fn decoded(text: &str) -> String {
    let words: Option<Vec<Vec<u8>>> = text.split_ascii_whitespace().map(encoded_word).collect();
    match words.map(|words| String::from_utf8(words.concat())) {
        Some(Ok(decoded)) if !decoded.is_empty() => decoded,
        Some(Ok(_) | Err(_)) | None => text.to_owned(),
    }
}

/// `=?UTF-8?B?4oKs?=` or `=?UTF-8?Q?=E2=82=AC?=`
fn encoded_word(word: &str) -> Option<Vec<u8>> {
    let inside = word.strip_prefix("=?")?.strip_suffix("?=")?;
    let [charset, encoding, content] = inside.splitn(3, '?').collect::<Vec<_>>().try_into().ok()?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    match encoding {
        "B" | "b" => BASE64_STANDARD.decode(content).ok(),
        // What a percent sign is elsewhere; a true one is read back from `%25`.
        "Q" | "q" => {
            let percent = content.replace('%', "%25").replace('=', "%").replace('_', " ");
            Some(percent_decode_str(&percent).collect())
        }
        _ => None,
    }
}
