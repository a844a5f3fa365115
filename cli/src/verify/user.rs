//! A user who calls the API and uploads with grants.

use std::cell::RefCell;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use local_stack::http::{Answer, form, send};
use serde_json::{Value, json};

use super::TIMEOUT;

/// A user of the API, with or without a token.
pub(super) struct User {
    api: String,
    token: Option<String>,
    created: RefCell<Vec<String>>,
}

/// A grant as the API returned it.
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) id: String,
    pub(super) url: String,
    /// The headers of a PUT.
    pub(super) headers: Vec<(String, String)>,
    /// The fields of a form.
    pub(super) fields: Vec<(String, String)>,
}

/// Repeats `look` until it returns something. Returns that and the seconds it took.
pub(super) fn eventually<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<(T, f64)> {
    let started = Instant::now();
    loop {
        if let Some(seen) = look()? {
            return Ok((seen, started.elapsed().as_secs_f64()));
        }
        if started.elapsed() > TIMEOUT {
            bail!("{what}: not within {} s", TIMEOUT.as_secs());
        }
        sleep(Duration::from_millis(300));
    }
}

impl User {
    pub(super) fn new(api: &str, token: Option<&str>) -> Self {
        Self { api: api.to_owned(), token: token.map(str::to_owned), created: RefCell::default() }
    }

    pub(super) fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut all = vec![("content-type", "application/json")];
        all.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        all.extend(headers);
        send(method, &format!("{}{path}", self.api), &all, body)
    }

    pub(super) fn get(&self, path: &str) -> Result<Answer> {
        self.call("GET", path, &[], &[])
    }

    pub(super) fn status(&self, id: &str) -> Result<Answer> {
        self.get(&format!("/uploads/{id}"))
    }

    pub(super) fn content(&self, id: &str) -> Result<Answer> {
        self.get(&format!("/uploads/{id}/content"))
    }

    pub(super) fn delete(&self, id: &str) -> Result<Answer> {
        self.call("DELETE", &format!("/uploads/{id}"), &[], &[])
    }

    /// Requests a grant and returns the answer, whatever it is.
    pub(super) fn request_grant(&self, body: &Value, headers: &[(&str, &str)]) -> Result<Answer> {
        let answer = self.call("POST", "/uploads", headers, body.to_string().as_bytes())?;
        self.created.borrow_mut().extend(answer.json()["id"].as_str().map(str::to_owned));
        Ok(answer)
    }

    /// A grant for a request body.
    pub(super) fn grant(&self, body: &Value) -> Result<Grant> {
        let answer = self.request_grant(body, &[])?;
        answer.expect(201).map_err(|seen| anyhow!("no grant: {seen}"))?;
        let grant = answer.json();
        let text = |name: &str| grant[name].as_str().unwrap_or_default().to_owned();
        let map = |name: &str| {
            let pairs = grant[name].as_object().into_iter().flatten();
            pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
        };
        Ok(Grant { id: text("id"), url: text("url"), headers: map("headers"), fields: map("fields") })
    }

    /// A grant for a PUT of a PNG file of `size` bytes.
    pub(super) fn grant_picture(&self, size: usize) -> Result<Grant> {
        self.grant(&json!({ "filename": "verify.png", "contentType": "image/png", "size": size }))
    }

    /// The URL of the first part of a multipart upload without a declared size, and the upload's id.
    pub(super) fn first_part(&self) -> Result<(String, String)> {
        let created = self.create_multipart(&json!({ "filename": "verify.png", "contentType": "image/png" }))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok((text(&created["parts"][0]["url"]), text(&created["id"])))
    }

    /// A multipart upload for a request body.
    pub(super) fn create_multipart(&self, body: &Value) -> Result<Value> {
        let answer = self.call("POST", "/uploads/multipart", &[], body.to_string().as_bytes())?;
        answer.expect(201).map_err(|seen| anyhow!("no session: {seen}"))?;
        let created = answer.json();
        self.created.borrow_mut().extend(created["id"].as_str().map(str::to_owned));
        Ok(created)
    }

    /// Grant and PUT, as a client does.
    pub(super) fn upload(&self, bytes: &[u8]) -> Result<Grant> {
        let grant = self.grant_picture(bytes.len())?;
        grant.put(bytes)?.expect(200).map_err(|seen| anyhow!("the upload was answered {seen}"))?;
        Ok(grant)
    }

    /// The record once it has a verdict, and the seconds that took.
    pub(super) fn verdict(&self, id: &str) -> Result<(Value, f64)> {
        eventually("no verdict", || {
            let record = self.status(id)?.json();
            Ok(matches!(record["status"].as_str(), Some("accepted" | "rejected")).then_some(record))
        })
    }

    /// Deletes every upload of this user.
    pub(super) fn clean_up(&self) -> Result<String> {
        let mut created = self.created.take();
        created.sort();
        created.dedup();
        let (mut deleted, mut left) = (0, Vec::new());
        for id in &created {
            match self.delete(id) {
                Ok(answer) if answer.status == 200 => deleted += 1,
                // This id has no object.
                Ok(answer) if answer.status == 404 => {}
                Ok(answer) => left.push(format!("{id} ({})", answer.brief())),
                Err(problem) => left.push(format!("{id} ({problem})")),
            }
        }
        match left.as_slice() {
            [] => Ok(format!("{deleted} uploads; {} more ids had nothing", created.len() - deleted)),
            _ => Err(anyhow!("delete by hand: {}", left.join(", "))),
        }
    }
}

