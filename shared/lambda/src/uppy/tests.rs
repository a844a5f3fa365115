//! Requests as the versions of Uppy send them, and the responses they expect.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::http::{self, Code, Problem};
use policy::document::{self, SHIPPED_POLICY};
use policy::size::ByteSize;
use policy::{Transport, UploadRequest};
use testkit::{ALICE, owner};

/// Uppy's route for a method and a path.
fn route(method: &str, path: &str) -> Option<Route> {
    match http::Route::parse(method, path)? {
        http::Route::Uppy(route) => Some(route),
        _ => None,
    }
}

fn upload(file: UppyFile, class: Option<&str>) -> Result<UploadRequest, Problem> {
    let policy = document::parse(SHIPPED_POLICY).unwrap();
    file.into_upload_request(owner(ALICE), class.map(str::to_owned), &policy)
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
fn routes_may_have_a_class_and_empty_segments() {
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
fn a_query_of_uppy_6_is_parsed() {
    let upload = of_query(
        "filename=holiday+%F0%9F%98%80+%22x%22.png&type=image%2Fpng&metadata%5Bname%5D=holiday+x.png\
         &metadata%5Btype%5D=image%2Fpng&metadata%5BrelativePath%5D=null&metadata%5Bcaption%5D=a+b%20c",
    );
    assert_eq!(upload.filename.as_str(), "holiday 😀 \"x\".png");
    assert_eq!(upload.declared_type.as_ref().unwrap().as_str(), "image/png");
    assert_eq!((upload.size, upload.class.clone()), (None, None));
    assert_eq!(metadata(&upload), [("caption", "a b c")]);
}

#[test]
fn a_query_may_request_put_and_set_size_and_class() {
    let raw = "filename=a.png&type=image/png&method=PUT&metadata[size]=72&metadata[class]=avatar&metadata[relativePath]=x/a.png";
    assert_eq!(UppyFile::from_query(&query(raw)).transport(), Transport::Put);
    assert_eq!(UppyFile::from_query(&query("filename=a.png")).transport(), Transport::Post);
    let avatar = of_query(raw);
    assert_eq!(avatar.class.as_deref(), Some("avatar"));
    assert_eq!(avatar.size.map(ByteSize::bytes), Some(72));
    // The class allows no metadata, and the Dashboard of Uppy adds `relativePath` itself.
    assert_eq!(metadata(&avatar), []);
    let other_size = of_query("filename=a.png&type=image/png&metadata[size]=XL&metadata[relativePath]=x/a.png");
    assert_eq!((other_size.size, metadata(&other_size)), (None, vec![("relativePath", "x/a.png"), ("size", "XL")]));
    let file = UppyFile::from_query(&query("filename=a.png&metadata[class]=strict"));
    let class_of_path = upload(file, Some("avatar")).unwrap().class;
    assert_eq!(class_of_path.as_deref(), Some("avatar"), "the class of the path has precedence");
}

#[test]
fn the_extension_gives_a_missing_type_that_the_class_allows() {
    for (query, expected) in [
        ("filename=a.png", "image/png"),
        ("filename=a.PNG&type=", "image/png"),
        ("filename=a.csv&type=undefined", "text/csv"),
        ("filename=a.png&type=null", "image/png"),
        ("filename=a.png&type=application/octet-stream", "image/png"),
        // A declared type has precedence over the extension.
        ("filename=a.png&type=text/plain", "extension-not-allowed"),
        ("filename=a.exe", "type-not-allowed"),
        ("filename=a", "type-required"),
        ("filename=a.unknown", "type-required"),
    ] {
        let policy = document::parse(SHIPPED_POLICY).unwrap();
        let granted = |query| match policy.review(of_query(query), Transport::Post) {
            Ok(reviewed) => reviewed.grant.content_type.to_string(),
            Err(refusal) => refusal.code().to_owned(),
        };
        assert_eq!(granted(query), expected, "{query}");
        let strict = granted(&format!("{query}&metadata[class]=strict"));
        assert_eq!(strict.starts_with("type-"), expected.starts_with("type-"), "strict {query}: {strict}");
    }
}

#[test]
fn metadata_may_be_raw_values_of_uppy_6_or_strings_of_uppy_5() {
    let six = json!({
        "filename": "a.png",
        "type": "image/png",
        "metadata": { "name": "a.png", "type": "image/png", "relativePath": null, "n": 1, "yes": true, "tags": ["a", { "b": null }], "size": 5 },
    });
    let six = of_body(&six).unwrap();
    assert_eq!(metadata(&six), [("n", "1"), ("tags", r#"["a",{"b":null}]"#), ("yes", "true")]);
    assert_eq!(six.size.map(ByteSize::bytes), Some(5));
    for none in [json!({ "filename": "a.png", "metadata": null }), json!({ "filename": "a.png" })] {
        assert_eq!(metadata(&of_body(&none).unwrap()), [], "{none}");
    }
    let five = json!({ "filename": "a.png", "metadata": { "name": "a.png", "caption": "null" } });
    let five = of_body(&five).unwrap();
    assert_eq!((five.declared_type.is_none(), metadata(&five)), (true, vec![("caption", "null")]));
}

#[test]
fn invalid_names_and_types_are_refused() {
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
fn encoded_words_are_decoded() {
    for (sent, decoded) in [
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
        assert_eq!(metadata(&of_body(&body).unwrap()), [("m", decoded)], "{sent}");
    }
    let name = json!({ "filename": "a.png", "metadata": { "=?UTF-8?B?w7xiZXI=?=": "x" } });
    assert_eq!(metadata(&of_body(&name).unwrap()), [("über", "x")]);
}

proptest! {
    #[test]
    fn parsing_never_panics(method in "GET|POST|DELETE", path in ".*", raw in ".*", word in "=\\?.*\\?=") {
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
    let request = match to_sign(body).unwrap() {
        ToSign::ApiRequest(request) => request,
        ToSign::Creation(file) => ApiRequest::creation(&file),
        other @ (ToSign::Whole(_) | ToSign::Part(..)) => panic!("{other:?} goes to S3"),
    };
    let route = Route { class: class.map(str::to_owned), operation: Operation::Sign };
    let signed = serde_json::to_value(request.sign("https://api.example", &route, Some("Bearer t"))).unwrap();
    (signed["url"].as_str().unwrap().to_owned(), signed["headers"].clone())
}

const KEY: &str = "0b4c3b8e-5d0f-4f0e-9d6f-2f1f6f3f9a11-holiday & \"sea\".png";

#[test]
fn requests_without_content_go_to_this_api_with_the_token() {
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
fn errors_on_uppy_routes_have_the_type_application_json() {
    for (path, expected) in [
        ("/s3/params", "application/json"),
        ("//avatar//s3/multipart", "application/json"),
        ("/s3/nothing", "application/json"),
        ("/uploads", "application/problem+json"),
        ("/uploads/multipart/s3/parts", "application/problem+json"),
        ("/", "application/problem+json"),
    ] {
        let response = error_response(path, Problem::new(Code::TooLarge, "a detail"));
        assert_eq!(response.headers()["content-type"], expected, "{path}");
        assert_eq!(response.status(), 422);
    }
}

#[test]
fn a_creation_request_contains_every_fact_about_the_file() {
    let body = json!({ "method": "POST", "key": KEY, "type": "image/png", "size": 7, "class": "strict", "metadata": { "a": "b c", "n": null } });
    let (url, _) = url_of(&body, None);
    let pairs = query(url.split_once('?').unwrap().1);
    assert!(wants_xml(&pairs));
    let upload = upload(UppyFile::from_query(&pairs), None).unwrap();
    assert_eq!(
        (upload.filename.as_str(), upload.declared_type.as_ref().unwrap().as_str()),
        ("holiday & \"sea\".png", "image/png")
    );
    assert_eq!((upload.size.map(ByteSize::bytes), upload.class.as_deref()), (Some(7), Some("strict")));
    assert_eq!(metadata(&upload), [("a", "b c")]);
}

#[test]
fn only_requests_with_content_are_signed_for_s3() {
    let whole = json!({ "method": "PUT", "key": KEY, "contentType": "image/png", "metadata": null });
    let Ok(ToSign::Whole(file)) = to_sign(&whole) else { panic!("a whole file") };
    assert_eq!(upload(file, None).unwrap().filename.as_str(), "holiday & \"sea\".png");
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
fn the_file_name_is_found_in_a_generated_key() {
    for (key, name) in
        [(KEY, "holiday & \"sea\".png"), ("a/b/c.txt", "c.txt"), ("0b4c3b8e-c.txt", "0b4c3b8e-c.txt"), ("é", "é")]
    {
        let Ok(ToSign::Whole(file)) = to_sign(&json!({ "method": "PUT", "key": key })) else { panic!("{key}") };
        assert_eq!(upload(file, None).unwrap().filename.as_str(), name);
    }
}

#[test]
fn responses_have_the_field_names_of_companion_and_s3() {
    let created = CreateResponse { key: "k".to_owned(), upload_id: "u".to_owned(), bucket: "b".to_owned() };
    assert_eq!(serde_json::to_value(&created).unwrap(), json!({ "key": "k", "uploadId": "u", "bucket": "b" }));
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
    let completed = CompleteResponse { location: "l?a&b".to_owned(), key: "k".to_owned(), bucket: "b".to_owned() };
    assert_eq!(
        completed.xml(),
        "<CompleteMultipartUploadResult><Location>l?a&amp;b</Location><Bucket>b</Bucket><Key>k</Key></CompleteMultipartUploadResult>"
    );
    let refused = respond(true, Err::<CreateResponse, _>(Problem::new(Code::TooLarge, "a < b")));
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.headers()["content-type"], "application/xml");
    let lambda_http::Body::Text(xml) = refused.body() else { panic!("text") };
    let title = Code::TooLarge.title();
    assert_eq!(*xml, format!("<Error><Code>too-large</Code><Message>{title}</Message></Error>"));
}

#[test]
fn an_unreadable_part_in_an_xml_list_is_an_error() {
    const GOOD: &str = "<Part><PartNumber>1</PartNumber><ETag>&quot;e&quot;</ETag></Part>";
    let parse = |parts: &str| {
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        let request = lambda_http::http::Request::new(lambda_http::Body::from(body));
        named_parts(&request, true)
    };
    assert_eq!(parse(GOOD).unwrap().parts.unwrap().len(), 1);
    assert_eq!(parse("").unwrap().parts.unwrap().len(), 0);
    for bad in [
        "<Part><PartNumber>2</PartNumber></Part>",
        "<Part><ETag>e</ETag></Part>",
        "<Part><PartNumber>two</PartNumber><ETag>e</ETag></Part>",
        "<Part><PartNumber>2</PartNumber><ETag>e",
        "<Part>",
    ] {
        let refused = parse(&format!("{GOOD}{bad}")).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidPart, "{bad}");
    }
}
