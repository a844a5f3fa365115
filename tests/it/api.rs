//! Users who call the deployed API, and the grants that they receive.

use local_stack::http::{Answer, form, send};
use local_stack::stack::Stack;
use serde_json::{Value, json};

use crate::support::{stack, wait_for};

/// A caller of the API, with or without a token.
#[derive(Clone)]
pub(crate) struct User {
    api: String,
    token: Option<String>,
}

/// The JSON body of a grant.
#[derive(Clone, Debug)]
pub(crate) struct Grant(pub(crate) Value);

impl Grant {
    pub(crate) fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    pub(crate) fn url(&self) -> &str {
        self.0["url"].as_str().unwrap()
    }

    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        string_pairs(&self.0["headers"])
    }

    /// The fields of a form grant.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        string_pairs(&self.0["fields"])
    }

    /// Puts the bytes with exactly the headers of the grant, and returns S3's answer.
    pub(crate) fn put(&self, bytes: &[u8]) -> Answer {
        put(self.url(), &self.headers(), bytes)
    }

    /// Posts the form, and returns S3's answer.
    pub(crate) fn post(&self, bytes: &[u8]) -> Answer {
        post(self.url(), &self.fields(), bytes)
    }
}

/// The fields of a JSON object whose values are strings.
pub(crate) fn string_pairs(object: &Value) -> Vec<(String, String)> {
    let fields = object.as_object().unwrap();
    fields.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

pub(crate) fn put(url: &str, headers: &[(String, String)], bytes: &[u8]) -> Answer {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    send("PUT", url, &headers, bytes).unwrap()
}

pub(crate) fn post(url: &str, fields: &[(String, String)], bytes: &[u8]) -> Answer {
    let (content_type, body) = form(fields, bytes);
    send("POST", url, &[("content-type", &content_type)], &body).unwrap()
}

pub(crate) fn alice() -> User {
    alice_at(stack())
}

/// Alice as a user of another stack.
pub(crate) fn alice_at(stack: &Stack) -> User {
    User { api: stack.api_url.clone(), token: Some(stack.users[0].token.clone()) }
}

pub(crate) fn bob() -> User {
    User { api: stack().api_url.clone(), token: Some(stack().users[1].token.clone()) }
}

/// A caller without a token.
pub(crate) fn anonymous() -> User {
    User { api: stack().api_url.clone(), token: None }
}

impl User {
    pub(crate) fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut all: Vec<(&str, &str)> = vec![("content-type", "application/json")];
        all.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        all.extend(headers);
        send(method, &format!("{}{path}", self.api), &all, body).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], &[])
    }

    pub(crate) fn delete(&self, id: &str) -> Answer {
        self.call("DELETE", &format!("/uploads/{id}"), &[], &[])
    }

    /// Sends `POST /uploads` and returns the answer, whatever its status.
    pub(crate) fn request_grant(&self, body: &Value) -> Answer {
        self.call("POST", "/uploads", &[], body.to_string().as_bytes())
    }

    pub(crate) fn grant(&self, name: &str, content_type: &str, size: usize) -> Grant {
        self.granted(&json!({ "filename": name, "contentType": content_type, "size": size }))
    }

    pub(crate) fn form(&self, name: &str, content_type: &str) -> Grant {
        self.granted(&json!({ "filename": name, "contentType": content_type, "method": "POST" }))
    }

    /// Sends `POST /uploads`, which must succeed.
    pub(crate) fn granted(&self, body: &Value) -> Grant {
        let answer = self.request_grant(body);
        assert_eq!(answer.status, 201, "{body}: {}", answer.text());
        Grant(answer.json())
    }

    /// Requests a grant and puts the bytes.
    pub(crate) fn upload(&self, name: &str, content_type: &str, bytes: &[u8]) -> Grant {
        let grant = self.grant(name, content_type, bytes.len());
        let answer = grant.put(bytes);
        assert_eq!(answer.status, 200, "{}", answer.text());
        grant
    }

    pub(crate) fn status(&self, id: &str) -> Answer {
        self.get(&format!("/uploads/{id}"))
    }

    /// Waits for the verdict and returns the record.
    pub(crate) fn verdict(&self, id: &str) -> Value {
        wait_for("a verdict", || {
            let record = self.status(id).json();
            matches!(record["status"].as_str(), Some("accepted" | "rejected")).then_some(record)
        })
    }
}
