//! The formulas against tables, against the engine that they describe, and against `docs/costs.md`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

use super::alternatives::Children;
use super::model::{Architecture, Estimate, Job};
use super::object::{Counted, Object};
use super::prices::{self, Price};
use super::table::{Plan, money, time};
use indicatif::HumanCount;
use recursive_lambda_core::engine::budget::Budget;
use recursive_lambda_core::engine::prefetch::PrefetchPlan;
use std::time::Duration;

const GB: u64 = 1_000_000_000;

/// The defaults of the options, over rows of 100 bytes.
fn job(bytes: u64) -> Job {
    Job {
        bytes,
        records: bytes / 100,
        batch: 400,
        batch_seconds: 0.005,
        memory_mb: 512,
        timeout: 900.0,
        concurrency: 1,
        architecture: Architecture::Arm64,
        shards: 1,
        scan: false,
    }
}

fn text(job: &Job) -> String {
    let object = Object { bytes: job.bytes, records: job.records, counted: Counted::Given };
    Plan::new(job, object, &job.estimates()).text()
}

fn quantity(estimate: &Estimate, what: &str) -> f64 {
    estimate.charges.iter().find(|charge| charge.what == what).unwrap().quantity
}

#[test]
fn a_run_costs_as_the_table_says() {
    let concurrent = Job { batch_seconds: 0.5, concurrency: 8, ..job(GB) };
    let slow = Job { batch_seconds: 200.0, records: 4_000, ..job(GB) };
    let network = Job { batch_seconds: 0.0, memory_mb: 2048, ..job(100 * GB) };
    let x86 = Job { architecture: Architecture::X86, ..job(100 * GB) };
    // Invocations, seconds, reads, writes, dollars.
    for (line, (job, expected)) in [
        (job(0), (1, 0.3, 10, 5, "<0.0001")),
        (job(100_000), (1, 0.3, 11, 5, "<0.0001")),
        (job(GB), (1, 134.8, 249, 18, "0.0011")),
        (job(100 * GB), (16, 13_459.1, 23_987, 1_373, "0.11")),
        (x86, (16, 13_459.1, 23_987, 1_373, "0.13")),
        (job(1_000 * GB), (152, 134_589.1, 239_788, 13_692, "1.06")),
        (concurrent.clone(), (2, 1_579.9, 258, 164, "0.01")),
        (Job { concurrency: 1, ..concurrent }, (15, 12_577.3, 375, 1_283, "0.09")),
        // Each invocation has three of ten batches; each batch has a save and renews the lease 13 times.
        (slow, (4, 2_010.9, 276, 151, "0.01")),
        (network, (2, 1_289.2, 23_861, 135, "0.04")),
    ]
    .into_iter()
    .enumerate()
    {
        let run = job.run();
        let [reads, writes] = ["S3 reads", "S3 writes"].map(|what| quantity(&run, what) as u64);
        let digits = if run.dollars < 0.01 { money(run.dollars) } else { format!("{:.2}", run.dollars) };
        let found = (run.invocations, (run.seconds * 10.0).round() / 10.0, reads, writes, &*digits);
        assert_eq!(found, expected, "line {line}");
    }
}

/// The number of batches that the engine's budget lets one invocation do.
fn batches_by_the_budget(job: &Job, started: f64) -> u64 {
    let seconds = Duration::from_secs_f64;
    let mut budget = Budget::new(Some(seconds(job.timeout)), seconds(10.0), None).concurrent(job.concurrency);
    budget.save_took(seconds(0.05));
    let (mut now, mut batches) = (started, 0);
    loop {
        // They begin together and end together.
        let begin = budget.allows(0, Some(seconds((job.timeout - now).max(0.0)))).max(u64::from(batches == 0));
        if begin == 0 {
            return batches;
        }
        now += job.batch_seconds;
        (0..begin).for_each(|_| budget.batch_took(seconds(job.batch_seconds)));
        batches += begin;
    }
}

