//! Minimal valid files.

pub(super) fn chunk(name: &[u8], data: &[u8]) -> Vec<u8> {
    [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], name, data, &[0; 4]].concat()
}

pub(super) fn png_of(side: u32, between: &[u8]) -> Vec<u8> {
    let header = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let start = [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), between].concat();
    [&start[..], &chunk(b"IDAT", &[0; 9]), b"\0\0\0\0IEND\xae\x42\x60\x82"].concat()
}

pub(super) fn png() -> Vec<u8> {
    png_of(1, &[])
}

pub(super) const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\x3f\0\x7f\xff\xd9";
pub(super) const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
pub(super) const PDF: &[u8] =
    b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n";

pub(super) fn boxed(name: &[u8], data: &[u8]) -> Vec<u8> {
    [&u32::try_from(data.len() + 8).unwrap().to_be_bytes()[..], name, data].concat()
}

pub(super) fn track(kind: &[u8]) -> Vec<u8> {
    boxed(b"trak", &boxed(b"hdlr", &[&[0; 8][..], kind, &[0; 12]].concat()))
}

pub(super) fn mp4(tracks: &[u8], data: usize) -> Vec<u8> {
    [
        boxed(b"ftyp", b"isom\0\0\0\0isommp42"),
        boxed(b"mdat", &vec![0; data]),
        boxed(b"moov", &[&boxed(b"mvhd", &[0; 100])[..], tracks].concat()),
    ]
    .concat()
}

/// An entry of a sample archive. `local` is the name in the local header.
pub(super) struct Item<'a> {
    pub(super) name: &'a str,
    pub(super) local: &'a str,
    pub(super) data: &'a [u8],
    pub(super) flags: u8,
    pub(super) unpacked: Option<u32>,
    pub(super) offset: Option<u32>,
    pub(super) mode: u16,
}

pub(super) fn item<'a>(name: &'a str, data: &'a [u8]) -> Item<'a> {
    Item { name, local: name, data, flags: 0, unpacked: None, offset: None, mode: 0 }
}

pub(super) fn zip(items: &[Item<'_>]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for item in items {
        let len = u32::try_from(item.data.len()).unwrap();
        let at = item.offset.unwrap_or(u32::try_from(out.len()).unwrap());
        let sizes = [len.to_le_bytes(), item.unpacked.unwrap_or(len).to_le_bytes()].concat();
        let fields = |name: &str| {
            [
                &[20, 0, item.flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..],
                &sizes,
                &u16::try_from(name.len()).unwrap().to_le_bytes(),
                &[0; 2],
            ]
            .concat()
        };
        out.extend([&b"PK\x03\x04"[..], &fields(item.local), item.local.as_bytes(), item.data].concat());
        let mode = item.mode.to_le_bytes();
        directory.extend(
            [
                &b"PK\x01\x02\x14\x03"[..],
                &fields(item.name),
                &[0; 6],
                &[0; 2],
                &mode,
                &at.to_le_bytes(),
                item.name.as_bytes(),
            ]
            .concat(),
        );
    }
    let count = u16::try_from(items.len()).unwrap().to_le_bytes();
    let (len, start) =
        (u32::try_from(directory.len()).unwrap().to_le_bytes(), u32::try_from(out.len()).unwrap().to_le_bytes());
    [&out[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &len, &start, &[0; 2]].concat()
}

pub(super) const ZIP: &str = "application/zip";
pub(super) const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

pub(super) fn types(main: &str) -> Vec<u8> {
    format!("<Types><Override PartName='/word/document.xml' ContentType='{main}'/></Types>").into_bytes()
}

pub(super) fn docx(more: &[Item<'_>]) -> Vec<u8> {
    let list = types("application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml");
    let mut items = vec![item("[Content_Types].xml", &list), item("word/document.xml", b"<a/>")];
    items.extend(more.iter().map(|more| Item { ..item(more.name, more.data) }));
    zip(&items)
}

pub(super) fn cfb(names: &[&str]) -> Vec<u8> {
    let mut head = vec![0u8; 512];
    head.splice(..8, *b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    head.splice(30..31, [9]);
    head.splice(48..49, [1]);
    head.splice(76.., std::iter::repeat_n(0xff, 436));
    head.splice(76..80, [0; 4]);
    let mut table = vec![0xff; 512];
    table.splice(4..8, 0xffff_fffe_u32.to_le_bytes());
    let mut directory = Vec::new();
    for (n, name) in ["Root Entry"].iter().chain(names).enumerate() {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry.resize(64, 0);
        entry.extend(u16::try_from(name.len() * 2 + 2).unwrap().to_le_bytes());
        entry.extend([if n == 0 { 5 } else { 2 }, 0]);
        let right = if n > 0 && n < names.len() { u32::try_from(n + 1).unwrap() } else { u32::MAX };
        let child = if n == 0 { 1 } else { u32::MAX };
        entry.extend([u32::MAX, right, child].iter().flat_map(|id| id.to_le_bytes()));
        entry.resize(128, 0);
        directory.extend(entry);
    }
    directory.resize(512, 0);
    [head, table, directory].concat()
}
