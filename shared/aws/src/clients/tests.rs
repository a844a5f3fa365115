//! The functions' HTTP client against a TLS server, with certificates that the test makes.
//!
//! rustls reads the trusted roots once in a process, from the files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name or from
//! the usual places of the system. So each call runs in a process of its own, which is this test again.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use aws_smithy_http_client::tls::{ServerName, TlsContext, TrustStore};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion, version};
use testkit::{ALICE, id, key};
use uploads_core::ports::objects::Objects;
use uploads_core::ports::records::UploadRecords;

use super::*;
use crate::dynamodb::DynamoRecords;
use crate::s3::S3Objects;

/// Names the client in the process of a call.
const CLIENT: &str = "SLUICE_TEST_CLIENT";

/// A name that the server does not have.
const ANOTHER_NAME: &str = "other.example";

/// How a server identifies itself.
#[derive(Debug, Clone, Copy)]
enum Server {
    Trusted,
    TrustedOverTls12,
    OfAnotherName,
    Expired,
    OfAnUnknownIssuer,
    SelfSigned,
}

use Server::{Expired, OfAnUnknownIssuer, OfAnotherName, SelfSigned, Trusted, TrustedOverTls12};

impl Server {
    /// What the error of a refused connection says; `None` when the certificate is right.
    fn refusal(self) -> Option<&'static str> {
        match self {
            Trusted | TrustedOverTls12 => None,
            OfAnotherName => Some("not valid for name"),
            Expired => Some("expired"),
            // Their issuer has the name of the trusted one, and another key.
            OfAnUnknownIssuer | SelfSigned => Some("BadSignature"),
        }
    }

    fn versions(self) -> &'static [&'static SupportedProtocolVersion] {
        static TLS12: &[&SupportedProtocolVersion] = &[&version::TLS12];
        static TLS13: &[&SupportedProtocolVersion] = &[&version::TLS13];
        if matches!(self, TrustedOverTls12) { TLS12 } else { TLS13 }
    }
}

/// A certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let keys = KeyPair::generate().unwrap();
        let pem = params.self_signed(&keys).unwrap().pem();
        Self { issuer: Issuer::new(params, keys), pem }
    }
}

/// The certificate of a server on this machine.
fn identity(server: Server, trusted: &Authority, unknown: &Authority) -> (CertificateDer<'static>, KeyPair) {
    let name = if matches!(server, OfAnotherName) { ANOTHER_NAME } else { "localhost" };
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    if matches!(server, Expired) {
        (params.not_before, params.not_after) = (date_time_ymd(2025, 1, 1), date_time_ymd(2025, 12, 31));
    }
    let keys = KeyPair::generate().unwrap();
    let certificate = match server {
        SelfSigned => params.self_signed(&keys),
        OfAnUnknownIssuer => params.signed_by(&keys, &unknown.issuer),
        Trusted | TrustedOverTls12 | OfAnotherName | Expired => params.signed_by(&keys, &trusted.issuer),
    };
    (certificate.unwrap().der().clone(), keys)
}

/// Starts a server in the place of S3 and `DynamoDB`. Returns its address and the requests that it could read.
fn start(server: Server, trusted: &Authority, unknown: &Authority) -> (String, Arc<Mutex<Vec<String>>>) {
    let (certificate, keys) = identity(server, trusted, unknown);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(server.versions())
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::try_from(keys.serialize_der()).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let (config, requests) = (Arc::new(config), Arc::new(Mutex::new(Vec::new())));
    let read = Arc::clone(&requests);
    thread::spawn(move || {
        for connection in listener.incoming() {
            if let Some(request) = answer(connection.unwrap(), &config) {
                read.lock().unwrap().push(request);
            }
        }
    });
    (endpoint, requests)
}