#[test]
fn invocations_end_as_the_engine_ends_them() {
    for batch_seconds in [0.01, 0.3, 4.0, 9.0, 60.0, 200.0, 400.0, 890.0] {
        for timeout in [3.0, 60.0, 900.0, 1_800.0] {
            for concurrency in [1, 8] {
                let job = Job { batch_seconds, timeout, concurrency, ..job(GB) };
                if !job.fits_time_out() {
                    continue;
                }
                let by_the_model = job.work_an_invocation() / batch_seconds * concurrency as f64;
                let by_the_engine = batches_by_the_budget(&job, 0.3) as f64;
                // One batch more or less is a matter of rounding.
                let is_close = (by_the_model - by_the_engine).abs() <= concurrency as f64 + 1e-6;
                assert!(is_close, "{job:?}: {by_the_model}, not {by_the_engine}");
            }
        }
    }
}

#[test]
fn reads_are_about_those_of_the_reader() {
    for (batch_seconds, timeout) in [(0.005, 60.0), (0.005, 900.0), (0.1, 900.0), (5.0, 900.0)] {
        let job = Job { batch_seconds, timeout, ..job(100 * GB) };
        let batches = (job.work_an_invocation() / batch_seconds) as u64;
        let bytes = batches * 40_000;
        let (mut held, mut requests) = (0, 0);
        for batch in 0..batches {
            let later = if batch == 0 { 0 } else { batches - batch - 1 };
            let plan = PrefetchPlan { missing: 400, later: later * 400, record: Some(100.0) };
            let mut asked = 0;
            while held < 40_000 {
                held += plan.demand(held, asked);
                asked += 1;
                requests += 1;
            }
            held -= 40_000;
        }
        let by_the_model = quantity(&Job { bytes, records: bytes / 100, ..job }.run(), "S3 reads");
        let ratio = by_the_model / f64::from(requests);
        assert!((0.7..1.7).contains(&ratio), "{batch_seconds} s, {timeout} s: {by_the_model}, not {requests}");
    }
}

#[test]
fn alternatives_cost_as_the_table_says() {
    let dollars = |estimate: Estimate| match estimate.impossible {
        Some(why) => why,
        None => format!("{} {:.0} s {}", estimate.invocations, estimate.seconds, money(estimate.dollars)),
    };
    let wide = Job { records: 1_000, ..job(GB) };
    let slow = Job { batch_seconds: 400.0, records: 4_000, ..job(10_000_000) };
    let large = Job { memory_mb: 4_096, batch_seconds: 0.1, ..job(100 * GB) };
    for (line, (job, expected)) in [
        (job(1_000_000), ["5 0 s 0.0003", "5 0 s 0.0002", "1 0 s <0.0001", "1 60 s 0.0007"]),
        (job(GB), ["4167 42 s 0.2105", "4167 4 s 0.1111", "1 135 s 0.0011", "1 188 s 0.0016"]),
        (
            wide,
            [
                "a record is larger than the 256 KiB of a child's input",
                "a record is larger than the 256 KiB of a child's input",
                "1 13 s 0.0002",
                "1 63 s 0.0008",
            ],
        ),
        (slow.clone(), ["39 103 s 0.0287", "39 103 s 0.0319", "11 4005 s 0.0269", "1 4061 s 0.0439"]),
        (
            Job { batch: 1, records: 10, bytes: 1_000, ..slow },
            ["5 800 s 0.0269", "one record takes longer than the 300 s of a child", "11 4005 s 0.0269", "1 4061 s 0.0439"],
        ),
        (large, ["416667 4167 s 34.50", "416667 417 s 24.80", "283 251621 s 13.64", "1 251568 s 3.39"]),
    ]
    .into_iter()
    .enumerate()
    {
        let dollars: Vec<_> = job.estimates().into_iter().map(dollars).collect();
        let [_, standard, express, durable, fargate] = &dollars[..] else { panic!("five services") };
        assert_eq!([standard, express, durable, fargate], expected, "line {line}");
    }
}

/// Numbers that look random, by xorshift.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// With all orders of magnitude equally likely.
    fn up_to_ten_to(&mut self, power: u64) -> u64 {
        let power = self.below(power) as u32;
        1 + self.below(10_u64.pow(power + 1))
    }

    fn job(&mut self) -> Job {
        let batch_seconds = self.up_to_ten_to(5) as f64 / 1e3;
        Job {
            bytes: self.up_to_ten_to(13),
            records: self.up_to_ten_to(10),
            batch: self.up_to_ten_to(4),
            batch_seconds,
            memory_mb: 128 + self.below(10_113) as u32,
            timeout: 250.0 + self.below(1_551) as f64,
            concurrency: 1 + self.below(16),
            architecture: Architecture::Arm64,
            shards: 1 + self.up_to_ten_to(3) % 1_000,
            scan: self.up_to_ten_to(3).is_multiple_of(2),
        }
    }
}

