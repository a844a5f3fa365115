//! `multipart/form-data` for S3, which requires the file to be the last field.

/// No sample contains this text.
const BOUNDARY: &str = "sluice-5c1d6e0e9f3b4a7d8c2f";

/// The content type and the body of a form with one file.
#[must_use]
pub fn form(fields: &[(String, String)], file: &[u8]) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    for (name, value) in fields {
        let field = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(field.as_bytes());
    }
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\r\n");
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_comes_last() {
        let (kind, body) = form(&[("key".to_owned(), "1/aa".to_owned())], b"bytes");
        let expected = "--B\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n1/aa\r\n\
             --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\r\nbytes\r\n--B--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), expected.replace("--B", &format!("--{BOUNDARY}")));
        assert_eq!(kind, format!("multipart/form-data; boundary={BOUNDARY}"));
    }
}
