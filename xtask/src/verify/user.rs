//! Somebody who calls the API and uploads what was granted.

use std::cell::RefCell;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::TIMEOUT;
use crate::Outcome;
use crate::http::{Answer, form, send};

/// A caller; without a token, nobody in particular.
pub(super) struct User {
    api: String,
    token: Option<String>,
    made: RefCell<Vec<String>>,
}

/// A grant as it was answered.
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) id: String,
    pub(super) url: String,
    /// What goes with a PUT.
    pub(super) headers: Vec<(String, String)>,
    /// What goes into a form.
    pub(super) fields: Vec<(String, String)>,
}

/// Asks again and again until `look` sees something; tells after how many seconds.
pub(super) fn eventually<T>(what: &str, mut look: impl FnMut() -> Outcome<Option<T>>) -> Outcome<(T, f64)> {
    let started = Instant::now();
    loop {
        if let Some(seen) = look()? {
            return Ok((seen, started.elapsed().as_secs_f64()));
        }
        if started.elapsed() > TIMEOUT {
            return Err(format!("{what}: not within {} s", TIMEOUT.as_secs()));
        }
        sleep(Duration::from_millis(300));
    }
}

impl User {
    pub(super) fn new(api: &str, token: Option<&str>) -> Self {
        Self { api: api.to_owned(), token: token.map(str::to_owned), made: RefCell::default() }
    }

    pub(super) fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Outcome<Answer> {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut all = vec![("content-type", "application/json")];
        all.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        all.extend(headers);
        send(method, &format!("{}{path}", self.api), &all, body)
    }

    pub(super) fn get(&self, path: &str) -> Outcome<Answer> {
        self.call("GET", path, &[], &[])
    }

    pub(super) fn status(&self, id: &str) -> Outcome<Answer> {
        self.get(&format!("/uploads/{id}"))
    }

    pub(super) fn content(&self, id: &str) -> Outcome<Answer> {
        self.get(&format!("/uploads/{id}/content"))
    }

    pub(super) fn delete(&self, id: &str) -> Outcome<Answer> {
        self.call("DELETE", &format!("/uploads/{id}"), &[], &[])
    }

    /// Asks for a grant, whatever comes of it.
    pub(super) fn ask(&self, body: &Value, headers: &[(&str, &str)]) -> Outcome<Answer> {
        let answer = self.call("POST", "/uploads", headers, body.to_string().as_bytes())?;
        self.made.borrow_mut().extend(answer.json()["id"].as_str().map(str::to_owned));
        Ok(answer)
    }

    /// A grant for what the body says.
    pub(super) fn grant(&self, body: &Value) -> Outcome<Grant> {
        let answer = self.ask(body, &[])?;
        answer.expect(201).map_err(|seen| format!("no grant: {seen}"))?;
        let grant = answer.json();
        let text = |name: &str| grant[name].as_str().unwrap_or_default().to_owned();
        let map = |name: &str| {
            let pairs = grant[name].as_object().into_iter().flatten();
            pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
        };
        Ok(Grant { id: text("id"), url: text("url"), headers: map("headers"), fields: map("fields") })
    }

    /// A grant for a PUT of so many bytes that are said to be a picture.
    pub(super) fn grant_picture(&self, size: usize) -> Outcome<Grant> {
        self.grant(&json!({ "filename": "verify.png", "contentType": "image/png", "size": size }))
    }

    /// A right to send the first part of an upload whose size nobody knows: its URL, and the upload's id.
    pub(super) fn first_part(&self) -> Outcome<(String, String)> {
        let begun = self.begin(&json!({ "filename": "verify.png", "contentType": "image/png" }))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok((text(&begun["parts"][0]["url"]), text(&begun["id"])))
    }

    /// An upload in parts for what the body says.
    pub(super) fn begin(&self, body: &Value) -> Outcome<Value> {
        let answer = self.call("POST", "/uploads/multipart", &[], body.to_string().as_bytes())?;
        answer.expect(201).map_err(|seen| format!("no session: {seen}"))?;
        let begun = answer.json();
        self.made.borrow_mut().extend(begun["id"].as_str().map(str::to_owned));
        Ok(begun)
    }

