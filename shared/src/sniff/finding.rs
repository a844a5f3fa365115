//! What a reader can hold against an object.

/// One thing found in an object, beside its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub code: FindingCode,
    /// Where or how much, in a few words of ours; never text or names out of the file.
    pub detail: String,
}

/// Defines the codes once: variant, stable text and meaning cannot drift apart.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Everything a reader can find. Closed: a content rule exists for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FindingCode {
            $($(#[$doc])* $name,)*
        }

        impl FindingCode {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable kebab-case text callers see.
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
    /// No bytes at all.
    Empty = "empty",
    /// The object ended before the bytes a range promised: it changed under us, or storage answered short.
    ShortRead = "short-read",
    /// The structure says there is more than there is.
    Truncated = "truncated",
    /// A signature and little more: nothing a program could show.
    Stub = "stub",
    /// The fields after the signature contradict the format.
    Malformed = "malformed",
    /// Bytes after the format's own end.
    TrailingData = "trailing-data",
    /// A second format in the same bytes: two programs will see two files.
    Polyglot = "polyglot",
    /// Another format's signature where this one has no use for it.
    SecondSignature = "second-signature",
    /// Script, handlers or the like that run when shown; SVG that is not well-formed, for nobody can say what lenient
    /// programs make of it.
    ActiveContent = "active-content",
    /// A DTD with entities or attributes, or a use of such: expansion bombs, outside references, tags built from
    /// pieces.
    Entities = "entities",
    /// References that make the viewer fetch from elsewhere.
    ExternalReference = "external-reference",
    /// Text coded so that a browser may read other text in it (UTF-7, NUL inside tags).
    EncodingTrick = "encoding-trick",
    /// VBA or Excel 4 macros.
    Macros = "macros",
    /// A document that loads its template from elsewhere.
    RemoteTemplate = "remote-template",
    /// An OLE object or `ActiveX` control inside a document.
    EmbeddedObject = "embedded-object",
    /// Contents nobody can scan without a password.
    Encrypted = "encrypted",
    /// More than one end of central directory record: readers disagree about the contents.
    ZipTwoEnds = "zip-two-ends",
    /// Entries that share bytes.
    ZipOverlap = "zip-overlap",
    /// Names that leave the folder they are unpacked in.
    ZipTraversal = "zip-traversal",
    /// An entry that is a symbolic link.
    ZipSymlink = "zip-symlink",
    /// Local and central directory disagree.
    ZipMismatch = "zip-mismatch",
    /// One name twice: readers disagree about which counts.
    ZipDuplicate = "zip-duplicate",
    /// Bytes before the first entry.
    ZipPrefix = "zip-prefix",
    /// Unpacks to far more than it should.
    BombSize = "bomb-size",
    /// More entries, unpacked bytes, pixels or frames than most programs take, and the file has the bytes for them.
    LargeContents = "large-contents",
    /// Archives inside an archive.
    NestedArchive = "nested-archive",
    /// More pixels or frames than a decoder should try, of next to no bytes.
    PixelBomb = "pixel-bomb",
    /// A program, by its own header.
    Executable = "executable",
    /// A program inside an archive.
    ExecutableInside = "executable-inside",
    /// A file system image: what is in it escapes marks put on the download.
    DiskImage = "disk-image",
    /// A table cell that a spreadsheet would run as a formula.
    Formula = "formula",
    /// Video was declared and there is no picture track.
    NoVideo = "no-video",
    /// Several documents in a row where one was declared.
    ManyDocuments = "many-documents",
    /// Parts that no window covers could hold what the windows do not show.
    UnscannableMiddle = "unscannable-middle",
    /// Objects of a PDF that no window covers or that lie in compressed streams: what they do was not seen.
    UnseenObjects = "unseen-objects",
    /// The structure asks for more reads than the budget has.
    BudgetSpent = "budget-spent",
}
