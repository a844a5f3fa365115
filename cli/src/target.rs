//! A stack to call over HTTP, and the tokens to call it with.

use std::env;

use anyhow::{Context, Result};
use local_stack::http::is_local;
use local_stack::stack::{self, Stack};

use crate::account::deployment;

/// A deployed stack.
pub(crate) struct Target {
    pub(crate) api_url: String,
    pub(crate) bucket: String,
    pub(crate) region: String,
    /// The token of the user who uploads.
    pub(crate) token: String,
    /// The token of another user.
    pub(crate) other_token: Option<String>,
    /// The origin of a page that may upload.
    pub(crate) origin: String,
    /// Whether the stack runs in the emulator.
    pub(crate) emulated: bool,
}

impl Target {
    /// Finds a stack by its name: the local one in its file, any other one in the AWS account.
    pub(crate) fn find(name: &str) -> Result<Self> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
        let origin = variable("SLUICE_ORIGIN").unwrap_or_else(|| "http://localhost:3000".to_owned());
        if stack::is_local(name) {
            let stack = Stack::read()?;
            let mut tokens = stack.users.into_iter().map(|user| user.token);
            return Ok(Self {
                token: tokens.next().context("the local stack has no users: run `cargo xtask up` again")?,
                other_token: tokens.next(),
                emulated: true,
                api_url: stack.api_url,
                bucket: stack.bucket,
                region: stack.region,
                origin,
            });
        }
        let token = variable("SLUICE_TOKEN").context(
            "there is no token to call the API with: set SLUICE_TOKEN to an access token of one of your users \
             (`sluice verify --help` shows how to get one)",
        )?;
        let found = deployment(name)?;
        Ok(Self {
            token,
            other_token: variable("SLUICE_TOKEN_OTHER"),
            emulated: is_local(&found.api_url),
            api_url: found.api_url,
            bucket: found.bucket,
            region: found.region,
            origin,
        })
    }

    /// The next step after a 401.
    pub(crate) fn refused_token(&self) -> String {
        if self.emulated {
            "the local stack does not accept its tokens any more (they last 24 hours): run `cargo xtask up` for new ones"
                .to_owned()
        } else {
            "the API does not accept this token: set SLUICE_TOKEN to a valid token of the JwtIssuer and JwtAudience \
             that the stack was deployed with"
                .to_owned()
        }
    }
}
