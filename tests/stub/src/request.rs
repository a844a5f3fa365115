//! A request as bucket and table read it.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

/// A request with its whole body.
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the bucket.
    pub(crate) key: String,
    queries: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) async fn read(request: hyper::Request<Incoming>) -> hyper::Result<Self> {
        let (head, body) = request.into_parts();
        let (_, key) = head.uri.path().trim_start_matches('/').split_once('/').unwrap_or_default();
        let query = head.uri.query().unwrap_or_default();
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Ok(Self {
            method: head.method.to_string(),
            key: percent_decode_str(key).decode_utf8_lossy().into_owned(),
            queries: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
            body: body.collect().await?.to_bytes(),
        })
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.queries.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The headers with a prefix.
    pub(crate) fn headers(&self, prefix: &str) -> impl Iterator<Item = &(String, String)> {
        self.headers.iter().filter(move |(name, _)| name.starts_with(prefix))
    }

    /// The operation of a call to the table; `None` for a call to the bucket.
    pub(crate) fn operation(&self) -> Option<&str> {
        self.header("x-amz-target").and_then(|target| target.rsplit('.').next())
    }

    /// The table's operation, or the method with the query parameter that selects S3's operation.
    pub(crate) fn summary(&self) -> String {
        if let Some(operation) = self.operation() {
            return operation.to_owned();
        }
        let selecting = ["uploads", "partNumber", "uploadId", "versions"];
        let found = selecting.into_iter().find(|name| self.query(name).is_some());
        found.map_or_else(|| self.method.clone(), |name| format!("{} {name}", self.method))
    }
}
