//! The policy as people write it, and every fault of it at once.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use field::Field;
use serde::Deserialize;
use serde_json::Value;

use crate::content_rules::{Action, ContentRules};
use crate::s3_limits::{MAX_URL_LIFE, StoreLimits};
use crate::size::ByteSize;
use crate::type_pattern::MediaPattern;
use crate::{AllowedMetadata, Class, MAX_UNSIZED_SESSIONS, OnRejection, Policy, Requirement, Rule, Scan};

mod field;

/// The version of this format. A document of another one is refused rather than half understood.
pub const VERSION: u64 = 1;

/// The policy that ships with the code.
pub const SHIPPED_POLICY: &str = include_str!("../../../policy.json");

/// The longest life of a multipart session: the template's lifecycle rule sweeps after 30 days at the earliest.
const MAX_SESSION: Duration = Duration::from_hours(29 * 24);

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, such as `classes.avatar.allow[2].max`.
    pub path: String,
    /// What.
    pub problem: String,
}

/// Everything wrong with a document; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the policy has {} fault(s)", self.0.len())?;
        self.0.iter().try_for_each(|fault| write!(f, "; {}: {}", fault.path, fault.problem))
    }
}

/// Reads a policy.
///
/// # Errors
/// All [`Faults`] of the document, each with its path.
pub fn parse(text: &str) -> Result<Policy, Faults> {
    let document: Document =
        serde_json::from_str(text).map_err(|e| Faults(vec![Fault { path: "$".to_owned(), problem: e.to_string() }]))?;
    let mut reader = Reader::default();
    let policy = reader.policy(document, Policy::hash_of(text));
    if reader.faults.is_empty() { Ok(policy) } else { Err(Faults(reader.faults)) }
}

/// An upload policy.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct Document {
    /// The version of this format: 1.
    #[serde(default)]
    version: Field<u64>,
    /// Classes by name; the one called "default" applies when a caller names none.
    #[serde(default)]
    classes: Field<BTreeMap<String, Field<ClassDocument>>>,
    /// Limits of a store other than Amazon S3.
    #[serde(default)]
    store: Field<StoreDocument>,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    unknown: BTreeMap<String, Value>,
}

/// Limits of the store itself.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct StoreDocument {
    /// The largest object, such as "48 TiB".
    #[serde(default)]
    object_max: Field<String>,
    /// The largest body of one request, such as "5 GiB".
    #[serde(default)]
    single_request_max: Field<String>,
    /// The smallest part but for the last, such as "5 MiB".
    #[serde(default)]
    part_min: Field<String>,
    /// The largest part, such as "5 GiB".
    #[serde(default)]
    part_max: Field<String>,
    /// How many parts make an object at most, such as 10000.
    #[serde(default)]
    parts: Field<u32>,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    unknown: BTreeMap<String, Value>,
}

/// What one kind of upload may be.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct ClassDocument {
    /// Rules in order: the first whose types match decides.
    #[serde(default)]
    allow: Field<Vec<Field<RuleDocument>>>,
    /// The largest body of one request, such as "5 GB" (the default).
    #[serde(default)]
    single_request_max: Field<String>,
    /// From this size on the answer recommends multipart; by default "100 MB".
    #[serde(default)]
    multipart_from: Field<String>,
    /// The smallest part of a multipart upload, such as "8 MiB" (the default).
    #[serde(default)]
    part_size: Field<String>,
    /// How long a multipart session lives without being used, such as "7d" (the default); at most 29 days, for the
    /// bucket's own broom comes after 30.
    #[serde(default)]
    session_life: Field<String>,
    /// How many sessions without a declared size one owner may have open; by default 100, at most 320000.
    #[serde(default)]
    unsized_sessions: Field<u32>,
    /// How long a URL lives, such as "15m" (the default); at most seven days.
    #[serde(default)]
    url_life: Field<String>,
    /// "optional" (the default) or "required".
    #[serde(default)]
    checksum: Field<String>,
    /// Whether a malware scan must find nothing first: "off" (the default) or "required".
    #[serde(default)]
    scan: Field<String>,
    /// What becomes of a rejected version: "delete" (the default) or "keep".
    #[serde(default)]
    on_rejection: Field<String>,
    /// Metadata names that callers may set; "*" among them means any. By default none.
    #[serde(default)]
    metadata: Field<Vec<String>>,
    /// Types that may be shown in a browser instead of downloaded. By default none.
    #[serde(default)]
    inline: Field<Vec<String>>,
    /// Content rules by name, each "allow", "flag" or "reject"; "base" is "standard" (the default) or "strict".
    #[serde(default)]
    content: Field<BTreeMap<String, String>>,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    unknown: BTreeMap<String, Value>,
}

