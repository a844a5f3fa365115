//! Headers with filler behind them. None of them is accepted without a finding.

use super::samples::*;
use super::*;

#[track_caller]
fn tells(bytes: &[u8], claim: &str, code: FindingCode) {
    finds(bytes, claim, code);
}

#[test]
fn pictures_without_a_picture() {
    let fill = |start: &[u8], byte: u8| [start, &vec![byte; 70_000]].concat();
    tells(&fill(b"\xff\xd8", 0xff), "image/jpeg", FindingCode::Stub);
    tells(&[&fill(b"\xff\xd8", 0xff)[..], b"\xff\xd9"].concat(), "image/jpeg", FindingCode::Stub);
    let scan = JPEG.len() - 3;
    tells(&[&fill(&JPEG[..scan], 0xff)[..], b"\xff\xd9"].concat(), "image/jpeg", FindingCode::Stub);
    let frame = JPEG.len() - 13;
    tells(&[&JPEG[..frame], b"\xff\xd9"].concat(), "image/jpeg", FindingCode::Stub);
    let end = png().len() - 12 - 21;
    tells(&[&png()[..end], b"\0\0\0\0IEND\xae\x42\x60\x82"].concat(), "image/png", FindingCode::Stub);
    tells(&fill(&png()[..end], 0), "image/png", FindingCode::Malformed);
    tells(b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\0;", "image/gif", FindingCode::Stub);
    let comments = b"!\xfe\x01 \0".repeat(20_000);
    tells(&[b"GIF89a\x01\0\x01\0\0\0\0", &comments[..], b";"].concat(), "image/gif", FindingCode::UnscannableMiddle);
    tells(&fill(b"RIFF\x78\x11\x01\0WEBPVP8X\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0", 0), "image/webp", FindingCode::Malformed);
    tells(&fill(b"RIFF\x68\x11\x01\0WEBPVP8 \x5c\x11\x01\0", 0), "image/webp", FindingCode::Malformed);
    let brand = boxed(b"ftyp", b"avif\0\0\0\0mif1");
    tells(&[&brand[..], &boxed(b"meta", &[0; 64])].concat(), "image/avif", FindingCode::Stub);
    tells(&[&brand[..], &boxed(b"free", &[0; 64])].concat(), "image/avif", FindingCode::Stub);
    let tiff = b"II\x2a\0\x08\0\0\0\x01\0\x00\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0\0";
    tells(tiff, "image/tiff", FindingCode::Stub);
    tells(
        &fill(b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x28\0\0\0\x16\0\0\0", 0xff),
        "image/x-icon",
        FindingCode::Malformed,
    );
    tells(&fill(b"\0\0\0\x0cJXL \r\n\x87\n", 0), "image/jxl", FindingCode::Stub);
}

#[test]
fn movies_without_a_movie() {
    let brand = boxed(b"ftyp", b"isom\0\0\0\0isom");
    let boxes = |count: usize| [&brand[..], &boxed(b"free", b"").repeat(count)].concat();
    tells(&boxes(10), "video/mp4", FindingCode::Stub);
    tells(&boxes(9_000), "video/mp4", FindingCode::UnscannableMiddle);
    tells(&[&brand[..], &boxed(b"moov", b"")].concat(), "video/mp4", FindingCode::Stub);
    tells(&[&brand[..], &boxed(b"moov", &[0; 200])].concat(), "video/mp4", FindingCode::Stub);
    tells(&[&brand[..], &boxed(b"moov", &boxed(b"mvhd", &[0; 100]))].concat(), "video/mp4", FindingCode::NoVideo);
    let matroska = b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska";
    tells(&[&matroska[..], &[0; 900]].concat(), "video/x-matroska", FindingCode::Stub);
    tells(&[&matroska[..], b"\x18\x53\x80\x67\xff", &[0; 900]].concat(), "video/x-matroska", FindingCode::Stub);
    let segment = [&matroska[..], b"\x18\x53\x80\x67\xff", &vec![0; 70_000]].concat();
    tells(&segment, "video/x-matroska", FindingCode::UnscannableMiddle);
    let wave = b"RIFF\x24\x11\x01\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x44\xac\0\0\x88\x58\x01\0\x02\0\x10\0";
    tells(&[&wave[..], &vec![0; 69_000]].concat(), "audio/wav", FindingCode::Malformed);
    let page = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01\x02\0\0\0\0\0\0\0\0\0";
    tells(&[&page[..], &[0xff; 900]].concat(), "audio/opus", FindingCode::Malformed);
    tells(page, "audio/opus", FindingCode::Stub);
    tells(&[b"ID3\x04\0\0\0\0\0\x0a0123456789", &[0xff; 900][..]].concat(), "audio/mpeg", FindingCode::Stub);
    tells(&[b"fLaC\0\0\0\x22", &[0; 900][..]].concat(), "audio/flac", FindingCode::SignatureOnly);
    tells(&[b"MThd\0\0\0\x06", &[0; 90][..]].concat(), "audio/midi", FindingCode::Stub);
}

#[test]
fn documents_without_content() {
    let blank = [b"%PDF-1.4\n", &vec![b' '; 2000][..], b"startxref\n9\n%%EOF\n"].concat();
    tells(&blank, "application/pdf", FindingCode::Stub);
    let long = [b"%PDF-1.4\n", &vec![b' '; 90_000][..], b"startxref\n9\n%%EOF\n"].concat();
    tells(&long, "application/pdf", FindingCode::UnscannableMiddle);
    let list = types("application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml");
    tells(&zip(&[item("[Content_Types].xml", &list)]), DOCX, FindingCode::Stub);
    tells(&zip(&[item("[Content_Types].xml", &list), item("word/document.xml", b"")]), DOCX, FindingCode::Stub);
    let odt = "application/vnd.oasis.opendocument.text";
    tells(&zip(&[item("mimetype", odt.as_bytes()), item("a", b"b")]), odt, FindingCode::Stub);
    let header = b"\x1f\x8b\x08\0\0\0\0\0\0\x03";
    tells(&[&header[..], &[0xff; 4000]].concat(), "application/gzip", FindingCode::Malformed);
    tells(
        &[b"7z\xbc\xaf\x27\x1c\0\x04", &[0; 900][..]].concat(),
        "application/x-7z-compressed",
        FindingCode::SignatureOnly,
    );
    tells(&[b"Rar!\x1a\x07\x01\0", &[0; 900][..]].concat(), "application/vnd.rar", FindingCode::SignatureOnly);
    tells(&[b"\x28\xb5\x2f\xfd", &[0xff; 900][..]].concat(), "application/zstd", FindingCode::SignatureOnly);
}
