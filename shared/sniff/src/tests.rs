//! Tests over complete sniffings of small samples.

use crate::bytes::to_usize;
use crate::*;
use samples::*;

mod archives;
mod documents;
mod evidence;
mod hollow;
mod kinds;
mod large;
mod media;
mod pdf;
mod pictures;
mod samples;
mod svg;
mod texts;
mod tolerance;
mod truncation;

/// Sniffs a slice, and asserts that the reads are valid and within the hard limit.
fn sniff(bytes: &[u8], claim: Option<&str>) -> Sniffed {
    let claim = claim.map(|claim| MediaType::parse(claim).unwrap());
    let total = bytes.len() as u64;
    let (mut sniffer, mut step) = Sniffer::start(total, claim.as_ref());
    let (mut reads, mut bytes_read) = (0, 0);
    loop {
        match step {
            Step::Done(sniffed) => {
                assert_eq!((sniffed.reads, sniffed.bytes), (reads, bytes_read));
                return sniffed;
            }
            Step::Read(range) => {
                reads += 1;
                bytes_read += range.len;
                assert!(range.len > 0 && range.start + range.len <= total);
                assert!(reads <= 8 && bytes_read <= 512 * 1024);
                let (start, end) = (to_usize(range.start), to_usize(range.start + range.len));
                (sniffer, step) = sniffer.feed(bytes.get(start..end).unwrap());
            }
        }
    }
}

/// The codes of the findings.
fn codes(sniffed: &Sniffed) -> Vec<&'static str> {
    sniffed.findings.iter().map(|finding| finding.code.as_str()).collect()
}

/// The codes of the findings and the code of a disagreement with the claim.
///
/// `unverified` stands for a more general type than the claimed one, except for text, which has no stronger evidence.
fn reported(bytes: &[u8], claim: &str) -> Vec<&'static str> {
    let sniffed = sniff(bytes, Some(claim));
    let is_text = sniffed.media_type == "text/plain" || sniffed.parent == Some("text/plain");
    let disagreement = match agree(&MediaType::parse(claim).unwrap(), None, &sniffed) {
        Agreement::Agrees => None,
        Agreement::Generic if is_text || is_generic(claim) => None,
        Agreement::Generic => Some("unverified"),
        Agreement::Contradicts { code } => Some(code.as_str()),
        Agreement::Unknown => Some("unknown"),
    };
    codes(&sniffed).into_iter().chain(disagreement).collect()
}

/// Findings that ordinary files have too.
const ORDINARY_CODES: &[&str] = &["unseen-objects"];

#[track_caller]
fn is(bytes: &[u8], media_type: &str) {
    assert_eq!(sniff(bytes, None).media_type, media_type);
}

#[track_caller]
fn finds(bytes: &[u8], claim: &str, code: FindingCode) {
    let sniffed = sniff(bytes, Some(claim));
    let found = sniffed.findings.iter().any(|finding| finding.code == code);
    assert!(found, "{} {:?}", sniffed.media_type, sniffed.findings);
}

/// Asserts that the claim holds and that there is no finding but those of [`ORDINARY_CODES`].
#[track_caller]
fn passes(bytes: &[u8], claim: &str) {
    let mut found = reported(bytes, claim);
    found.retain(|code| !ORDINARY_CODES.contains(code));
    assert_eq!(found, Vec::<&str>::new());
}

/// Asserts that `code` is among the findings and the disagreement.
#[track_caller]
fn fails(bytes: &[u8], claim: &str, code: &str) {
    let found = reported(bytes, claim);
    assert!(found.contains(&code), "{found:?}");
}

#[test]
fn an_empty_object_needs_no_read() {
    let sniffed = sniff(b"", Some("image/png"));
    assert_eq!((sniffed.reads, codes(&sniffed)), (0, vec!["empty"]));
    fails(b"", "image/png", "empty");
}

#[test]
fn a_short_read_is_a_finding() {
    let (sniffer, step) = Sniffer::start(100_000, None);
    assert_eq!(step, Step::Read(ByteRange { start: 0, len: 16 * 1024 }));
    let (_, Step::Done(sniffed)) = sniffer.feed(&png()) else { panic!("requests another range") };
    assert!(codes(&sniffed).contains(&"short-read"));
}

#[test]
fn extensions_and_generic_declarations() {
    let check = |bytes: &[u8], declared: &str, extension: &str| {
        agree(&MediaType::parse(declared).unwrap(), Some(extension), &sniff(bytes, Some(declared)))
    };
    assert_eq!(check(&png(), "image/png", "PNG"), Agreement::Agrees);
    assert_eq!(
        check(&png(), "image/png", "jpg"),
        Agreement::Contradicts { code: MismatchCode::ExtensionIsAnotherType }
    );
    assert_eq!(check(&png(), "application/octet-stream", "png"), Agreement::Generic);
    assert_eq!(check(b"\x01\x02\x03\x04", "application/octet-stream", "bin"), Agreement::Agrees);
    assert_eq!(check(b"\x01\x02\x03\x04", "application/x-own", "own"), Agreement::Unknown);
    assert_eq!(check(&docx(&[]), ZIP, "zip"), Agreement::Generic);
    assert_eq!(check(JPEG, "image/jpg", "jpeg"), Agreement::Agrees);
    assert_eq!(check(b"{\"a\":1}", "application/vnd.own+json", "json"), Agreement::Agrees);
}

#[test]
fn codes_are_distinct() {
    let mut texts: Vec<&str> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), FindingCode::ALL.len());
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_sniffed_within_the_budget(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            text in ".{0,200}",
        ) {
            sniff(&bytes, None);
            sniff(text.as_bytes(), Some("text/csv"));
        }

        #[test]
        fn a_changed_and_cut_sample_is_sniffed_within_the_budget(
            cut in 0usize..400,
            at in 0usize..400,
            flip in any::<u8>(),
        ) {
            for mut sample in [docx(&[]), png(), PDF.to_vec(), cfb(&["WordDocument"]), mp4(&track(b"soun"), 9)] {
                if let Some(b) = sample.get_mut(at) {
                    *b ^= flip;
                }
                sample.truncate(sample.len().saturating_sub(cut));
                sniff(&sample, None);
            }
        }
    }
}
