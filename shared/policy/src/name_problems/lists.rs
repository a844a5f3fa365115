//! Extensions and device names that a file name is checked for.
//!
//! Sources of the extensions: OWASP's File Upload Cheat Sheet and Gmail's list of blocked file types, both as of 2026.

/// Extensions that web servers run.
#[rustfmt::skip]
pub(super) const SERVER_EXTENSIONS: &[&str] = &[
    "php", "php3", "php4", "php5", "php7", "php8", "phps", "pht", "phtm", "phtml", "phar", "inc", "asp", "aspx",
    "ascx", "ashx", "asmx", "asa", "cer", "cfm", "cfml", "jsp", "jspx", "jsw", "jsv", "jspf", "cgi", "pl",
    "shtml", "shtm", "stm", "htaccess", "config",
];

/// Extensions of files in which browsers run scripts.
#[rustfmt::skip]
pub(super) const BROWSER_EXTENSIONS: &[&str] = &[
    "html", "htm", "html5", "xhtml", "xht", "xhtm", "mht", "mhtml", "hta", "htc", "svgz", "swf", "xsl", "xslt",
];

/// Extensions that shells and operating systems run or mount.
#[rustfmt::skip]
pub(super) const SYSTEM_EXTENSIONS: &[&str] = &[
    "exe", "com", "bat", "cmd", "scr", "pif", "msi", "msp", "dll", "cpl", "lnk", "url", "scf", "vbs", "vbe",
    "vb", "js", "jse", "mjs", "ws", "wsf", "wsh", "ps1", "psm1", "reg", "jar", "sh", "bash", "app", "apk",
    "iso", "img", "dmg", "chm", "xll", "msc", "inf", "gadget", "application", "command", "appref-ms",
    "settingcontent-ms", "library-ms", "search-ms",
];

/// Extensions that are a problem only before the last one. As the last extension, the type rules of the class decide.
pub(super) const INNER_ACTIVE_EXTENSIONS: &[&str] = &["svg", "xml", "docm", "xlsm", "pptm"];

/// Extensions that are also words in names like `vue.js.pdf` or `example.com.png`. Before the last one they are no
/// problem.
#[rustfmt::skip]
pub(super) const EXTENSIONS_THAT_ARE_WORDS: &[&str] = &[
    "com", "js", "app", "application", "command", "inc", "config", "url", "img", "sh", "pl", "vb", "inf",
];

/// Device names of Windows without a number
/// (<https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file>).
pub(super) const DEVICE_NAMES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];
