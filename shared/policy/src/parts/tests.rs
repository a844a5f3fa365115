//! Plans and lists of parts at each limit.

use proptest::prelude::*;

use super::*;
use crate::s3_limits::StoreLimits;
use crate::size::ByteSize;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const S3: StoreLimits = StoreLimits::S3;

fn bytes(bytes: u64) -> ByteSize {
    ByteSize::from_bytes(bytes)
}

fn number(n: u32) -> PartNumber {
    PartNumber::new(n).unwrap()
}

fn sized(size: u64) -> PartPlan {
    PartPlan::sized(bytes(size), bytes(8 * MIB), S3).unwrap()
}

fn ranges(numbers: &[u32]) -> Ranges {
    Ranges(numbers.iter().map(|n| number(*n)).collect())
}

fn missing(numbers: &[u32]) -> PartsProblem {
    PartsProblem::Missing(ranges(numbers))
}

fn part(n: u32, size: u64) -> Part {
    Part { number: number(n), etag: ETag::parse("e").unwrap(), size: bytes(size), checksum: None }
}

#[test]
fn sized_plans_at_each_limit() {
    let check = |size, part_size, count, last| {
        let plan = sized(size);
        assert_eq!(plan, PartPlan::Sized { size: bytes(size), part_size: bytes(part_size), count }, "{size}");
        assert_eq!(plan.size_of(number(count)), Some(bytes(last)), "{size}");
        assert_eq!(plan.size_of(number(count + 1)), None, "{size}");
    };
    check(0, 8 * MIB, 1, 0);
    check(1, 8 * MIB, 1, 1);
    check(8 * MIB - 1, 8 * MIB, 1, 8 * MIB - 1);
    check(8 * MIB, 8 * MIB, 1, 8 * MIB);
    check(8 * MIB + 1, 8 * MIB, 2, 1);
    let most = 10_000 * 8 * MIB;
    check(most - 1, 8 * MIB, 10_000, 8 * MIB - 1);
    check(most, 8 * MIB, 10_000, 8 * MIB);
    // One byte more needs larger parts.
    check(most + 1, 9 * MIB, 8_889, 8 * MIB + 1);
    let all = 10_000 * 5 * GIB;
    check(all - 1, 5 * GIB, 10_000, 5 * GIB - 1);
    check(all, 5 * GIB, 10_000, 5 * GIB);
    let too_large = ObjectTooLarge { size: bytes(all + 1), parts: 10_000, part_max: bytes(5 * GIB) };
    assert_eq!(PartPlan::sized(bytes(all + 1), bytes(8 * MIB), S3), Err(too_large));
    assert_eq!(PartPlan::sized(bytes(u64::MAX), bytes(u64::MAX), S3).unwrap_err().size, bytes(u64::MAX));
}

#[test]
fn part_sizes_stay_within_the_limits_of_the_store() {
    assert_eq!(PartPlan::sized(bytes(1), bytes(1), S3).unwrap().part_size(), bytes(5 * MIB));
    assert_eq!(PartPlan::sized(bytes(1), bytes(6 * GIB), S3).unwrap().part_size(), bytes(5 * GIB));
    assert_eq!(PartPlan::unsized_up_to(bytes(1), bytes(6 * GIB), S3).part_size(), bytes(5 * GIB));
}

#[test]
fn the_limit_of_an_unsized_plan_gives_its_last_number() {
    let last = |limit| PartPlan::unsized_up_to(bytes(limit), bytes(8 * MIB), S3).last().get();
    assert_eq!((last(0), last(1), last(5 * MIB)), (1, 1, 1));
    assert_eq!((last(5 * MIB + 1), last(10 * MIB), last(u64::MAX)), (2, 2, 10_000));
}

#[test]
fn part_numbers_must_be_complete_and_in_order() {
    let plan = sized(40 * MIB);
    let check = |numbers: &[u32]| plan.check_numbers(numbers.iter().map(|n| number(*n)));
    assert_eq!(check(&[1, 2, 3, 4, 5]), Ok(()));
    assert_eq!(check(&[]), Err(missing(&[1, 2, 3, 4, 5])));
    assert_eq!(check(&[2, 4]), Err(missing(&[1, 3, 5])));
    assert_eq!(check(&[1, 2, 3, 4]), Err(missing(&[5])));
    assert_eq!(check(&[1, 2, 3, 4, 5, 6]), Err(PartsProblem::AboveLast { number: number(6), last: number(5) }));
    for (numbers, misplaced) in [(&[2, 1][..], 1), (&[1, 1, 2], 1), (&[1, 3, 2], 2)] {
        assert_eq!(check(numbers), Err(PartsProblem::Order(number(misplaced))), "{numbers:?}");
    }
    let unsized_plan = PartPlan::unsized_up_to(bytes(100 * MIB), bytes(8 * MIB), S3);
    assert_eq!(unsized_plan.check_numbers([]), Err(missing(&[1])));
    assert_eq!(unsized_plan.check_numbers([number(1), number(2)]), Ok(()));
    assert_eq!(unsized_plan.check_numbers([number(1), number(3)]), Err(missing(&[2])));
}

#[test]
fn stored_parts_must_have_the_planned_sizes() {
    let plan = sized(20 * MIB);
    let check = |parts: &[Part]| plan.check_stored(parts, S3);
    assert_eq!(check(&[part(1, 8 * MIB), part(2, 8 * MIB), part(3, 4 * MIB)]), Ok(bytes(20 * MIB)));
    let wrong = [part(1, 8 * MIB - 1), part(2, 8 * MIB), part(3, 4 * MIB + 1)];
    assert_eq!(check(&wrong), Err(PartsProblem::WrongSize(ranges(&[1, 3]))));
}

