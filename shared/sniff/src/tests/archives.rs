//! ZIP archives and packages.

use super::samples::*;
use super::*;

#[test]
fn archives() {
    let good = zip(&[item("a.txt", b"hello"), item("b/c.txt", b"world")]);
    is(&good, ZIP);
    passes(&good, ZIP);
    is(&zip(&[item("mimetype", b"application/epub+zip"), item("x", b"")]), "application/epub+zip");
    is(&zip(&[item("META-INF/MANIFEST.MF", b"a")]), "application/java-archive");
    fails(&[&good[..], &good].concat(), ZIP, "zip-two-ends");
    fails(&[b"some bytes", &good[..]].concat(), ZIP, "zip-prefix");
    fails(&good[..good.len() - 30], ZIP, "truncated");
    fails(&zip(&[item("../a", b"x")]), ZIP, "zip-traversal");
    fails(&zip(&[item("..\\a", b"x")]), ZIP, "zip-traversal");
    fails(&zip(&[item("/etc/a", b"x")]), ZIP, "zip-traversal");
    fails(&zip(&[Item { mode: 0o120_777, ..item("a", b"/etc/passwd") }]), ZIP, "zip-symlink");
    fails(&zip(&[Item { flags: 1, ..item("a", b"x") }]), ZIP, "encrypted");
    fails(&zip(&[Item { local: "b", ..item("a", b"x") }]), ZIP, "zip-mismatch");
    fails(&zip(&[item("a", b"x"), item("a", b"y")]), ZIP, "zip-duplicate");
    fails(&zip(&[item("a", b"xxxxxxxx"), Item { offset: Some(0), ..item("a", b"y") }]), ZIP, "zip-overlap");
    fails(&zip(&[Item { unpacked: Some(u32::MAX - 1), ..item("a", b"x") }]), ZIP, "bomb-size");
    finds(&zip(&[item("a.zip", b"x")]), ZIP, FindingCode::NestedArchive);
    finds(&zip(&[item("setup.exe", b"x")]), ZIP, FindingCode::ExecutableInside);
    // An end record inside the comment of an earlier one.
    let mut hidden = good.clone();
    let end = hidden.len() - 2;
    hidden.splice(end.., 22u16.to_le_bytes());
    fails(&[&hidden[..], &good[good.len() - 22..]].concat(), ZIP, "zip-two-ends");
}