#[test]
fn more_work_never_costs_less() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    for _ in 0..20_000 {
        let job = numbers.job();
        let (bytes, records) = (numbers.up_to_ten_to(12), numbers.up_to_ten_to(9));
        for more in [
            Job { bytes: job.bytes + bytes, ..job.clone() },
            Job { records: job.records + records, ..job.clone() },
            Job { bytes: job.bytes + bytes, records: job.records + records, ..job.clone() },
        ] {
            let records_grew = more.records > job.records;
            for (less, more) in job.estimates().into_iter().zip(more.estimates()) {
                if less.impossible.is_some() || more.impossible.is_some() {
                    continue;
                }
                let costs_more = more.dollars >= less.dollars * (1.0 - 1e-9);
                // More children are faster, and more records of the same bytes fill them better.
                let is_map = less.name.starts_with("Distributed");
                let costs_more = costs_more || is_map && records_grew;
                let is_slower = is_map || more.seconds >= less.seconds * (1.0 - 1e-9);
                assert!(costs_more && is_slower, "{job:?}\n{less:?}\n{more:?}");
            }
        }
    }
}

#[test]
fn better_settings_never_cost_more() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..20_000 {
        let job = numbers.job();
        let x86 = Job { architecture: Architecture::X86, ..job.clone() }.run();
        let run = job.run();
        assert!(run.dollars <= x86.dollars && run.seconds == x86.seconds, "{job:?}");
        let concurrent = Job { concurrency: job.concurrency + 1, ..job.clone() }.run();
        assert!(concurrent.dollars <= run.dollars * (1.0 + 1e-9) && concurrent.invocations <= run.invocations, "{job:?}");
    }
}

#[test]
fn shards_cost_as_the_table_says() {
    let all = Job { shards: 1_000, ..job(100 * GB) };
    // Invocations, seconds, reads, writes, dollars.
    for (line, (job, expected)) in [
        (all.clone(), (1_002, 18.1, 35_000, 8_005, 0.1458)),
        (Job { scan: true, ..all.clone() }, (2_003, 22.4, 61_000, 13_007, 0.192)),
        (Job { shards: 16, ..job(GB) }, (18, 9.6, 416, 117, 0.0017)),
    ]
    .into_iter()
    .enumerate()
    {
        let run = job.sharded(job.shards);
        let [reads, writes] = ["S3 reads", "S3 writes"].map(|what| quantity(&run, what) as u64);
        let dollars = (run.dollars * 1e4).round() / 1e4;
        assert_eq!((run.invocations, (run.seconds * 10.0).round() / 10.0, reads, writes, dollars), expected, "line {line}");
    }
}

#[test]
fn lines_fit_a_terminal() {
    let mut numbers = Numbers(7);
    for _ in 0..2_000 {
        let job = numbers.job();
        for line in text(&job).lines() {
            assert!(line.chars().count() <= 80 && line.trim_end() == line, "{job:?}: {line:?}");
        }
    }
}

#[test]
fn times_have_two_units() {
    for (seconds, expected) in [
        (0.0, "0s"),
        (0.2, "1s"),
        (59.5, "1m"),
        (134.8, "2m 15s"),
        (3_600.0, "1h"),
        (13_459.1, "3h 44m"),
        (86_400.0, "1d"),
        (200_000.0, "2d 7h"),
    ] {
        assert_eq!(time(seconds), expected);
    }
}

