//! Uppy's `POST /s3/multipart/{upload}/complete` and `DELETE /s3/multipart/{upload}`.

use lambda_http::{Body, Request, Response};
use shared::http::{Problem, session_key};
use shared::multipart::SessionProblem;
use shared::objects::Objects;
use shared::objects::multipart::MultipartUploads;
use shared::parts::PartsProblem;
use shared::queue::Queue;
use shared::records::sessions::Sessions;
use shared::uppy::{Finished, GivenUp, Operation, Route, answer, named_parts, query, wants_xml};

use super::{Deps, finish};

/// Answers what is this function's part of Uppy's routes; `None` for the others.
pub(super) async fn handle<S: Sessions, M: MultipartUploads + Objects, Q: Queue>(
    deps: &Deps<S, M, Q>,
    request: &Request,
    route: &Route,
) -> Option<Response<Body>> {
    let xml = wants_xml(&query(request.uri().query().unwrap_or_default()));
    match &route.operation {
        Operation::Complete(upload) => Some(answer(xml, complete(deps, request, upload, xml).await)),
        Operation::Abort(upload) => Some(answer(xml, abort(deps, request, upload).await)),
        Operation::Params
        | Operation::Create
        | Operation::List(_)
        | Operation::SignPart(..)
        | Operation::SignBatch(_)
        | Operation::Sign => None,
    }
}

async fn complete<S: Sessions, M: MultipartUploads + Objects, Q: Queue>(
    deps: &Deps<S, M, Q>,
    request: &Request,
    upload: &str,
    xml: bool,
) -> Result<Finished, Problem> {
    let key = session_key(request, &deps.config.access, upload)?;
    let wanted = named_parts(request, xml)?;
    match finish(deps, &key, &wanted).await {
        // Also where S3 is still at it: every part is there and the work has an owner. These clients know no "not
        // yet": one would send everything again, and neither could be told of the end.
        Ok(_) => {}
        Err(problem @ SessionProblem::Parts(PartsProblem::TooLarge { .. })) => {
            // No part less is ever sent again: what is there is too much for good.
            deps.multipart().abort(&key).await?;
            return Err(problem.into());
        }
        Err(problem) => return Err(problem.into()),
    }
    let (bucket, key) = (deps.config.bucket.clone(), key.to_string());
    Ok(Finished { location: format!("{}{key}", deps.config.place.bucket_url()), key, bucket })
}

async fn abort<S: Sessions, M: MultipartUploads + Objects, Q>(
    deps: &Deps<S, M, Q>,
    request: &Request,
    upload: &str,
) -> Result<GivenUp, Problem> {
    let key = session_key(request, &deps.config.access, upload)?;
    // What is being completed, or is complete, stays as it is: versions 3 to 5 send this after any failure.
    deps.multipart().abort(&key).await?;
    Ok(GivenUp {})
}

#[cfg(test)]
mod tests;
