//! `POST sign`: the `signRequest` mode of Uppy 6, in which the client builds S3 requests and has each one signed.
//!
//! Only requests with file content go to S3. The client sends requests to create, list, complete and abort to the routes
//! of this API instead, which respond in S3's XML. The same rules and sessions therefore apply to this mode.

use std::collections::BTreeMap;

use form_urlencoded::Serializer;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::file::{Created, UppyFile};
use super::responses::Params;
use crate::http::{Code, Problem, SizeBody};
use crate::uppy_route::Route;

/// The body of `POST sign`: the arguments of `signRequest`, and optional fields about the file that a page may add.
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

/// The request to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToSign {
    /// A PUT of a whole file.
    Whole(UppyFile),
    /// A PUT of a part: the session id and the part number, not checked.
    Part(String, u32),
    /// The creation of a multipart upload, which goes to this API as [`ApiRequest::creation`].
    Creation(UppyFile),
    /// Another request that goes to this API.
    ApiRequest(ApiRequest),
}

/// A request that the client sends to this API instead of S3, with its own token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRequest {
    path: String,
}

/// A signed request, as `signRequest` returns it.
#[derive(Debug, Serialize)]
pub struct Signed {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<&'static str, String>>,
}

impl SignBody {
    /// The request to sign.
    ///
    /// # Errors
    /// 400 for a combination of fields that is not a request of an upload.
    pub fn read(self) -> Result<ToSign, Problem> {
        let encoded = |upload: &str| utf8_percent_encode(upload, NON_ALPHANUMERIC).to_string();
        let to_this_api = |path: String| Ok(ToSign::ApiRequest(ApiRequest { path }));
        match (self.method.as_str(), self.upload_id.as_deref(), self.part_number) {
            ("PUT", None, None) => Ok(ToSign::Whole(self.into_file()?)),
            ("POST", None, None) => Ok(ToSign::Creation(self.into_file()?)),
            ("PUT", Some(upload), Some(number)) => Ok(ToSign::Part(upload.to_owned(), number)),
            ("GET" | "DELETE", Some(upload), None) => to_this_api(format!("multipart/{}?xml", encoded(upload))),
            ("POST", Some(upload), None) => to_this_api(format!("multipart/{}/complete?xml", encoded(upload))),
            _ => Err(Problem::new(
                Code::InvalidBody,
                "`method`, `uploadId` and `partNumber` are not a request of an upload",
            )),
        }
    }

    /// The file. Fields that the page added take precedence over Uppy's own.
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

/// The file name in a key that Uppy generated: `{random UUID}-{name}`, optionally with a prefix.
fn name_in(key: &str) -> &str {
    const UUID_CHARS: usize = 36;
    let last = key.rsplit('/').next().unwrap_or(key);
    match (last.get(..UUID_CHARS), last.get(UUID_CHARS..).and_then(|rest| rest.strip_prefix('-'))) {
        (Some(uuid), Some(name)) if uuid::Uuid::try_parse(uuid).is_ok() => name,
        _ => last,
    }
}

impl ApiRequest {
    /// The request that creates a multipart upload, with the file in its query.
    #[must_use]
    pub fn creation(file: &UppyFile) -> Self {
        let mut query = Serializer::new(String::from("xml"));
        for (name, value) in file.to_query() {
            query.append_pair(&name, &value);
        }
        Self { path: format!("multipart?{}", query.finish()) }
    }

    /// The URL and headers of the request. `origin` is the address of this API as the caller used it, `authorization` the
    /// header that the caller sent.
    #[must_use]
    pub fn sign(self, origin: &str, route: &Route, authorization: Option<&str>) -> Signed {
        let class = route.class.as_deref().map(|class| format!("/{}", utf8_percent_encode(class, NON_ALPHANUMERIC)));
        let url = format!("{origin}{}/s3/{}", class.unwrap_or_default(), self.path);
        // A presigned URL needs no token, but a request to this API does.
        let headers = authorization.map(|token| BTreeMap::from([("authorization", token.to_owned())]));
        Signed { url, fields: None, headers }
    }
}

impl Signed {
    /// A PUT of one part.
    #[must_use]
    pub fn part(url: String) -> Self {
        Self { url, fields: None, headers: None }
    }

    /// A request with a whole file.
    #[must_use]
    pub fn whole(params: Params) -> Self {
        Self { url: params.url, fields: Some(params.fields), headers: None }
    }
}
