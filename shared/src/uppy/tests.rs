//! What such clients really send, version by version, and what becomes of it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::http::{Code, Problem};
use crate::policy::{Transport, Wish};
use crate::testing::{ALICE, config, owner};

fn wish(asked: Asked, class: Option<&str>) -> Result<Wish, Problem> {
    asked.into_wish(owner(ALICE), class.map(str::to_owned), &config(&[]).policy)
}

fn of_query(raw: &str) -> Wish {
    wish(Asked::from_query(&query(raw)), None).unwrap()
}

fn of_body(body: &Value) -> Result<Wish, Problem> {
    wish(Asked::from_body(serde_json::from_value(body.clone()).unwrap())?, None)
}

fn metadata(wish: &Wish) -> Vec<(&str, &str)> {
    wish.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn routes_are_found_below_any_class_and_through_doubled_slashes() {
    use Operation::{Abort, Complete, Create, List, Params, Sign, SignBatch, SignPart};
    let text = str::to_owned;
    for (method, path, operation) in [
        ("GET", "params", Params),
        ("POST", "sign", Sign),
        ("POST", "multipart", Create),
        ("GET", "multipart/abc", List(text("abc"))),
        ("GET", "multipart/a%2Fb", List(text("a/b"))),
        ("GET", "multipart/abc/7", SignPart(text("abc"), text("7"))),
        ("GET", "multipart/abc/batch", SignBatch(text("abc"))),
        ("POST", "multipart/abc/complete", Complete(text("abc"))),
        ("DELETE", "multipart/abc", Abort(text("abc"))),
    ] {
        for (prefix, class) in [("/s3/", None), ("//s3/", None), ("/avatar/s3/", Some("avatar"))] {
            let class = class.map(str::to_owned);
            let found = Route::parse(method, &format!("{prefix}{path}"));
            assert_eq!(found, Some(Route { class, operation: operation.clone() }), "{method} {prefix}{path}");
        }
    }
    let doubled = Route::parse("GET", "/avatar//s3//params/").unwrap();
    assert_eq!((doubled.class.as_deref(), doubled.operation), (Some("avatar"), Params));
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/s3"),
        ("POST", "/s3/params"),
        ("GET", "/params"),
        ("GET", "/a/b/s3/params"),
        ("GET", "/s3/sts"),
        ("PUT", "/s3/multipart/abc"),
        ("GET", "/uploads"),
    ] {
        assert_eq!(Route::parse(method, path), None, "{method} {path}");
    }
}

#[test]
fn the_query_of_version_6_is_read() {
    let wish = of_query(
        "filename=holiday+%F0%9F%98%80+%22x%22.png&type=image%2Fpng&metadata%5Bname%5D=holiday+x.png\
         &metadata%5Btype%5D=image%2Fpng&metadata%5BrelativePath%5D=null&metadata%5Bcaption%5D=a+b%20c",
    );
    assert_eq!(wish.filename.as_str(), "holiday 😀 \"x\".png");
    assert_eq!(wish.content_type.as_str(), "image/png");
    assert_eq!((wish.size, wish.class.clone()), (None, None));
    assert_eq!(metadata(&wish), [("caption", "a b c")]);
}

#[test]
fn a_client_may_ask_for_put_and_give_size_and_class() {
    let raw = "filename=a.png&type=image/png&method=PUT&metadata[size]=72&metadata[class]=avatar&metadata[relativePath]=x/a.png";
    assert_eq!(Asked::from_query(&query(raw)).transport(), Transport::Put);
    assert_eq!(Asked::from_query(&query("filename=a.png")).transport(), Transport::Post);
    let wish = of_query(raw);
    assert_eq!(wish.class.as_deref(), Some("avatar"));
    assert_eq!(wish.size.map(crate::size::ByteSize::bytes), Some(72));
    // The class takes no metadata, and this piece is the dashboard's own doing.
    assert_eq!(metadata(&wish), []);
    let shirt = of_query("filename=a.png&type=image/png&metadata[size]=XL&metadata[relativePath]=x/a.png");
    assert_eq!((shirt.size, metadata(&shirt)), (None, vec![("relativePath", "x/a.png"), ("size", "XL")]));
    let asked = Asked::from_query(&query("filename=a.png&metadata[class]=strict"));
    assert_eq!(wish_class(asked, Some("avatar")).as_deref(), Some("avatar"), "the path's word counts");
}

