//! Extensions and their types.

use super::*;

#[test]
fn extensions_have_their_most_common_type() {
    for (extension, kind) in [
        ("jpg", "image/jpeg"),
        ("csv", "text/csv"),
        ("md", "text/markdown"),
        ("mov", "video/quicktime"),
        ("ics", "text/calendar"),
        ("epub", "application/epub+zip"),
        // Of mime-db alone.
        ("woff2", "font/woff2"),
        ("kml", "application/vnd.google-earth.kml+xml"),
    ] {
        assert_eq!(type_of_extension(extension), Some(kind), "{extension}");
        assert!(is_type_of_extension(extension, kind) && !is_type_of_extension(extension, "image/x-none"));
        assert_eq!(extension_of_type(kind), Some(extension), "{kind}");
    }
    for unknown in ["ts", "key", "", "no-such", "JPG", "#"] {
        assert_eq!(type_of_extension(unknown), None, "{unknown}");
    }
    assert!(is_type_of_extension("jpg", "image/pjpeg"), "another name of the type");
}

#[test]
fn the_tables_are_well_formed() {
    let (comment, lines) = MIME_DB.split_once('\n').unwrap();
    assert!(comment.starts_with("# mime-db "));
    let extensions: Vec<&str> = lines.lines().map(|line| line.split_once('\t').unwrap().0).collect();
    assert!(extensions.is_sorted() && extensions.len() > 1_000);
    for row in EXTENSIONS.iter() {
        assert!(row.len() > 1 && !AMBIGUOUS.contains(&row[0]));
        assert_eq!(EXTENSIONS.iter().filter(|other| other[0] == row[0]).count(), 1, "{}", row[0]);
    }
}