#[test]
fn parts_of_an_unsized_plan_stay_within_the_limit_and_the_minimum() {
    let plan = PartPlan::unsized_up_to(bytes(20 * MIB), bytes(8 * MIB), S3);
    let check = |sizes: &[u64]| {
        let parts: Vec<Part> = (1..).zip(sizes).map(|(n, size)| part(n, *size)).collect();
        plan.check_stored(&parts, S3)
    };
    assert_eq!(check(&[8 * MIB, 8 * MIB, 4 * MIB]), Ok(bytes(20 * MIB)));
    let over = PartsProblem::TooLarge { sum: bytes(20 * MIB + 1), limit: bytes(20 * MIB) };
    assert_eq!(check(&[8 * MIB, 8 * MIB, 4 * MIB + 1]), Err(over));
    let small = PartsProblem::TooSmall { parts: ranges(&[1]), min: bytes(5 * MIB) };
    assert_eq!(check(&[5 * MIB - 1, 5 * MIB, 1]), Err(small));
    assert!(matches!(check(&[u64::MAX, u64::MAX]), Err(PartsProblem::TooLarge { .. })));
}

#[test]
fn differences_between_listed_and_stored_parts_are_found() {
    let listed = |n: u32, etag: &str| (number(n), ETag::parse(etag).unwrap(), None);
    let stored = [part(1, 1), part(2, 1)];
    assert_eq!(PartsProblem::between(&[listed(1, "\"e\""), listed(2, "e")], &stored), None);
    let changed = PartsProblem::between(&[listed(1, "e"), listed(2, "f")], &stored).unwrap();
    assert_eq!(changed, PartsProblem::Changed(ranges(&[2])));
    let lacking = PartsProblem::between(&[listed(1, "f"), listed(3, "e")], &stored).unwrap();
    assert_eq!(lacking, missing(&[3]));
    // Checksums are compared only if both sides have one.
    let sum = |text: &str| Some(text.to_owned());
    for (listed_checksum, stored_checksum, same) in
        [(sum("a"), sum("a"), true), (sum("a"), sum("b"), false), (sum("a"), None, true), (None, sum("b"), true)]
    {
        let listed = [(number(1), ETag::parse("e").unwrap(), listed_checksum)];
        let stored = [Part { checksum: stored_checksum, ..part(1, 1) }];
        assert_eq!(PartsProblem::between(&listed, &stored).is_none(), same, "{listed:?}");
    }
}

#[test]
fn ranges_are_displayed_briefly() {
    assert_eq!(ranges(&[2, 3, 4, 5, 9]).to_string(), "2-5, 9");
    let odd: Vec<u32> = (1..=10_000).step_by(2).collect();
    assert!(ranges(&odd).to_string().len() < 200);
}

#[test]
fn etags_are_parsed_with_and_without_quotes() {
    let bare = ETag::parse("9bb58f26192e4ba00f01e2e7b136bbd8").unwrap();
    assert_eq!(ETag::parse("\"9bb58f26192e4ba00f01e2e7b136bbd8\""), Ok(bare.clone()));
    assert_eq!(bare.to_string(), "\"9bb58f26192e4ba00f01e2e7b136bbd8\"");
    for bad in ["", "\"\"", "\"", "a b", "a\"b", "ä", "a\n", &"x".repeat(129)] {
        assert_eq!(ETag::parse(bad), Err(InvalidETag), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn a_plan_covers_the_size_exactly(
        size in prop_oneof![0..100 * MIB, 0..=10_000 * 5 * GIB],
        min_part_size in prop_oneof![0..100 * MIB, any::<u64>()],
    ) {
        let plan = PartPlan::sized(bytes(size), bytes(min_part_size), S3).unwrap();
        let last = plan.last().get();
        prop_assert!((1..=10_000).contains(&last));
        let sizes: Vec<u64> = (1..=last).map(|n| plan.size_of(number(n)).unwrap().bytes()).collect();
        prop_assert_eq!(sizes.iter().sum::<u64>(), size);
        let (last_size, full_sizes) = sizes.split_last().unwrap();
        prop_assert!(full_sizes.iter().all(|part| *part == plan.part_size().bytes()));
        prop_assert!(*last_size <= plan.part_size().bytes() && (*last_size > 0 || size == 0));
        prop_assert!((5 * MIB..=5 * GIB).contains(&plan.part_size().bytes()));
        let parts: Vec<Part> = (1..).zip(&sizes).map(|(n, size)| part(n, *size)).collect();
        prop_assert_eq!(plan.check_stored(&parts, S3), Ok(bytes(size)));
    }

    #[test]
    fn plans_stay_within_the_limits_of_any_store(size: u64, min_part_size: u64, min: u64, max: u64, parts: u32) {
        let store = StoreLimits { part_min: bytes(min.min(max)), part_max: bytes(max), parts, ..S3 };
        if let Ok(plan) = PartPlan::sized(bytes(size), bytes(min_part_size), store) {
            prop_assert!(plan.last().get() <= parts && plan.part_size() <= store.part_max);
            prop_assert!(plan.size_of(plan.last()).is_some());
        }
        let unsized_plan = PartPlan::unsized_up_to(bytes(size), bytes(min_part_size), store);
        prop_assert!(unsized_plan.last().get() <= parts.max(1));
    }
}
