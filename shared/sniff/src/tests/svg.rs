//! Active content in SVG and XML: each way to hide it, next to similar content that is harmless.

use super::*;

const SVG: &str = "image/svg+xml";
const XML: &str = "application/xml";
const XHTML: &str = "http://www.w3.org/1999/xhtml";

fn svg(inner: &str) -> Vec<u8> {
    format!("<svg xmlns='http://www.w3.org/2000/svg' xmlns:x='http://www.w3.org/1999/xlink'>{inner}</svg>").into_bytes()
}

#[track_caller]
fn active(inner: &str) {
    fails(&svg(inner), SVG, "active-content");
}

#[track_caller]
fn clean(inner: &str) {
    assert_eq!(codes(&sniff(&svg(inner), Some(SVG))), Vec::<&str>::new(), "{inner}");
}

#[test]
fn a_quoted_angle_bracket_does_not_end_a_tag() {
    fails(b"<svg xmlns=\"http://www.w3.org/2000/svg\" id=\">\" onload=\"alert(1)\"/>", SVG, "active-content");
    active("<rect id='>' onclick='x()'/>");
    active("<a id='/>' href='javascript:x()'/>");
    active("<animate id='>' attributeName='href'/>");
    clean("<rect id='>' class='on'/>");
    clean("<rect id=' onclick=x'/>");
    let page = format!("<x:html id='>' xmlns:x='{XHTML}'/>");
    is(&[b"<?xml version='1.0'?>", page.as_bytes()].concat(), "application/xhtml+xml");
}

#[test]
fn script_links_in_every_encoding() {
    for link in [
        "javascript:x()",
        "JaVaScRiPt:x()",
        "jav&#x61;script:x()",
        "jav&#X00061;script:x()",
        "jav&#0000097;script:x()",
        "&#106;avascript&#58;x()",
        "&#x6A;&#x61;vascript:x()",
        "java&#9;script:x()",
        "java&#xA;script&#13;:x()",
        "java\nscript:x()",
        "java\tscript :x()",
        "  javascript:x()",
        "&#1;javascript:x()",
        "javascript&colon;x()",
        "java&Tab;script&NewLine;&colon;x()",
        "data:text/html,x",
        "data: text/html;base64,x",
        "vbscript:x()",
    ] {
        for attribute in ["href", "x:href", "y:href", "src", "to", "from", "values"] {
            active(&format!("<a {attribute}='{link}'/>"));
        }
        active(&format!("<a href=\"{link}\"/>"));
    }
    active("<animate attributeName='fill' values='#a;javascript:x()'/>");
    active("<rect style='fill:url(javascript:x())'/>");
    active("<style>a { b: url(java&#115;cript:x()) }</style>");
    active("<style><![CDATA[a { b: url(javascript:x()) }]]></style>");
    clean("<a href='#javascript'/><a href='https://javascript.example/a:b'/><text>javascript: a history</text>");
    clean("<a href='x&#58;y&amp;&lt;&#x3e;&quot;'/>");
    clean("<image href='data:image/png;base64,AA'/><g aria-label='JavaScript: the good parts' title='url(//x)'/>");
}

#[test]
fn event_handlers_in_every_spelling() {
    for handler in ["onload", "ONLOAD", "onLoad", "onmouseover", "onbegin"] {
        active(&format!("<rect {handler}='x()'/>"));
        active(&format!("<rect\n{handler}\t=\r\n\"x()\"/>"));
        // Not well-formed XML, but valid for HTML parsers.
        active(&format!("<rect/{handler}='x()'/>"));
        active(&format!("<rect a='b'{handler}='x()'/>"));
        active(&format!("<rect {handler}=x()/>"));
        active(&format!("<set attributeName='{handler}' to='x()'/>"));
    }
    clean("<rect on='1' one='1' x:only='1'/><text>onload=1 onclick='x'</text><!-- onload='x' -->");
}

