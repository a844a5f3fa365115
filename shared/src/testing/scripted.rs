//! A bucket that puts objects together as a script says: slowly, with the wrong word, or without telling.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::key::ObjectKey;
use crate::objects::inventory::{Inventory, StoredPage};
use crate::objects::multipart::{Assembly, AssemblyError, Beginning, MultipartUploads, PartsPage, UnderWayPage};
use crate::objects::{Objects, ObjectsError};
use crate::parts::PartNumber;
use crate::session::Completed;
use crate::sniff::ByteRange;
use crate::verdict::Observed;

/// What happens when an object is to be put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Nothing but this answer.
    Only(Says),
    /// The object, and then this answer.
    After(Says),
    /// The object, but only so much later, whether or not anybody still waits.
    Later(Duration),
}

/// What the store says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// It failed inside, with whatever status.
    Unclear,
    /// There is no such upload.
    NoSuchUpload,
    /// Something lies at the key.
    Exists,
    /// Another write came in between.
    Conflict,
    /// A part is other than listed.
    InvalidPart,
    /// A part is too small.
    PartTooSmall,
    /// The whole is other than promised.
    Refused,
}

impl Says {
    fn error(self) -> AssemblyError {
        match self {
            Self::Unclear => AssemblyError::Unclear(ObjectsError("200, and InternalError in the body".into())),
            Self::NoSuchUpload => AssemblyError::NoSuchUpload,
            Self::Exists => AssemblyError::Exists,
            Self::Conflict => AssemblyError::Conflict,
            Self::InvalidPart => AssemblyError::InvalidPart,
            Self::PartTooSmall => AssemblyError::PartTooSmall,
            Self::Refused => AssemblyError::Refused("BadDigest: another checksum".to_owned()),
        }
    }
}

/// An object that will be there later.
#[derive(Debug, Clone)]
struct Promise {
    at: Instant,
    key: ObjectKey,
    upload: String,
    assembly: Assembly,
}

/// A bucket under a script: each time an object is put together, its next scene; none left means as usual.
#[derive(Debug)]
pub struct Scripted<'a, M> {
    store: &'a M,
    scenes: Mutex<VecDeque<Scene>>,
    promise: Mutex<Option<Promise>>,
    asked: AtomicUsize,
}

impl<'a, M: MultipartUploads> Scripted<'a, M> {
    /// `store`, under `scenes`.
    pub fn new(store: &'a M, scenes: &[Scene]) -> Self {
        Self {
            store,
            scenes: Mutex::new(scenes.iter().copied().collect()),
            promise: Mutex::new(None),
            asked: AtomicUsize::new(0),
        }
    }

    /// Whether every scene was played.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.scenes.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// How often an object was to be put together.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Keeps a promise whose time has come.
    async fn settle(&self) {
        let due = {
            let mut promise = self.promise.lock().unwrap_or_else(PoisonError::into_inner);
            promise.take_if(|promise| promise.at <= Instant::now())
        };
        if let Some(promise) = due {
            drop(self.store.assemble(&promise.key, &promise.upload, &promise.assembly).await);
        }
    }
}

impl<M: MultipartUploads> MultipartUploads for Scripted<'_, M> {
    async fn begin(&self, key: &ObjectKey, beginning: &Beginning) -> Result<String, ObjectsError> {
        self.settle().await;
        self.store.begin(key, beginning).await
    }

    async fn parts(
        &self,
        key: &ObjectKey,
        upload: &str,
        after: Option<PartNumber>,
    ) -> Result<Option<PartsPage>, ObjectsError> {
        self.settle().await;
        self.store.parts(key, upload, after).await
    }

    async fn assemble(&self, key: &ObjectKey, upload: &str, assembly: &Assembly) -> Result<Completed, AssemblyError> {
        self.settle().await;
        self.asked.fetch_add(1, Ordering::SeqCst);
        let scene = self.scenes.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match scene {
            None => self.store.assemble(key, upload, assembly).await,
            Some(Scene::Only(says)) => Err(says.error()),
            Some(Scene::After(says)) => {
                self.store.assemble(key, upload, assembly).await?;
                Err(says.error())
            }
            Some(Scene::Later(wait)) => {
                let at = Instant::now() + wait;
                let (key_of, upload_of, assembly_of) = (key.clone(), upload.to_owned(), assembly.clone());
                let promise = Promise { at, key: key_of, upload: upload_of, assembly: assembly_of };
                self.promise.lock().unwrap_or_else(PoisonError::into_inner).replace(promise);
                sleep_until(at).await;
                self.promise.lock().unwrap_or_else(PoisonError::into_inner).take();
                self.store.assemble(key, upload, assembly).await
            }
        }
    }

    async fn abort(&self, key: &ObjectKey, upload: &str) -> Result<(), ObjectsError> {
        self.settle().await;
        self.store.abort(key, upload).await
    }

    async fn under_way(&self, prefix: &str, after: Option<(String, String)>) -> Result<UnderWayPage, ObjectsError> {
        self.settle().await;
        self.store.under_way(prefix, after).await
    }
}

impl<M: MultipartUploads + Objects> Objects for Scripted<'_, M> {
    async fn head(&self, key: &ObjectKey, version: Option<&str>) -> Result<Option<Observed>, ObjectsError> {
        self.settle().await;
        self.store.head(key, version).await
    }

    async fn read(&self, key: &ObjectKey, version: &str, range: ByteRange) -> Result<Option<Vec<u8>>, ObjectsError> {
        self.store.read(key, version, range).await
    }

    async fn delete_version(&self, key: &ObjectKey, version: &str) -> Result<(), ObjectsError> {
        self.store.delete_version(key, version).await
    }

    async fn versions(&self, key: &ObjectKey) -> Result<Vec<String>, ObjectsError> {
        self.store.versions(key).await
    }
}

impl<M: MultipartUploads + Inventory> Inventory for Scripted<'_, M> {
    async fn stored(&self, prefix: &str, after: Option<(String, String)>) -> Result<StoredPage, ObjectsError> {
        self.settle().await;
        self.store.stored(prefix, after).await
    }
}
