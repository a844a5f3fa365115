//! From the JSON form of a policy to a [`Policy`], with every error in it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::errors::PolicyError;
use super::field::Field;
use super::shape::{ClassDocument, Document, RuleDocument, StoreDocument};
use crate::content_rules::{Action, ContentRules};
use crate::policy::{
    AllowedMetadata, Class, DeclaredType, MAX_UNSIZED_SESSIONS, OnRejection, Policy, Requirement, Rule, Scan,
};
use crate::s3_limits::{MAX_URL_LIFE, StoreLimits};
use crate::size::ByteSize;
use crate::type_pattern::MediaPattern;

/// The supported version of the format.
pub(super) const VERSION: u64 = 1;

const DEFAULT_MIN_SIZE: ByteSize = ByteSize::from_bytes(1);
const DEFAULT_SINGLE_REQUEST_MAX: ByteSize = ByteSize::from_bytes(5_000_000_000);
const DEFAULT_MULTIPART_FROM: ByteSize = ByteSize::from_bytes(100_000_000);
const DEFAULT_PART_SIZE: ByteSize = ByteSize::from_bytes(8 << 20);
const DEFAULT_UNSIZED_SESSIONS: u32 = 100;
const DEFAULT_URL_LIFE: Duration = Duration::from_mins(15);
const MIN_URL_LIFE: Duration = Duration::from_secs(1);
const DEFAULT_SESSION_LIFE: Duration = Duration::from_hours(7 * 24);
const MIN_SESSION_LIFE: Duration = Duration::from_mins(1);
/// A day less than the bucket's lifecycle rule (`template.yaml`), which aborts multipart uploads after 30 days.
const MAX_SESSION_LIFE: Duration = Duration::from_hours(29 * 24);

/// Converts a document and collects every error in it.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) errors: Vec<PolicyError>,
}

impl Reader {
    fn error(&mut self, path: &str, problem: impl fmt::Display) {
        self.errors.push(PolicyError { path: path.to_owned(), problem: problem.to_string() });
    }

    fn unknown(&mut self, path: &str, unknown: &BTreeMap<String, Value>) {
        // Editors find the schema through `$schema`.
        for name in unknown.keys().filter(|name| *name != "$schema") {
            self.error(&join(path, name), "unknown field");
        }
    }

    fn value<T>(&mut self, path: &str, field: Field<T>) -> Option<T> {
        match field {
            Field::Absent => None,
            Field::Good(value) => Some(value),
            Field::Bad(problem) => {
                self.error(path, problem);
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
        match self.value(path, field).map(|text| parse(&text)) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(problem)) => {
                self.error(path, problem);
                default
            }
        }
    }

    fn unsized_sessions(&mut self, path: &str, field: Field<u32>) -> u32 {
        let limit = self.value(path, field).unwrap_or(DEFAULT_UNSIZED_SESSIONS);
        if limit > MAX_UNSIZED_SESSIONS {
            self.error(path, format!("must be at most {MAX_UNSIZED_SESSIONS}"));
        }
        limit
    }

