//! What is large beside what is a bomb.

use super::*;

/// An archive that lists one entry and counts many.
fn zip_counting(count: u16, entry: Item<'_>) -> Vec<u8> {
    let mut bytes = zip(&[entry]);
    let end = bytes.len() - 22;
    bytes.splice(end + 8..end + 12, [count.to_le_bytes(); 2].concat());
    bytes
}

#[test]
fn a_large_archive_is_no_bomb() {
    // Entries listed in truth: their directory is longer than is read, so their number stands in the end record.
    let names: Vec<String> = (0..10_001).map(|n| format!("{n:05}.jpg")).collect();
    let album: Vec<Item<'_>> = names.iter().map(|name| item(name, b"x")).collect();
    let sample = zip(&album);
    assert_eq!(standard(&sample, ZIP), (vec![], vec!["unscannable-middle", "large-contents"]));
    fails(&sample, ZIP, "large-contents");
    assert_eq!(standard(&zip(&album[..10_000]), ZIP), (vec![], vec!["unscannable-middle"]));
    // A directory that counts other than it lists stays a trick.
    assert_eq!(standard(&zip_counting(10_001, item("a", b"x")), ZIP).0, ["zip-mismatch"]);
}

#[test]
fn a_large_unpacked_size_is_a_bomb_by_its_ratio() {
    // The packed size is believed as far as the entries can lie where they say.
    let packed = vec![7; 100_000];
    let entry = |unpacked| Item { unpacked: Some(unpacked), ..item("a", &packed) };
    assert_eq!(standard(&zip(&[entry(20_000_000)]), ZIP), (vec![], vec![]));
    assert_eq!(standard(&zip(&[entry(20_100_000)]), ZIP).0, ["bomb-size"]);
}

#[test]
fn a_large_picture_is_no_bomb_where_its_bytes_hold_it() {
    let side = 20_000u32;
    let holding = |bytes: usize| png_of(side, &chunk(b"tEXt", &vec![b' '; bytes]));
    let pixels = usize::try_from(side * side).unwrap();
    assert_eq!(standard(&holding(pixels / 200), "image/png"), (vec![], vec!["large-contents"]));
    fails(&holding(pixels / 200), "image/png", "large-contents");
    assert_eq!(standard(&holding(pixels / 300), "image/png").0, ["pixel-bomb"]);
    assert_eq!(standard(&png_of(1 << 14, &[]), "image/png"), (vec![], vec![]));
    let frames = |bytes: usize| {
        let control = chunk(b"acTL", &[&100_001u32.to_be_bytes()[..], &[0; 4]].concat());
        png_of(1, &[control, chunk(b"tEXt", &vec![b' '; bytes])].concat())
    };
    assert_eq!(standard(&frames(5_100_000), "image/apng"), (vec![], vec!["large-contents"]));
    assert_eq!(standard(&frames(4_900_000), "image/apng").0, ["pixel-bomb"]);
}
