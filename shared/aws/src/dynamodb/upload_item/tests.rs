//! What is written reads back.

use aws_sdk_dynamodb::types::AttributeValue;

use super::*;

fn key() -> ObjectKey {
    ObjectKey::new(OwnerId::open(), UploadId::new(Timestamp::UNIX_EPOCH, [9; 10]))
}

fn validated() -> ValidatedUpload {
    let note = |code: &str| Note { code: code.to_owned(), detail: "because".to_owned() };
    ValidatedUpload {
        key: key(),
        bucket: "bucket".to_owned(),
        version: "v1".to_owned(),
        sequencer: Some("0".repeat(32)),
        outcome: Outcome::Rejected,
        reasons: vec![note("empty")],
        findings: vec![note("macros")],
        granted: Some(Granted {
            class: "default".to_owned(),
            filename: "ü.png".to_owned(),
            size: Some(ByteSize::from_bytes(u64::MAX)),
            content_type: "image/png".to_owned(),
            declared_type: Some("image/png".to_owned()),
            metadata: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
            policy_hash: "0".to_owned(),
        }),
        size: ByteSize::from_bytes(53_687_091_200_000),
        content_type: "image/png".to_owned(),
        checksum: Some("crc32:AAAAAA==".to_owned()),
        judged_at: "2026-11-22T00:00:00.123Z".parse().unwrap(),
    }
}

#[test]
fn what_is_written_reads_back() {
    let plain = ValidatedUpload {
        outcome: Outcome::Accepted,
        sequencer: None,
        reasons: Vec::new(),
        findings: Vec::new(),
        granted: None,
        checksum: None,
        ..validated()
    };
    for validated in [validated(), plain] {
        let item = verdict_item(&validated, 1).unwrap();
        assert_eq!(record(item).unwrap(), Record::Validated(Box::new(validated)));
    }
}

#[test]
fn a_tombstone_remembers_nothing_the_user_typed_and_leaves_the_listing() {
    let item = tombstone_item(&key(), Timestamp::UNIX_EPOCH).unwrap();
    let mut names: Vec<&str> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["deletedAt", "due", "dueShard", "id", "key", "pk", "schema", "state"]);
    assert_eq!(record(item).unwrap(), Record::Deleting(key()));
}

#[test]
fn an_item_of_another_schema_is_not_half_understood() {
    let mut item = verdict_item(&validated(), 1).unwrap();
    item.insert("schema".to_owned(), AttributeValue::N("2".to_owned()));
    assert!(matches!(record(item), Err(RecordsError::Unreadable(_))));
    assert!(matches!(record(Item::new()), Err(RecordsError::Unreadable(_))));
}

#[test]
fn shards_cover_what_is_configured() {
    for shards in [0, 1, 7, 256, 1000] {
        let id = UploadId::new(Timestamp::UNIX_EPOCH, [255; 10]);
        assert!(shard_of(id, shards) < shards.max(1));
    }
}
