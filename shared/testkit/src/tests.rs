//! The memory ports pass the contract suite.

use crate::*;
use uploads_core::ports::records::UploadRecords;

#[tokio::test]
async fn the_table_in_memory_keeps_the_contract() {
    contract::records(&MemoryRecords::default()).await;
}

#[tokio::test]
async fn the_bucket_in_memory_keeps_the_contract() {
    let bucket = MemoryObjects::default();
    contract::objects(&bucket, &bucket).await;
}

/// The memory bucket supports every feature.
const ABLE: contract::Able = contract::Able { minimum: true, whole: true, crc32c: true };

#[tokio::test]
async fn the_sessions_in_memory_keep_the_contract() {
    contract::sessions(&MemoryRecords::default()).await;
    contract::due_index(&MemoryRecords::default()).await;
}

#[tokio::test]
async fn the_uploads_in_memory_keep_the_contract() {
    let bucket = MemoryObjects::default();
    contract::multipart(&bucket, &bucket, ABLE).await;
    contract::object_listing(&bucket, &bucket).await;
}

#[test]
fn a_crc_is_the_published_one() {
    // The check value of CRC-64/NVME (<https://reveng.sourceforge.io/crc-catalogue/17plus.htm>, read 2026-11).
    assert_eq!(objects::crc64nvme(b"123456789"), 0xae8b_1486_0a79_9888);
}

#[tokio::test]
async fn an_interrupted_port_still_keeps_the_contract_until_it_is_interrupted() {
    let (table, bucket, interruption) = (MemoryRecords::default(), MemoryObjects::default(), Interruption::none());
    contract::records(&interruption.of(&table)).await;
    contract::objects(&interruption.of(&bucket), &bucket).await;
    contract::sessions(&interruption.of(&table)).await;
    contract::due_index(&interruption.of(&table)).await;
    contract::object_listing(&interruption.of(&bucket), &bucket).await;
    contract::multipart(&interruption.of(&bucket), &bucket, ABLE).await;
    assert!(interruption.calls() > 100);
}

#[tokio::test]
async fn a_call_is_interrupted_before_or_after_it_took_effect() {
    for (kind, moment, effect) in [
        (Kind::Kill, Moment::Before, false),
        (Kind::Kill, Moment::After, true),
        (Kind::Fault, Moment::Before, false),
        (Kind::Fault, Moment::After, true),
        (Kind::Repeat, Moment::After, true),
    ] {
        let (table, interruption) = (MemoryRecords::default(), Interruption::at(1, moment, kind));
        let port = interruption.of(&table);
        let key = key(ALICE, id(0));
        let outcome = interruption
            .run(async {
                assert!(port.get(key.id()).await.is_ok());
                port.write_tombstone(&key, now()).await
            })
            .await;
        match kind {
            Kind::Kill => assert!(outcome.is_none()),
            Kind::Fault => assert!(outcome.is_some_and(|outcome| outcome.is_err())),
            Kind::Repeat => assert!(outcome.is_some_and(|outcome| outcome.is_ok())),
        }
        assert_eq!((table.record(key.id()).is_some(), interruption.calls()), (effect, 2));
    }
}
