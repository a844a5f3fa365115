//! What such clients really send, version by version, and what becomes of it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::http::{self, Code, Problem};
use policy::{Transport, UploadRequest};
use testkit::{ALICE, owner};

/// The route of Uppy that a method and a path lead to.
fn route(method: &str, path: &str) -> Option<Route> {
    match http::Route::parse(method, path)? {
        http::Route::Uppy(route) => Some(route),
        _ => None,
    }
}

fn upload(asked: UppyFile, class: Option<&str>) -> Result<UploadRequest, Problem> {
    asked.into_upload_request(
        owner(ALICE),
        class.map(str::to_owned),
        &policy::document::parse(policy::document::SHIPPED_POLICY).unwrap(),
    )
}

fn of_query(raw: &str) -> UploadRequest {
    upload(UppyFile::from_query(&query(raw)), None).unwrap()
}

fn of_body(body: &Value) -> Result<UploadRequest, Problem> {
    upload(UppyFile::from_body(serde_json::from_value(body.clone()).unwrap())?, None)
}

fn metadata(upload: &UploadRequest) -> Vec<(&str, &str)> {
    upload.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
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
            let found = route(method, &format!("{prefix}{path}"));
            assert_eq!(found, Some(Route { class, operation: operation.clone() }), "{method} {prefix}{path}");
        }
    }
    let doubled = route("GET", "/avatar//s3//params/").unwrap();
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
        assert_eq!(route(method, path), None, "{method} {path}");
    }
}

#[test]
fn the_query_of_version_6_is_read() {
    let upload = of_query(
        "filename=holiday+%F0%9F%98%80+%22x%22.png&type=image%2Fpng&metadata%5Bname%5D=holiday+x.png\
         &metadata%5Btype%5D=image%2Fpng&metadata%5BrelativePath%5D=null&metadata%5Bcaption%5D=a+b%20c",
    );
    assert_eq!(upload.filename.as_str(), "holiday 😀 \"x\".png");
    assert_eq!(upload.content_type.as_str(), "image/png");
    assert_eq!((upload.size, upload.class.clone()), (None, None));
    assert_eq!(metadata(&upload), [("caption", "a b c")]);
}

#[test]
fn a_client_may_ask_for_put_and_give_size_and_class() {
    let raw = "filename=a.png&type=image/png&method=PUT&metadata[size]=72&metadata[class]=avatar&metadata[relativePath]=x/a.png";
    assert_eq!(UppyFile::from_query(&query(raw)).transport(), Transport::Put);
    assert_eq!(UppyFile::from_query(&query("filename=a.png")).transport(), Transport::Post);
    let upload = of_query(raw);
    assert_eq!(upload.class.as_deref(), Some("avatar"));
    assert_eq!(upload.size.map(policy::size::ByteSize::bytes), Some(72));
    // The class takes no metadata, and this piece is the dashboard's own doing.
    assert_eq!(metadata(&upload), []);
    let shirt = of_query("filename=a.png&type=image/png&metadata[size]=XL&metadata[relativePath]=x/a.png");
    assert_eq!((shirt.size, metadata(&shirt)), (None, vec![("relativePath", "x/a.png"), ("size", "XL")]));
    let asked = UppyFile::from_query(&query("filename=a.png&metadata[class]=strict"));
    assert_eq!(wish_class(asked, Some("avatar")).as_deref(), Some("avatar"), "the path's word counts");
}

fn wish_class(asked: UppyFile, class: Option<&str>) -> Option<String> {
    upload(asked, class).unwrap().class
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
    assert_eq!(six.size.map(policy::size::ByteSize::bytes), Some(5));
    for none in [json!({ "filename": "a.png", "metadata": null }), json!({ "filename": "a.png" })] {
        assert_eq!(metadata(&of_body(&none).unwrap()), [], "{none}");
    }
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
        let _ = route(&method, &path);
        let _ = upload(UppyFile::from_query(&query(&raw)), None);
        let body = json!({ "filename": raw, "type": word, "metadata": { "m": word } });
        let _ = of_body(&body);
    }
}

