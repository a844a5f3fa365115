//! A local HTTP server for tests that break off connections, which HTTP libraries do not let a test do.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Starts a server on a free port and returns its endpoint. Each connection carries one request.
pub(crate) fn serve(handle: impl Fn(&TcpStream, &Request) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let handle = Arc::new(handle);
    // The thread ends with the test process: the standard library has no time-out for `accept`.
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let handle = Arc::clone(&handle);
            thread::spawn(move || {
                if let Some(request) = Request::read(&stream) {
                    handle(&stream, &request);
                }
            });
        }
    });
    endpoint
}

/// The position after the blank line that ends a head.
pub(crate) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// One request, byte for byte.
pub(crate) struct Request {
    /// The request line and the headers, with the blank line.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads one request. `None` if the client closes the connection before it has sent all of it.
    fn read(mut stream: &TcpStream) -> Option<Self> {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 16 * 1024]);
        loop {
            if let Some(end) = end_of_head(&bytes) {
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
                let request = Self { head, body: bytes[end..].to_vec() };
                let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
                if request.body.len() >= length {
                    return Some(request);
                }
            }
            let read = stream.read(&mut buffer).unwrap_or(0);
            if read == 0 {
                return None;
            }
            bytes.extend_from_slice(&buffer[..read]);
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}