/// Types with what else holds for them.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct RuleDocument {
    /// Types such as "image/png", "image/*", "*/*", or the families "picture", "office", "text".
    #[serde(default)]
    types: Field<Vec<String>>,
    /// Extensions without the dot; none listed means any.
    #[serde(default)]
    extensions: Field<Vec<String>>,
    /// The smallest size; by default "1 B".
    #[serde(default)]
    min: Field<String>,
    /// The largest size; by default what the store takes.
    #[serde(default)]
    max: Field<String>,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    unknown: BTreeMap<String, Value>,
}

#[derive(Default)]
struct Reader {
    faults: Vec<Fault>,
}

impl Reader {
    fn fault(&mut self, path: &str, problem: impl fmt::Display) {
        self.faults.push(Fault { path: path.to_owned(), problem: problem.to_string() });
    }

    fn unknown(&mut self, path: &str, unknown: &BTreeMap<String, Value>) {
        // `$schema` is how editors find the schema: part of JSON's surroundings, not of the policy.
        for name in unknown.keys().filter(|name| *name != "$schema") {
            self.fault(&join(path, name), "there is no such field");
        }
    }

    fn given<T>(&mut self, path: &str, field: Field<T>) -> Option<T> {
        match field {
            Field::Absent => None,
            Field::Good(value) => Some(value),
            Field::Bad(problem) => {
                self.fault(path, problem);
                None
            }
        }
    }

