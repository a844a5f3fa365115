//! Idempotent creation of uploads.

use lambda_http::Request;

use super::problem::{Code, Problem};
use policy::hash::hex_sha256;
use policy::key::{OwnerId, UploadId};
use uploads_core::env::Env;
use uploads_core::ports::records::{IdempotencyOutcome, IdempotencyStore};

/// A new id, or the id of the earlier request with the same `Idempotency-Key`. Without this header the function does not
/// call the table.
///
/// `kind` is the kind of creation. The same key with another kind counts as another body.
///
/// # Errors
/// 400 for a blank key, 422 for a key that was used with another body, 503 if the table does not answer.
pub async fn idempotent_id<A: IdempotencyStore>(
    store: &A,
    env: &Env,
    request: &Request,
    owner: &OwnerId,
    kind: &str,
) -> Result<UploadId, Problem> {
    let id = env.upload_id();
    let Some(key) = request.headers().get("idempotency-key") else { return Ok(id) };
    // Clients that send a blank key by mistake would share one upload.
    if key.as_bytes().trim_ascii().is_empty() {
        return Err(Problem::new(
            Code::InvalidIdempotencyKey,
            "the Idempotency-Key is empty: send a key, or leave the header out",
        ));
    }
    // The table stores hashes only, so a key may have any length and contain private text.
    let (key, body) = (hex_sha256(&[key.as_bytes()]), hex_sha256(&[kind.as_bytes(), request.body()]));
    match store.reserve(owner, &key, &body, id, (env.now)()).await? {
        IdempotencyOutcome::New => Ok(id),
        IdempotencyOutcome::SameRequest(first) => Ok(first),
        IdempotencyOutcome::DifferentRequest => Err(Problem::new(
            Code::IdempotencyKeyReused,
            "this Idempotency-Key was used with another body in the last 24 hours: use a new key",
        )),
    }
}
