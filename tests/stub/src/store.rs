//! The stub's uploads and objects, and the operations of S3 on them
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>, read 2026-11).

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::request::Request;

/// Parts or uploads on one page of a listing.
const PAGE: usize = 1000;

/// The minimum size of every part except the last, in bytes.
const MIN_PART_SIZE: u64 = 5 << 20;

/// The line that every object repeats.
const LINE: &str = "one,two,three,4\n";

/// A stored object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Its size in bytes.
    pub size: u64,
    /// Its `ETag`, in quotes.
    pub etag: String,
    /// Its type and its metadata, as headers.
    pub headers: Vec<(String, String)>,
}

#[derive(Default)]
pub(crate) struct Upload {
    key: String,
    headers: Vec<(String, String)>,
    parts: BTreeMap<u32, (String, u64)>,
}

#[derive(Default)]
pub(crate) struct Store {
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) objects: BTreeMap<String, Object>,
    created: u64,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    fn xml(body: &str) -> Self {
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}");
        Self { status: 200, headers: Vec::new(), body }
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        let body = format!("<Error><Code>{code}</Code><Message>scripted</Message><RequestId>1</RequestId></Error>");
        Self { status, ..Self::xml(&body) }
    }
}

/// The texts between two tags.
fn between<'a>(text: &'a str, start: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).filter_map(move |rest| rest.split_once(end).map(|(inner, _)| inner))
}

impl Store {
    pub(crate) fn fill(&mut self, upload: &str, count: u32, size: u64, last: u64) {
        if let Some(upload) = self.uploads.get_mut(upload) {
            let part = |n| (n, (format!("\"{n:032x}\""), if n == count { last } else { size }));
            upload.parts = (1..=count).map(part).collect();
        }
    }

    pub(crate) fn perform(&mut self, request: &Request) -> Answer {
        let upload = request.query("uploadId");
        match (request.method.as_str(), upload) {
            ("POST", None) if request.query("uploads").is_some() => self.begin(request),
            ("GET", None) if request.query("uploads").is_some() => self.under_way(request),
            ("PUT", Some(id)) => self.part(id, request),
            ("GET", Some(id)) => self.parts(id, request),
            ("POST", Some(id)) => self.complete(id, request),
            ("DELETE", Some(id)) if self.known(id, request) => {
                self.uploads.remove(id);
                Answer { status: 204, ..Answer::xml("") }
            }
            ("DELETE", Some(_)) => Answer::error(404, "NoSuchUpload"),
            ("HEAD", None) => self.head(request),
            ("GET", None) => self.read(request),
            _ => Answer::error(501, "NotImplemented"),
        }
    }

    fn known(&self, id: &str, request: &Request) -> bool {
        self.uploads.get(id).is_some_and(|upload| upload.key == request.key)
    }