impl Grant {
    /// S3's answer to the bytes, sent as granted.
    pub(super) fn put(&self, bytes: &[u8]) -> Result<Answer> {
        put(&self.url, &self.headers, bytes)
    }

    /// S3's answer to the form, sent as granted.
    pub(super) fn post(&self, bytes: &[u8]) -> Result<Answer> {
        let (kind, body) = form(&self.fields, bytes);
        send("POST", &self.url, &[("content-type", &kind)], &body)
    }

    /// The headers with one of them changed, added or removed.
    pub(super) fn headers_with(&self, name: &str, value: Option<&str>) -> Vec<(String, String)> {
        let mut headers: Vec<_> = self.headers.iter().filter(|(known, _)| known != name).cloned().collect();
        headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        headers
    }

    /// The object's URL without its signature.
    pub(super) fn object_url(&self) -> &str {
        self.url.split('?').next().unwrap_or_default()
    }

    /// Sends the bytes again once the first version is deleted, then waits until they are deleted too: S3 answers 412
    /// to another PUT until then.
    pub(super) fn replay(&self, bytes: &[u8]) -> Result<String> {
        let put_again = || match self.put(bytes)? {
            answer if answer.status == 200 => Ok(Some(())),
            answer if matches!(answer.status, 409 | 412) => Ok(None),
            answer => Err(anyhow!("the replay was answered {}", answer.brief())),
        };
        eventually("the first version is still there", put_again)?;
        let ((), seconds) = eventually("the replay is still there", put_again)?;
        Ok(format!("stored, and gone after {seconds:.1} s"))
    }
}

/// A PUT with any headers.
pub(super) fn put(url: &str, headers: &[(String, String)], bytes: &[u8]) -> Result<Answer> {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send("PUT", url, &headers, bytes)
}

/// What checks read from an answer.
pub(super) trait AnswerExt {
    /// Sluice's error code, or S3's.
    fn code(&self) -> Option<String>;

    /// Status and code, for a line of the report. Never the body: it may hold what was signed.
    fn brief(&self) -> String;

    /// Compares the status with the expected one.
    fn expect(&self, status: u16) -> Result<String>;

    /// Compares status and code with the expected ones.
    fn expect_code(&self, status: u16, code: &str) -> Result<String>;
}

impl AnswerExt for Answer {
    fn code(&self) -> Option<String> {
        let sluice = self.json()["code"].as_str().map(str::to_owned);
        let text = self.text();
        let s3 = || Some(text.split_once("<Code>")?.1.split_once("</Code>")?.0.to_owned());
        sluice.or_else(s3)
    }

    fn brief(&self) -> String {
        match self.code() {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }

    fn expect(&self, status: u16) -> Result<String> {
        if self.status == status { Ok(self.brief()) } else { Err(anyhow!("{}, expected {status}", self.brief())) }
    }

    fn expect_code(&self, status: u16, code: &str) -> Result<String> {
        if self.status == status && self.code().as_deref() == Some(code) {
            Ok(self.brief())
        } else {
            Err(anyhow!("{}, expected {status} {code}", self.brief()))
        }
    }
}