    /// Grant and PUT, as a client does.
    pub(super) fn upload(&self, bytes: &[u8]) -> Outcome<Grant> {
        let grant = self.grant_picture(bytes.len())?;
        grant.put(bytes)?.expect(200).map_err(|seen| format!("the upload was answered {seen}"))?;
        Ok(grant)
    }

    /// The record once it has a verdict, and how long that took.
    pub(super) fn verdict(&self, id: &str) -> Outcome<(Value, f64)> {
        eventually("no verdict", || {
            let record = self.status(id)?.json();
            Ok(matches!(record["status"].as_str(), Some("accepted" | "rejected")).then_some(record))
        })
    }

    /// Deletes whatever came of this user's grants.
    pub(super) fn clean_up(&self) -> Outcome<String> {
        let mut made = self.made.take();
        made.sort();
        made.dedup();
        let (mut deleted, mut left) = (0, Vec::new());
        for id in &made {
            match self.delete(id) {
                Ok(answer) if answer.status == 200 => deleted += 1,
                // Nothing arrived for this one.
                Ok(answer) if answer.status == 404 => {}
                Ok(answer) => left.push(format!("{id} ({})", answer.brief())),
                Err(problem) => left.push(format!("{id} ({problem})")),
            }
        }
        match left.as_slice() {
            [] => Ok(format!("{deleted} uploads; {} more ids had nothing", made.len() - deleted)),
            _ => Err(format!("delete by hand: {}", left.join(", "))),
        }
    }
}

impl Grant {
    /// What the store answers to the bytes, sent as granted.
    pub(super) fn put(&self, bytes: &[u8]) -> Outcome<Answer> {
        put(&self.url, &self.headers, bytes)
    }

    /// What the store answers to the form, sent as granted.
    pub(super) fn post(&self, bytes: &[u8]) -> Outcome<Answer> {
        let (kind, body) = form(&self.fields, bytes);
        send("POST", &self.url, &[("content-type", &kind)], &body)
    }

    /// The headers with one of them changed, added or left out.
    pub(super) fn headers_with(&self, name: &str, value: Option<&str>) -> Vec<(String, String)> {
        let mut headers: Vec<_> = self.headers.iter().filter(|(known, _)| known != name).cloned().collect();
        headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        headers
    }

    /// Where the object lies, without any signature.
    pub(super) fn object_url(&self) -> &str {
        self.url.split('?').next().unwrap_or_default()
    }

    /// Sends the bytes once more as soon as nothing lies there, then waits until they are gone: as long as they
    /// aren't, the store answers 412 to one PUT more.
    pub(super) fn replay(&self, bytes: &[u8]) -> Outcome<String> {
        let taken = || match self.put(bytes)? {
            answer if answer.status == 200 => Ok(Some(())),
            answer if matches!(answer.status, 409 | 412) => Ok(None),
            answer => Err(format!("the replay was answered {}", answer.brief())),
        };
        eventually("the first version is still there", taken)?;
        let ((), seconds) = eventually("the replay is still there", taken)?;
        Ok(format!("stored, and gone after {seconds:.1} s"))
    }
}

/// A PUT of any kind.
pub(super) fn put(url: &str, headers: &[(String, String)], bytes: &[u8]) -> Outcome<Answer> {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send("PUT", url, &headers, bytes)
}

impl Answer {
    /// Our own code, or S3's.
    pub(super) fn code(&self) -> Option<String> {
        let ours = self.json()["code"].as_str().map(str::to_owned);
        let text = self.text();
        let theirs = || Some(text.split_once("<Code>")?.1.split_once("</Code>")?.0.to_owned());
        ours.or_else(theirs)
    }

    /// Status and code, for a line of the report. Never the body: it may hold what was signed.
    pub(super) fn brief(&self) -> String {
        match self.code() {
            Some(code) => format!("{} {code}", self.status),
            None => self.status.to_string(),
        }
    }

    /// Holds the status against the expected one.
    pub(super) fn expect(&self, status: u16) -> Outcome<String> {
        if self.status == status { Ok(self.brief()) } else { Err(format!("{}, expected {status}", self.brief())) }
    }

    /// Holds status and code against the expected ones.
    pub(super) fn expect_code(&self, status: u16, code: &str) -> Outcome<String> {
        if self.status == status && self.code().as_deref() == Some(code) {
            Ok(self.brief())
        } else {
            Err(format!("{}, expected {status} {code}", self.brief()))
        }
    }
}