#[test]
fn each_charge_names_its_price() {
    let plan = serde_json::to_value(job(100 * GB).estimates()).unwrap();
    for estimate in plan.as_array().unwrap() {
        let dollars = |value: &serde_json::Value| value["dollars"].as_f64().unwrap();
        let charges = estimate["charges"].as_array().unwrap();
        let sum: f64 = charges.iter().map(dollars).sum();
        assert!((sum - dollars(estimate)).abs() < 1e-9, "{estimate}");
        assert!(charges.iter().all(|charge| charge["page"].as_str().unwrap().starts_with("https://aws.amazon.com/")));
    }
    assert_eq!(Job { architecture: Architecture::X86, ..job(1) }.run().charges[0].unit, "GB-seconds, x86_64");
    assert_eq!(job(GB).distributed_map(Children::Express).name, "Distributed Map, express");
}

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/costs.md")).unwrap()
}

#[test]
fn the_costs_page_shows_this_plan() {
    let page = page();
    let example = text(&job(100 * GB));
    assert!(page.contains(&format!("```text\n{example}```\n")), "docs/costs.md should show:\n{example}");
    let run = job(100 * GB).run();
    for charge in &run.charges {
        let line = format!("| {} | {:.0} {} | ${:.4} |", charge.what, charge.quantity, charge.unit, charge.dollars);
        assert!(page.contains(&line), "docs/costs.md should have: {line}");
    }
    let large = Job { memory_mb: 2_048, batch_seconds: 0.1, ..job(100 * GB) };
    let estimates = large.estimates();
    let [dear, .., cheap] = &estimates[..] else { panic!("no estimates") };
    let job = job(100 * GB);
    let thousands = |seconds: f64| HumanCount(seconds.round() as u64).to_string();
    for (value, words) in [
        (format!("{:.4}", run.dollars), "Together they are $X."),
        (thousands(job.batches() as f64 * 0.005), "batches of 5 ms are X s"),
        (thousands(job.decoding(job.vcpu())), "vCPU takes X s."),
        (format!("{:.1}", job.work_an_invocation()), "an invocation works for X s"),
        (thousands(job.chain().billed - 16.0 * 0.3), "so X s are 16 invocations"),
        (format!("{:.2}", dear.dollars), "$X as a run"),
        (format!("{:.2}", cheap.dollars), "$X on Fargate"),
    ] {
        let words = words.replace('X', &value);
        assert!(page.contains(&words), "docs/costs.md should have: {words}");
    }
    assert_eq!((run.invocations, &*format!("{:.2}", run.dollars)), (16, "0.11"), "README.md says so");
}

#[test]
fn a_small_plan_has_aligned_rows() {
    let wide = Job { records: 1_000, memory_mb: 1_024, timeout: 90.0, concurrency: 4, ..job(GB) };
    let object = Object { bytes: wide.bytes, records: wide.records, counted: Counted::Lines };
    let text = Plan::new(&wide, object, &wide.estimates()).text();
    let (table, _) = text.split_once("\nlist prices").unwrap();
    let expected = "\
object    1.00 GB, 1,000 records
          its lines were counted: a header and quoted newlines make it fewer
batches   3 of 400, 5 ms each
          4 at once in an invocation
function  1024 MB, arm64, time-out 1m 30s

                               invocations          time       dollars
this run                                 1           14s        0.0003
Distributed Map, standard       impossible             -             -
Distributed Map, express        impossible             -             -
durable functions                        1           14s        0.0003
Fargate                             1 task         1m 3s        0.0008

cheapest  durable functions
fastest   this run
";
    assert_eq!(table, expected);
}

#[test]
fn the_costs_page_has_all_prices() {
    let page = page();
    let all: [Price; 15] = [
        prices::LAMBDA_REQUEST,
        prices::LAMBDA_ARM,
        prices::LAMBDA_X86,
        prices::S3_GET,
        prices::S3_PUT,
        prices::TRANSITION,
        prices::EXPRESS_REQUEST,
        prices::EXPRESS_TIME,
        prices::DURABLE_OPERATION,
        prices::DURABLE_WRITTEN,
        prices::DURABLE_RETAINED,
        prices::FARGATE_ARM_VCPU,
        prices::FARGATE_ARM_GB,
        prices::FARGATE_X86_VCPU,
        prices::FARGATE_X86_GB,
    ];
    for Price { what, dollars, per, unit, page: source } in all {
        let line = format!("| {what} | ${dollars} | {per} {unit} | {source} |");
        assert!(page.contains(&line), "docs/costs.md should have: {line}");
    }
    assert!(page.contains(prices::AS_OF));
}
