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
    /// The address of `bucket` in `region`, with the domain of the region's partition. A bucket name with a dot gives a
    /// path-style URL.
    #[must_use]
    pub fn new(bucket: &str, region: &str, addressing: &Addressing) -> Self {
        Self::in_domain(bucket, region, domain_of(region), addressing)
    }

    /// The address of `bucket` in `region`, below the partition's `domain`, such as `amazonaws.com`. A Lambda function gets
    /// it from `CloudFormation` (`AWS::URLSuffix`).
    #[must_use]
    pub fn in_domain(bucket: &str, region: &str, domain: &str, addressing: &Addressing) -> Self {
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

/// The domain of each partition but `aws`, by the first part of its regions' names, as botocore 1.40 has it in
/// `partitions.json` (<https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>, read 2026-11).
const DOMAINS: &[(&str, &str)] = &[
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov"),
];

/// The domain of a region's services.
fn domain_of(region: &str) -> &'static str {
    DOMAINS.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("amazonaws.com", |(_, domain)| domain)
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
        check("b", "eusc-de-east-1", &Addressing::Regional, "https://b.s3.eusc-de-east-1.amazonaws.eu/");
        check("b", "us-gov-west-1", &Addressing::DualStack, "https://b.s3.dualstack.us-gov-west-1.amazonaws.com/");
        check("b", "us-isob-east-1", &Addressing::Regional, "https://b.s3.us-isob-east-1.sc2s.sgov.gov/");
        check("a.b", "eu-west-1", &Addressing::Regional, "https://s3.eu-west-1.amazonaws.com/a.b/");
        check("b", "eu-west-1", &Addressing::DualStack, "https://b.s3.dualstack.eu-west-1.amazonaws.com/");
        check("b", "eu-west-1", &Addressing::Accelerated, "https://b.s3-accelerate.amazonaws.com/");
        check("b", "x", &custom("http://127.0.0.1:4566"), "http://127.0.0.1:4566/b/");
        check("b", "x", &custom("http://127.0.0.1:4566/"), "http://127.0.0.1:4566/b/");
        check("b", "x", &custom("https://store.example/s3/"), "https://store.example/s3/b/");
    }
}
