//! The readers, one file per format, and their precedence.
//!
//! Each reader is a function `read(&Source, &mut Report) -> Result<(), MissingRange>`. It updates the report as it goes
//! and requests ranges with `?`.

use crate::finding::FindingCode;
use crate::report::Report;
use crate::source::{MissingRange, Source, WINDOW_BYTES};

mod asf;
mod audio;
mod bmp;
mod compound_file;
mod der;
mod dicom;
mod ebml;
pub(crate) mod evidence;
mod executable;
mod gif;
mod gzip;
mod icon;
mod inflate;
mod isobmff;
mod jpeg;
mod leading;
mod ogg;
mod pdf;
mod pixels;
mod png;
pub(crate) mod prelude;
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
    /// Whether the signature consists of letters and is too short to win over text, see [`evidence`].
    loses_to_text: bool,
    /// Whether [`second_file::read`] searches the object for a second format.
    search_second_file: bool,
}

const fn searched(recognises: Recogniser, read: Reader) -> Format {
    Format { recognises, read, loses_to_text: false, search_second_file: true }
}

/// A format whose signature is a word.
const fn word(recognises: Recogniser, read: Reader) -> Format {
    Format { recognises, read, loses_to_text: true, search_second_file: true }
}

const fn unsearched(recognises: Recogniser, read: Reader) -> Format {
    Format { recognises, read, loses_to_text: false, search_second_file: false }
}

/// All formats, in order of precedence, see [`evidence`].
///
/// Programs come early, because other formats' signatures can be inside them. Signatures at the start come next, then
/// formats without a signature. ZIP, compound file and text readers search for a second file themselves; programs need
/// no such search.
const FORMATS: &[Format] = &[
    unsearched(text::has_wide_mark, text::read),
    unsearched(executable::recognises, executable::read),
    searched(png::recognises, png::read),
    searched(jpeg::recognises, jpeg::read),
    word(gif::recognises, gif::read),
    word(riff::recognises, riff::read),
    unsearched(zip::recognises, zip::read),
    searched(pdf::recognises, pdf::read),
    unsearched(compound_file::recognises, compound_file::read),
    word(isobmff::recognises, isobmff::read),
    searched(ebml::recognises, ebml::read),
    searched(tiff::recognises, tiff::read),
    word(ogg::recognises, ogg::read),
    searched(asf::recognises, asf::read),
    searched(bmp::recognises, bmp::read),
    searched(gzip::recognises, gzip::read),
    searched(tar::recognises, tar::read),
    searched(audio::recognises, audio::read),
    searched(signature::recognises, signature::read),
    searched(icon::recognises, icon::read),
    searched(pdf::recognises_after_bytes, pdf::read),
    unsearched(text::recognises, text::read),
    searched(leading::recognises, leading::read),
    searched(dicom::recognises, dicom::read),
    searched(der::recognises, der::read),
    searched(tga::recognises, tga::read),
];

/// The number of formats, and the signatures of the table, for the test of the rule of evidence.
#[cfg(test)]
pub(crate) fn formats_and_signatures() -> (usize, &'static [signature::Signature]) {
    (FORMATS.len(), &signature::SIGNATURES)
}

/// Runs the reader of the first format that recognises the object.
pub(crate) fn read(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    read_format(source, report)?;
    if report.is_signature_only() {
        report.add_finding(FindingCode::SignatureOnly, "the structure was not checked");
    }
    Ok(())
}

fn read_format(source: &Source, report: &mut Report) -> Result<(), MissingRange> {
    let head = source.get(0, WINDOW_BYTES)?;
    let is_text = evidence::looks_like_text(head);
    let fits = |format: &&Format| !(format.loses_to_text && is_text) && (format.recognises)(head);
    if let Some(format) = FORMATS.iter().find(fits) {
        (format.read)(source, report)?;
        return if format.search_second_file { second_file::read(source, report) } else { Ok(()) };
    }
    // Programs open a ZIP by its end record, whatever precedes its entries.
    if second_file::has_zip_end_record(source.tail(WINDOW_BYTES)?) {
        return zip::read(source, report);
    }
    signature::read_other(source, report)?;
    audio::read_after_junk(source, report);
    tga::read_footer(source, report)?;
    second_file::read(source, report)
}
