//! Large files compared with bombs.

use super::samples::*;
use super::*;

/// An archive with one entry whose end record declares `count` entries.
fn zip_counting(count: u16, entry: Item<'_>) -> Vec<u8> {
    let mut bytes = zip(&[entry]);
    let end = bytes.len() - 22;
    bytes.splice(end + 8..end + 12, [count.to_le_bytes(); 2].concat());
    bytes
}

#[test]
fn a_large_archive_is_not_a_bomb() {
    // The directory of that many entries is not read completely, so the number comes from the end record.
    let names: Vec<String> = (0..10_001).map(|n| format!("{n:05}.jpg")).collect();
    let album: Vec<Item<'_>> = names.iter().map(|name| item(name, b"x")).collect();
    let sample = zip(&album);
    assert_eq!(reported(&sample, ZIP), ["unscannable-middle", "large-contents"]);
    fails(&sample, ZIP, "large-contents");
    assert_eq!(reported(&zip(&album[..10_000]), ZIP), ["unscannable-middle"]);
    // A wrong number of entries is a finding of its own.
    assert_eq!(reported(&zip_counting(10_001, item("a", b"x")), ZIP), ["zip-mismatch", "large-contents"]);
}

#[test]
fn a_large_unpacked_size_is_a_bomb_by_its_ratio() {
    // The compressed size is limited by the offsets of the entries.
    let packed = vec![7; 100_000];
    let entry = |unpacked| Item { unpacked: Some(unpacked), ..item("a", &packed) };
    assert_eq!(reported(&zip(&[entry(20_000_000)]), ZIP), Vec::<&str>::new());
    assert_eq!(reported(&zip(&[entry(20_100_000)]), ZIP), ["bomb-size"]);
}

#[test]
fn a_large_picture_is_a_bomb_only_in_a_small_file() {
    let side = 20_000u32;
    let picture_with = |bytes: usize| png_of(side, &chunk(b"tEXt", &vec![b' '; bytes]));
    let pixels = usize::try_from(side * side).unwrap();
    assert_eq!(reported(&picture_with(pixels / 200), "image/png"), ["large-contents"]);
    fails(&picture_with(pixels / 200), "image/png", "large-contents");
    assert_eq!(reported(&picture_with(pixels / 300), "image/png"), ["pixel-bomb"]);
    assert_eq!(reported(&png_of(1 << 14, &[]), "image/png"), Vec::<&str>::new());
    let frames = |bytes: usize| {
        let control = chunk(b"acTL", &[&100_001u32.to_be_bytes()[..], &[0; 4]].concat());
        png_of(1, &[control, chunk(b"tEXt", &vec![b' '; bytes])].concat())
    };
    assert_eq!(reported(&frames(5_100_000), "image/apng"), ["large-contents"]);
    assert_eq!(reported(&frames(4_900_000), "image/apng"), ["pixel-bomb"]);
}