#[test]
fn animations_that_set_links_or_event_handlers() {
    for element in ["set", "animate", "animateTransform", "y:set", "SET"] {
        for target in ["href", "x:href", "xlink:href", "HREF", " href ", "hr&#101;f", "onload", "&#111;nclick"] {
            active(&format!("<{element} attributeName='{target}' to='#a'/>"));
            active(&format!("<{element} attributeName=\"{target}\" to='#a'/>"));
        }
    }
    active("<set attributeName=onload to=x />");
    clean("<animate attributeName='opacity' values='0;1'/><set attributeName='fill' to='red'/>");
}

#[test]
fn active_elements_under_any_prefix_and_in_text() {
    for inner in [
        "<script/>",
        "<SCRIPT/>",
        "<s:script/>",
        "<script><![CDATA[x()]]></script>",
        "<foreignObject><body onload='x()'/></foreignObject>",
        "<f:foreignobject/>",
        "<iframe/>",
        "<handler/>",
        "<g a='<script>'/>",
        "<text><![CDATA[<script>x()</script>]]></text>",
        "<text><![CDATA[<img onerror='x()'>]]></text>",
        // Comments and instructions that end earlier in HTML.
        "<!--><script>x()</script>-->",
        "<!--->x-->",
        "<?a ><script>x()</script>?>",
        "<use href='data:image/svg+xml,x#y'/>",
        "<use x:href=' DATA:image/svg+xml,x#y'/>",
        "<use href=data:image/svg+xml,x#y />",
    ] {
        active(inner);
    }
    clean("<g id='script'/><text>&lt;script&gt;</text><!-- <script> was here --><?a b?><use href='#a'/>");
    clean("<style><![CDATA[a > b { c: d }]]></style><text><![CDATA[a < b]]></text>");
}

#[test]
fn svg_that_is_not_well_formed_is_active_content() {
    for inner in
        ["<g>", "</g>", "<g><a></g></a>", "<g a=1/>", "<g a/>", "a & b", "&#x110000;", "&#0;", "&;", "]]>", "\u{1b}"]
    {
        active(inner);
    }
    fails(b"<svg/><svg/>", SVG, "active-content");
    fails(b"<svg><g>", SVG, "active-content");
    fails(b"<svg><g id='", SVG, "active-content");
    clean("<g a='1' b=\"2\"/>a &amp; b &#x41; &#65;");
    // The end of the window does not make a document invalid.
    let long = sniff(&svg(&"<g id='>'><!-- > --></g>".repeat(40_000)), Some(SVG));
    assert_eq!(codes(&long), ["unscannable-middle"]);
    fails(&svg(&format!("<g a=1/>{}", "<g/>".repeat(200_000))), SVG, "active-content");
}

#[test]
fn declarations_with_entities_or_attribute_defaults() {
    for subset in [
        "<!ENTITY a '<script/>'>",
        "<!ENTITY a \"]>\">",
        "<!ENTITY % a SYSTEM 'https://x/y'>",
        "<!-- ]> --><!ENTITY a 'b'>",
        "<?a ]>?><!ENTITY a 'b'>",
        "<!ATTLIST svg onload CDATA 'x()'>",
        "<!ATTLIST svg onload CDATA '>'>",
        "%a;",
    ] {
        fails(format!("<!DOCTYPE svg [{subset}]><svg/>").as_bytes(), SVG, "entities");
        let document = format!("<?xml version='1.0'?><!DOCTYPE a [{subset}]><a/>");
        finds(document.as_bytes(), XML, FindingCode::Entities);
    }
    fails(&svg("<text>&own;</text>"), SVG, "entities");
    fails(&svg("<a href='&own;'/>"), SVG, "entities");
    let doctype = "<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg%31.dtd'>";
    passes(format!("<?xml version='1.0'?>{doctype}<svg/>").as_bytes(), SVG);
    passes(b"<!DOCTYPE svg [ <!ELEMENT svg ANY> ]><svg/>", SVG);
}

