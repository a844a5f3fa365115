//! Looks at one version of an object: a HEAD, and the byte ranges that the sniffer needs.

use content_sniff::{Sniffed, Sniffer, Step};
use policy::key::ObjectKey;
use policy::observed::ObservedObject;
use uploads_core::ports::objects::{Objects, ObjectsError};

/// Sends the HEAD and the first ranged GET concurrently, then the GETs that the format needs, all for one version.
/// Without a `version`, looks at the current one. `None` when the version does not exist.
pub(crate) async fn look_at(
    objects: &impl Objects,
    key: &ObjectKey,
    version: Option<&str>,
) -> Result<Option<(ObservedObject, Sniffed)>, ObjectsError> {
    let Some((observed, first_window)) = head_and_first_window(objects, key, version).await? else { return Ok(None) };
    let declared = observed.grant.as_ref().ok().map(|grant| &grant.content_type);
    let (mut sniffer, mut step) = Sniffer::start(observed.size.bytes(), declared);
    let mut first_window = Some(first_window);
    loop {
        let range = match step {
            Step::Done(sniffed) => return Ok(Some((observed, sniffed))),
            Step::Read(range) => range,
        };
        let bytes = match first_window.take() {
            Some(bytes) => Some(bytes),
            None => objects.read(key, &observed.version, range).await?,
        };
        let Some(bytes) = bytes else { return Ok(None) };
        (sniffer, step) = sniffer.feed(&bytes);
    }
}

async fn head_and_first_window(
    objects: &impl Objects,
    key: &ObjectKey,
    version: Option<&str>,
) -> Result<Option<(ObservedObject, Vec<u8>)>, ObjectsError> {
    let range = Sniffer::first_window();
    let (observed, bytes) = if let Some(version) = version {
        let (observed, bytes) = tokio::join!(objects.head(key, Some(version)), objects.read(key, version, range));
        (observed?, bytes?)
    } else {
        // Only the HEAD says which version to read.
        let Some(observed) = objects.head(key, None).await? else { return Ok(None) };
        let bytes = objects.read(key, &observed.version, range).await?;
        (Some(observed), bytes)
    };
    Ok(observed.zip(bytes))
}
