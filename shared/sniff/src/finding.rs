//! Properties and defects that readers report beside the media type.

/// One property or defect of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind of finding.
    pub code: FindingCode,
    /// Where or how much, in a few words for people. It never contains text or names from the object, and its wording
    /// can change between versions.
    pub detail: String,
}

/// Defines variant, stable text and documentation of each code in one place.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The kinds of findings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FindingCode {
            $($(#[$doc])* $name,)*
        }

        impl FindingCode {
            /// All codes, in declaration order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable kebab-case text of the code. It is safe to store and to match on.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The object has no bytes.
    Empty = "empty",
    /// A read returned fewer bytes than its range: the object changed, or the storage failed.
    ShortRead = "short-read",
    /// The structure refers to bytes after the end of the object.
    Truncated = "truncated",
    /// The object has a signature but no content that a program could show: a header with filler behind it, an MP4 without
    /// a movie, a PNG without pixel data, a PDF without objects, an Office package without its main part.
    Stub = "stub",
    /// Fields after the signature violate the format.
    Malformed = "malformed",
    /// Bytes follow the end of the format.
    TrailingData = "trailing-data",
    /// The object is also a valid start or end of a second format, so that two programs see two different files.
    Polyglot = "polyglot",
    /// The start of another format, of a program or of markup before the signature.
    SecondSignature = "second-signature",
    /// Bytes before the signature that are no other format. Common readers skip them: a line end, a byte order mark or a
    /// `MacBinary` header before a picture, an HTTP header before a PDF, junk before the first MPEG frame.
    LeadingBytes = "leading-bytes",
    /// The end mark is missing, and common readers open the object without it: a PDF with `startxref` and without
    /// `%%EOF`, a JPEG or GIF without its last marker.
    NoEndMark = "no-end-mark",
    /// The end of the media is missing, and players play the part before: an MP4 with its movie box at the start.
    CutShort = "cut-short",
    /// Only the signature was recognised. This crate does not check the structure of the format.
    SignatureOnly = "signature-only",
    /// Script, event handlers or the like that run when the object is shown. Also SVG that is not well-formed, because
    /// lenient parsers can read script in it.
    ActiveContent = "active-content",
    /// A DTD with entities or attribute defaults, or a reference to such an entity. They allow expansion bombs,
    /// external references and hidden tags.
    Entities = "entities",
    /// A reference that a viewer loads from another server without a click.
    ExternalReference = "external-reference",
    /// Text that a browser can decode as different text, such as UTF-7 or NUL bytes inside tags.
    EncodingTrick = "encoding-trick",
    /// VBA or Excel 4 macros.
    Macros = "macros",
    /// A document that loads its template from another server.
    RemoteTemplate = "remote-template",
    /// An OLE object, `ActiveX` control or attachment inside a document.
    EmbeddedObject = "embedded-object",
    /// Encrypted content that cannot be scanned without a password.
    Encrypted = "encrypted",
    /// A ZIP with more than one end of central directory record: programs disagree about the contents.
    ZipTwoEnds = "zip-two-ends",
    /// ZIP entries that share bytes.
    ZipOverlap = "zip-overlap",
    /// An entry name that points outside the target folder (path traversal).
    ZipTraversal = "zip-traversal",
    /// An entry that is a symbolic link; in tar, a link that points outside the target folder.
    ZipSymlink = "zip-symlink",
    /// Local headers and central directory of a ZIP disagree.
    ZipMismatch = "zip-mismatch",
    /// Two ZIP entries with the same name: programs disagree about which one to use.
    ZipDuplicate = "zip-duplicate",
    /// Bytes before the first ZIP entry.
    ZipPrefix = "zip-prefix",
    /// Unpacks to far more bytes than legitimate files of its size, or nests too deep for recursive parsers.
    BombSize = "bomb-size",
    /// More entries, unpacked bytes, pixels or frames than most programs handle, in a file that is large enough to
    /// contain them.
    LargeContents = "large-contents",
    /// An archive inside an archive.
    NestedArchive = "nested-archive",
    /// More pixels or frames than most programs handle, in a file that is too small to contain them.
    PixelBomb = "pixel-bomb",
    /// A program, installer or server script.
    Executable = "executable",
    /// An archive entry with the file name or header of a program.
    ExecutableInside = "executable-inside",
    /// A file system image. Files inside it do not get the mark of the web that browsers put on downloads.
    DiskImage = "disk-image",
    /// A table cell that a spreadsheet evaluates as a formula.
    Formula = "formula",
    /// A video container without a video track.
    NoVideo = "no-video",
    /// Several JSON documents in a row.
    ManyDocuments = "many-documents",
    /// Markdown that starts with a tag: a browser that ignores the declared type shows it as HTML. It contains no script.
    StartsAsHtml = "starts-as-html",
    /// JSON with comments, which strict parsers refuse. Editors write it for settings.
    JsonComments = "json-comments",
    /// A part of the object that was not read can contain active content.
    UnscannableMiddle = "unscannable-middle",
    /// PDF objects that were not read or that are in compressed streams: their actions are unknown.
    UnseenObjects = "unseen-objects",
    /// The structure needs more reads than the budget allows.
    BudgetSpent = "budget-spent",
}
