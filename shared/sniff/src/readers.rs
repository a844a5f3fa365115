//! The readers, one file per format, and their precedence.
//!
//! Each reader is a function `read(&Source, &mut Report) -> Result<(), MissingRange>`. It updates the report as it goes
//! and requests ranges with `?`.

use crate::report::Report;
use crate::source::{MissingRange, Source, WINDOW_BYTES};

mod asf;
mod audio;
mod bmp;
mod compound_file;
mod der;
mod ebml;
mod executable;
mod gif;
mod gzip;
mod icon;
mod inflate;
mod isobmff;
mod jpeg;
mod ogg;
mod pdf;
mod pixels;
mod png;
mod riff;
mod second_file;
mod signature;
mod tar;
mod text;
mod tga;
mod tiff;
mod zip;

type Reader = fn(&Source, &mut Report) -> Result<(), MissingRange>;

/// Whether the first window belongs to a format. It checks fixed offsets only, so it is cheap.
type Recogniser = fn(&[u8]) -> bool;

struct Format {
    recognises: Recogniser,
    read: Reader,
    /// Whether [`second_file::read`] searches the object for a second format.
    search_second_file: bool,
}

const fn searched(recognises: Recogniser, read: Reader) -> Format {
    Format { recognises, read, search_second_file: true }
}

const fn unsearched(recognises: Recogniser, read: Reader) -> Format {
    Format { recognises, read, search_second_file: false }
}

/// All formats, in order of precedence.
///
/// Programs come first, because other formats' signatures can be inside them. Signatures at the start come next, then
/// formats without a signature. ZIP, compound file and text readers search for a second file themselves; programs need
/// no such search.
const FORMATS: &[Format] = &[
    unsearched(executable::recognises, executable::read),
    searched(png::recognises, png::read),
    searched(jpeg::recognises, jpeg::read),
    searched(gif::recognises, gif::read),
    searched(riff::recognises, riff::read),
    unsearched(zip::recognises, zip::read),
    searched(pdf::recognises, pdf::read),
    unsearched(compound_file::recognises, compound_file::read),
    searched(isobmff::recognises, isobmff::read),
    searched(ebml::recognises, ebml::read),
    searched(tiff::recognises, tiff::read),
    searched(ogg::recognises, ogg::read),
    searched(asf::recognises, asf::read),
    searched(bmp::recognises, bmp::read),
    searched(gzip::recognises, gzip::read),
    searched(tar::recognises, tar::read),
    searched(audio::recognises, audio::read),
    searched(signature::recognises, signature::read),
    searched(icon::recognises, icon::read),
    unsearched(text::recognises, text::read),
    searched(der::recognises, der::read),
    searched(tga::recognises, tga::read),
];

/// Runs the reader of the first format that recognises the object.
pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    if let Some(format) = FORMATS.iter().find(|format| (format.recognises)(head)) {
        (format.read)(source, report)?;
        return if format.search_second_file { second_file::read(source, report) } else { Ok(()) };
    }
    // Programs open a ZIP by its end record, whatever precedes its entries.
    if second_file::has_zip_end_record(source.tail(WINDOW_BYTES)?) {
        return zip::read(source, report);
    }
    signature::read_other(source, report)?;
    tga::read_footer(source, report)?;
    second_file::read(source, report)
}
