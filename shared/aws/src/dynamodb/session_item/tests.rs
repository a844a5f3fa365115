//! Sessions through their items and back.

use aws_sdk_dynamodb::types::AttributeValue;

use super::*;
use policy::s3_limits::StoreLimits;
use testkit::{ALICE, id, key, now, session_of};

fn states() -> Vec<State> {
    let etag = ETag::parse("9bb58f26192e4ba00f01e2e7b136bbd8-3").unwrap();
    let checksum = Checksum::parse("crc64nvme", "AAAAAAAAAAA=").ok();
    let lease = Lease { holder: "me".to_owned(), until: now() };
    vec![
        State::Opening,
        State::Open { upload: "u".to_owned() },
        State::Completing(Completing {
            upload: "u".to_owned(),
            lease: lease.clone(),
            request: CompletionRequest::default(),
        }),
        State::Completing(Completing {
            upload: "u".to_owned(),
            lease,
            request: CompletionRequest { listed: Some("hash".to_owned()), checksum },
        }),
        State::Completed(Completed { version: "v".to_owned(), etag: etag.clone() }),
        State::Completed(Completed { version: String::new(), etag }),
        State::Aborted(Cleanup::AnyUpload),
        State::Aborted(Cleanup::Upload("u".to_owned())),
        State::Aborted(Cleanup::Done),
        State::Expired(Cleanup::AnyUpload),
        State::Expired(Cleanup::Upload("u".to_owned())),
        State::Expired(Cleanup::Done),
    ]
}

#[test]
fn what_goes_in_comes_out() {
    let sized = session_of(&key(ALICE, id(1)), 100 << 20);
    let limit = ByteSize::from_bytes(1 << 30);
    let open = Session { plan: PartPlan::unsized_up_to(limit, limit, StoreLimits::S3), ..sized.clone() };
    let summed = Session {
        terms: SessionTerms { part_checksum: Some(ChecksumAlgorithm::Sha256), ..sized.terms },
        ..sized.clone()
    };
    for session in [sized, open, summed] {
        for state in states() {
            let session = Session { state, ..session.clone() };
            let item = session_item(&session).unwrap();
            assert_eq!(item.contains_key("due"), session.due().is_some());
            assert_eq!(item.contains_key("dueShard"), session.due().is_some());
            assert!(!item.values().any(|value| matches!(value, AttributeValue::Null(_))));
            assert_eq!(super::session(item).unwrap(), session);
        }
    }
}

#[test]
fn an_item_that_makes_no_sense_is_not_guessed_at() {
    let session = Session { state: State::Open { upload: "u".to_owned() }, ..session_of(&key(ALICE, id(1)), 3) };
    let good = session_item(&session).unwrap();
    for name in ["schema", "state", "key", "grant", "s3Upload", "deadline", "bytes"] {
        let mut item = good.clone();
        item.remove(name);
        assert!(super::session(item).is_err(), "{name}");
    }
    let mut later = good;
    later.insert("schema".to_owned(), AttributeValue::N("2".to_owned()));
    assert!(super::session(later).is_err());
}

#[test]
fn a_large_count_is_spread_and_a_small_one_is_exact() {
    let owner = key(ALICE, id(1)).owner().clone();
    let whole = format!("unsized#{}", owner.as_str());
    for most in [0, 1, 100, ONE_COUNT] {
        assert_eq!(unsized_count(&owner, id(7), most), (whole.clone(), most));
    }
    for (most, each) in [(ONE_COUNT + 1, 16), (100_000, 1_563), (policy::MAX_UNSIZED_SESSIONS, 5_000)] {
        let parts: std::collections::BTreeSet<_> = (0..256).map(|n| unsized_count(&owner, id(n), most)).collect();
        assert_eq!(parts.len(), usize::from(SPREAD), "{most}");
        assert!(parts.iter().all(|(pk, room)| pk.starts_with(&whole) && *room == each), "{most}");
        assert!(each * u32::from(SPREAD) >= most, "all of them have room somewhere");
    }
    for most in [1, 100_000] {
        assert!(unsized_pks(&owner, id(7)).contains(&unsized_count(&owner, id(7), most).0), "where it is looked for");
    }
}
