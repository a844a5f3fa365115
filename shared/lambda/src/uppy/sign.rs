//! `POST sign`: version 6's `signRequest` mode, in which the client speaks S3 and asks for each request to be signed.
//!
//! Only what carries bytes goes to S3. Creating, listing, completing and giving up come back to our own routes, which
//! answer in S3's XML: so a client that believes to speak S3 is held to the same session as every other.

use std::collections::BTreeMap;

use form_urlencoded::Serializer;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::file::{Created, UppyFile};
use super::{Params, Route};
use crate::http::{Code, Problem, SizeBody};

/// The body: what Uppy hands to `signRequest`, and what a page may add about the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
pub struct SignBody {
    method: String,
    #[serde(default)]
    key: String,
    upload_id: Option<String>,
    part_number: Option<u32>,
    content_type: Option<String>,
    filename: Option<String>,
    r#type: Option<String>,
    size: Option<SizeBody>,
    class: Option<String>,
    metadata: Option<BTreeMap<String, Value>>,
}

/// What is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToSign {
    /// A whole file in one request.
    Whole(UppyFile),
    /// Part `number` of an upload. The number is as it was sent.
    Part(String, u32),
    /// The creation of an upload in parts, which comes back to us as [`Ours::creation`].
    Creation(UppyFile),
    /// Any other request that comes back to us.
    Ours(Ours),
}

/// A request that an S3 client sends to us instead of S3: below our own address, with the caller's own token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    path: String,
}

/// A signed request, as `signRequest` is to return it.
#[derive(Debug, Serialize)]
pub struct Signed {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<&'static str, String>>,
}

impl SignBody {
    /// What is to be signed.
    ///
    /// # Errors
    /// 400 for what is no request of a multipart or a single upload.
    pub fn read(self) -> Result<ToSign, Problem> {
        let encoded = |upload: &str| utf8_percent_encode(upload, NON_ALPHANUMERIC).to_string();
        let ours = |path: String| Ok(ToSign::Ours(Ours { path }));
        match (self.method.as_str(), self.upload_id.as_deref(), self.part_number) {
            ("PUT", None, None) => Ok(ToSign::Whole(self.into_file()?)),
            ("POST", None, None) => Ok(ToSign::Creation(self.into_file()?)),
            ("PUT", Some(upload), Some(number)) => Ok(ToSign::Part(upload.to_owned(), number)),
            ("GET" | "DELETE", Some(upload), None) => ours(format!("multipart/{}?xml", encoded(upload))),
            ("POST", Some(upload), None) => ours(format!("multipart/{}/complete?xml", encoded(upload))),
            _ => Err(Problem::new(Code::InvalidBody, "method, uploadId and partNumber name no request of an upload")),
        }
    }

    /// The file, from what the page added or else from what Uppy made of it.
    fn into_file(self) -> Result<UppyFile, Problem> {
        let filename = self.filename.unwrap_or_else(|| name_in(&self.key).to_owned());
        let mut metadata = self.metadata.unwrap_or_default();
        metadata.extend(self.class.map(|class| ("class".to_owned(), class.into())));
        let size = self.size.map(|size| size.read()).transpose()?;
        metadata.extend(size.map(|size| ("size".to_owned(), size.bytes().into())));
        let content_type = self.r#type.or(self.content_type).map_or(Value::Null, Value::String);
        UppyFile::from_body(Created::new(filename, content_type, metadata))
    }
}

/// The name in a key that Uppy made up: `{random UUID}-{name}`, perhaps below some folder.
fn name_in(key: &str) -> &str {
    const UUID: usize = 36;
    let last = key.rsplit('/').next().unwrap_or(key);
    match (last.get(..UUID), last.get(UUID..).and_then(|rest| rest.strip_prefix('-'))) {
        (Some(uuid), Some(name)) if uuid::Uuid::try_parse(uuid).is_ok() => name,
        _ => last,
    }
}

impl Ours {
    /// The request that creates an upload in parts, the file in its query.
    #[must_use]
    pub fn creation(asked: &UppyFile) -> Self {
        let mut query = Serializer::new(String::from("xml"));
        for (name, value) in asked.pairs() {
            query.append_pair(&name, &value);
        }
        Self { path: format!("multipart?{}", query.finish()) }
    }

    /// Where to send it: `origin` is our address as the caller reached it, `authorization` what it came with.
    #[must_use]
    pub fn sign(self, origin: &str, route: &Route, authorization: Option<&str>) -> Signed {
        let class = route.class.as_deref().map(|class| format!("/{}", utf8_percent_encode(class, NON_ALPHANUMERIC)));
        let url = format!("{origin}{}/s3/{}", class.unwrap_or_default(), self.path);
        // S3's URLs carry their right in themselves; ours need the token that this very answer was asked for with.
        let headers = authorization.map(|token| BTreeMap::from([("authorization", token.to_owned())]));
        Signed { url, fields: None, headers }
    }
}

impl Signed {
    /// The right to send one part.
    #[must_use]
    pub fn part(url: String) -> Self {
        Self { url, fields: None, headers: None }
    }

    /// The right to send a whole file.
    #[must_use]
    pub fn whole(params: Params) -> Self {
        Self { url: params.url, fields: Some(params.fields), headers: None }
    }
}
