//! One real file, uploaded as a user would, and the same by hand.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::send;
use crate::stack::Stack;
use crate::{Outcome, samples};

/// Uploads a real picture and waits for its verdict.
pub(super) fn upload(stack: &Stack) -> Outcome {
    let user = stack.users.first().ok_or("the stack has no users")?;
    let picture = samples::picture()?;
    let bearer = format!("Bearer {}", user.token);
    println!("A first upload, as {}", user.name);

    let body = json!({ "filename": "sluice.png", "contentType": "image/png", "size": picture.len() });
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let grant = send("POST", &format!("{}/uploads", stack.api_url), &headers, body.to_string().as_bytes())?;
    if grant.status != 201 {
        return Err(format!("the grant was answered {}: {}", grant.status, grant.text()));
    }
    let grant = grant.json();
    println!("  POST /uploads        201, id {}", text(&grant["id"]));

    let granted: Vec<(&str, &str)> =
        grant["headers"].as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), text(value))).collect();
    let put = send("PUT", text(&grant["url"]), &granted, &picture)?;
    if put.status != 200 {
        return Err(format!("the bucket answered {}: {}", put.status, put.text()));
    }
    println!("  PUT to the bucket    200, {} bytes", picture.len());

    let record = verdict(stack, text(&grant["id"]), &bearer)?;
    println!("  GET /uploads/{{id}}    {}\n", text(&record["status"]));
    println!("{}", serde_json::to_string_pretty(&record).unwrap_or_default());
    if record["status"] != "accepted" {
        return Err("the picture was not accepted: that should not happen".to_owned());
    }
    session(stack, &user.token);
    Ok(())
}

/// Polls as a client would until the verdict is there.
fn verdict(stack: &Stack, id: &str, bearer: &str) -> Outcome<Value> {
    let started = Instant::now();
    loop {
        let answer = send("GET", &format!("{}/uploads/{id}", stack.api_url), &[("authorization", bearer)], &[])?;
        let record = answer.json();
        if answer.status == 200 && record["status"] != "validating" {
            return Ok(record);
        }
        if started.elapsed() > Duration::from_mins(1) {
            return Err(format!("no verdict after a minute; the last answer was {}: {}", answer.status, answer.text()));
        }
        sleep(Duration::from_millis(200));
    }
}

/// What to paste into a shell.
fn session(stack: &Stack, token: &str) {
    println!(
        r#"
The API is at {api}. To upload a file by hand (needs curl and python3):

  API={api}
  TOKEN={token}
  FILE=xtask/assets/sluice.png

  curl -sS "$API/uploads" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d "{{\"filename\":\"mine.png\",\"contentType\":\"image/png\",\"size\":$(wc -c <$FILE)}}" >grant.json
  python3 -c 'import json; g=json.load(open("grant.json")); print("url = \"%s\"" % g["url"]); [print("header = \"%s: %s\"" % h) for h in g["headers"].items()]' >put.curl
  curl -sS -K put.curl -X PUT --data-binary @$FILE -w '%{{http_code}}\n'
  curl -sS "$API/uploads/$(python3 -c 'import json; print(json.load(open("grant.json"))["id"])')" -H "Authorization: Bearer $TOKEN"
"#,
        api = stack.api_url
    );
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