fn to_sign(body: &Value) -> Result<ToSign, Problem> {
    serde_json::from_value::<SignBody>(body.clone()).unwrap().read()
}

fn url_of(body: &Value, class: Option<&str>) -> (String, Value) {
    let ours = match to_sign(body).unwrap() {
        ToSign::Ours(ours) => ours,
        ToSign::Creation(asked) => Ours::creation(&asked),
        other @ (ToSign::Whole(_) | ToSign::Part(..)) => panic!("{other:?} does not come back to us"),
    };
    let route = Route { class: class.map(str::to_owned), operation: Operation::Sign };
    let signed = serde_json::to_value(ours.sign("https://api.example", &route, Some("Bearer t"))).unwrap();
    (signed["url"].as_str().unwrap().to_owned(), signed["headers"].clone())
}

const KEY: &str = "0b4c3b8e-5d0f-4f0e-9d6f-2f1f6f3f9a11-holiday & \"sea\".png";

#[test]
fn what_carries_no_bytes_comes_back_to_us_with_the_callers_token() {
    for (body, expected) in [
        (json!({ "method": "GET", "key": "k", "uploadId": "a/b" }), "/s3/multipart/a%2Fb?xml"),
        (json!({ "method": "DELETE", "key": "k", "uploadId": "u" }), "/s3/multipart/u?xml"),
        (json!({ "method": "POST", "key": "k", "uploadId": "u" }), "/s3/multipart/u/complete?xml"),
        (
            json!({ "method": "POST", "key": "folder/plain.txt", "expiresIn": 900 }),
            "/s3/multipart?xml&filename=plain.txt",
        ),
    ] {
        let (url, headers) = url_of(&body, None);
        assert_eq!(
            (url.as_str(), &headers),
            (format!("https://api.example{expected}").as_str(), &json!({ "authorization": "Bearer t" }))
        );
    }
    assert_eq!(
        url_of(&json!({ "method": "GET", "uploadId": "u" }), Some("avatar")).0,
        "https://api.example/avatar/s3/multipart/u?xml"
    );
}

#[test]
fn refusals_are_json_by_its_plain_name_on_these_routes_alone() {
    for (path, expected) in [
        ("/s3/params", "application/json"),
        ("//avatar//s3/multipart", "application/json"),
        ("/s3/nothing", "application/json"),
        ("/uploads", "application/problem+json"),
        ("/uploads/multipart/s3/parts", "application/problem+json"),
        ("/", "application/problem+json"),
    ] {
        let response = refused(path, Problem::new(Code::TooLarge, "too much"));
        assert_eq!(response.headers()["content-type"], expected, "{path}");
        assert_eq!(response.status(), 422);
    }
}

#[test]
fn a_creation_says_all_that_the_page_knows_of_the_file() {
    let body = json!({ "method": "POST", "key": KEY, "type": "image/png", "size": 7, "class": "strict", "metadata": { "a": "b c", "n": null } });
    let (url, _) = url_of(&body, None);
    let pairs = query(url.split_once('?').unwrap().1);
    assert!(wants_xml(&pairs));
    let upload = upload(UppyFile::from_query(&pairs), None).unwrap();
    assert_eq!((upload.filename.as_str(), upload.content_type.as_str()), ("holiday & \"sea\".png", "image/png"));
    assert_eq!((upload.size.map(policy::size::ByteSize::bytes), upload.class.as_deref()), (Some(7), Some("strict")));
    assert_eq!(metadata(&upload), [("a", "b c")]);
}

