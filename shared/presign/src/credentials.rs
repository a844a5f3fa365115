//! AWS credentials.

use std::fmt;

/// AWS credentials, long-lived or temporary. `Debug` prints the access key id only.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Identifies the key pair. It is part of every URL and not secret.
    pub access_key_id: String,
    /// Derives the signing key. It never appears in a URL or a form.
    pub secret_access_key: String,
    /// Required with temporary credentials, and part of every URL and form signed with them
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html>).
    /// A URL stops working when these credentials expire, even if its own expiry is later
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>).
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}
