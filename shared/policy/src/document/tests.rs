//! Errors in a policy document, defaults, and the published schema.

use std::time::Duration;

use serde_json::Value;

use super::shape::Document;
use super::*;
use crate::policy::{AllowedMetadata, MAX_UNSIZED_SESSIONS, OnRejection, Requirement};
use crate::s3_limits::StoreLimits;
use crate::size::ByteSize;

/// The places of the errors.
fn errors(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.0.into_iter().map(|error| error.path).collect(),
    }
}

/// A document with one class, `default`.
fn with_default_class(class: &str) -> String {
    format!(r#"{{"version": 1, "classes": {{"default": {class}}}}}"#)
}

#[test]
fn the_shipped_policy_is_valid() {
    let policy = parse(SHIPPED_POLICY).unwrap();
    assert_eq!(policy.classes.keys().collect::<Vec<_>>(), ["avatar", "default", "strict"]);
    assert_eq!(policy.hash, Policy::hash_of(SHIPPED_POLICY));
    for (name, class) in &policy.classes {
        assert!(class.url_life >= Duration::from_mins(5) && class.url_life <= Duration::from_mins(15), "{name}");
        assert_eq!(class.multipart_from, ByteSize::from_bytes(100_000_000), "{name}");
    }
}

#[test]
fn omitted_fields_have_their_defaults() {
    let policy = parse(&with_default_class(r#"{"allow": [{"types": ["*/*"]}]}"#)).unwrap();
    assert_eq!(policy.store, StoreLimits::S3);
    let class = &policy.classes["default"];
    assert_eq!(class.single_request_max, ByteSize::from_bytes(5_000_000_000));
    assert_eq!((class.url_life, class.checksum), (Duration::from_mins(15), Requirement::Optional));
    assert_eq!((class.on_rejection, &class.inline), (OnRejection::Delete, &Vec::new()));
    assert_eq!(class.metadata, AllowedMetadata::Names(Vec::new()));
    let rule = &class.rules[0];
    assert_eq!((rule.min, rule.max, rule.extensions.len()), (ByteSize::from_bytes(1), StoreLimits::S3.object, 0));
}

#[test]
fn the_limit_of_unsized_sessions_has_a_maximum() {
    let limited_to =
        |n: u32| with_default_class(&format!(r#"{{"allow": [{{"types": ["*/*"]}}], "unsizedSessions": {n}}}"#));
    for n in [0, 100, 100_000, MAX_UNSIZED_SESSIONS] {
        assert_eq!(parse(&limited_to(n)).unwrap().classes["default"].unsized_sessions, n);
    }
    assert_eq!(errors(&limited_to(MAX_UNSIZED_SESSIONS + 1)), ["classes.default.unsizedSessions"]);
}

#[test]
fn every_error_is_reported_with_its_place() {
    let text = r#"{
        "version": 2, "retries": 3, "store": {"objectMax": "much", "colour": 1},
        "classes": {
            "a": {
                "allow": [
                    {"types": ["image", "image/png"], "min": "9 B", "max": "1 B", "extensions": [".png"], "note": ""},
                    {"types": []},
                    7
                ],
                "singleRequestMax": "6 GiB", "multipartFrom": 5, "urlLife": "8 days", "checksum": "perhaps",
                "onRejection": "burn", "metadata": "album", "inline": ["*/png"], "colour": "blue"
            },
            "b": {},
            "c": []
        }
    }"#;
    assert_eq!(
        errors(text),
        [
            "retries",
            "version",
            "store.colour",
            "store.objectMax",
            "classes.a.colour",
            "classes.a.singleRequestMax",
            "classes.a.allow[0].note",
            "classes.a.allow[0].types[0]",
            "classes.a.allow[0].min",
            "classes.a.allow[0].extensions",
            "classes.a.allow[1].types",
            "classes.a.allow[2]",
            "classes.a.multipartFrom",
            "classes.a.urlLife",
            "classes.a.checksum",
            "classes.a.onRejection",
            "classes.a.metadata",
            "classes.a.inline[0]",
            "classes.b.allow",
            "classes.c",
        ]
    );
}

#[test]
fn other_json_is_one_error() {
    for text in ["", "null", "[]", "{", "\"policy\""] {
        assert_eq!(errors(text), ["$"], "{text}");
    }
    assert_eq!(errors("{}"), ["version", "classes"]);
    assert_eq!(errors(r#"{"version": 1, "classes": {}}"#), ["classes"]);
    assert_eq!(errors(r#"{"version": "1", "classes": 5}"#), ["version", "classes"]);
}

#[test]
fn a_url_lives_from_one_second_to_seven_days() {
    for (life, accepted) in
        [("0s", false), ("999ms", false), ("1s", true), ("7d", true), ("7d 1s", false), ("soon", false), ("", false)]
    {
        let class = format!(r#"{{"allow": [{{"types": ["*/*"]}}], "urlLife": "{life}"}}"#);
        assert_eq!(errors(&with_default_class(&class)).is_empty(), accepted, "{life}");
    }
}

#[test]
fn the_published_schema_equals_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.schema.json");
    let mut schema = schemars::schema_for!(Document).to_value();
    close(&mut schema, &["version", "classes"]);
    // Editors find the schema through this field.
    schema["properties"]["$schema"] = serde_json::json!({ "type": "string" });
    schema["properties"]["version"]["const"] = VERSION.into();
    close(&mut schema["$defs"]["ClassDocument"], &["allow"]);
    close(&mut schema["$defs"]["RuleDocument"], &["types"]);
    close(&mut schema["$defs"]["StoreDocument"], &[]);
    let generated = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap();
    assert_eq!(published, generated, "run this test with UPDATE_SCHEMA=1 to update docs/policy.schema.json");
}

/// Adds what [`Reader`] checks beyond types: no unknown fields, and required ones.
fn close(object: &mut Value, required: &[&str]) {
    assert!(object["properties"].is_object(), "{object}");
    object["additionalProperties"] = false.into();
    object["required"] = required.into();
}