    fn begin(&mut self, request: &Request) -> Answer {
        self.created += 1;
        let id = format!("stub-{:08}", self.created);
        let kept = request.headers("x-amz-meta-").chain(request.headers("content-type"));
        let headers = kept.cloned().collect();
        self.uploads.insert(id.clone(), Upload { key: request.key.clone(), headers, parts: BTreeMap::new() });
        let (key, id) = (&request.key, &id);
        Answer::xml(&format!(
            "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>{key}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        ))
    }

    fn part(&mut self, id: &str, request: &Request) -> Answer {
        let number = request.query("partNumber").and_then(|text| text.parse().ok());
        let (Some(number), true) = (number, self.known(id, request)) else {
            return Answer::error(404, "NoSuchUpload");
        };
        let hash = request.body.iter().fold(17_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add((*byte).into()));
        let etag = format!("\"{hash:032x}\"");
        if let Some(upload) = self.uploads.get_mut(id) {
            upload.parts.insert(number, (etag.clone(), request.body.len() as u64));
        }
        Answer { headers: vec![("ETag".to_owned(), etag)], ..Answer::xml("") }
    }

    fn parts(&self, id: &str, request: &Request) -> Answer {
        let Some(upload) = self.uploads.get(id).filter(|_| self.known(id, request)) else {
            return Answer::error(404, "NoSuchUpload");
        };
        let after: u32 = request.query("part-number-marker").and_then(|text| text.parse().ok()).unwrap_or_default();
        let mut left = upload.parts.range(after.saturating_add(1)..);
        let mut body = format!("<ListPartsResult><Bucket>b</Bucket><Key>{}</Key><UploadId>{id}</UploadId>", upload.key);
        let mut last = after;
        for (number, (etag, size)) in left.by_ref().take(PAGE) {
            let etag = etag.replace('"', "&quot;");
            let _ = write!(
                body,
                "<Part><PartNumber>{number}</PartNumber><LastModified>2026-11-22T09:30:15.000Z</LastModified>\
                 <ETag>{etag}</ETag><Size>{size}</Size></Part>"
            );
            last = *number;
        }
        let more = left.next().is_some();
        let _ = write!(
            body,
            "<NextPartNumberMarker>{last}</NextPartNumberMarker><IsTruncated>{more}</IsTruncated></ListPartsResult>"
        );
        Answer::xml(&body)
    }

    fn complete(&mut self, id: &str, request: &Request) -> Answer {
        let Some(upload) = self.uploads.get(id).filter(|_| self.known(id, request)) else {
            return Answer::error(404, "NoSuchUpload");
        };
        if request.header("if-none-match") == Some("*") && self.objects.contains_key(&request.key) {
            return Answer::error(412, "PreconditionFailed");
        }
        let body = String::from_utf8_lossy(&request.body);
        let (mut sum, mut count, mut before, mut small) = (0_u64, 0_u32, 0, false);
        for part in between(&body, "<Part>", "</Part>") {
            let text = |start, end| between(part, start, end).next().unwrap_or_default();
            let number: u32 = text("<PartNumber>", "</PartNumber>").parse().unwrap_or_default();
            let etag = text("<ETag>", "</ETag>").replace("&quot;", "\"").replace("&#34;", "\"");
            if number <= before {
                return Answer::error(400, "InvalidPartOrder");
            }
            match upload.parts.get(&number) {
                Some((stored, size)) if stored.trim_matches('"') == etag.trim_matches('"') => {
                    if small {
                        return Answer::error(400, "EntityTooSmall");
                    }
                    sum += size;
                    small = *size < MIN_PART_SIZE;
                }
                _ => return Answer::error(400, "InvalidPart"),
            }
            (count, before) = (count + 1, number);
        }
        if count == 0 {
            return Answer::error(400, "MalformedXML");
        }
        if request.header("x-amz-mp-object-size").is_some_and(|size| size != sum.to_string()) {
            return Answer::error(400, "InvalidRequest");
        }
        let etag = format!("\"{:032x}-{count}\"", self.created);
        let object = Object { size: sum, etag: etag.clone(), headers: upload.headers.clone() };
        self.objects.insert(request.key.clone(), object);
        self.uploads.remove(id);
        let (key, quoted) = (&request.key, etag.replace('"', "&quot;"));
        let done = format!(
            "<CompleteMultipartUploadResult><Bucket>b</Bucket><Key>{key}</Key><ETag>{quoted}</ETag></CompleteMultipartUploadResult>"
        );
        Answer { headers: vec![("x-amz-version-id".to_owned(), "v1".to_owned())], ..Answer::xml(&done) }
    }

    fn head(&self, request: &Request) -> Answer {
        let Some(object) = self.objects.get(&request.key) else {
            return Answer { status: 404, ..Answer::xml("") };
        };
        let mut headers = object.headers.clone();
        headers.push(("Content-Length".to_owned(), object.size.to_string()));
        headers.push(("ETag".to_owned(), object.etag.clone()));
        headers.push(("x-amz-version-id".to_owned(), "v1".to_owned()));
        Answer { headers, ..Answer::xml("") }
    }

    /// A range of an object. All lines are the same, so the bytes are computed.
    fn read(&self, request: &Request) -> Answer {
        let Some(object) = self.objects.get(&request.key) else {
            return Answer::error(404, "NoSuchKey");
        };
        let range = request.header("range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
        let (Some((start, last)), Some(end)) = (range, object.size.checked_sub(1)) else {
            return Answer::error(416, "InvalidRange");
        };
        let start: u64 = start.parse().unwrap_or_default();
        let last = last.parse().unwrap_or(end).min(end);
        if start > last {
            return Answer::error(416, "InvalidRange");
        }
        let line = LINE.as_bytes();
        let at = |i: u64| char::from(line[usize::try_from(i % line.len() as u64).unwrap_or_default()]);
        let headers = vec![
            ("Content-Range".to_owned(), format!("bytes {start}-{last}/{}", object.size)),
            ("x-amz-version-id".to_owned(), "v1".to_owned()),
        ];
        Answer { status: 206, headers, body: (start..=last).map(at).collect() }
    }

    fn under_way(&self, request: &Request) -> Answer {
        let prefix = request.query("prefix").unwrap_or_default();
        let after =
            (request.query("key-marker").unwrap_or_default(), request.query("upload-id-marker").unwrap_or_default());
        let mut all: Vec<(&str, &str)> =
            self.uploads.iter().map(|(id, upload)| (upload.key.as_str(), id.as_str())).collect();
        all.sort_unstable();
        all.retain(|found| found.0.starts_with(prefix) && *found > after);
        let more = all.len() > PAGE;
        all.truncate(PAGE);
        let mut body = String::from("<ListMultipartUploadsResult><Bucket>b</Bucket>");
        for (key, id) in &all {
            let _ = write!(
                body,
                "<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>2026-11-22T09:30:15.000Z</Initiated></Upload>"
            );
        }
        if let Some((key, id)) = all.last().filter(|_| more) {
            let _ = write!(body, "<NextKeyMarker>{key}</NextKeyMarker><NextUploadIdMarker>{id}</NextUploadIdMarker>");
        }
        let _ = write!(body, "<IsTruncated>{more}</IsTruncated></ListMultipartUploadsResult>");
        Answer::xml(&body)
    }
}