/// Answers that there is no such object or item. Returns the request without its headers, or `None` when the client
/// broke off.
fn answer(connection: TcpStream, config: &Arc<ServerConfig>) -> Option<String> {
    let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), connection);
    let (mut request, mut piece) = (Vec::new(), [0; 4096]);
    while !complete(&request) {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(length) => request.extend_from_slice(&piece[..length]),
        }
    }
    let text = String::from_utf8(request).unwrap();
    let (status, body) = if text.starts_with("HEAD") { ("404 Not Found", "") } else { ("200 OK", "{}") };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    stream.conn.send_close_notify();
    let _ = stream.flush();
    let target = text.lines().find_map(|line| line.strip_prefix("x-amz-target: ")).unwrap_or_default();
    let (method, rest) = text.split_once(' ').unwrap();
    Some(format!("{method} {}{target}", rest.split(['?', ' ']).next().unwrap()))
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// Where a client finds the roots that it trusts.
enum Roots<'a> {
    File(&'a Path),
    Folder(&'a Path),
}

/// Calls a server with a client, in another process. Returns what that process wrote.
fn call(client: &str, endpoint: &str, roots: &Roots<'_>) -> String {
    let mut process = Command::new(env::current_exe().unwrap());
    process.args(["--exact", "--nocapture", "clients::tests::only_a_trusted_certificate_of_this_name_is_accepted"]);
    process.env_clear().env(CLIENT, client).env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "eu-central-1");
    process.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret").env("AWS_MAX_ATTEMPTS", "1");
    process.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    match roots {
        Roots::File(file) => process.env("SSL_CERT_FILE", file),
        Roots::Folder(folder) => process.env("SSL_CERT_DIR", folder),
    };
    let output = process.output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// The other process: it calls S3 and `DynamoDB` as the functions do.
async fn call_here(client: &str) {
    let clients = match client {
        "deployed" => Clients::new(true),
        "accepts another name" => {
            let name = ServerName::try_from(ANOTHER_NAME).unwrap();
            faulty(TlsContext::builder().with_additional_server_names(vec![name])).await
        }
        authority => {
            let roots = TrustStore::default().with_pem_certificate(fs::read(authority).unwrap());
            faulty(TlsContext::builder().with_trust_store(roots)).await
        }
    };
    let key = key(ALICE, id(1));
    let head = S3Objects::new(clients.clone(), "bucket").head(&key, None).await;
    let item = DynamoRecords::new(clients, "table").get(key.id()).await;
    eprintln!("HEAD: {head:?}\nGetItem: {item:?}");
}

async fn faulty(context: aws_smithy_http_client::tls::TlsContextBuilder) -> Clients {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let http = Builder::new().tls_provider(ring).tls_context(context.build().unwrap()).build_https();
    Clients::of(aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await, true)
}

/// Certificates for the servers, and folders with the roots.
struct Fixture {
    trusted: Authority,
    unknown: Authority,
    folder: PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let folder = env::temp_dir().join(format!("sluice-tls-{}", std::process::id()));
        let (trusted, unknown) = (Authority::new(), Authority::new());
        for (name, authority) in [("trusted", &trusted), ("unknown", &unknown)] {
            fs::create_dir_all(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("root.pem"), &authority.pem).unwrap();
        }
        Self { trusted, unknown, folder }
    }

    /// What is wrong with a client's behaviour at a server, or nothing.
    fn problem(&self, client: &str, server: Server, in_folder: bool) -> Option<String> {
        let (endpoint, requests) = start(server, &self.trusted, &self.unknown);
        let folder = self.folder.join("trusted");
        let file = folder.join("root.pem");
        let written = call(client, &endpoint, &if in_folder { Roots::Folder(&folder) } else { Roots::File(&file) });
        let requests = requests.lock().unwrap().clone();
        let expected = match server.refusal() {
            None => written.contains("HEAD: Ok(None)\nGetItem: Ok(None)") && requests.len() == 2,
            Some(reason) => written.matches(reason).count() >= 2 && requests.is_empty(),
        };
        (!expected).then(|| format!("{client}, {server:?}: {requests:?}\n{written}"))
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn only_a_trusted_certificate_of_this_name_is_accepted() {
    if let Ok(client) = env::var(CLIENT) {
        return call_here(&client).await;
    }
    let fixture = Fixture::new();
    let mut problems = Vec::new();
    for server in [Trusted, TrustedOverTls12, OfAnotherName, Expired, OfAnUnknownIssuer, SelfSigned] {
        problems.extend(fixture.problem("deployed", server, false));
    }
    problems.extend(fixture.problem("deployed", Trusted, true));
    assert!(problems.is_empty(), "{}", problems.join("\n"));

    // Clients with a fault are found.
    let unknown = fixture.folder.join("unknown/root.pem").display().to_string();
    for (client, server) in [("accepts another name", OfAnotherName), (unknown.as_str(), OfAnUnknownIssuer)] {
        let problem = fixture.problem(client, server, false).expect("the fault is found");
        assert!(problem.contains("HEAD: Ok(None)\nGetItem: Ok(None)"), "it does something else: {problem}");
    }
}