fn wish_class(asked: Asked, class: Option<&str>) -> Option<String> {
    wish(asked, class).unwrap().class
}

#[test]
fn a_missing_type_follows_from_the_name_where_the_class_takes_it() {
    for (query, expected) in [
        ("filename=a.png", "image/png"),
        ("filename=a.PNG&type=", "image/png"),
        ("filename=a.csv&type=undefined", "text/csv"),
        ("filename=a.png&type=null", "image/png"),
        ("filename=a.png&type=application/octet-stream", "image/png"),
        // Said is said, whatever the name.
        ("filename=a.png&type=text/plain", "text/plain"),
        ("filename=a.exe", "application/octet-stream"),
        ("filename=a", "application/octet-stream"),
        ("filename=a.unheard-of", "application/octet-stream"),
    ] {
        assert_eq!(of_query(query).content_type.as_str(), expected, "{query}");
    }
}

#[test]
fn the_body_of_version_6_holds_raw_values_and_that_of_version_5_texts() {
    let six = json!({
        "filename": "a.png",
        "type": "image/png",
        "metadata": { "name": "a.png", "type": "image/png", "relativePath": null, "n": 1, "yes": true, "tags": ["a", { "b": null }], "size": 5 },
    });
    let six = of_body(&six).unwrap();
    assert_eq!(metadata(&six), [("n", "1"), ("tags", r#"["a",{"b":null}]"#), ("yes", "true")]);
    assert_eq!(six.size.map(crate::size::ByteSize::bytes), Some(5));
    let five = json!({ "filename": "a.png", "metadata": { "name": "a.png", "caption": "null" } });
    let five = of_body(&five).unwrap();
    assert_eq!((five.content_type.as_str(), metadata(&five)), ("image/png", vec![("caption", "null")]));
}

#[test]
fn what_is_no_text_is_refused() {
    for (body, code) in [
        (json!({}), Code::InvalidFilename),
        (json!({ "filename": "" }), Code::InvalidFilename),
        (json!({ "filename": 7 }), Code::InvalidFilename),
        (json!({ "filename": ["a.png"] }), Code::InvalidFilename),
        (json!({ "filename": "../a.png" }), Code::InvalidFilename),
        (json!({ "filename": "a.png", "type": 7 }), Code::InvalidContentType),
        (json!({ "filename": "a.png", "type": "png" }), Code::InvalidContentType),
    ] {
        assert_eq!(of_body(&body).unwrap_err().code(), code, "{body}");
    }
}

#[test]
fn encoded_words_are_read_where_they_are_whole() {
    for (sent, read) in [
        ("=?UTF-8?B?w7xiZXI=?=", "über"),
        ("=?utf-8?q?=C3=BCber_50%?=", "über 50%"),
        ("=?UTF-8?B?w7w=?= =?UTF-8?B?YmVy?=", "über"),
        ("=?UTF-8?B?not base64?=", "=?UTF-8?B?not base64?="),
        ("=?ISO-8859-1?Q?=FC?=", "=?ISO-8859-1?Q?=FC?="),
        ("=?UTF-8?B?/w==?=", "=?UTF-8?B?/w==?="),
        ("plain", "plain"),
        ("", ""),
    ] {
        let body = json!({ "filename": "a.png", "metadata": { "m": sent } });
        assert_eq!(metadata(&of_body(&body).unwrap()), [("m", read)], "{sent}");
    }
    let name = json!({ "filename": "a.png", "metadata": { "=?UTF-8?B?w7xiZXI=?=": "x" } });
    assert_eq!(metadata(&of_body(&name).unwrap()), [("über", "x")]);
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(method in "GET|POST|DELETE", path in ".*", raw in ".*", word in "=\\?.*\\?=") {
        let _ = Route::parse(&method, &path);
        let _ = wish(Asked::from_query(&query(&raw)), None);
        let body = json!({ "filename": raw, "type": word, "metadata": { "m": word } });
        let _ = of_body(&body);
    }
}
