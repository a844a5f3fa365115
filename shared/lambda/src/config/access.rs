//! Who may call the API.

/// Who may call the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// An open deployment: any caller, as one shared owner (`OPEN_MODE=true`).
    Open,
    /// Callers whose token the authorizer verified.
    Claims {
        /// The claim that identifies the owner (`OWNER_CLAIM`, default `sub`).
        owner: String,
    },
}
