//! The routes of Uppy and Companion clients.

/// A request on one of Uppy's routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The class of a path `/{class}/s3/…`; `None` for `/s3/…`.
    pub class: Option<String>,
    /// The requested operation.
    pub operation: Operation,
}

/// An operation of Companion's S3 routes. Path parameters are percent-decoded and not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// `GET params`: presign an upload in one request.
    Params,
    /// `POST multipart`: create a multipart upload.
    Create,
    /// `GET multipart/{uploadId}`: list the stored parts.
    List(String),
    /// `GET multipart/{uploadId}/{partNumber}`: presign one part.
    SignPart(String, String),
    /// `GET multipart/{uploadId}/batch`: presign several parts.
    SignBatch(String),
    /// `POST multipart/{uploadId}/complete`: complete the upload.
    Complete(String),
    /// `DELETE multipart/{uploadId}`: abort the upload.
    Abort(String),
    /// `POST sign`: sign any of these requests for an S3 client (`signRequest` of Uppy 6).
    Sign,
}
