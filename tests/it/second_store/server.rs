//! The process of the second store.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};

use local_stack::http::send;
use serde_json::json;
use xtask::tools::SECOND_STORE;

use crate::support::wait_for;

/// The key of its only user.
pub(super) const KEY: (&str, &str) = ("SECONDSTORE", "secret");

/// `SeaweedFS` with an empty store, which lives as long as a test uses it.
pub(super) struct SecondStore {
    process: Child,
    folder: PathBuf,
    /// Its address.
    pub(super) endpoint: String,
}

impl SecondStore {
    /// The store that other tests of this process use, or a new one.
    pub(super) fn running() -> Arc<Self> {
        static SHARED: Mutex<Weak<SecondStore>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let store = Arc::new(Self::start());
            *shared = Arc::downgrade(&store);
            store
        })
    }

    fn start() -> Self {
        SECOND_STORE.install().unwrap();
        let folder = xtask::local().join(format!("second-store-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("data")).unwrap();
        let credentials = json!([{ "accessKey": KEY.0, "secretKey": KEY.1 }]);
        let user = json!({ "name": "owner", "credentials": credentials, "actions": ["Admin"] });
        fs::write(folder.join("users.json"), json!({ "identities": [user] }).to_string()).unwrap();
        let log = fs::File::create(folder.join("log.txt")).unwrap();
        let servers = ["master", "volume", "filer", "s3"]
            .into_iter()
            .flat_map(|name| [format!("{name}.port"), format!("{name}.port.grpc")]);
        // All are taken before one is free again, so that none is given twice.
        let taken: Vec<(String, TcpListener)> =
            servers.map(|option| (option, TcpListener::bind("127.0.0.1:0").unwrap())).collect();
        let ports = taken.iter().map(|(option, port)| (option.clone(), port.local_addr().unwrap().port()));
        let ports: Vec<(String, u16)> = ports.collect();
        drop(taken);
        let endpoint = ports.iter().find(|(option, _)| option == "s3.port").unwrap().1;
        let process = Command::new(SECOND_STORE.program("weed"))
            .arg("server")
            .arg(format!("-dir={}", folder.join("data").display()))
            .arg(format!("-s3.config={}", folder.join("users.json").display()))
            .args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0"])
            .args(["-master.volumeSizeLimitMB=64", "-volume.max=100"])
            .args(ports.iter().map(|(option, port)| format!("-{option}={port}")))
            .current_dir(&folder)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let store = Self { process, folder, endpoint: format!("http://127.0.0.1:{endpoint}") };
        wait_for("the second store", || {
            send("GET", &store.endpoint, &[], &[]).ok().filter(|answer| answer.status == 403)
        });
        store
    }
}

impl Drop for SecondStore {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.process.id())]).status();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
