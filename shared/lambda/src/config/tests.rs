//! The variables of each function, and errors in them.

use super::*;

const FULL: [(&str, &str); 7] = [
    ("BUCKET", "b"),
    ("TABLE", "t"),
    ("QUEUE_URL", "https://sqs.example/events"),
    ("COMPLETIONS_URL", "https://sqs.example/completions"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "id"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
];

fn read<C: Config>(extra: &[(&str, &str)], layer: Option<&str>) -> Result<C, ConfigErrors> {
    let lookup = |name: &str| {
        let all = extra.iter().chain(&FULL);
        all.copied().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    };
    C::from_lookup(&lookup, &|| layer.map(str::to_owned))
}

fn api(extra: &[(&str, &str)]) -> Result<ApiConfig, ConfigErrors> {
    read(extra, None)
}

/// The variables without which a function can't start.
fn required_variables<C: Config>() -> Vec<&'static str> {
    let is_required = |name: &&str| read::<C>(&[(*name, "")], None).is_err();
    FULL.iter().map(|(name, _)| *name).filter(is_required).collect()
}

#[test]
fn each_function_requires_the_variables_it_uses() {
    let signing = ["BUCKET", "TABLE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    assert_eq!(required_variables::<ApiConfig>(), signing);
    assert_eq!(required_variables::<UploadsConfig>(), signing);
    assert_eq!(required_variables::<CompleteConfig>().len(), 6);
    assert!(required_variables::<CompleteConfig>().contains(&"COMPLETIONS_URL"));
    assert_eq!(required_variables::<ValidateConfig>(), ["BUCKET", "TABLE"]);
    assert_eq!(required_variables::<ReconcileConfig>(), ["BUCKET", "TABLE", "QUEUE_URL"]);
    assert_eq!(required_variables::<ForwardConfig>(), ["BUCKET", "AWS_REGION"]);
}

#[test]
fn every_error_is_reported() {
    let open = |name: &str| (name == "OPEN_MODE").then(|| "yes".to_owned());
    let errors = CompleteConfig::from_lookup(&open, &|| Some("{}".to_owned())).unwrap_err();
    let names = FULL.iter().map(|(name, _)| *name).filter(|name| *name != "QUEUE_URL");
    for name in names.chain(["OPEN_MODE", "version"]) {
        assert!(errors.0.iter().any(|error| error.contains(name)), "{name} in {errors}");
    }
}

#[test]
fn open_mode_must_be_exactly_true() {
    let access = |extra: &[(&str, &str)]| api(extra).map(|config| config.access);
    assert_eq!(access(&[]), Ok(Access::Claims { owner: "sub".to_owned() }));
    assert_eq!(access(&[("OWNER_CLAIM", "email")]), Ok(Access::Claims { owner: "email".to_owned() }));
    assert_eq!(access(&[("OPEN_MODE", "true")]), Ok(Access::Open));
    assert_eq!(access(&[("OPEN_MODE", "")]), Ok(Access::Claims { owner: "sub".to_owned() }));
    assert!(access(&[("OPEN_MODE", "1")]).is_err());
}

#[test]
fn the_variable_has_precedence_over_the_layer_and_an_invalid_policy_is_an_error() {
    let policy =
        |class: &str| format!(r#"{{"version": 1, "classes": {{"{class}": {{"allow": [{{"types": ["*/*"]}}]}}}}}}"#);
    let classes = |extra: &[(&str, &str)], layer: Option<&str>| {
        read::<ApiConfig>(extra, layer).unwrap().policy.classes.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(classes(&[], None), ["avatar", "default", "strict"]);
    assert_eq!(classes(&[], Some(&policy("layer"))), ["layer"]);
    assert_eq!(classes(&[("POLICY", &policy("env"))], Some(&policy("layer"))), ["env"]);
    assert!(api(&[("POLICY", "{}")]).unwrap_err().to_string().contains("version"));
}

#[test]
fn a_custom_endpoint_has_path_style_addresses() {
    let custom = api(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")]).unwrap();
    assert_eq!((custom.path_style, custom.endpoint.bucket_url().as_str()), (true, "http://127.0.0.1:4566/b/"));
    let accelerated = api(&[("S3_ACCELERATE", "true")]).unwrap();
    assert_eq!((accelerated.path_style, accelerated.endpoint.host()), (false, "b.s3-accelerate.amazonaws.com"));
}

#[test]
fn numbers_outside_of_their_range_are_errors() {
    for (text, expected) in [("0", None), ("1", Some(1)), ("256", Some(256)), ("257", None), ("many", None)] {
        let shards = read::<UploadsConfig>(&[("OWNER_SHARDS", text)], None).map(|config| config.owner_shards);
        assert_eq!(shards.ok(), expected, "{text}");
    }
}

#[test]
fn the_reconciler_searches_at_least_the_life_of_a_url() {
    let policy_with_url_life = |life: &str| {
        format!(r#"{{"version": 1, "classes": {{"a": {{"urlLife": "{life}", "allow": [{{"types": ["*/*"]}}]}}}}}}"#)
    };
    let reconcile = |extra: &[(&str, &str)]| read::<ReconcileConfig>(extra, None);
    let days = |configured: &str, url_life: &str, grace: &str| {
        let policy = policy_with_url_life(url_life);
        reconcile(&[("POLICY", &policy), ("RECONCILE_DAYS", configured), ("RECONCILE_GRACE", grace)]).unwrap().days
    };
    // A grant before midnight may be overdue after it.
    assert_eq!(days("1", "15m", "15m"), 2);
    assert_eq!(days("", "21h", "59m 59s"), 2);
    assert_eq!(days("", "21h", "60m"), 2);
    assert_eq!(days("", "21h", "60m 1s"), 3);
    assert_eq!(days("2", "7d", "0s"), 9);
    assert_eq!(days("10", "7d", "1h"), 10, "the configured number is higher");
    assert_eq!(days("", "15m", "500days"), 30, "the checkpoint holds at most 30 days");
    for configured in ["0", "31", "two"] {
        assert!(reconcile(&[("RECONCILE_DAYS", configured)]).unwrap_err().to_string().contains("RECONCILE_DAYS"));
    }
}

/// Places and ARNs in every region that botocore knows. `endpoints.tsv` is written from its partitions and endpoint rules.
#[test]
fn every_region_has_the_endpoints_of_botocore() {
    use s3_presigner::{Addressing, BucketEndpoint};
    let table = include_str!("../../../../tests/judges/endpoints.tsv");
    let mut regions = 0;
    for line in table.lines().skip(1) {
        let [region, partition, domain, regional, dual_stack, accelerated]: [&str; 6] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(super::partition_of(region), partition, "{region}");
        for (addressing, host) in [
            (Addressing::Regional, regional),
            (Addressing::DualStack, dual_stack),
            (Addressing::Accelerated, accelerated),
        ] {
            // A partition without this kind of address says so.
            if host != "none" {
                assert_eq!(BucketEndpoint::new("uploads", region, &addressing).host(), host);
                assert_eq!(BucketEndpoint::in_domain("uploads", region, domain, &addressing).host(), host);
            }
        }
        regions += 1;
    }
    assert!(regions > 40, "{regions}");
}
