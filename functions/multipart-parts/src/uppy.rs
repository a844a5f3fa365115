//! Uppy's `GET /s3/multipart/{upload}`, `…/{part}` and `…/batch`, and `POST /s3/sign` for version 6.

use lambda_http::http::{StatusCode, header};
use lambda_http::{Body, Request, Response};
use shared::http::{Code, Problem, caller, json, parse_body, session_key, sign_parts};
use shared::objects::Objects;
use shared::objects::multipart::MultipartUploads;
use shared::parts::{PartNumber, PartPlan};
use shared::policy::Transport;
use shared::records::sessions::Sessions;
use shared::signing::ticket::Unsigned;
use shared::uppy::{
    Asked, Listed, ListedPart, Operation, Ours, Params, Route, SignBody, Signed, SignedBatch, SignedPart, ToSign,
    answer, query, wants_xml,
};

use super::Deps;

/// Answers what is this function's part of Uppy's routes; `None` for the others.
pub(super) async fn handle<S: Sessions, M: MultipartUploads + Objects>(
    deps: &Deps<S, M>,
    request: &Request,
    route: &Route,
) -> Option<Result<Response<Body>, Problem>> {
    match &route.operation {
        Operation::List(upload) => {
            let pairs = query(request.uri().query().unwrap_or_default());
            Some(Ok(answer(wants_xml(&pairs), list(deps, request, upload).await)))
        }
        Operation::SignPart(upload, part) => {
            let signed = one(deps, request, upload, part).await;
            Some(signed.map(|signed| json(StatusCode::OK, &signed)))
        }
        Operation::SignBatch(upload) => {
            Some(batch(deps, request, upload).await.map(|signed| json(StatusCode::OK, &signed)))
        }
        Operation::Sign => Some(sign(deps, request, route).await.map(|signed| json(StatusCode::OK, &signed))),
        Operation::Params | Operation::Create | Operation::Complete(_) | Operation::Abort(_) => None,
    }
}

async fn list<S: Sessions, M: MultipartUploads + Objects>(
    deps: &Deps<S, M>,
    request: &Request,
    upload: &str,
) -> Result<Listed, Problem> {
    let key = session_key(request, &deps.config.access, upload)?;
    let listing = deps.multipart().list(&key).await?;
    let parts = listing.parts.iter().map(|part| ListedPart {
        part_number: part.number.get(),
        etag: part.etag.to_string(),
        size: part.size.bytes(),
    });
    Ok(Listed { parts: parts.collect() })
}

async fn one<S: Sessions, M: MultipartUploads + Objects>(
    deps: &Deps<S, M>,
    request: &Request,
    upload: &str,
    part: &str,
) -> Result<SignedPart, Problem> {
    let (urls, expires) = urls(deps, request, upload, &[number(part)?]).await?;
    let (_, url) = urls.into_iter().next().ok_or_else(|| not_a_part(part))?;
    Ok(SignedPart { url, expires })
}

async fn batch<S: Sessions, M: MultipartUploads + Objects>(
    deps: &Deps<S, M>,
    request: &Request,
    upload: &str,
) -> Result<SignedBatch, Problem> {
    let pairs = query(request.uri().query().unwrap_or_default());
    let wanted = pairs.iter().find(|(name, _)| name == "partNumbers").map_or("", |(_, list)| list.as_str());
    let numbers: Vec<PartNumber> = wanted.split(',').map(number).collect::<Result<_, _>>()?;
    let (urls, _) = urls(deps, request, upload, &numbers).await?;
    Ok(SignedBatch { presigned_urls: urls.into_iter().collect() })
}

