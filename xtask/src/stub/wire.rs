//! HTTP, as far as an SDK needs it.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::TcpStream;

use super::store::Answer;

/// Status 200 before anything is known, as S3 sends it when putting together takes long.
pub(super) const BEGIN: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n\
    27\r\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\r\n";

/// What keeps the connection open meanwhile.
pub(super) const BLANKS: &[u8] = b"4\r\n \n \n\r\n";

/// A request, read whole.
pub(super) struct Request {
    pub(super) method: String,
    /// Without the bucket.
    pub(super) key: String,
    queries: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.queries.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Headers whose names begin so.
    pub(super) fn headers(&self, prefix: &str) -> impl Iterator<Item = &(String, String)> {
        self.headers.iter().filter(move |(name, _)| name.starts_with(prefix))
    }

    /// What is asked of the table, if it is the table that is asked.
    pub(super) fn operation(&self) -> Option<&str> {
        self.header("x-amz-target").and_then(|target| target.rsplit('.').next())
    }

    /// The method, and which queries tell what is asked for; of the table its operation.
    pub(super) fn summary(&self) -> String {
        if let Some(operation) = self.operation() {
            return operation.to_owned();
        }
        let telling = ["uploads", "partNumber", "uploadId", "versions"];
        let found = telling.into_iter().find(|name| self.query(name).is_some());
        found.map_or_else(|| self.method.clone(), |name| format!("{} {name}", self.method))
    }
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        bytes.push(match byte {
            b'%' => u8::try_from(digit().unwrap_or_default() * 16 + digit().unwrap_or_default()).unwrap_or_default(),
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The next request on a connection; nothing once the other side has hung up.
pub(super) fn read(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Request>> {
    let odd = |what: &str| Error::new(ErrorKind::InvalidData, what.to_owned());
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Err(odd(&line)) };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (_, key) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
    let (method, key) = (method.to_owned(), decoded(key));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let queries = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let queries = queries.map(|(name, value)| (decoded(name), decoded(value))).collect();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let request = Request { method, key, queries, headers, body: Vec::new() };
    let length = request.header("content-length").map_or(Ok(0), str::parse).map_err(|_| odd("a length"))?;
    if request.header("transfer-encoding").is_some() {
        return Err(odd("a body in chunks"));
    }
    if request.header("expect").is_some() {
        reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { body, ..request }))
}

/// One chunk of an answer that is sent as it comes.
pub(super) fn chunk(body: &str) -> Vec<u8> {
    // The declaration has gone out with the headers.
    let body = body.split_once("?>\n").map_or(body, |(_, rest)| rest);
    format!("{:x}\r\n{body}\r\n", body.len()).into_bytes()
}

/// A whole answer.
pub(super) fn write(mut stream: &TcpStream, request: &Request, answer: &Answer) -> std::io::Result<bool> {
    let bodiless = request.method == "HEAD" || answer.status == 204;
    let body = if bodiless { "" } else { &answer.body };
    let has = |name: &str| answer.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let mut head = vec![format!("HTTP/1.1 {} Answer", answer.status)];
    head.extend(answer.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if !has("content-type") {
        head.push("Content-Type: application/xml".to_owned());
    }
    if !has("content-length") && answer.status != 204 {
        head.push(format!("Content-Length: {}", body.len()));
    }
    stream.write_all(format!("{}\r\n\r\n{body}", head.join("\r\n")).as_bytes()).map(|()| true)
}
