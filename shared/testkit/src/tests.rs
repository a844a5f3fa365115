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
const FEATURES: contract::StoreFeatures = contract::StoreFeatures { minimum: true, whole: true, crc32c: true };

#[tokio::test]
async fn the_sessions_in_memory_keep_the_contract() {
    contract::sessions(&MemoryRecords::default()).await;
    contract::due_index(&MemoryRecords::default()).await;
}

#[tokio::test]
async fn the_uploads_in_memory_keep_the_contract() {
    let bucket = MemoryObjects::default();
    contract::multipart(&bucket, &bucket, FEATURES).await;
    contract::object_listing(&bucket, &bucket).await;
}

#[test]
fn a_crc_is_the_published_one() {
    // The check value of CRC-64/NVME (<https://reveng.sourceforge.io/crc-catalogue/17plus.htm>, read 2026-11).
    assert_eq!(objects::crc64nvme(b"123456789"), 0xae8b_1486_0a79_9888);
}

#[tokio::test]
async fn an_interrupted_port_still_keeps_the_contract_until_it_is_interrupted() {
    let (table, bucket, faults) = (MemoryRecords::default(), MemoryObjects::default(), FaultInjector::none());
    contract::records(&faults.of(&table)).await;
    contract::objects(&faults.of(&bucket), &bucket).await;
    contract::sessions(&faults.of(&table)).await;
    contract::due_index(&faults.of(&table)).await;
    contract::object_listing(&faults.of(&bucket), &bucket).await;
    contract::multipart(&faults.of(&bucket), &bucket, FEATURES).await;
    assert!(faults.calls() > 100);
}

#[tokio::test]
async fn a_call_is_interrupted_before_or_after_it_took_effect() {
    for (kind, moment, effect) in [
        (FaultKind::Kill, FaultPoint::Before, false),
        (FaultKind::Kill, FaultPoint::After, true),
        (FaultKind::Fault, FaultPoint::Before, false),
        (FaultKind::Fault, FaultPoint::After, true),
        (FaultKind::Repeat, FaultPoint::After, true),
    ] {
        let (table, faults) = (MemoryRecords::default(), FaultInjector::at(1, moment, kind));
        let port = faults.of(&table);
        let key = key(ALICE, id(0));
        let outcome = faults
            .run(async {
                assert!(port.get(key.id()).await.is_ok());
                port.write_tombstone(&key, now()).await
            })
            .await;
        match kind {
            FaultKind::Kill => assert!(outcome.is_none()),
            FaultKind::Fault => assert!(outcome.is_some_and(|outcome| outcome.is_err())),
            FaultKind::Repeat => assert!(outcome.is_some_and(|outcome| outcome.is_ok())),
        }
        assert_eq!((table.record(key.id()).is_some(), faults.calls()), (effect, 2));
    }
}
