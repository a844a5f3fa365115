//! Where a bucket answers.

/// How requests name the bucket and the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressing {
    /// `https://bucket.s3.region.amazonaws.com`
    Regional,
    /// `https://bucket.s3.dualstack.region.amazonaws.com`, IPv4 and IPv6
    DualStack,
    /// `https://bucket.s3-accelerate.amazonaws.com`, for buckets with transfer acceleration
    Accelerated,
    /// A store of one's own, path style: `{endpoint}/bucket`
    Custom {
        /// Scheme and authority, such as `http://127.0.0.1:4566`.
        endpoint: String,
    },
}

impl Addressing {
    /// Whether the bucket is part of the path instead of the host name.
    #[must_use]
    pub fn is_path_style(&self) -> bool {
        matches!(self, Self::Custom { .. })
    }
}

/// A bucket's address, ready to be joined with keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketEndpoint {
    scheme: String,
    host: String,
    prefix: String,
}

impl BucketEndpoint {
    /// The address of `bucket`.
    #[must_use]
    pub fn new(bucket: &str, region: &str, addressing: &Addressing) -> Self {
        // China's partition ends in .com.cn; every other public one in .com.
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        // A dot in the bucket's name breaks the wildcard certificate, so such a bucket is addressed by path.
        let virtual_host = !bucket.contains('.');
        let aws = |host: String| {
            if virtual_host {
                Self { scheme: "https".to_owned(), host: format!("{bucket}.{host}"), prefix: String::new() }
            } else {
                Self { scheme: "https".to_owned(), host, prefix: format!("/{bucket}") }
            }
        };
        match addressing {
            Addressing::Regional => aws(format!("s3.{region}.{domain}")),
            Addressing::DualStack => aws(format!("s3.dualstack.{region}.{domain}")),
            Addressing::Accelerated => aws(format!("s3-accelerate.{domain}")),
            Addressing::Custom { endpoint } => {
                let (scheme, rest) = endpoint.split_once("://").unwrap_or(("https", endpoint));
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                let path = path.trim_end_matches('/');
                let prefix = if path.is_empty() { format!("/{bucket}") } else { format!("/{path}/{bucket}") };
                Self { scheme: scheme.to_owned(), host: host.to_owned(), prefix }
            }
        }
    }

    /// `https`, but for a store of one's own.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Host and port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path of an object, not encoded.
    #[must_use]
    pub fn path(&self, key: &str) -> String {
        format!("{}/{key}", self.prefix)
    }

    /// The bucket's own URL, where forms are posted to.
    #[must_use]
    pub fn bucket_url(&self) -> String {
        format!("{}://{}{}/", self.scheme, self.host, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_address_a_bucket() {
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