/// URLs by part number, and how many seconds they live.
async fn urls<S: Sessions, M: MultipartUploads + Objects>(
    deps: &Deps<S, M>,
    request: &Request,
    upload: &str,
    numbers: &[PartNumber],
) -> Result<(Vec<(u32, String)>, u64), Problem> {
    let key = session_key(request, &deps.config.access, upload)?;
    let session = deps.multipart().for_signing(&key).await?;
    let last = session.plan.last();
    if let (PartPlan::Unsized { limit, .. }, Some(beyond)) = (session.plan, numbers.iter().max())
        && *beyond > last
    {
        // Version 6 sends one part after another and would leave what is there without a word. Version 5 gives up by
        // itself, and has parts under way whose failure would hide this one's reason.
        let stored = deps.multipart().list(&key).await.map_or(0, |listing| listing.parts.len());
        if u32::try_from(stored).is_ok_and(|stored| stored >= last.get()) {
            deps.multipart().abort(&key).await?;
        }
        // In the words of whoever chose the file, who knows of no part numbers.
        return Err(Problem::new(Code::TooLarge, format!("the file is above the maximum of {limit} for this upload")));
    }
    let wanted = numbers.iter().map(|number| (*number, None));
    let page = sign_parts(&deps.config, &session, wanted, (deps.ambient.now)())?;
    let urls = page.parts.into_iter().map(|part| (part.part_number, part.url));
    Ok((urls.collect(), session.terms.url_life.as_secs()))
}

fn number(text: &str) -> Result<PartNumber, Problem> {
    text.trim().parse().ok().and_then(PartNumber::new).ok_or_else(|| not_a_part(text))
}

/// 400, as Companion has it.
fn not_a_part(text: &str) -> Problem {
    Problem::new(Code::InvalidParameter, format!("parts are numbered from 1, and {text:?} is no such number"))
}

async fn sign<S: Sessions, M: MultipartUploads + Objects>(
    deps: &Deps<S, M>,
    request: &Request,
    route: &Route,
) -> Result<Signed, Problem> {
    // Before anything is said about the body: an address of ours with nobody's token is of no use.
    caller(request, &deps.config.access)?;
    let ours = match parse_body::<SignBody>(request)?.read()? {
        ToSign::Whole(asked) => return whole(deps, request, asked, route.class.clone()).map(Signed::whole),
        ToSign::Part(upload, part) => {
            return one(deps, request, &upload, &part.to_string()).await.map(|signed| Signed::part(signed.url));
        }
        ToSign::Creation(asked) => {
            let ours = Ours::creation(&asked);
            creatable(deps, request, asked, route.class.clone())?;
            ours
        }
        ToSign::Ours(ours) => ours,
    };
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let scheme = text("x-forwarded-proto").unwrap_or(deps.config.place.scheme());
    let origin = format!("{scheme}://{}", text(header::HOST.as_str()).unwrap_or_default());
    Ok(ours.sign(&origin, route, text(header::AUTHORIZATION.as_str())))
}

/// Refuses what its creation would refuse: here the page itself reads our sentence, there Uppy reads it and shows the
/// code alone.
fn creatable<S, M>(deps: &Deps<S, M>, request: &Request, asked: Asked, class: Option<String>) -> Result<(), Problem> {
    let (policy, told) = (&deps.config.policy, asked.tells_type());
    let wish = asked.into_wish(caller(request, &deps.config.access)?, class, policy)?;
    match policy.review_parts(wish, None) {
        Ok(reviewed) if told => Ok(reviewed.grant.encode_for_parts().map(drop)?),
        Ok(_) => Ok(()),
        // The type comes with the creation at the latest: until then, the name's is a guess.
        Err(refusal) if !told && refusal.hinges_on_type() => Ok(()),
        Err(refusal) => Err(refusal.into()),
    }
}

/// A form: the only way in which a whole file of unknown size can be granted.
fn whole<S, M>(deps: &Deps<S, M>, request: &Request, asked: Asked, class: Option<String>) -> Result<Params, Problem> {
    let (config, now) = (&deps.config, (deps.ambient.now)());
    let owner = caller(request, &config.access)?;
    let wish = asked.into_wish(owner, class, &config.policy)?;
    let reviewed = &config.policy.review(wish, Transport::Post)?;
    let (id, carried) = (deps.ambient.upload_id(), reviewed.grant.encode()?);
    let (bucket, place) = (&config.bucket, &config.place);
    let unsigned = Unsigned { id, reviewed, carried, transport: Transport::Post, bucket, place };
    let ticket = config.signers.at(now).ticket(unsigned, now);
    tracing::info!(upload = %id, class = reviewed.grant.class, "granted");
    Ok(Params::new(ticket, reviewed.url_life))
}

#[cfg(test)]
mod tests;
