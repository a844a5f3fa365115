//! Prints URLs and forms that this crate signs, one JSON object a line, for a program that signs them again:
//! `cargo run --package s3-presigner --example samples`.

#![expect(clippy::print_stdout, reason = "the samples are its output")]

use std::time::Duration;

use jiff::Timestamp;
use s3_presigner::post::FormRequest;
use s3_presigner::{Addressing, BucketEndpoint, Credentials, Request, Signer};
use serde_json::{Map, Value, json};

const BUCKET: &str = "sluice-uploads";
const LIFE: Duration = Duration::from_mins(15);
const KEYS: [&str; 4] =
    ["1/b/2026-11-28/alice~0123456789abcdef/01a1a147", "ü ~x+y'(z)*/$&@=;:?,.png", "a b/%2F/..", "\u{1f600}"];

fn main() -> Result<(), jiff::Error> {
    let now: Timestamp = "2026-11-28T12:00:00Z".parse()?;
    for (style, region, addressing) in [
        ("regional", "eu-central-1", Addressing::Regional),
        ("regional", "us-gov-west-1", Addressing::Regional),
        ("regional", "cn-north-1", Addressing::Regional),
        ("regional", "eusc-de-east-1", Addressing::Regional),
        ("dualstack", "eu-central-1", Addressing::DualStack),
        ("accelerate", "eu-central-1", Addressing::Accelerated),
        ("custom", "eu-central-1", Addressing::Custom { endpoint: "http://127.0.0.1:9000".to_owned() }),
    ] {
        for token in [None, Some("session/token+example==")] {
            let credentials = Credentials {
                access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
                secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
                session_token: token.map(str::to_owned),
            };
            let endpoint = BucketEndpoint::new(BUCKET, region, &addressing);
            let signer = Signer::new(&credentials, region, now);
            for key in KEYS {
                let mut sample = json!({
                    "style": style, "region": region, "bucket": BUCKET, "key": key, "time": "20261128T120000Z",
                    "expires": LIFE.as_secs(), "credentials": {
                        "accessKeyId": credentials.access_key_id, "secretAccessKey": credentials.secret_access_key,
                    },
                });
                if let Some(token) = token {
                    sample["credentials"]["sessionToken"] = token.into();
                }
                if style == "custom" {
                    sample["endpoint"] = "http://127.0.0.1:9000".into();
                }
                urls(&signer, &endpoint, key, &sample);
                form(&signer, &endpoint, key, now, sample);
            }
        }
    }
    Ok(())
}

/// A PUT with signed headers, the PUT of a part, and a download with response headers.
fn urls(signer: &Signer, endpoint: &BucketEndpoint, key: &str, sample: &Value) {
    let put = [
        ("content-length", "5"),
        ("content-type", "text/plain; charset=utf-8"),
        ("if-none-match", "*"),
        ("x-amz-checksum-crc32", "AAAAAA=="),
        ("x-amz-meta-sluice", "eyJ2IjoxfQ"),
    ];
    let part = [("content-length", "8388608")];
    let number = [("partNumber", "7"), ("uploadId", "u+/=~")];
    let download = [
        ("response-content-disposition", "attachment; filename*=UTF-8''%C3%BC.png"),
        ("response-content-type", "image/png"),
        ("versionId", "null"),
    ];
    for (method, headers, query) in [("PUT", &put[..], &[][..]), ("PUT", &part, &number), ("GET", &[], &download)] {
        let owned = |pairs: &'static str| pairs.to_owned();
        let signed: Vec<(&str, String)> = headers.iter().map(|(name, value)| (*name, owned(value))).collect();
        let parameters: Vec<(&str, String)> = query.iter().map(|(name, value)| (*name, owned(value))).collect();
        let request = Request { method, endpoint, key, headers: &signed, query: &parameters };
        let mut line = sample.clone();
        line["kind"] = "url".into();
        line["url"] = signer.presign(&request, LIFE).into();
        line["method"] = method.into();
        line["headers"] = object(&signed);
        line["query"] = object(&parameters);
        println!("{line}");
    }
}

fn form(signer: &Signer, endpoint: &BucketEndpoint, key: &str, now: Timestamp, mut line: Value) {
    let fields = [("content-type", "image/png".to_owned()), ("x-amz-meta-sluice", "eyJ2IjoxfQ".to_owned())];
    let request = FormRequest { bucket: BUCKET, endpoint, key, fields: &fields, min: 1, max: 5_000_000_000 };
    let form = signer.form(&request, now, LIFE);
    line["kind"] = "form".into();
    line["url"] = form.url.into();
    line["fields"] = form.fields.into_iter().map(|(name, value)| (name, value.into())).collect::<Map<_, _>>().into();
    line["range"] = json!([1, 5_000_000_000_u64]);
    println!("{line}");
}

fn object(pairs: &[(&str, String)]) -> Value {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect::<Map<_, _>>().into()
}