    pub(super) fn policy(&mut self, document: Document, hash: String) -> Policy {
        self.unknown("", &document.unknown);
        match document.version {
            Field::Good(VERSION) => {}
            Field::Absent => self.error("version", format!("required: the version of this format is {VERSION}")),
            Field::Good(other) => self.error("version", format!("version {other} is not supported: use {VERSION}")),
            Field::Bad(problem) => self.error("version", problem),
        }
        let store = self.value("store", document.store).map_or(StoreLimits::S3, |store| self.store(store));
        let class_fields = match document.classes {
            Field::Good(fields) if !fields.is_empty() => fields,
            Field::Absent | Field::Good(_) => {
                self.error("classes", "at least one class is required");
                BTreeMap::new()
            }
            Field::Bad(problem) => {
                self.error("classes", problem);
                BTreeMap::new()
            }
        };
        let mut classes = BTreeMap::new();
        for (name, field) in class_fields {
            let path = join("classes", &name);
            if let Some(class) = self.value(&path, field) {
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
            parts: self.value("store.parts", store.parts).unwrap_or(s3.parts),
        };
        if limits.part_min > limits.part_max || limits.part_max == ByteSize::ZERO {
            self.error(
                "store.partMax",
                format!("{} is below the minimum part size of {}", limits.part_max, limits.part_min),
            );
        }
        if limits.parts == 0 {
            self.error("store.parts", "must be at least 1");
        }
        limits
    }

    fn class(&mut self, path: &str, class: ClassDocument, store: StoreLimits) -> Class {
        self.unknown(path, &class.unknown);
        let at = |name| join(path, name);
        let rules = self.value(&at("allow"), class.allow).unwrap_or_default();
        if rules.is_empty() {
            self.error(&at("allow"), "at least one rule is required");
        }
        let single_request_max = self.read(
            &at("singleRequestMax"),
            class.single_request_max,
            DEFAULT_SINGLE_REQUEST_MAX.min(store.single_request),
            ByteSize::parse,
        );
        if single_request_max > store.single_request {
            let limit = store.single_request;
            self.error(
                &at("singleRequestMax"),
                format!("{single_request_max} is above the store's maximum of {limit}"),
            );
        }
        let (content, usual_declared) = self.content(&at("content"), class.content);
        Class {
            rules: rules
                .into_iter()
                .enumerate()
                .filter_map(|(i, rule)| {
                    let path = format!("{path}.allow[{i}]");
                    let rule = self.value(&path, rule)?;
                    Some(self.rule(&path, rule, store))
                })
                .collect(),
            single_request_max,
            multipart_from: self.read(
                &at("multipartFrom"),
                class.multipart_from,
                DEFAULT_MULTIPART_FROM,
                ByteSize::parse,
            ),
            part_size: self.read(&at("partSize"), class.part_size, DEFAULT_PART_SIZE, ByteSize::parse),
            session_life: self.read(&at("sessionLife"), class.session_life, DEFAULT_SESSION_LIFE, session_life),
            unsized_sessions: self.unsized_sessions(&at("unsizedSessions"), class.unsized_sessions),
            url_life: self.read(&at("urlLife"), class.url_life, DEFAULT_URL_LIFE, url_life),
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
            metadata: match self.value(&at("metadata"), class.metadata).unwrap_or_default() {
                names if names.iter().any(|name| name == "*") => AllowedMetadata::Any,
                names => AllowedMetadata::Names(names),
            },
            inline: self.patterns(&at("inline"), class.inline),
            declared: self.read(&at("declared"), class.declared, usual_declared, |text| match text {
                "hint" => Ok(DeclaredType::Hint),
                "exact" => Ok(DeclaredType::Exact),
                _ => Err("use \"hint\" or \"exact\""),
            }),
            content,
        }
    }

    /// The content rules, and how a class with their base takes the declared type.
    fn content(&mut self, path: &str, field: Field<BTreeMap<String, String>>) -> (ContentRules, DeclaredType) {
        let mut actions = self.value(path, field).unwrap_or_default();
        let (mut rules, declared) = match actions.remove("base").as_deref() {
            None | Some("standard") => (ContentRules::standard(), DeclaredType::Hint),
            Some("strict") => (ContentRules::strict(), DeclaredType::Exact),
            Some(_) => {
                self.error(&join(path, "base"), "use \"standard\" or \"strict\"");
                (ContentRules::standard(), DeclaredType::Hint)
            }
        };
        for (name, action) in actions {
            let action = match action.as_str() {
                "allow" => Action::Allow,
                "flag" => Action::Flag,
                "reject" => Action::Reject,
                _ => {
                    self.error(&join(path, &name), "use \"allow\", \"flag\" or \"reject\"");
                    continue;
                }
            };
            if rules.set(&name, action).is_err() {
                let names = ContentRules::RULES.join(", ");
                self.error(&join(path, &name), format!("unknown rule: use one of {names}"));
            }
        }
        (rules, declared)
    }

    fn rule(&mut self, path: &str, rule: RuleDocument, store: StoreLimits) -> Rule {
        self.unknown(path, &rule.unknown);
        let at = |name| join(path, name);
        let types = self.patterns(&at("types"), rule.types);
        let min = self.read(&at("min"), rule.min, DEFAULT_MIN_SIZE, ByteSize::parse);
        let max = self.read(&at("max"), rule.max, store.object, ByteSize::parse);
        if types.is_empty() {
            self.error(&at("types"), "at least one type is required");
        }
        if min > max {
            self.error(&at("min"), format!("{min} is above the maximum of {max}"));
        }
        if max > store.object {
            self.error(&at("max"), format!("{max} is above the store's maximum of {}", store.object));
        }
        let extensions = self.value(&at("extensions"), rule.extensions).unwrap_or_default();
        for extension in extensions.iter().filter(|e| e.is_empty() || e.contains('.')) {
            self.error(&at("extensions"), format!("{extension:?}: write the extension without a dot"));
        }
        Rule { types, extensions: extensions.iter().map(|e| e.to_lowercase()).collect(), min, max }
    }

    fn patterns(&mut self, path: &str, field: Field<Vec<String>>) -> Vec<MediaPattern> {
        let texts = self.value(path, field).unwrap_or_default();
        let mut patterns = Vec::with_capacity(texts.len());
        for (i, text) in texts.iter().enumerate() {
            match MediaPattern::parse(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(problem) => self.error(&format!("{path}[{i}]"), problem),
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
        Ok(life) if (MIN_SESSION_LIFE..=MAX_SESSION_LIFE).contains(&life) => Ok(life),
        Ok(_) => Err("must be from one minute to 29 days"),
        Err(_) => Err("not a duration: use \"2h\" or \"7d\""),
    }
}

fn url_life(text: &str) -> Result<Duration, &'static str> {
    match humantime::parse_duration(text) {
        Ok(life) if life >= MIN_URL_LIFE && life.as_secs() <= MAX_URL_LIFE.as_secs() => Ok(life),
        Ok(_) => Err("must be from one second to seven days"),
        Err(_) => Err("not a duration: use \"90s\", \"15m\" or \"2h\""),
    }
}
