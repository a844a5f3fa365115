//! A stand-in for the table beside the bucket: it stores items by `pk` and treats every condition as true.
//!
//! It measures what a call costs. Conditions are tested with the emulator.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::store::Answer;

#[derive(Default)]
pub(crate) struct Table {
    items: BTreeMap<String, Map<String, Value>>,
}

impl Table {
    /// One call. `operation` is the part of `X-Amz-Target` after the dot.
    pub(crate) fn perform(&mut self, operation: &str, body: &[u8]) -> Answer {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let answer = match operation {
            "PutItem" => {
                let item = body["Item"].as_object().cloned().unwrap_or_default();
                self.items.insert(pk(&body["Item"]), item);
                json!({})
            }
            "GetItem" => self.items.get(&pk(&body["Key"])).map_or_else(|| json!({}), |item| json!({ "Item": item })),
            "UpdateItem" => {
                let item = self.items.entry(pk(&body["Key"])).or_default();
                update(item, &body);
                json!({ "Attributes": item })
            }
            _ => return Answer::error(400, "UnknownOperationException"),
        };
        let headers = vec![("content-type".to_owned(), "application/x-amz-json-1.0".to_owned())];
        Answer { status: 200, headers, body: answer.to_string() }
    }
}

fn pk(key: &Value) -> String {
    key["pk"]["S"].as_str().unwrap_or_default().to_owned()
}

/// `SET a = :a, b = :b REMOVE c ADD d :one`, in any order.
fn update(item: &mut Map<String, Value>, body: &Value) {
    let names = &body["ExpressionAttributeNames"];
    let name = |name: &str| names[name].as_str().unwrap_or(name).to_owned();
    let value = |value: &str| body["ExpressionAttributeValues"][value].clone();
    let text = body["UpdateExpression"].as_str().unwrap_or_default();
    let mut clause = "";
    for word in text.replace(" = ", "=").replace(',', " ").split_whitespace() {
        match (word, word.split_once('=')) {
            ("SET" | "REMOVE" | "ADD" | "DELETE", _) => {
                clause = if word == "SET" {
                    "SET"
                } else if word == "REMOVE" {
                    "REMOVE"
                } else {
                    "ADD"
                };
            }
            (_, Some((left, right))) if clause == "SET" => {
                item.insert(name(left), value(right));
            }
            (left, None) if clause == "REMOVE" => {
                item.remove(&name(left));
            }
            // The only number that an update increments.
            ("revision", None) => {
                let before = item.get("revision").and_then(|n| n["N"].as_str()).and_then(|n| n.parse::<u64>().ok());
                item.insert("revision".to_owned(), json!({ "N": (before.unwrap_or_default() + 1).to_string() }));
            }
            _ => {}
        }
    }
}
