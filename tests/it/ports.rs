//! The deployed table and a bucket of the emulator fulfil the contract of the ports, as the memory ports do.

use testkit::contract;
use testkit::contract::StoreFeatures;

use crate::adapters::{TestBucket, objects, records};
use crate::support::stack;

#[tokio::test]
async fn the_deployed_table_fulfils_the_contract() {
    for shards in [1, 3] {
        contract::records(&records(&stack().table).with_owner_shards(shards)).await;
    }
}

#[tokio::test]
async fn a_bucket_fulfils_the_contract() {
    let bucket = TestBucket::new("objects");
    contract::objects(&objects(&bucket.name), &bucket).await;
}

#[tokio::test]
async fn sessions_in_the_deployed_table_fulfil_the_contract() {
    let table = records(&stack().table);
    Box::pin(contract::sessions(&table)).await;
    contract::due_index(&table).await;
}

#[tokio::test]
async fn multipart_uploads_in_a_bucket_fulfil_the_contract() {
    let bucket = TestBucket::new("multipart");
    // The emulator accepts parts of any size, ignores full-object checksums and does not support CRC-32C.
    let emulator = StoreFeatures { minimum: false, whole: false, crc32c: false };
    contract::multipart(&objects(&bucket.name), &bucket, emulator).await;
    contract::object_listing(&objects(&bucket.name), &bucket).await;
}
