//! Which rules of today's policy apply to an upload that an earlier policy granted.
//!
//! The policy may no longer contain the upload's class. Then the strictest rules of all classes apply, and a rejected
//! version is kept. Renaming a class therefore weakens no check and deletes no file.

use crate::content_rules::ContentRules;
use crate::policy::{Class, OnRejection, Policy, Scan};

impl Policy {
    /// The content rules for uploads of `class`.
    #[must_use]
    pub fn content_rules(&self, class: &str) -> ContentRules {
        match self.classes.get(class) {
            Some(class) => class.content.clone(),
            None => ContentRules::strictest(self.classes.values().map(|class| &class.content)),
        }
    }

    /// Whether uploads of `class` need a scan that found nothing.
    #[must_use]
    pub fn requires_scan(&self, class: &str) -> bool {
        let requires_scan = |class: &Class| class.scan == Scan::Required;
        self.classes.get(class).map_or_else(|| self.classes.values().any(requires_scan), requires_scan)
    }

    /// Whether rejected versions of `class` stay in the bucket.
    #[must_use]
    pub fn keeps_rejected(&self, class: &str) -> bool {
        self.classes.get(class).is_none_or(|class| class.on_rejection == OnRejection::Keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content_rules::Action;
    use crate::document::parse;

    #[test]
    fn a_removed_class_gets_the_strictest_rules_of_all_classes() {
        let policy = |other: &str| {
            let text = format!(
                r#"{{"version": 1, "classes": {{
                    "default": {{"allow": [{{"types": ["*/*"]}}], "content": {{"polyglot": "allow"}}}},
                    "other": {{"allow": [{{"types": ["*/*"]}}]{other}}}
                }}}}"#
            );
            parse(&text).unwrap()
        };
        let standard = policy("");
        assert_eq!(standard.content_rules("default").polyglot, Action::Allow);
        assert_eq!(standard.content_rules("removed"), ContentRules::standard());
        assert!(!standard.requires_scan("removed"));
        assert!(!standard.keeps_rejected("default") && standard.keeps_rejected("removed"));

        let strict = policy(r#", "content": {"base": "strict"}, "scan": "required", "onRejection": "keep""#);
        assert_eq!(strict.content_rules("removed"), ContentRules::strict());
        assert_eq!(strict.content_rules("default").polyglot, Action::Allow, "an existing class has its own rules");
        assert!(strict.requires_scan("removed") && strict.requires_scan("other") && !strict.requires_scan("default"));
        assert!(strict.keeps_rejected("other") && !strict.keeps_rejected("default"));
    }
}
