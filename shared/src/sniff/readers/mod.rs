//! Which reader an object goes to. The order is the precedence: what a browser or a shell would run comes first, then
//! signatures at the start, then structures without one, then text, then the long tail.

use super::report::Report;
use super::source::{Need, Source, WINDOW};

mod asf;
mod audio;
mod bmp;
mod cfb;
mod der;
mod ebml;
mod executable;
mod extras;
mod gif;
mod gzip;
mod icon;
mod isobmff;
mod jpeg;
mod ogg;
mod pdf;
mod pixels;
mod png;
mod riff;
mod signature;
mod tar;
mod text;
mod tga;
mod tiff;
mod zip;

/// The one shape of a reader.
type Reader = fn(&Source, &mut Report) -> Result<(), Need>;

/// Whether a head belongs to a reader. Cheap: it looks at fixed places only.
type Test = fn(&[u8]) -> bool;

/// A format with a reader of its own.
struct Kind {
    test: Test,
    reader: Reader,
    /// Whether the bytes after the format's end, and other formats' fixed places, are to be searched for a second file.
    /// Not for ZIP, whose own reader knows its end, and not for programs, which are refused anyway.
    solid: bool,
}

const fn solid(test: Test, reader: Reader) -> Kind {
    Kind { test, reader, solid: true }
}

const fn alone(test: Test, reader: Reader) -> Kind {
    Kind { test, reader, solid: false }
}

const KINDS: &[Kind] = &[
    alone(executable::test, executable::read),
    solid(png::test, png::read),
    solid(jpeg::test, jpeg::read),
    solid(gif::test, gif::read),
    solid(riff::test, riff::read),
    alone(zip::test, zip::read),
    solid(pdf::test, pdf::read),
    alone(cfb::test, cfb::read),
    solid(isobmff::test, isobmff::read),
    solid(ebml::test, ebml::read),
    solid(tiff::test, tiff::read),
    solid(ogg::test, ogg::read),
    solid(asf::test, asf::read),
    solid(bmp::test, bmp::read),
    solid(gzip::test, gzip::read),
    solid(tar::test, tar::read),
    solid(audio::test, audio::read),
    solid(signature::test, signature::read),
    solid(icon::test, icon::read),
    alone(text::test, text::read),
    solid(der::test, der::read),
    solid(tga::test, tga::read),
];

/// Reads an object with the reader its head belongs to.
pub(super) fn read(source: &Source, report: &mut Report) -> Result<(), Need> {
    let head = source.get(0, WINDOW)?;
    if let Some(kind) = KINDS.iter().find(|kind| (kind.test)(head)) {
        (kind.reader)(source, report)?;
        return if kind.solid { extras::read(source, report) } else { Ok(()) };
    }
    // A ZIP is what its end says, whatever was put in front.
    if extras::zip_end(source.tail(WINDOW)?) {
        return zip::read(source, report);
    }
    signature::long_tail(source, report)?;
    tga::by_footer(source, report)?;
    extras::read(source, report)
}
