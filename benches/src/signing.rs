//! Signing pages of part URLs, against the SDK's own way.

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_s3::config::{BehaviorVersion, Credentials as SdkCredentials, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use jiff::Timestamp;
use s3_presigner::{Addressing, BucketEndpoint, Credentials, Request, Signer};

use crate::Outcome;
use crate::machine::processor_time;
use crate::report::{Report, median, note, row, table};
use crate::specimen::session_token;

const PAGE: usize = 1_000;
/// Pages that are timed for each side in turn.
const ROUNDS: usize = 9;
/// Processor time is counted in hundredths of a second: only many pages together can be told apart.
const COUNTED_PAGES: u32 = 300;

/// The design's budgets.
const TIMES_FASTER: f64 = 8.0;
const PAGE_MILLIS: f64 = 10.0;

const REGION: &str = "eu-west-1";
const BUCKET: &str = "sluice-uploads-123456789012-eu-west-1";
const KEY: &str = "1/a7/2026-11-22/7c9e6679-7425-40de-944b-e07fc1f90ae7~0123456789abcdef/\
    019aac5e-1d2b-7f3a-8c4d-5e6f708192a7";
const UPLOAD: &str = "VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA.IDSkPQ2aWWpbmcncyBteS1tb3Zpb\
    mcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA--";
const PART_SIZE: i64 = 8 * 1024 * 1024;
const LIFE: Duration = Duration::from_hours(1);
const KEY_ID: &str = "ASIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// Prints and judges the figures.
pub(crate) fn measure(report: &mut Report) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|e| e.to_string())?;
    let client = client();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        black_box(our_page());
        ours.push(started.elapsed().as_secs_f64());
        let started = Instant::now();
        black_box(runtime.block_on(their_page(&client))?);
        theirs.push(started.elapsed().as_secs_f64());
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    let before = processor_time()?;
    for _ in 0..COUNTED_PAGES {
        black_box(our_page());
    }
    let page = processor_time()?.saturating_sub(before).as_secs_f64() * 1e3 / f64::from(COUNTED_PAGES);

    note(&format!("URLs for parts with a session token of {} bytes, pages of {PAGE}", session_token().len()));
    let line = |name: &str, seconds: f64| {
        #[expect(clippy::cast_precision_loss, reason = "a thousand is exact")]
        let each = seconds / PAGE as f64;
        row([name, &format!("{:.2}", each * 1e6), &format!("{:.0}", 1.0 / each)])
    };
    table(&[
        row(["signer", "µs per URL", "URLs per second"]),
        line("s3_presigner", ours),
        line("aws-sdk-s3 presigned()", theirs),
    ]);
    let times = theirs / ours;
    report.limit("faster than the SDK", times >= TIMES_FASTER, &format!("{times:.1} ×"), &format!("{TIMES_FASTER} ×"));
    report.limit(
        "processor time for a page",
        page <= PAGE_MILLIS,
        &format!("{page:.2} ms"),
        &format!("{PAGE_MILLIS} ms"),
    );
    Ok(())
}

/// As a request for a page does it: the signer is made once for the page.
fn our_page() -> usize {
    let credentials = Credentials {
        access_key_id: KEY_ID.to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: Some(session_token()),
    };
    let endpoint = BucketEndpoint::new(BUCKET, REGION, &Addressing::Regional);
    let signer = Signer::new(&credentials, REGION, Timestamp::now());
    let mut bytes = 0;
    for part in 1..=PAGE {
        let headers = [("content-length", PART_SIZE.to_string())];
        let query = [("partNumber", part.to_string()), ("uploadId", UPLOAD.to_owned())];
        let request = Request { method: "PUT", endpoint: &endpoint, key: KEY, headers: &headers, query: &query };
        bytes += black_box(signer.presign(&request, LIFE)).len();
    }
    bytes
}

/// A client that can sign and nothing else: no TLS, no look-ups.
fn client() -> aws_sdk_s3::Client {
    let credentials = SdkCredentials::new(KEY_ID, SECRET, Some(session_token()), None, "bench");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// The same URLs by the SDK.
async fn their_page(client: &aws_sdk_s3::Client) -> Outcome<usize> {
    let config = PresigningConfig::builder().start_time(SystemTime::now()).expires_in(LIFE).build();
    let config = config.map_err(|e| e.to_string())?;
    let mut bytes = 0;
    for part in 1..=PAGE {
        let part = i32::try_from(part).map_err(|e| e.to_string())?;
        let call = client.upload_part().bucket(BUCKET).key(KEY).upload_id(UPLOAD);
        let signed = call.part_number(part).content_length(PART_SIZE).presigned(config.clone()).await;
        bytes += black_box(signed.map_err(|e| e.to_string())?).uri().len();
    }
    Ok(bytes)
}
