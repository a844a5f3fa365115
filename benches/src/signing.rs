//! Signing pages of part URLs, compared with the SDK.

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_s3::config::{BehaviorVersion, Credentials as SdkCredentials, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use jiff::Timestamp;
use s3_presigner::{Addressing, BucketEndpoint, Credentials, Request, Signer};

use crate::Result;
use crate::fixture::session_token;
use crate::machine::processor_time;
use crate::report::{Report, median, note, row, table};

/// Part URLs in a page.
const PAGE_SIZE: usize = 1_000;
/// Timed pages of each signer, in turn.
const ROUNDS: usize = 9;
/// Pages for the processor time. One page is too short for its resolution of 10 ms.
const PROCESSOR_TIME_PAGES: u32 = 300;

/// The limits of the design.
const MIN_SPEEDUP: f64 = 8.0;
const MAX_PAGE_MILLIS: f64 = 10.0;

const REGION: &str = "eu-west-1";
const BUCKET: &str = "sluice-uploads-123456789012-eu-west-1";
const KEY: &str = "1/a7/2026-11-22/7c9e6679-7425-40de-944b-e07fc1f90ae7~0123456789abcdef/\
    019aac5e-1d2b-7f3a-8c4d-5e6f708192a7";
const UPLOAD_ID: &str = "VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA.IDSkPQ2aWWpbmcncyBteS1tb3Zpb\
    mcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA--";
const PART_SIZE: i64 = 8 * 1024 * 1024;
const URL_LIFETIME: Duration = Duration::from_hours(1);
const ACCESS_KEY_ID: &str = "ASIAIOSFODNN7EXAMPLE";
const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// Prints the figures and checks them against their limits.
pub(crate) fn measure(report: &mut Report) -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|e| e.to_string())?;
    let client = client();
    let (mut sluice, mut sdk) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        black_box(sign_page());
        sluice.push(started.elapsed().as_secs_f64());
        let started = Instant::now();
        black_box(runtime.block_on(sign_page_with_sdk(&client))?);
        sdk.push(started.elapsed().as_secs_f64());
    }
    let (sluice, sdk) = (median(&mut sluice), median(&mut sdk));
    let before = processor_time()?;
    for _ in 0..PROCESSOR_TIME_PAGES {
        black_box(sign_page());
    }
    let page = processor_time()?.saturating_sub(before).as_secs_f64() * 1e3 / f64::from(PROCESSOR_TIME_PAGES);

    note(&format!("URLs for parts with a session token of {} bytes, pages of {PAGE_SIZE}", session_token().len()));
    note("the SDK as the release profile compiles it, without optimisation; with it, it takes about half the time");
    let line = |name: &str, seconds: f64| {
        #[expect(clippy::cast_precision_loss, reason = "1,000 is exact in f64")]
        let each = seconds / PAGE_SIZE as f64;
        row([name, &format!("{:.2}", each * 1e6), &format!("{:.0}", 1.0 / each)])
    };
    table(&[
        row(["signer", "µs per URL", "URLs per second"]),
        line("s3_presigner", sluice),
        line("aws-sdk-s3 presigned()", sdk),
    ]);
    let speedup = sdk / sluice;
    report.check(
        "faster than the SDK",
        speedup >= MIN_SPEEDUP,
        &format!("{speedup:.1} ×"),
        &format!("{MIN_SPEEDUP} ×"),
    );
    report.check(
        "processor time for a page",
        page <= MAX_PAGE_MILLIS,
        &format!("{page:.2} ms"),
        &format!("{MAX_PAGE_MILLIS} ms"),
    );
    Ok(())
}

/// Signs a page as the function does, with one signer for all URLs. Returns their total length.
fn sign_page() -> usize {
    let credentials = Credentials {
        access_key_id: ACCESS_KEY_ID.to_owned(),
        secret_access_key: SECRET_ACCESS_KEY.to_owned(),
        session_token: Some(session_token()),
    };
    let endpoint = BucketEndpoint::new(BUCKET, REGION, &Addressing::Regional);
    let signer = Signer::new(&credentials, REGION, Timestamp::now());
    let mut bytes = 0;
    for part in 1..=PAGE_SIZE {
        let headers = [("content-length", PART_SIZE.to_string())];
        let query = [("partNumber", part.to_string()), ("uploadId", UPLOAD_ID.to_owned())];
        let request = Request { method: "PUT", endpoint: &endpoint, key: KEY, headers: &headers, query: &query };
        bytes += black_box(signer.presign(&request, URL_LIFETIME)).len();
    }
    bytes
}

/// A client that only signs, without TLS and without credentials look-up.
fn client() -> aws_sdk_s3::Client {
    let credentials = SdkCredentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, Some(session_token()), None, "bench");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(credentials)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// Signs the same URLs with the SDK. Returns their total length.
async fn sign_page_with_sdk(client: &aws_sdk_s3::Client) -> Result<usize> {
    let config = PresigningConfig::builder().start_time(SystemTime::now()).expires_in(URL_LIFETIME).build();
    let config = config.map_err(|e| e.to_string())?;
    let mut bytes = 0;
    for part in 1..=PAGE_SIZE {
        let part = i32::try_from(part).map_err(|e| e.to_string())?;
        let call = client.upload_part().bucket(BUCKET).key(KEY).upload_id(UPLOAD_ID);
        let signed = call.part_number(part).content_length(PART_SIZE).presigned(config.clone()).await;
        bytes += black_box(signed.map_err(|e| e.to_string())?).uri().len();
    }
    Ok(bytes)
}
