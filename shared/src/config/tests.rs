//! Every fault of an environment at once.

use super::*;

const FULL: [(&str, &str); 5] = [
    ("BUCKET", "b"),
    ("TABLE", "t"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "id"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
];

fn config(extra: &[(&str, &str)], layer: Option<&str>) -> Result<Config, ConfigFaults> {
    let lookup = |name: &str| {
        let all = extra.iter().chain(&FULL);
        all.copied().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    };
    Config::from_lookup(lookup, || layer.map(str::to_owned))
}

#[test]
fn every_fault_is_reported_at_once() {
    let faults = Config::from_lookup(|name| (name == "OPEN_MODE").then(|| "yes".to_owned()), || None).unwrap_err();
    for name in ["BUCKET", "TABLE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "OPEN_MODE"] {
        assert!(faults.0.iter().any(|fault| fault.contains(name)), "{name} in {faults}");
    }
}

#[test]
fn open_mode_is_asked_for_by_name() {
    assert_eq!(config(&[], None).unwrap().access, Access::Claims { owner: "sub".to_owned() });
    assert_eq!(config(&[("OWNER_CLAIM", "email")], None).unwrap().access, Access::Claims { owner: "email".to_owned() });
    assert_eq!(config(&[("OPEN_MODE", "true")], None).unwrap().access, Access::Open);
    assert_eq!(config(&[("OPEN_MODE", "")], None).unwrap().access, Access::Claims { owner: "sub".to_owned() });
    assert!(config(&[("OPEN_MODE", "1")], None).is_err());
}

#[test]
fn the_nearest_policy_wins_and_a_faulty_one_is_refused() {
    let named =
        |class: &str| format!(r#"{{"version": 1, "classes": {{"{class}": {{"allow": [{{"types": ["*/*"]}}]}}}}}}"#);
    let classes = |config: Config| config.policy.classes.into_keys().collect::<Vec<_>>();
    assert_eq!(classes(config(&[], None).unwrap()), ["avatar", "default", "strict"]);
    assert_eq!(classes(config(&[], Some(&named("layer"))).unwrap()), ["layer"]);
    assert_eq!(classes(config(&[("POLICY", &named("env"))], Some(&named("layer"))).unwrap()), ["env"]);
    assert!(config(&[("POLICY", "{}")], None).unwrap_err().to_string().contains("version"));
}

#[test]
fn a_store_of_ones_own_is_addressed_by_path() {
    let own = config(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")], None).unwrap();
    assert_eq!((own.path_style, own.place.bucket_url().as_str()), (true, "http://127.0.0.1:4566/b/"));
    let fast = config(&[("S3_ACCELERATE", "true")], None).unwrap();
    assert_eq!((fast.path_style, fast.place.host()), (false, "b.s3-accelerate.amazonaws.com"));
}

#[test]
fn reconciling_looks_back_as_far_as_a_url_lives() {
    let life = |life: &str| {
        format!(r#"{{"version": 1, "classes": {{"a": {{"urlLife": "{life}", "allow": [{{"types": ["*/*"]}}]}}}}}}"#)
    };
    let days = |asked: &str, url_life: &str, grace: &str| {
        let extra =
            [("POLICY", life(url_life)), ("RECONCILE_DAYS", asked.to_owned()), ("RECONCILE_GRACE", grace.to_owned())];
        config(&extra.each_ref().map(|(name, value)| (*name, value.as_str())), None).unwrap().reconcile.days
    };
    // Granted shortly before midnight, and overdue shortly after it.
    assert_eq!(days("1", "15m", "15m"), 2);
    assert_eq!(days("", "21h", "59m 59s"), 2);
    assert_eq!(days("", "21h", "60m"), 2);
    assert_eq!(days("", "21h", "60m 1s"), 3);
    assert_eq!(days("2", "7d", "0s"), 9);
    assert_eq!(days("10", "7d", "1h"), 10, "no fewer than were asked for");
    assert_eq!(days("", "15m", "500days"), 30, "and no more than can be noted");
    for asked in ["0", "31", "two"] {
        assert!(config(&[("RECONCILE_DAYS", asked)], None).unwrap_err().to_string().contains("RECONCILE_DAYS"));
    }
}
