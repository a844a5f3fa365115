//! Query strings.

/// The pairs of a query string. Both `+` and `%20` are a space.
#[must_use]
pub fn query(raw: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(raw.as_bytes()).into_owned().collect()
}

/// Whether the query requests a response in XML (`?xml`).
#[must_use]
pub fn wants_xml(pairs: &[(String, String)]) -> bool {
    pairs.iter().any(|(name, _)| name == "xml")
}
