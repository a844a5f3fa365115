//! PDF, RTF and Office documents.

use super::samples::*;
use super::*;

#[test]
fn documents() {
    is(PDF, "application/pdf");
    passes(PDF, "application/pdf");
    fails(b"%PDF-1.4", "application/pdf", "stub");
    fails(&[&PDF[..20], b"/Encrypt 5 0 R", &PDF[20..]].concat(), "application/pdf", "encrypted");
    fails(&[&PDF[..20], b"/JS (x)", &PDF[20..]].concat(), "application/pdf", "active-content");
    finds(&PDF[..70], "application/pdf", FindingCode::Truncated);
    fails(b"{\\rtf1{\\*\\template http://x/y}}", "application/rtf", "remote-template");
}

#[test]
fn office_open_xml() {
    is(&docx(&[]), DOCX);
    passes(&docx(&[]), DOCX);
    is(
        &zip(&[item("[Content_Types].xml", &types("application/vnd.ms-word.document.macroEnabled.main+xml"))]),
        "application/vnd.ms-word.document.macroEnabled.12",
    );
    fails(&docx(&[item("word/vbaProject.bin", b"x")]), DOCX, "macros");
    fails(&docx(&[item("xl/macrosheets/sheet1.xml", b"x")]), DOCX, "macros");
    finds(&docx(&[item("word/embeddings/oleObject1.bin", b"x")]), DOCX, FindingCode::EmbeddedObject);
    let relations = |target: &str| {
        format!("<Relationship Type=\"r/attachedTemplate\" Target=\"{target}\" TargetMode=\"External\"/>").into_bytes()
    };
    fails(&docx(&[item("word/_rels/settings.xml.rels", &relations("https://x/a.dotm"))]), DOCX, "remote-template");
    passes(&docx(&[item("word/_rels/settings.xml.rels", &relations("file:///C:/Normal.dotm"))]), DOCX);
    fails(&zip(&[item("word/document.xml", b"x")]), DOCX, "content-mismatch");
    fails(&docx(&[]), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "content-mismatch");
    // The list of content types after a large part, outside the first window.
    let far = zip(&[
        item("media/a", &vec![1; 70_000]),
        item(
            "[Content_Types].xml",
            &types("application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
        ),
    ]);
    let sniffed = sniff(&far, Some(DOCX));
    assert_eq!((&*sniffed.media_type, sniffed.reads), (DOCX, 2));
}

#[test]
fn compound_files() {
    is(&cfb(&["WordDocument"]), "application/msword");
    is(&cfb(&["Workbook"]), "application/vnd.ms-excel");
    is(&cfb(&["PowerPoint Document"]), "application/vnd.ms-powerpoint");
    is(&cfb(&["__properties_version1.0"]), "application/vnd.ms-outlook");
    fails(&cfb(&["EncryptedPackage"]), DOCX, "encrypted");
    fails(&cfb(&["WordDocument", "_VBA_PROJECT"]), "application/msword", "macros");
    fails(&cfb(&["Other"]), "application/msword", "content-mismatch");
    fails(b"{\\rtf1 x}", "application/msword", "content-mismatch");
}
