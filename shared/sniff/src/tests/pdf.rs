//! Names in PDF files, and objects that are not read.

use super::samples::*;
use super::*;

/// A PDF that contains `inner`.
fn pdf(inner: &[u8]) -> Vec<u8> {
    [&PDF[..20], inner, &PDF[20..]].concat()
}

#[test]
fn names_in_hexadecimal_are_decoded() {
    for name in ["/JS ", "/J#53 ", "/#4a#53(", "/JavaScript<", "/J#61v#61Script/", "/#4A#61#76#61#53#63#72#69#70#74 "] {
        fails(&pdf(name.as_bytes()), "application/pdf", "active-content");
    }
    fails(&pdf(b"/#45ncrypt 5 0 R"), "application/pdf", "encrypted");
    finds(&pdf(b"/Embedded#46iles["), "application/pdf", FindingCode::EmbeddedObject);
    for name in ["/JSon ", "/J#5 ", "/J#5g ", "/EncryptMetadata ", "/J#53on ", "/JS#20 "] {
        assert_eq!(codes(&sniff(&pdf(name.as_bytes()), None)), Vec::<&str>::new(), "{name}");
    }
}

#[test]
fn unread_and_compressed_objects_are_a_finding() {
    let far = pdf(&vec![b' '; 200_000]);
    for (sample, unseen) in
        [(pdf(b""), false), (pdf(&vec![b' '; 30_000]), false), (far, true), (pdf(b"<</Type/ObjStm>>"), true)]
    {
        let sniffed = sniff(&sample, Some("application/pdf"));
        assert_eq!(codes(&sniffed).contains(&"unseen-objects"), unseen);
        passes(&sample, "application/pdf");
    }
}
