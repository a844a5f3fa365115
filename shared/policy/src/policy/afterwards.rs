//! What today's policy says of what an earlier edition of it granted.
//!
//! A class may be gone since. Nobody knows any more what it refused, so the strictest of all classes counts; and what
//! that refuses is kept, for the rules were not its own. Renaming a class opens no gap, and loses nobody's file.

use crate::content_rules::ContentRules;
use crate::{Class, OnRejection, Policy, Scan};

impl Policy {
    /// The content rules for objects of `class`.
    #[must_use]
    pub fn content_rules(&self, class: &str) -> ContentRules {
        match self.classes.get(class) {
            Some(class) => class.content.clone(),
            None => ContentRules::strictest(self.classes.values().map(|class| &class.content)),
        }
    }

    /// Whether nothing of `class` is accepted without a clean scan.
    #[must_use]
    pub fn wants_scan(&self, class: &str) -> bool {
        let scans = |class: &Class| class.scan == Scan::Required;
        self.classes.get(class).map_or_else(|| self.classes.values().any(scans), scans)
    }

    /// Whether rejected versions of `class` are kept.
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
    fn a_class_that_is_gone_asks_for_what_any_class_asks_for() {
        let policy = |careful: &str| {
            let text = format!(
                r#"{{"version": 1, "classes": {{
                    "default": {{"allow": [{{"types": ["*/*"]}}], "content": {{"polyglot": "allow"}}}},
                    "other": {{"allow": [{{"types": ["*/*"]}}]{careful}}}
                }}}}"#
            );
            parse(&text).unwrap()
        };
        let mild = policy("");
        assert_eq!(mild.content_rules("default").polyglot, Action::Allow);
        assert_eq!(mild.content_rules("gone"), ContentRules::standard());
        assert!(!mild.wants_scan("gone") && !mild.keeps_rejected("default") && mild.keeps_rejected("gone"));

        let careful = policy(r#", "content": {"base": "strict"}, "scan": "required", "onRejection": "keep""#);
        assert_eq!(careful.content_rules("gone"), ContentRules::strict());
        assert_eq!(careful.content_rules("default").polyglot, Action::Allow, "each that is there has its own");
        assert!(careful.wants_scan("gone") && careful.wants_scan("other") && !careful.wants_scan("default"));
        assert!(careful.keeps_rejected("other") && !careful.keeps_rejected("default"));
    }
}
