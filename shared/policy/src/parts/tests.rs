//! Plans at every boundary, and the laws they keep.

use proptest::prelude::*;

use super::*;

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

fn part(n: u32, size: u64) -> Part {
    Part { number: number(n), etag: ETag::parse("e").unwrap(), size: bytes(size), checksum: None }
}

#[test]
fn sizes_around_every_boundary() {
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
    // One byte more and parts grow by one friendly unit.
    check(most + 1, 9 * MIB, 8_889, 8 * MIB + 1);
    let all = 10_000 * 5 * GIB;
    check(all - 1, 5 * GIB, 10_000, 5 * GIB - 1);
    check(all, 5 * GIB, 10_000, 5 * GIB);
    let beyond = BeyondTheStore { size: bytes(all + 1), parts: 10_000, part_max: bytes(5 * GIB) };
    assert_eq!(PartPlan::sized(bytes(all + 1), bytes(8 * MIB), S3), Err(beyond));
    assert_eq!(PartPlan::sized(bytes(u64::MAX), bytes(u64::MAX), S3).unwrap_err().size, bytes(u64::MAX));
}

#[test]
fn a_class_minimum_below_the_store_s_is_raised_and_above_its_maximum_lowered() {
    assert_eq!(PartPlan::sized(bytes(1), bytes(1), S3).unwrap().part_size(), bytes(5 * MIB));
    assert_eq!(PartPlan::sized(bytes(1), bytes(6 * GIB), S3).unwrap().part_size(), bytes(5 * GIB));
    assert_eq!(PartPlan::unsized_up_to(bytes(1), bytes(6 * GIB), S3).part_size(), bytes(5 * GIB));
}

#[test]
fn an_unknown_size_bounds_the_numbers() {
    let last = |limit| PartPlan::unsized_up_to(bytes(limit), bytes(8 * MIB), S3).last().get();
    assert_eq!((last(0), last(1), last(5 * MIB)), (1, 1, 1));
    assert_eq!((last(5 * MIB + 1), last(10 * MIB), last(u64::MAX)), (2, 2, 10_000));
}

#[test]
fn numbers_must_be_all_of_them_in_order() {
    let plan = sized(40 * MIB);
    let check = |numbers: &[u32]| plan.check_numbers(numbers.iter().map(|n| number(*n))).map_err(|e| e.to_string());
    assert_eq!(check(&[1, 2, 3, 4, 5]), Ok(()));
    assert_eq!(check(&[]).unwrap_err(), "missing: 1-5");
    assert_eq!(check(&[2, 4]).unwrap_err(), "missing: 1, 3, 5");
    assert_eq!(check(&[1, 2, 3, 4]).unwrap_err(), "missing: 5");
    assert_eq!(check(&[1, 2, 3, 4, 5, 6]).unwrap_err(), "part 6 is beyond the last one, 5");
    for disorder in [&[2, 1][..], &[1, 1, 2], &[1, 3, 2]] {
        assert!(check(disorder).unwrap_err().contains("ascending"), "{disorder:?}");
    }
    let open = PartPlan::unsized_up_to(bytes(100 * MIB), bytes(8 * MIB), S3);
    assert_eq!(open.check_numbers([]), Err(PartsProblem::Missing(Ranges(vec![number(1)]))));
    assert_eq!(open.check_numbers([number(1), number(2)]), Ok(()));
    assert_eq!(open.check_numbers([number(1), number(3)]), Err(PartsProblem::Missing(Ranges(vec![number(2)]))));
}

#[test]
fn stored_parts_must_have_the_planned_sizes() {
    let plan = sized(20 * MIB);
    let check = |parts: &[Part]| plan.check_stored(parts, S3).map_err(|e| e.to_string());
    assert_eq!(check(&[part(1, 8 * MIB), part(2, 8 * MIB), part(3, 4 * MIB)]), Ok(bytes(20 * MIB)));
    let wrong = [part(1, 8 * MIB - 1), part(2, 8 * MIB), part(3, 4 * MIB + 1)];
    assert_eq!(check(&wrong).unwrap_err(), "of another size than planned: 1, 3");
}