#[test]
fn bytes_go_to_the_store_and_nothing_else_is_signed() {
    let whole = json!({ "method": "PUT", "key": KEY, "contentType": "image/png", "metadata": null });
    let Ok(ToSign::Whole(asked)) = to_sign(&whole) else { panic!("a whole file") };
    assert_eq!(upload(asked, None).unwrap().filename.as_str(), "holiday & \"sea\".png");
    assert_eq!(
        to_sign(&json!({ "method": "PUT", "key": "k", "uploadId": "u", "partNumber": 7 })),
        Ok(ToSign::Part("u".to_owned(), 7))
    );
    for body in [
        json!({ "method": "DELETE", "key": "k" }),
        json!({ "method": "GET", "key": "k" }),
        json!({ "method": "PUT", "key": "k", "partNumber": 1 }),
        json!({ "method": "PUT", "key": "k", "uploadId": "u" }),
        json!({ "method": "POST", "key": "k", "uploadId": "u", "partNumber": 1 }),
        json!({ "method": "put", "key": "k" }),
    ] {
        assert_eq!(to_sign(&body).unwrap_err().code(), Code::InvalidBody, "{body}");
    }
}

#[test]
fn names_are_found_in_keys() {
    for (key, name) in
        [(KEY, "holiday & \"sea\".png"), ("a/b/c.txt", "c.txt"), ("0b4c3b8e-c.txt", "0b4c3b8e-c.txt"), ("é", "é")]
    {
        let Ok(ToSign::Whole(asked)) = to_sign(&json!({ "method": "PUT", "key": key })) else { panic!("{key}") };
        assert_eq!(upload(asked, None).unwrap().filename.as_str(), name);
    }
}

#[test]
fn every_answer_has_the_names_that_clients_look_for() {
    let opened = CreateResponse { key: "k".to_owned(), upload_id: "u".to_owned(), bucket: "b".to_owned() };
    assert_eq!(serde_json::to_value(&opened).unwrap(), json!({ "key": "k", "uploadId": "u", "bucket": "b" }));
    let part = ListedPart { part_number: 1, etag: "\"e\"".to_owned(), size: 5 };
    let listed = PartList { parts: vec![part] };
    assert_eq!(serde_json::to_value(&listed).unwrap(), json!([{ "PartNumber": 1, "ETag": "\"e\"", "Size": 5 }]));
    assert_eq!(serde_json::to_value(PartList { parts: vec![] }).unwrap(), json!([]));
    let batch = SignedBatch { presigned_urls: [(1, "one".to_owned()), (20, "twenty".to_owned())].into() };
    assert_eq!(serde_json::to_value(batch).unwrap(), json!({ "presignedUrls": { "1": "one", "20": "twenty" } }));
    assert_eq!(
        listed.xml(),
        "<ListPartsResult><IsTruncated>false</IsTruncated>\
         <Part><PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag><Size>5</Size></Part></ListPartsResult>"
    );
    let finished = CompleteResponse { location: "l?a&b".to_owned(), key: "k".to_owned(), bucket: "b".to_owned() };
    assert_eq!(
        finished.xml(),
        "<CompleteMultipartUploadResult><Location>l?a&amp;b</Location><Bucket>b</Bucket><Key>k</Key></CompleteMultipartUploadResult>"
    );
    let refused = answer(true, Err::<CreateResponse, _>(Problem::new(Code::TooLarge, "a < b")));
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.headers()["content-type"], "application/xml");
    let lambda_http::Body::Text(xml) = refused.body() else { panic!("text") };
    assert_eq!(xml, "<Error><Code>too-large</Code><Message>a &lt; b</Message></Error>");
}

#[test]
fn a_part_of_a_list_in_xml_that_cannot_be_read_is_refused_and_never_left_out() {
    const GOOD: &str = "<Part><PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag></Part>";
    let named = |parts: &str| {
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        let request = lambda_http::http::Request::new(lambda_http::Body::from(body));
        named_parts(&request, true)
    };
    assert_eq!(named(GOOD).unwrap().parts.unwrap().len(), 1);
    assert_eq!(named("").unwrap().parts.unwrap().len(), 0);
    for bad in [
        "<Part><PartNumber>2</PartNumber></Part>",
        "<Part><ETag>e</ETag></Part>",
        "<Part><PartNumber>two</PartNumber><ETag>e</ETag></Part>",
        "<Part><PartNumber>2</PartNumber><ETag>e",
        "<Part>",
    ] {
        let refused = named(&format!("{GOOD}{bad}")).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidPart, "{bad}");
    }
}
