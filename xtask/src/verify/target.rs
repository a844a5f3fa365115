//! Which stack, and who speaks to it.

use std::env;

use crate::Outcome;
use crate::account::deployment;
use crate::http::is_here;
use crate::stack::{Stack, is_local};

/// How to come by a token.
pub(super) const HOW: &str = "SLUICE_TOKEN must hold a token of the issuer and audience that the stack was deployed \
     with (JwtIssuer, JwtAudience). From a Cognito user pool, where the app client allows ALLOW_USER_PASSWORD_AUTH:

  export SLUICE_TOKEN=$(aws cognito-idp initiate-auth --client-id CLIENT_ID --auth-flow USER_PASSWORD_AUTH \\
    --auth-parameters USERNAME=NAME,PASSWORD=PASSWORD --query AuthenticationResult.AccessToken --output text)

The same for another user in SLUICE_TOKEN_OTHER shows that users can't reach each other.";

/// A deployed stack.
pub(super) struct Target {
    pub(super) api_url: String,
    pub(super) bucket: String,
    pub(super) region: String,
    /// The token of the user who uploads.
    pub(super) token: String,
    /// The token of somebody else.
    pub(super) other_token: Option<String>,
    /// A page that may upload.
    pub(super) origin: String,
    /// Whether this is an imitation of AWS.
    pub(super) emulated: bool,
}

impl Target {
    /// Finds a stack by its name: the local one in its file, any other in the AWS account.
    pub(super) fn find(name: &str) -> Outcome<Self> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
        let origin = variable("SLUICE_ORIGIN").unwrap_or_else(|| "http://localhost:3000".to_owned());
        if is_local(name) {
            let stack = Stack::read()?;
            let mut tokens = stack.users.into_iter().map(|user| user.token);
            return Ok(Self {
                token: tokens.next().ok_or("the local stack has no users: run `cargo xtask up` again")?,
                other_token: tokens.next(),
                emulated: true,
                api_url: stack.api_url,
                bucket: stack.bucket,
                region: stack.region,
                origin,
            });
        }
        let found = deployment(name)?;
        Ok(Self {
            token: variable("SLUICE_TOKEN").ok_or_else(|| format!("There is no token to call the API with. {HOW}"))?,
            other_token: variable("SLUICE_TOKEN_OTHER"),
            emulated: is_here(&found.api_url),
            api_url: found.api_url,
            bucket: found.bucket,
            region: found.region,
            origin,
        })
    }
}