#[test]
fn other_encodings() {
    let wide = |text: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(unit).collect() };
    let (hidden, harmless) = (svg("<rect id='>' onload='x()'/>"), svg("<rect id='>'/>"));
    let (hidden, harmless) = (String::from_utf8(hidden).unwrap(), String::from_utf8(harmless).unwrap());
    for unit in [u16::to_le_bytes, u16::to_be_bytes] {
        for mark in ["\u{feff}", ""] {
            fails(&wide(&format!("{mark}{hidden}"), unit), SVG, "active-content");
            passes(&wide(&format!("{mark}{harmless}"), unit), SVG);
        }
    }
    for encoding in ["UTF-7", "ISO-2022-JP", "hz-gb-2312", "IBM037", "x-user-defined"] {
        for start in ["<?xml version='1.0' ", "<?xml\tversion='1.0'\n"] {
            fails(format!("{start}encoding='{encoding}'?><svg/>").as_bytes(), SVG, "encoding-trick");
        }
    }
    for encoding in ["UTF-8", "utf-8", "us-ascii", "ISO-8859-1", "windows-1252", "Shift_JIS", "GB2312"] {
        passes(format!("<?xml version='1.0' encoding='{encoding}'?><svg/>").as_bytes(), SVG);
    }
}

#[test]
fn external_references_in_every_spelling() {
    for inner in [
        "<image href='https://x/y.png'/>",
        "<image x:href='//x/y.png'/>",
        "<image href=' http&#58;//x/y.png'/>",
        "<use y:href='file:///x#y'/>",
        "<rect fill='url(https://x/y#z)'/>",
        "<rect style=\"fill:url( 'https://x/y#z' )\"/>",
        "<style>@import 'x';</style>",
        "<style><![CDATA[@font-face { src: url(\"https://x/y\") }]]></style>",
        "<style>@im<!-- -->port 'x';</style>",
        "<style>@im<![CDATA[port 'x']]></style>",
        "<?xml-stylesheet href='x'?>",
    ] {
        fails(&svg(inner), SVG, "external-reference");
    }
    clean("<a href='https://x/y'/><rect fill='url(#a)'/><style>a { fill: url(#b) }</style><text>url(https://x)</text>");
}

#[test]
fn active_namespaces_in_other_xml() {
    let in_namespace = |namespace: &str, inner: &str| format!("<a xmlns:h='{namespace}'>{inner}</a>").into_bytes();
    for inner in [
        "<h:script/>",
        "<h:p title='>' onclick='x()'/>",
        "<h:a href='jav&#x61;script:x()'/>",
        "<h:iframe srcdoc='x'/>",
        "<b xmlns='http://www.w3.org/2000/svg'><g onload='x()'/></b>",
        "<b:script xmlns:b='http://www.w3.org/1999/&#120;html'/>",
        "<b onload='x()' xmlns='http://www.w3.org/1998/Math/MathML'/>",
        "<h:p onclick=x/>",
    ] {
        fails(&in_namespace(XHTML, inner), XML, "active-content");
    }
    for inner in
        ["<h:p>a</h:p>", "<h:a href='https://x/y'/>", "<p onclick='x()'/>", "<script/>", "<!-- <h:script/> -->"]
    {
        passes(&in_namespace(XHTML, inner), XML);
    }
    // A default namespace applies to its element only.
    passes(&in_namespace("urn:x", &format!("<p xmlns='{XHTML}'/><script/>")), XML);
    passes(&in_namespace("urn:x", "<h:script/><b>a & b</b>"), XML);
    fails(b"<?xml version='1.0'?><?xml-stylesheet type='text/xsl' href='x'?><a/>", XML, "external-reference");
    fails(b"<?xml version='1.0'?><?xml-stylesheet type='text/&#120;sl' href='x'?><a/>", XML, "external-reference");
    passes(b"<?xml version='1.0'?><?xml-stylesheet type='text/css' href='x.css'?><a/>", XML);
    // A prolog that is not well-formed.
    let broken = format!("<?xml version='1.0'?><!DOCTYPE a \"><b xmlns='{XHTML}' onload='x()'/>");
    finds(broken.as_bytes(), XML, FindingCode::ActiveContent);
}

#[test]
fn a_long_run_of_letters_takes_linear_time() {
    // A quadratic search took a minute.
    let run = "on".repeat(230_000);
    clean(&format!("<text><![CDATA[<a {run}]]></text>"));
    active(&format!("<text><![CDATA[<a {run} onload=x]]></text>"));
}
