//! A bucket that completes multipart uploads as a script says: late, with an error, or with a lost answer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use content_sniff::ByteRange;
use policy::key::ObjectKey;
use policy::observed::ObservedObject;
use policy::parts::PartNumber;
use policy::session::Completed;
use uploads_core::ports::multipart_uploads::{
    CompleteError, CompleteMultipartUpload, CreateMultipartUpload, InProgressPage, MultipartUploads, PartsPage,
};
use uploads_core::ports::object_listing::{ObjectListing, VersionPage};
use uploads_core::ports::objects::{Objects, ObjectsError};

/// What a completion does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompleteFault {
    /// Answers this and makes no object.
    Only(ScriptedError),
    /// Makes the object, and then answers this.
    After(ScriptedError),
    /// Makes the object after this time, even if the caller has stopped waiting.
    Later(Duration),
}

/// An answer of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScriptedError {
    /// An internal error.
    Unclear,
    /// There is no such upload.
    NoSuchUpload,
    /// An object exists at the key.
    Exists,
    /// Another write happened at the same time.
    Conflict,
    /// A part differs from the list.
    InvalidPart,
    /// A part is too small.
    PartTooSmall,
    /// Size or checksum of the object differ.
    Refused,
}

impl ScriptedError {
    fn error(self) -> CompleteError {
        match self {
            Self::Unclear => CompleteError::Unclear(ObjectsError("200, and InternalError in the body".into())),
            Self::NoSuchUpload => CompleteError::NoSuchUpload,
            Self::Exists => CompleteError::Exists,
            Self::Conflict => CompleteError::Conflict,
            Self::InvalidPart => CompleteError::InvalidPart,
            Self::PartTooSmall => CompleteError::PartTooSmall,
            Self::Refused => CompleteError::ObjectMismatch("BadDigest: another checksum".to_owned()),
        }
    }
}

/// An object that is made later.
#[derive(Debug, Clone)]
struct Promise {
    at: Instant,
    key: ObjectKey,
    upload: String,
    complete_request: CompleteMultipartUpload,
}

/// A bucket with a script: each completion takes the next fault; after the last one it behaves as usual.
#[derive(Debug)]
pub struct ScriptedBucket<'a, M> {
    store: &'a M,
    faults: Mutex<VecDeque<CompleteFault>>,
    promise: Mutex<Option<Promise>>,
    completions: AtomicUsize,
}

impl<'a, M: MultipartUploads> ScriptedBucket<'a, M> {
    /// `store`, with the given faults.
    pub fn new(store: &'a M, faults: &[CompleteFault]) -> Self {
        Self {
            store,
            faults: Mutex::new(faults.iter().copied().collect()),
            promise: Mutex::new(None),
            completions: AtomicUsize::new(0),
        }
    }

    /// Whether every fault was used.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// How many completions were requested.
    #[must_use]
    pub fn completions(&self) -> usize {
        self.completions.load(Ordering::SeqCst)
    }

    /// Makes an object whose time has come.
    async fn settle(&self) {
        let due = {
            let mut promise = self.promise.lock().unwrap_or_else(PoisonError::into_inner);
            promise.take_if(|promise| promise.at <= Instant::now())
        };
        if let Some(promise) = due {
            drop(self.store.complete_upload(&promise.key, &promise.upload, &promise.complete_request).await);
        }
    }
}

impl<M: MultipartUploads> MultipartUploads for ScriptedBucket<'_, M> {
    async fn create_upload(
        &self,
        key: &ObjectKey,
        create_request: &CreateMultipartUpload,
    ) -> Result<String, ObjectsError> {
        self.settle().await;
        self.store.create_upload(key, create_request).await
    }

    async fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &str,
        after: Option<PartNumber>,
    ) -> Result<Option<PartsPage>, ObjectsError> {
        self.settle().await;
        self.store.list_parts(key, upload, after).await
    }

    async fn complete_upload(
        &self,
        key: &ObjectKey,
        upload: &str,
        complete_request: &CompleteMultipartUpload,
    ) -> Result<Completed, CompleteError> {
        self.settle().await;
        self.completions.fetch_add(1, Ordering::SeqCst);
        let scenario = self.faults.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match scenario {
            None => self.store.complete_upload(key, upload, complete_request).await,
            Some(CompleteFault::Only(says)) => Err(says.error()),
            Some(CompleteFault::After(says)) => {
                self.store.complete_upload(key, upload, complete_request).await?;
                Err(says.error())
            }
            Some(CompleteFault::Later(wait)) => {
                let at = Instant::now() + wait;
                let (key_of, upload_of, assembly_of) = (key.clone(), upload.to_owned(), complete_request.clone());
                let promise = Promise { at, key: key_of, upload: upload_of, complete_request: assembly_of };
                self.promise.lock().unwrap_or_else(PoisonError::into_inner).replace(promise);
                sleep_until(at).await;
                self.promise.lock().unwrap_or_else(PoisonError::into_inner).take();
                self.store.complete_upload(key, upload, complete_request).await
            }
        }
    }

    async fn abort_upload(&self, key: &ObjectKey, upload: &str) -> Result<(), ObjectsError> {
        self.settle().await;
        self.store.abort_upload(key, upload).await
    }

    async fn list_in_progress(
        &self,
        prefix: &str,
        after: Option<(String, String)>,
    ) -> Result<InProgressPage, ObjectsError> {
        self.settle().await;
        self.store.list_in_progress(prefix, after).await
    }
}

impl<M: MultipartUploads + Objects> Objects for ScriptedBucket<'_, M> {
    async fn head(&self, key: &ObjectKey, version: Option<&str>) -> Result<Option<ObservedObject>, ObjectsError> {
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

impl<M: MultipartUploads + ObjectListing> ObjectListing for ScriptedBucket<'_, M> {
    async fn list_versions(&self, prefix: &str, after: Option<(String, String)>) -> Result<VersionPage, ObjectsError> {
        self.settle().await;
        self.store.list_versions(prefix, after).await
    }
}
