//! Every fault of a document is told at once, and the published schema is that of the types.

use super::SHIPPED_POLICY;
use super::*;

fn faults(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.0.into_iter().map(|fault| fault.path).collect(),
    }
}

/// A document whose default class is `class`.
fn classed(class: &str) -> String {
    format!(r#"{{"version": 1, "classes": {{"default": {class}}}}}"#)
}

#[test]
fn the_shipped_policy_is_one() {
    let policy = parse(SHIPPED_POLICY).unwrap();
    assert_eq!(policy.classes.keys().collect::<Vec<_>>(), ["avatar", "default", "strict"]);
    assert_eq!(policy.hash, Policy::hash_of(SHIPPED_POLICY));
    for (name, class) in &policy.classes {
        assert!(class.url_life >= Duration::from_mins(5) && class.url_life <= Duration::from_mins(15), "{name}");
        assert_eq!(class.multipart_from, ByteSize::from_bytes(100_000_000), "{name}");
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let policy = parse(&classed(r#"{"allow": [{"types": ["*/*"]}]}"#)).unwrap();
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
fn no_more_sessions_are_allowed_than_can_be_counted() {
    let most = |n: u32| classed(&format!(r#"{{"allow": [{{"types": ["*/*"]}}], "unsizedSessions": {n}}}"#));
    for n in [0, 100, 100_000, MAX_UNSIZED_SESSIONS] {
        assert_eq!(parse(&most(n)).unwrap().classes["default"].unsized_sessions, n);
    }
    assert_eq!(faults(&most(MAX_UNSIZED_SESSIONS + 1)), ["classes.default.unsizedSessions"]);
}

#[test]
fn every_fault_is_told_at_once_and_where_it_is() {
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
        faults(text),
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
    let told = parse(text).unwrap_err().to_string();
    assert!(told.starts_with("the policy has 20 fault(s); "), "{told}");
}

#[test]
fn what_is_no_document_is_one_fault() {
    for text in ["", "null", "[]", "{", "\"policy\""] {
        assert_eq!(faults(text), ["$"], "{text}");
    }
    assert_eq!(faults("{}"), ["version", "classes"]);
    assert_eq!(faults(r#"{"version": 1, "classes": {}}"#), ["classes"]);
    assert_eq!(faults(r#"{"version": "1", "classes": 5}"#), ["version", "classes"]);
}

#[test]
fn a_url_lives_from_a_second_to_a_week() {
    for (life, accepted) in
        [("0s", false), ("999ms", false), ("1s", true), ("7d", true), ("7d 1s", false), ("soon", false), ("", false)]
    {
        let class = format!(r#"{{"allow": [{{"types": ["*/*"]}}], "urlLife": "{life}"}}"#);
        assert_eq!(faults(&classed(&class)).is_empty(), accepted, "{life}");
    }
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.schema.json");
    let mut schema = schemars::schema_for!(Document).to_value();
    close(&mut schema, &["version", "classes"]);
    // How an editor finds this schema.
    schema["properties"]["$schema"] = serde_json::json!({ "type": "string" });
    schema["properties"]["version"]["const"] = VERSION.into();
    close(&mut schema["$defs"]["ClassDocument"], &["allow"]);
    close(&mut schema["$defs"]["RuleDocument"], &["types"]);
    close(&mut schema["$defs"]["StoreDocument"], &[]);
    let generated = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(published, generated, "run this test with UPDATE_SCHEMA=1 to write docs/policy.schema.json anew");
}

/// What [`Reader`] asks for beyond types: no unknown fields, and these at least.
fn close(object: &mut Value, required: &[&str]) {
    assert!(object["properties"].is_object(), "{object}");
    object["additionalProperties"] = false.into();
    object["required"] = required.into();
}
