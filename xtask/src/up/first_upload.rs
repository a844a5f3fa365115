//! One picture, uploaded as a user would.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use local_stack::http::{Answer, send};
use local_stack::samples::PICTURE;
use local_stack::stack::Stack;
use serde_json::{Value, json};

/// How long the verdict may take.
const VERDICT_TIMEOUT: Duration = Duration::from_mins(1);

/// Uploads a picture and waits until it is accepted.
pub(super) fn upload(stack: &Stack) -> Result<()> {
    let user = stack.users.first().context("the stack has no users")?;
    let bearer = format!("Bearer {}", user.token);
    let body = json!({ "filename": "sluice.png", "contentType": "image/png", "size": PICTURE.len() });
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let grant = send("POST", &format!("{}/uploads", stack.api_url), &headers, body.to_string().as_bytes())?;
    expect("POST /uploads", &grant, 201)?;
    let grant = grant.json();
    let id = text(&grant["id"]);
    println!("A first upload\n  POST /uploads: 201, id {id}");

    let headers: Vec<(&str, &str)> =
        grant["headers"].as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), text(value))).collect();
    expect("PUT to the bucket", &send("PUT", text(&grant["url"]), &headers, PICTURE)?, 200)?;
    println!("  PUT to the bucket: 200, {} bytes", PICTURE.len());

    let started = Instant::now();
    let record = loop {
        let answer = send("GET", &format!("{}/uploads/{id}", stack.api_url), &[("authorization", &bearer)], &[])?;
        let record = answer.json();
        if answer.status == 200 && record["status"] != "validating" {
            break record;
        }
        if started.elapsed() > VERDICT_TIMEOUT {
            bail!("no verdict after a minute; the last answer was {}: {}", answer.status, answer.text());
        }
        sleep(Duration::from_millis(200));
    };
    println!("  GET /uploads/{{id}}: {}", text(&record["status"]));
    ensure!(record["status"] == "accepted", "the picture was not accepted: {record}");
    Ok(())
}

fn expect(request: &str, answer: &Answer, status: u16) -> Result<()> {
    ensure!(answer.status == status, "{request} answered {}: {}", answer.status, answer.text());
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
