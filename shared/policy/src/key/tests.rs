//! Each id, owner and key has one accepted text form.

use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn id() -> UploadId {
    UploadId::new(at("2026-11-22T18:58:45.123Z"), [7, 1, 2, 3, 4, 5, 6, 7, 8, 0xab])
}

#[test]
fn owner_and_id_give_the_key() {
    let owner = OwnerId::from_claims("https://issuer.example", "alice").unwrap();
    let key = ObjectKey::new(owner, id());
    assert_eq!(
        key.to_string(),
        format!("1/b/2026-11-22/alice~{}/{}", &hex_sha256(&[b"https://issuer.example"])[..16], id())
    );
    assert_eq!(ObjectKey::parse(&key.to_string()), Ok(key));
}

#[test]
fn an_id_contains_its_creation_time() {
    assert_eq!(id().created_at(), at("2026-11-22T18:58:45.123Z"));
}

#[test]
fn an_id_has_one_text_form() {
    let text = id().to_string();
    assert_eq!(UploadId::parse(&text), Ok(id()));
    for other in [
        text.to_uppercase(),
        text.replace('-', ""),
        format!("{{{text}}}"),
        format!(" {text}"),
        "00000000-0000-4000-8000-000000000000".to_owned(),
        String::new(),
    ] {
        assert_eq!(UploadId::parse(&other), Err(InvalidUploadId), "{other}");
    }
}

#[test]
fn owners_of_two_issuers_differ_and_no_claims_give_the_open_owner() {
    let a = OwnerId::from_claims("https://a.example", "x").unwrap();
    let b = OwnerId::from_claims("https://b.example", "x").unwrap();
    assert_ne!(a, b);
    assert_eq!(OwnerId::from_claims("https://a.example", ""), Err(InvalidOwner));
    assert_ne!(OwnerId::from_claims("", "open").unwrap(), OwnerId::open());
}

#[test]
fn keys_of_other_layouts_are_refused() {
    let key = ObjectKey::new(OwnerId::open(), id()).to_string();
    let other_day = key.replace("2026-11-22", "2026-11-23");
    let other_prefix = key.replacen("1/b/", "1/c/", 1);
    for other in ["", "/", "a/b/c", "1/b/2026-11-22/open/", &other_day, &other_prefix, &format!("x/{key}")] {
        assert_eq!(ObjectKey::parse(other), Err(ForeignKey), "{other}");
        assert_eq!(ObjectKey::from_event(other), Err(ForeignKey), "{other}");
    }
}

#[test]
fn event_keys_are_form_encoded() {
    let key = ObjectKey::new(OwnerId::from_claims("i", "me").unwrap(), id());
    let encoded: String = form_urlencoded::byte_serialize(key.to_string().as_bytes()).collect();
    assert!(encoded.contains("%2F"));
    assert_eq!(ObjectKey::from_event(&encoded), Ok(key));
}

proptest! {
    #[test]
    fn any_claims_give_a_key_that_parses(issuer in ".*", subject in ".+", millis in 0..=Timestamp::MAX.as_millisecond(), random: [u8; 10]) {
        let owner = OwnerId::from_claims(&issuer, &subject).unwrap();
        prop_assert_eq!(OwnerId::parse(owner.as_str()), Ok(owner.clone()));
        let id = UploadId::new(Timestamp::from_millisecond(millis).unwrap(), random);
        prop_assert_eq!(UploadId::parse(&id.to_string()), Ok(id));
        let key = ObjectKey::new(owner, id);
        prop_assert_eq!(key.to_string().split('/').count(), 5);
        prop_assert_eq!(ObjectKey::parse(&key.to_string()), Ok(key.clone()));
        prop_assert_eq!(ObjectKey::from_event(&key.to_string()), Ok(key));
    }

    #[test]
    fn parsing_never_panics(text in ".*") {
        let _ = ObjectKey::from_event(&text);
        let _ = ObjectKey::parse(&text);
        let _ = UploadId::parse(&text);
    }
}