#[test]
fn unplanned_parts_keep_to_the_limit_and_to_the_store_s_minimum() {
    let plan = PartPlan::unsized_up_to(bytes(20 * MIB), bytes(8 * MIB), S3);
    let check = |sizes: &[u64]| {
        let parts: Vec<Part> = (1..).zip(sizes).map(|(n, size)| part(n, *size)).collect();
        plan.check_stored(&parts, S3)
    };
    assert_eq!(check(&[8 * MIB, 8 * MIB, 4 * MIB]), Ok(bytes(20 * MIB)));
    let over = PartsProblem::TooLarge { sum: bytes(20 * MIB + 1), limit: bytes(20 * MIB) };
    assert_eq!(check(&[8 * MIB, 8 * MIB, 4 * MIB + 1]), Err(over));
    let small = PartsProblem::TooSmall { parts: Ranges(vec![number(1)]), min: bytes(5 * MIB) };
    assert_eq!(check(&[5 * MIB - 1, 5 * MIB, 1]), Err(small));
    assert!(matches!(check(&[u64::MAX, u64::MAX]), Err(PartsProblem::TooLarge { .. })));
}

#[test]
fn what_differs_is_named() {
    let listed = |n: u32, etag: &str| (number(n), ETag::parse(etag).unwrap(), None);
    let stored = [part(1, 1), part(2, 1)];
    assert_eq!(PartsProblem::between(&[listed(1, "\"e\""), listed(2, "e")], &stored), None);
    let changed = PartsProblem::between(&[listed(1, "e"), listed(2, "f")], &stored).unwrap();
    assert_eq!(changed, PartsProblem::Changed(Ranges(vec![number(2)])));
    let missing = PartsProblem::between(&[listed(1, "f"), listed(3, "e")], &stored).unwrap();
    assert_eq!(missing, PartsProblem::Missing(Ranges(vec![number(3)])));
    // A checksum counts where both sides have one.
    let sum = |text: &str| Some(text.to_owned());
    for (told, has, same) in
        [(sum("a"), sum("a"), true), (sum("a"), sum("b"), false), (sum("a"), None, true), (None, sum("b"), true)]
    {
        let listed = [(number(1), ETag::parse("e").unwrap(), told)];
        let stored = [Part { checksum: has, ..part(1, 1) }];
        assert_eq!(PartsProblem::between(&listed, &stored).is_none(), same, "{listed:?}");
    }
}

#[test]
fn a_long_list_is_cut_where_nobody_would_read_on() {
    let every_second: Vec<PartNumber> = (1..=100).step_by(2).map(number).collect();
    let shown = Ranges(every_second).to_string();
    assert!(shown.starts_with("1, 3, 5,") && shown.ends_with("39 and more, 50 in all"), "{shown}");
}

#[test]
fn etags_are_read_quoted_and_bare() {
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
        smallest in prop_oneof![0..100 * MIB, any::<u64>()],
    ) {
        let plan = PartPlan::sized(bytes(size), bytes(smallest), S3).unwrap();
        let last = plan.last().get();
        prop_assert!((1..=10_000).contains(&last));
        let sizes: Vec<u64> = (1..=last).map(|n| plan.size_of(number(n)).unwrap().bytes()).collect();
        prop_assert_eq!(sizes.iter().sum::<u64>(), size);
        let (end, full) = sizes.split_last().unwrap();
        prop_assert!(full.iter().all(|part| *part == plan.part_size().bytes()));
        prop_assert!(*end <= plan.part_size().bytes() && (*end > 0 || size == 0));
        prop_assert!((5 * MIB..=5 * GIB).contains(&plan.part_size().bytes()));
        let parts: Vec<Part> = (1..).zip(&sizes).map(|(n, size)| part(n, *size)).collect();
        prop_assert_eq!(plan.check_stored(&parts, S3), Ok(bytes(size)));
    }

    #[test]
    fn another_store_s_limits_hold_as_well(size: u64, smallest: u64, min: u64, max: u64, parts: u32) {
        let store = StoreLimits { part_min: bytes(min.min(max)), part_max: bytes(max), parts, ..S3 };
        if let Ok(plan) = PartPlan::sized(bytes(size), bytes(smallest), store) {
            prop_assert!(plan.last().get() <= parts && plan.part_size() <= store.part_max);
            prop_assert!(plan.size_of(plan.last()).is_some());
        }
        let open = PartPlan::unsized_up_to(bytes(size), bytes(smallest), store);
        prop_assert!(open.last().get() <= parts.max(1));
    }
}