    fn read<T, E: fmt::Display>(
        &mut self,
        path: &str,
        field: Field<String>,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        match self.given(path, field).map(|text| parse(&text)) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(problem)) => {
                self.fault(path, problem);
                default
            }
        }
    }

    fn unsized_sessions(&mut self, path: &str, field: Field<u32>) -> u32 {
        let most = self.given(path, field).unwrap_or(100);
        if most > MAX_UNSIZED_SESSIONS {
            self.fault(path, format!("at most {MAX_UNSIZED_SESSIONS} can be counted"));
        }
        most
    }

    fn policy(&mut self, document: Document, hash: String) -> Policy {
        self.unknown("", &document.unknown);
        match document.version {
            Field::Good(VERSION) => {}
            Field::Absent => self.fault("version", format!("needed; the version of this format is {VERSION}")),
            Field::Good(other) => self.fault("version", format!("{other} is not supported, only {VERSION} is")),
            Field::Bad(problem) => self.fault("version", problem),
        }
        let store = self.given("store", document.store).map_or(StoreLimits::S3, |store| self.store(store));
        let named = match document.classes {
            Field::Good(named) if !named.is_empty() => named,
            Field::Absent | Field::Good(_) => {
                self.fault("classes", "at least one class is needed");
                BTreeMap::new()
            }
            Field::Bad(problem) => {
                self.fault("classes", problem);
                BTreeMap::new()
            }
        };
        let mut classes = BTreeMap::new();
        for (name, field) in named {
            let path = join("classes", &name);
            if let Some(class) = self.given(&path, field) {
                classes.insert(name, self.class(&path, class, store));
            }
        }
        Policy { classes, store, hash }
    }

    fn store(&mut self, store: StoreDocument) -> StoreLimits {
        self.unknown("store", &store.unknown);
        let s3 = StoreLimits::S3;
        let limits = StoreLimits {
            object: self.read("store.objectMax", store.object_max, s3.object, ByteSize::parse),
            single_request: self.read(
                "store.singleRequestMax",
                store.single_request_max,
                s3.single_request,
                ByteSize::parse,
            ),
            part_min: self.read("store.partMin", store.part_min, s3.part_min, ByteSize::parse),
            part_max: self.read("store.partMax", store.part_max, s3.part_max, ByteSize::parse),
            parts: self.given("store.parts", store.parts).unwrap_or(s3.parts),
        };
        if limits.part_min > limits.part_max || limits.part_max == ByteSize::ZERO {
            self.fault("store.partMax", format!("{} is below the smallest part", limits.part_max));
        }
        if limits.parts == 0 {
            self.fault("store.parts", "at least one part is needed");
        }
        limits
    }

    fn class(&mut self, path: &str, class: ClassDocument, store: StoreLimits) -> Class {
        self.unknown(path, &class.unknown);
        let at = |name| join(path, name);
        let rules = self.given(&at("allow"), class.allow).unwrap_or_default();
        if rules.is_empty() {
            self.fault(&at("allow"), "at least one rule is needed");
        }
        let single_request_max = self.read(
            &at("singleRequestMax"),
            class.single_request_max,
            ByteSize::from_bytes(5_000_000_000).min(store.single_request),
            ByteSize::parse,
        );
        if single_request_max > store.single_request {
            let limit = store.single_request;
            self.fault(&at("singleRequestMax"), format!("{single_request_max} is above the store's {limit}"));
        }
        Class {
            rules: rules
                .into_iter()
                .enumerate()
                .filter_map(|(i, rule)| {
                    let path = format!("{path}.allow[{i}]");
                    let rule = self.given(&path, rule)?;
                    Some(self.rule(&path, rule, store))
                })
                .collect(),
            single_request_max,
            multipart_from: self.read(
                &at("multipartFrom"),
                class.multipart_from,
                ByteSize::from_bytes(100_000_000),
                ByteSize::parse,
            ),
            part_size: self.read(&at("partSize"), class.part_size, ByteSize::from_bytes(8 << 20), ByteSize::parse),
            session_life: self.read(&at("sessionLife"), class.session_life, Duration::from_hours(7 * 24), session_life),
            unsized_sessions: self.unsized_sessions(&at("unsizedSessions"), class.unsized_sessions),
            url_life: self.read(&at("urlLife"), class.url_life, Duration::from_mins(15), url_life),
            checksum: self.read(&at("checksum"), class.checksum, Requirement::Optional, |text| match text {
                "optional" => Ok(Requirement::Optional),
                "required" => Ok(Requirement::Required),
                _ => Err("use \"optional\" or \"required\""),
            }),
            scan: self.read(&at("scan"), class.scan, Scan::Off, |text| match text {
                "off" => Ok(Scan::Off),
                "required" => Ok(Scan::Required),
                _ => Err("use \"off\" or \"required\""),
            }),
            on_rejection: self.read(&at("onRejection"), class.on_rejection, OnRejection::Delete, |text| match text {
                "delete" => Ok(OnRejection::Delete),
                "keep" => Ok(OnRejection::Keep),
                _ => Err("use \"delete\" or \"keep\""),
            }),
            metadata: match self.given(&at("metadata"), class.metadata).unwrap_or_default() {
                names if names.iter().any(|name| name == "*") => AllowedMetadata::Any,
                names => AllowedMetadata::Names(names),
            },
            inline: self.patterns(&at("inline"), class.inline),
            content: self.content(&at("content"), class.content),
        }
    }

    fn content(&mut self, path: &str, field: Field<BTreeMap<String, String>>) -> ContentRules {
        let mut given = self.given(path, field).unwrap_or_default();
        let mut rules = match given.remove("base").as_deref() {
            None | Some("standard") => ContentRules::standard(),
            Some("strict") => ContentRules::strict(),
            Some(_) => {
                self.fault(&join(path, "base"), "use \"standard\" or \"strict\"");
                ContentRules::standard()
            }
        };
        for (name, action) in given {
            let action = match action.as_str() {
                "allow" => Action::Allow,
                "flag" => Action::Flag,
                "reject" => Action::Reject,
                _ => {
                    self.fault(&join(path, &name), "use \"allow\", \"flag\" or \"reject\"");
                    continue;
                }
            };
            if rules.set(&name, action).is_err() {
                let known = ContentRules::RULES.join(", ");
                self.fault(&join(path, &name), format!("there is no such rule; the rules are {known}"));
            }
        }
        rules
    }

    fn rule(&mut self, path: &str, rule: RuleDocument, store: StoreLimits) -> Rule {
        self.unknown(path, &rule.unknown);
        let at = |name| join(path, name);
        let types = self.patterns(&at("types"), rule.types);
        let min = self.read(&at("min"), rule.min, ByteSize::from_bytes(1), ByteSize::parse);
        let max = self.read(&at("max"), rule.max, store.object, ByteSize::parse);
        if types.is_empty() {
            self.fault(&at("types"), "at least one type is needed");
        }
        if min > max {
            self.fault(&at("min"), format!("{min} is above the maximum of {max}"));
        }
        if max > store.object {
            self.fault(&at("max"), format!("{max} is above the {} that the store takes", store.object));
        }
        let extensions = self.given(&at("extensions"), rule.extensions).unwrap_or_default();
        for extension in extensions.iter().filter(|e| e.is_empty() || e.contains('.')) {
            self.fault(&at("extensions"), format!("{extension:?}: write extensions without a dot"));
        }
        Rule { types, extensions: extensions.iter().map(|e| e.to_lowercase()).collect(), min, max }
    }

    fn patterns(&mut self, path: &str, field: Field<Vec<String>>) -> Vec<MediaPattern> {
        let texts = self.given(path, field).unwrap_or_default();
        let mut patterns = Vec::with_capacity(texts.len());
        for (i, text) in texts.iter().enumerate() {
            match MediaPattern::parse(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(problem) => self.fault(&format!("{path}[{i}]"), problem),
            }
        }
        patterns
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn session_life(text: &str) -> Result<Duration, &'static str> {
    match humantime::parse_duration(text) {
        Ok(life) if life >= Duration::from_mins(1) && life <= MAX_SESSION => Ok(life),
        Ok(_) => Err("a session lives from one minute to 29 days"),
        Err(_) => Err("not a duration: use \"2h\" or \"7d\""),
    }
}

fn url_life(text: &str) -> Result<Duration, &'static str> {
    match humantime::parse_duration(text) {
        Ok(life) if life.as_secs() >= 1 && life.as_secs() <= MAX_URL_LIFE => Ok(life),
        Ok(_) => Err("a URL lives from one second to seven days"),
        Err(_) => Err("not a duration: use \"90s\", \"15m\" or \"2h\""),
    }
}

#[cfg(test)]
mod tests;
