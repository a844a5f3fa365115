//! Estimates against hand calculations.

use super::*;

pub(super) const PLAIN: Options = Options {
    uploads: 2_000_000,
    size: 5_000_000,
    parts: 0,
    scan: false,
    announce: false,
    webhooks: 0,
    polls: 0,
    months: 0.0,
};

#[track_caller]
fn is(actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 1e-6, "{actual} instead of {expected}");
}

#[test]
fn a_million_single_uploads_of_5_mb() {
    let estimate = estimate(&PLAIN, false).unwrap();
    // API Gateway  1 request               1 × 1.00               =  1.00
    // Lambda       2 invocations           2 × 0.20               =  0.40
    //              presign  0.25 GB × 5 ms   1,250 GB-s × 0.0000133334  = 0.01666675
    //              validate 0.25 GB × 60 ms 15,000 GB-s × 0.0000133334  = 0.200001
    // S3           1 PUT                   1,000,000 / 1,000 × 0.005    = 5.00
    //              1 HEAD and 1.31 GETs    2,310,000 / 1,000 × 0.0004   = 0.924
    // SQS          3 requests              3 × 0.40               =  1.20
    // DynamoDB     2 write units           2 × 0.625              =  1.25
    // CloudWatch   2 × 1,000 bytes of logs 2 GB × 0.50            =  1.00
    let by_hand = 1.00 + 0.40 + 0.016_666_75 + 0.200_001 + 5.00 + 0.924 + 1.20 + 1.25 + 1.00;
    is(by_hand, 10.990_667_75);
    is(estimate.per_million, by_hand);
    is(estimate.uploads, 2.0 * by_hand);
    is(estimate.total, estimate.idle + 2.0 * by_hand);
}

#[test]
fn a_million_multipart_uploads_of_2500_parts_with_a_bus() {
    let options = Options { parts: 2500, announce: true, ..PLAIN };
    let estimate = estimate(&options, false).unwrap();
    // API Gateway  initiate, 2 more pages of URLs, complete: 4 × 1.00      =      4.00
    // Lambda       these 4, validate and forward: 6 × 0.20                 =      1.20
    //              0.25 GB × (60 + 2 × 20 + 300 + 60 + 30 ms) = 122,500 GB-s × 0.0000133334 = 1.6333415
    // S3           create, 2,500 parts, complete: 2,502,000,000 / 1,000 × 0.005 = 12,510.00
    //              1 HEAD and 1.31 GETs                                    =      0.924
    // SQS          3 requests                                              =      1.20
    // DynamoDB     4 session writes and a record, each twice: 10 × 0.625   =      6.25
    //              3 reads: 3 × 0.125                                      =      0.375
    // EventBridge  1 event                                                 =      1.00
    // CloudWatch   6 × 1,000 bytes of logs: 6 GB × 0.50                    =      3.00
    let by_hand = 4.00 + 1.20 + 1.633_341_5 + 12_510.00 + 0.924 + 1.20 + 6.25 + 0.375 + 1.00 + 3.00;
    is(by_hand, 12_529.582_341_5);
    is(estimate.per_million, by_hand);
}

#[test]
fn a_million_scanned_and_stored_uploads_of_5_mb_with_two_polls() {
    let options = Options { scan: true, polls: 2, months: 1.0, ..PLAIN };
    let estimate = estimate(&options, false).unwrap();
    // As above                                                             =    10.99066775
    // GuardDuty    1 object: 1,000,000 / 1,000 × 0.215                     =   215.00
    //              5 MB each: 5,000 GB × 0.09                              =   450.00
    // SQS          the scanner's event: 3 × 0.40                           =     1.20
    // Lambda       validate again: 0.20 + 15,000 GB-s × 0.0000133334       =     0.400001
    //              2 polls: 0.40 + 2 × 0.25 GB × 10 ms = 5,000 GB-s        =     0.466667
    // API Gateway  2 polls: 2 × 1.00                                       =     2.00
    // DynamoDB     a pending verdict, twice: 2 × 0.625                     =     1.25
    //              2 reads: 2 × 0.125                                      =     0.25
    // CloudWatch   3 more GB of logs: 3 × 0.50                             =     1.50
    // S3           5,000 GB for a month × 0.023                            =   115.00
    let by_hand = 10.990_667_75 + 215.0 + 450.0 + 1.20 + 0.400_001 + 0.466_667 + 2.0 + 1.25 + 0.25 + 1.50 + 115.0;
    is(by_hand, 798.057_335_75);
    is(estimate.per_million, by_hand);
}

