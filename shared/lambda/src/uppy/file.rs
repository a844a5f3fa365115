//! The file that a client describes in a query or in a body.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use crate::http::{Code, Problem};
use content_sniff::{MediaType, is_generic};
use policy::declared_type::type_in_class;
use policy::filename::FileName;
use policy::key::OwnerId;
use policy::size::ByteSize;
use policy::{DEFAULT_CLASS, DeclaredType, Policy, Transport, UploadRequest};

/// The body of `POST multipart`. Other fields are ignored.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, expecting = "an object")]
pub struct Created {
    filename: Value,
    r#type: Value,
    metadata: Option<BTreeMap<String, Value>>,
}

impl Created {
    /// A body with these fields.
    #[must_use]
    pub fn new(filename: String, content_type: Value, metadata: BTreeMap<String, Value>) -> Self {
        Self { filename: filename.into(), r#type: content_type, metadata: Some(metadata) }
    }
}

/// The file that a client wants to upload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UppyFile {
    filename: String,
    content_type: Option<String>,
    class: Option<String>,
    size: Option<ByteSize>,
    metadata: BTreeMap<String, String>,
    /// Whether the client requests a PUT. Only a query can.
    is_put: bool,
}

impl UppyFile {
    /// Reads `filename`, `type`, `metadata[NAME]` and `method`.
    #[must_use]
    pub fn from_query(pairs: &[(String, String)]) -> Self {
        let mut file = Self::default();
        for (name, value) in pairs {
            // Scripts send a missing value as one of these words. Uppy 6 sends "null".
            let has_value = !matches!(value.as_str(), "null" | "undefined");
            let field = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']'));
            match (name.as_str(), field) {
                ("filename", _) => file.filename.clone_from(value),
                ("method", _) => file.is_put = value.eq_ignore_ascii_case("put"),
                ("type", _) if has_value => file.content_type = Some(value.clone()),
                (_, Some(field)) if has_value => file.add_metadata(field, value),
                _ => {}
            }
        }
        file
    }

    /// Reads the body of `POST multipart`.
    ///
    /// # Errors
    /// 400 for a name or a type that is not a string.
    pub fn from_body(body: Created) -> Result<Self, Problem> {
        let text = |value: Value, code: Code, field: &str| match value {
            Value::String(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(Problem::new(code, format!("`{field}` must be a string")))
            }
        };
        let mut file = Self {
            filename: text(body.filename, Code::InvalidFilename, "filename")?.unwrap_or_default(),
            content_type: text(body.r#type, Code::InvalidContentType, "type")?,
            ..Self::default()
        };
        for (name, value) in body.metadata.unwrap_or_default() {
            match value {
                Value::Null => {}
                Value::String(text) => file.add_metadata(&name, &text),
                // Other values are stored as JSON text.
                Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    file.add_metadata(&name, &value.to_string());
                }
            }
        }
        Ok(file)
    }

    /// The pairs of a query that [`UppyFile::from_query`] parses to the same file.
    pub(super) fn to_query(&self) -> Vec<(String, String)> {
        let field = |name: &str, value: &str| (format!("metadata[{name}]"), value.to_owned());
        let mut pairs = vec![("filename".to_owned(), self.filename.clone())];
        pairs.extend(self.content_type.iter().map(|text| ("type".to_owned(), text.clone())));
        pairs.extend(self.class.iter().map(|class| field("class", class)));
        pairs.extend(self.size.iter().map(|size| field("size", &size.bytes().to_string())));
        pairs.extend(self.metadata.iter().map(|(name, value)| field(name, value)));
        pairs
    }

    /// The file with `content_type`, if the client sent no type.
    #[must_use]
    pub fn with_default_type(mut self, content_type: Option<&str>) -> Self {
        self.content_type = self.content_type.or_else(|| content_type.map(str::to_owned));
        self
    }

    /// Whether the client sent a type, which may be empty or unknown.
    #[must_use]
    pub fn has_type(&self) -> bool {
        self.content_type.is_some()
    }

    /// Stores one metadata field. The fields `class` and `size` describe the upload itself.
    fn add_metadata(&mut self, name: &str, value: &str) {
        let (name, value) = (decoded(name), decoded(value));
        match name.as_str() {
            // Uppy repeats file name and type as metadata.
            "name" | "type" => {}
            "class" => self.class = Some(value),
            // Any other size, such as "XL", is the caller's own metadata.
            "size" if value.parse::<u64>().is_ok() => self.size = value.parse().ok().map(ByteSize::from_bytes),
            _ => {
                self.metadata.insert(name, value);
            }
        }
    }

    /// How the client sends the file in one request.
    #[must_use]
    pub fn transport(&self) -> Transport {
        if self.is_put { Transport::Put } else { Transport::Post }
    }

    /// The request of `owner`, with the `class` of the path, if any, instead of the one in the metadata.
    ///
    /// # Errors
    /// 400 for an invalid name or type.
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
        // The Dashboard of Uppy always adds this field. A class that does not allow it should not refuse the file.
        if rules.is_some_and(|class| !class.metadata.allows("relativePath")) {
            metadata.remove("relativePath");
        }
        let mut declared_type = (self.content_type.as_deref())
            .filter(|text| !text.is_empty())
            .map(|text| MediaType::parse(text).map_err(|e| Problem::new(Code::InvalidContentType, e.to_string())))
            .transpose()?;
        // Uppy cannot leave the type out. A class with exact types takes none and an unknown one as that of the extension.
        if let (Some(class), Some(extension)) = (rules, filename.extension())
            && class.declared == DeclaredType::Exact
            && declared_type.as_ref().is_none_or(|declared| is_generic(declared.essence()))
        {
            declared_type = type_in_class(class, &extension).or(declared_type);
        }
        Ok(UploadRequest { owner, declared_type, filename, size: self.size, class, checksum: None, metadata })
    }
}

/// Decodes a text of encoded words (RFC 2047) in UTF-8, which Companion uses for metadata beyond ASCII. Any other text
/// stays as it is.
fn decoded(text: &str) -> String {
    let words: Option<Vec<Vec<u8>>> = text.split_ascii_whitespace().map(encoded_word).collect();
    match words.map(|words| String::from_utf8(words.concat())) {
        Some(Ok(decoded)) if !decoded.is_empty() => decoded,
        Some(Ok(_) | Err(_)) | None => text.to_owned(),
    }
}

/// `=?UTF-8?B?4oKs?=` or `=?UTF-8?Q?=E2=82=AC?=`
fn encoded_word(word: &str) -> Option<Vec<u8>> {
    let content = word.strip_prefix("=?")?.strip_suffix("?=")?;
    let [charset, encoding, text] = content.splitn(3, '?').collect::<Vec<_>>().try_into().ok()?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    match encoding {
        "B" | "b" => BASE64_STANDARD.decode(text).ok(),
        // Quoted-printable, converted to percent-encoding. A percent sign itself becomes `%25`.
        "Q" | "q" => {
            let percent = text.replace('%', "%25").replace('=', "%").replace('_', " ");
            Some(percent_decode_str(&percent).collect())
        }
        _ => None,
    }
}
