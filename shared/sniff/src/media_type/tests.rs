//! Names of media types, as clients write them.

use super::*;
use proptest::prelude::*;

#[test]
fn parses_and_normalises() {
    for (text, whole, essence) in [
        ("image/png", "image/png", "image/png"),
        (" Image/PNG ", "image/png", "image/png"),
        ("text/csv;charset=utf-8", "text/csv; charset=utf-8", "text/csv"),
        ("text/csv;", "text/csv", "text/csv"),
        ("text/csv;  a=b;   c=d ", "text/csv; a=b; c=d", "text/csv"),
        ("video/webm;codecs=\"vp8, opus\"", "video/webm; codecs=\"vp8, opus\"", "video/webm"),
    ] {
        let media = MediaType::parse(text).unwrap();
        assert_eq!((media.as_str(), media.essence()), (whole, essence));
    }
}

#[test]
fn rejects_invalid_media_types() {
    let long = format!("a/{}", "b".repeat(128));
    for text in ["", "png", "/", "image/", "/png", "a/b/c", "image/*", "a b/c", "a/b;\r\nx: y", "a/b;ü", &long] {
        assert_eq!(MediaType::parse(text), Err(NotAMediaType), "{text}");
    }
}

proptest! {
    #[test]
    fn a_parsed_type_parses_to_itself(text in ".*") {
        if let Ok(media) = MediaType::parse(&text) {
            prop_assert_eq!(MediaType::parse(media.as_str()), Ok(media));
        }
    }
}