#[test]
fn an_idle_month() {
    let estimate = estimate(&PLAIN, true).unwrap();
    // 30 days, 2,880 runs of the reconciler
    // S3           1,936 listings a day: 58,080 / 1,000 × 0.005            =     0.2904
    // Lambda       2,880 invocations                                       =     0.000576
    //              2,880 × 0.25 GB × 1 s = 720 GB-s × 0.0000133334         =     0.009600048
    // DynamoDB     64 empty queries: 92,160 units × 0.125 / 1,000,000      =     0.01152
    //              2 writes: 5,760 units × 0.625 / 1,000,000               =     0.0036
    // CloudWatch   1,000 bytes of logs: 0.00288 GB × 0.50                  =     0.00144
    // SQS          2 queues × 648,000 receives × 0.40 / 1,000,000          =     0.5184
    // CloudWatch   6 alarms × 0.10                                         =     0.60
    let by_hand = 0.2904 + 0.000_576 + 0.009_600_048 + 0.011_52 + 0.003_6 + 0.001_44 + 0.5184 + 0.60;
    is(by_hand, 1.435_536_048);
    is(estimate.idle, by_hand);
    is(estimate.total, by_hand);
}

#[test]
fn a_million_notifications_of_each_of_two_endpoints() {
    let estimate = estimate(&Options { webhooks: 2, ..PLAIN }, false).unwrap();
    let webhooks = estimate.of_webhooks.as_ref().unwrap();
    // Once for each verdict
    // Lambda       forward: 0.20 + 0.25 GB × 30 ms = 7,500 GB-s × 0.0000133334 =  0.3000005
    // CloudWatch   1,000 bytes of logs: 1 GB × 0.50                        =     0.50
    // Once for each notification
    // SQS          send, receive, delete: 3 × 0.40                         =     1.20
    // Lambda       notify: 0.20 + 0.25 GB × 150 ms = 37,500 GB-s × 0.0000133334 = 0.7000025
    // CloudWatch   1,000 bytes of logs: 1 GB × 0.50                        =     0.50
    // Secrets      43,200 reads: 43,200 / 10,000 × 0.05                    =     0.216
    let (verdict, notification) = (0.300_000_5 + 0.50, 1.20 + 0.700_002_5 + 0.50 + 0.216);
    is(notification, 2.616_002_5);
    is(webhooks.per_million, verdict + 2.0 * notification);
    is(webhooks.uploads, 2.0 * webhooks.per_million);
    is(estimate.per_million, 10.990_667_75 + webhooks.per_million);
    let with_bus = super::estimate(&Options { webhooks: 2, announce: true, ..PLAIN }, false).unwrap();
    is(with_bus.of_webhooks.unwrap().per_million, 2.0 * notification);
}

#[test]
fn an_idle_month_with_a_webhook() {
    let of = |announce| {
        let options = Options { webhooks: 1, announce, ..PLAIN };
        let estimate = estimate(&options, true).unwrap();
        let alarms =
            |key: &str| estimate.lines.iter().filter(|line| line.name == key).map(|line| line.idle).sum::<f64>();
        (estimate.of_webhooks.unwrap().idle, alarms("alarms"))
    };
    let without = |announce| {
        let estimate = estimate(&Options { announce, ..PLAIN }, true).unwrap();
        estimate.lines.iter().filter(|line| line.name == "alarms").map(|line| line.idle).sum::<f64>()
    };
    for announce in [false, true] {
        let (webhooks, alarms) = of(announce);
        // SQS      1 queue × 648,000 receives × 0.40 / 1,000,000               =     0.2592
        // Secrets  1 secret × 0.40                                             =     0.40
        is(webhooks, 0.2592 + 0.40 + (alarms - without(announce)));
    }
}

#[test]
fn a_class_of_the_shipped_policy_limits_single_requests() {
    let large = Options { size: 6_000_000_000, ..PLAIN };
    assert!(large.clone().of_class("default").unwrap_err().to_string().contains("5 GB in one request: set --parts"));
    assert!(Options { parts: 100, ..large }.of_class("default").is_ok());
    assert!(PLAIN.of_class("film").unwrap_err().to_string().contains("use avatar, default, strict"));
}

#[test]
fn every_price_has_a_source_of_aws() {
    let list: PriceList = serde_json::from_str(PRICES).unwrap();
    for (key, price) in list.prices {
        assert!(price.source.starts_with("https://aws.amazon.com/") && price.usd > 0.0 && price.per > 0.0, "{key}");
    }
}
