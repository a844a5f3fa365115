//! Every fault of an environment at once, and each function's variables.

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

fn read<C: Config>(extra: &[(&str, &str)], layer: Option<&str>) -> Result<C, ConfigFaults> {
    let lookup = |name: &str| {
        let all = extra.iter().chain(&FULL);
        all.copied().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    };
    C::from_lookup(&lookup, &|| layer.map(str::to_owned))
}

fn api(extra: &[(&str, &str)]) -> Result<ApiConfig, ConfigFaults> {
    read(extra, None)
}

/// Which variables a function can't start without.
fn needed<C: Config>() -> Vec<&'static str> {
    let lacking = |name: &&str| read::<C>(&[(*name, "")], None).is_err();
    FULL.iter().map(|(name, _)| *name).filter(lacking).collect()
}

#[test]
fn each_function_needs_what_it_uses() {
    let signing = ["BUCKET", "TABLE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    assert_eq!(needed::<ApiConfig>(), signing);
    assert_eq!(needed::<UploadsConfig>(), signing);
    assert_eq!(needed::<CompleteConfig>().len(), 6);
    assert!(needed::<CompleteConfig>().contains(&"COMPLETIONS_URL"));
    assert_eq!(needed::<ValidateConfig>(), ["BUCKET", "TABLE"]);
    assert_eq!(needed::<ReconcileConfig>(), ["BUCKET", "TABLE", "QUEUE_URL"]);
    assert_eq!(needed::<ForwardConfig>(), ["BUCKET", "AWS_REGION"]);
}

#[test]
fn every_fault_is_reported_at_once() {
    let open = |name: &str| (name == "OPEN_MODE").then(|| "yes".to_owned());
    let faults = CompleteConfig::from_lookup(&open, &|| Some("{}".to_owned())).unwrap_err();
    let names = FULL.iter().map(|(name, _)| *name).filter(|name| *name != "QUEUE_URL");
    for name in names.chain(["OPEN_MODE", "version"]) {
        assert!(faults.0.iter().any(|fault| fault.contains(name)), "{name} in {faults}");
    }
}

#[test]
fn open_mode_is_asked_for_by_name() {
    let access = |extra: &[(&str, &str)]| api(extra).map(|config| config.access);
    assert_eq!(access(&[]), Ok(Access::Claims { owner: "sub".to_owned() }));
    assert_eq!(access(&[("OWNER_CLAIM", "email")]), Ok(Access::Claims { owner: "email".to_owned() }));
    assert_eq!(access(&[("OPEN_MODE", "true")]), Ok(Access::Open));
    assert_eq!(access(&[("OPEN_MODE", "")]), Ok(Access::Claims { owner: "sub".to_owned() }));
    assert!(access(&[("OPEN_MODE", "1")]).is_err());
}

#[test]
fn the_nearest_policy_wins_and_a_faulty_one_is_refused() {
    let named =
        |class: &str| format!(r#"{{"version": 1, "classes": {{"{class}": {{"allow": [{{"types": ["*/*"]}}]}}}}}}"#);
    let classes = |extra: &[(&str, &str)], layer: Option<&str>| {
        read::<ApiConfig>(extra, layer).unwrap().policy.classes.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(classes(&[], None), ["avatar", "default", "strict"]);
    assert_eq!(classes(&[], Some(&named("layer"))), ["layer"]);
    assert_eq!(classes(&[("POLICY", &named("env"))], Some(&named("layer"))), ["env"]);
    assert!(api(&[("POLICY", "{}")]).unwrap_err().to_string().contains("version"));
}

#[test]
fn a_custom_endpoint_is_addressed_by_path() {
    let own = api(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")]).unwrap();
    assert_eq!((own.path_style, own.endpoint.bucket_url().as_str()), (true, "http://127.0.0.1:4566/b/"));
    let fast = api(&[("S3_ACCELERATE", "true")]).unwrap();
    assert_eq!((fast.path_style, fast.endpoint.host()), (false, "b.s3-accelerate.amazonaws.com"));
}

#[test]
fn numbers_have_their_range() {
    for (text, expected) in [("0", None), ("1", Some(1)), ("256", Some(256)), ("257", None), ("many", None)] {
        let shards = read::<UploadsConfig>(&[("OWNER_SHARDS", text)], None).map(|config| config.owner_shards);
        assert_eq!(shards.ok(), expected, "{text}");
    }
}

#[test]
fn the_reconciler_looks_back_as_far_as_a_url_lives() {
    let life = |life: &str| {
        format!(r#"{{"version": 1, "classes": {{"a": {{"urlLife": "{life}", "allow": [{{"types": ["*/*"]}}]}}}}}}"#)
    };
    let reconcile = |extra: &[(&str, &str)]| read::<ReconcileConfig>(extra, None);
    let days = |configured: &str, url_life: &str, grace: &str| {
        let policy = life(url_life);
        reconcile(&[("POLICY", &policy), ("RECONCILE_DAYS", configured), ("RECONCILE_GRACE", grace)]).unwrap().days
    };
    // Granted shortly before midnight, and overdue shortly after it.
    assert_eq!(days("1", "15m", "15m"), 2);
    assert_eq!(days("", "21h", "59m 59s"), 2);
    assert_eq!(days("", "21h", "60m"), 2);
    assert_eq!(days("", "21h", "60m 1s"), 3);
    assert_eq!(days("2", "7d", "0s"), 9);
    assert_eq!(days("10", "7d", "1h"), 10, "at least the configured number");
    assert_eq!(days("", "15m", "500days"), 30, "at most what a checkpoint holds");
    for configured in ["0", "31", "two"] {
        assert!(reconcile(&[("RECONCILE_DAYS", configured)]).unwrap_err().to_string().contains("RECONCILE_DAYS"));
    }
}
