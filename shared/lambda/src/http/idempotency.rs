//! Making a repeated create the same create.

use lambda_http::Request;

use super::{Code, Problem};
use policy::hash::hex_sha256;
use policy::key::{OwnerId, UploadId};
use uploads_core::env::Env;
use uploads_core::ports::records::{IdempotencyOutcome, IdempotencyStore};

/// A new id, or the one that the caller's `Idempotency-Key` stands for. Without that header no call is made.
///
/// `kind` tells apart what one key must not stand for twice: another kind counts as another body.
///
/// # Errors
/// 400 when the key is blank, 422 when it was used with another body, 503 when the table does not answer.
pub async fn idempotent_id<A: IdempotencyStore>(
    answers: &A,
    env: &Env,
    request: &Request,
    owner: &OwnerId,
    kind: &str,
) -> Result<UploadId, Problem> {
    let id = env.upload_id();
    let Some(key) = request.headers().get("idempotency-key") else { return Ok(id) };
    // One key for everything that has none: two files would be one.
    if key.as_bytes().trim_ascii().is_empty() {
        return Err(Problem::new(Code::InvalidIdempotencyKey, "the Idempotency-Key is empty: send one, or no header"));
    }
    // Hashed: any text will do as a key, of any length, and none of it is stored.
    let (key, body) = (hex_sha256(&[key.as_bytes()]), hex_sha256(&[kind.as_bytes(), request.body()]));
    match answers.reserve(owner, &key, &body, id, (env.now)()).await? {
        IdempotencyOutcome::New => Ok(id),
        IdempotencyOutcome::SameRequest(first) => Ok(first),
        IdempotencyOutcome::DifferentRequest => Err(Problem::new(
            Code::IdempotencyKeyReused,
            "this Idempotency-Key was used with another body in the last 24 hours",
        )),
    }
}
