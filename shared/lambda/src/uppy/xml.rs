//! Responses in the XML of S3's API, for Uppy's `signRequest` mode, in which the client expects S3.

use super::responses::{AbortResponse, CompleteResponse, CreateResponse, PartList};

/// A response that also has an XML form.
pub trait ToXml {
    /// The XML of S3's API; empty for a response without a body.
    fn xml(&self) -> String;
}

impl ToXml for CreateResponse {
    fn xml(&self) -> String {
        let Self { key, upload_id, bucket } = self;
        let members = [("Bucket", bucket), ("Key", key), ("UploadId", upload_id)];
        element("InitiateMultipartUploadResult", &members.map(|(name, text)| (name, text.as_str())))
    }
}

impl ToXml for PartList {
    fn xml(&self) -> String {
        let mut xml = String::from("<ListPartsResult><IsTruncated>false</IsTruncated>");
        for part in &self.parts {
            let (number, size) = (part.part_number.to_string(), part.size.to_string());
            xml += &element("Part", &[("PartNumber", &number), ("ETag", &part.etag), ("Size", &size)]);
        }
        xml + "</ListPartsResult>"
    }
}

impl ToXml for CompleteResponse {
    fn xml(&self) -> String {
        let Self { location, key, bucket } = self;
        element("CompleteMultipartUploadResult", &[("Location", location), ("Bucket", bucket), ("Key", key)])
    }
}

impl ToXml for AbortResponse {
    fn xml(&self) -> String {
        String::new()
    }
}

/// An element with one child per member. The values are escaped.
pub(super) fn element(name: &str, members: &[(&str, &str)]) -> String {
    let mut xml = format!("<{name}>");
    for (name, value) in members {
        xml += &["<", name, ">", &escaped(value), "</", name, ">"].concat();
    }
    xml + &format!("</{name}>")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
