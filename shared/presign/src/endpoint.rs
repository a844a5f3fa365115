//! Addresses of buckets: AWS regions, dual-stack, transfer acceleration, and S3-compatible stores.

/// How a URL names the bucket and the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressing {
    /// `https://{bucket}.s3.{region}.amazonaws.com`
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>)
    Regional,
    /// `https://{bucket}.s3.dualstack.{region}.amazonaws.com`, which has IPv4 and IPv6 addresses
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/dual-stack-endpoints.html>)
    DualStack,
    /// `https://{bucket}.s3-accelerate.amazonaws.com`, for a bucket with transfer acceleration. S3 supports it only for
    /// a bucket name without dots
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html>).
    Accelerated,
    /// `{endpoint}/{bucket}`: path style, for an S3-compatible store.
    Custom {
        /// Scheme, host and optional port and path, such as `http://127.0.0.1:4566`. Without a scheme, `https`.
        endpoint: String,
    },
}

impl Addressing {
    /// Whether an S3 client must be configured for path style to reach the same address.
    #[must_use]
    pub fn is_path_style(&self) -> bool {
        matches!(self, Self::Custom { .. })
    }
}

/// The address of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketEndpoint {
    scheme: String,
    host: String,
    /// Empty, or the path in front of every key: it begins with a slash and ends without one.
    path_prefix: String,
}

impl BucketEndpoint {
    /// The address of `bucket` in `region`. A bucket name with a dot gives a path-style URL.
    #[must_use]
    pub fn new(bucket: &str, region: &str, addressing: &Addressing) -> Self {
        // <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>: the regions
        // in China are a partition of their own. Its domain: <https://docs.amazonaws.cn/en_us/general/latest/gr/s3.html>
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        // The wildcard certificate does not match a bucket name with a dot
        // (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>).
        let is_virtual_hosted = !bucket.contains('.');
        let on_aws = |host: String| {
            if is_virtual_hosted {
                Self { scheme: "https".to_owned(), host: format!("{bucket}.{host}"), path_prefix: String::new() }
            } else {
                Self { scheme: "https".to_owned(), host, path_prefix: format!("/{bucket}") }
            }
        };
        match addressing {
            Addressing::Regional => on_aws(format!("s3.{region}.{domain}")),
            Addressing::DualStack => on_aws(format!("s3.dualstack.{region}.{domain}")),
            Addressing::Accelerated => on_aws(format!("s3-accelerate.{domain}")),
            Addressing::Custom { endpoint } => {
                let (scheme, rest) = endpoint.split_once("://").unwrap_or(("https", endpoint));
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                let path = path.trim_end_matches('/');
                let path_prefix = if path.is_empty() { format!("/{bucket}") } else { format!("/{path}/{bucket}") };
                Self { scheme: scheme.to_owned(), host: host.to_owned(), path_prefix }
            }
        }
    }

    /// `https`, or the scheme of a custom endpoint.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The host, with the port of a custom endpoint. This is the value of the `host` header.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path of an object, not percent-encoded.
    #[must_use]
    pub fn path(&self, key: &str) -> String {
        format!("{}/{key}", self.path_prefix)
    }

    /// The URL of the bucket, to which a browser posts a form.
    #[must_use]
    pub fn bucket_url(&self) -> String {
        format!("{}://{}{}/", self.scheme, self.host, self.path_prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_addressing_gives_its_bucket_url() {
        let check = |bucket, region, addressing: &Addressing, expected: &str| {
            assert_eq!(BucketEndpoint::new(bucket, region, addressing).bucket_url(), expected);
        };
        let custom = |endpoint: &str| Addressing::Custom { endpoint: endpoint.to_owned() };
        check("b", "eu-west-1", &Addressing::Regional, "https://b.s3.eu-west-1.amazonaws.com/");
        check("b", "cn-north-1", &Addressing::Regional, "https://b.s3.cn-north-1.amazonaws.com.cn/");
        check("a.b", "eu-west-1", &Addressing::Regional, "https://s3.eu-west-1.amazonaws.com/a.b/");
        check("b", "eu-west-1", &Addressing::DualStack, "https://b.s3.dualstack.eu-west-1.amazonaws.com/");
        check("b", "eu-west-1", &Addressing::Accelerated, "https://b.s3-accelerate.amazonaws.com/");
        check("b", "x", &custom("http://127.0.0.1:4566"), "http://127.0.0.1:4566/b/");
        check("b", "x", &custom("http://127.0.0.1:4566/"), "http://127.0.0.1:4566/b/");
        check("b", "x", &custom("https://store.example/s3/"), "https://store.example/s3/b/");
    }
}
