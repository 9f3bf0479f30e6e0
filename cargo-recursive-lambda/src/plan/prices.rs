//! Amazon's list prices, in one place with their dates: us-east-1, US dollars, on demand, first tier, without the free tier. This file
//! never computes anything but price times quantity.
//!
//! No price was read on the live page. Each comment says what it was read in instead.

use serde::Serialize;

/// When the newest source of these prices was read.
pub(crate) const AS_OF: &str = "2026-09-20";

/// One price of a list.
pub(crate) struct Price {
    /// What is paid for, in a word or two.
    pub(crate) what: &'static str,
    pub(crate) dollars: f64,
    /// The quantity that costs `dollars`.
    pub(crate) per: f64,
    pub(crate) unit: &'static str,
    /// The page of AWS that has it.
    pub(crate) page: &'static str,
}

/// A quantity and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Charge {
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) quantity: f64,
    pub(crate) dollars: f64,
    /// The page of AWS with the price.
    pub(crate) page: &'static str,
}

impl Price {
    pub(crate) fn of(&self, quantity: f64) -> Charge {
        Charge { what: self.what, unit: self.unit, quantity, dollars: quantity * self.dollars / self.per, page: self.page }
    }
}

const LAMBDA: &str = "https://aws.amazon.com/lambda/pricing/";
const S3: &str = "https://aws.amazon.com/s3/pricing/";
const STEP_FUNCTIONS: &str = "https://aws.amazon.com/step-functions/pricing/";
const FARGATE: &str = "https://aws.amazon.com/fargate/pricing/";

// A transcript of the page of 2026-09-20.
pub(crate) const LAMBDA_REQUEST: Price =
    Price { what: "Lambda requests", dollars: 0.20, per: 1e6, unit: "requests", page: LAMBDA };

// Third parties, of 2026-05: they quote the page.
pub(crate) const LAMBDA_ARM: Price =
    Price { what: "Lambda time", dollars: 0.000_013_333_4, per: 1.0, unit: "GB-seconds, arm64", page: LAMBDA };

// Third parties, of 2026-05: they quote the page.
pub(crate) const LAMBDA_X86: Price =
    Price { what: "Lambda time", dollars: 0.000_016_666_7, per: 1.0, unit: "GB-seconds, x86_64", page: LAMBDA };

// A transcript of the page of 2026-09-20, from its worked example.
pub(crate) const DURABLE_OPERATION: Price =
    Price { what: "durable operations", dollars: 8.00, per: 1e6, unit: "operations", page: LAMBDA };

// A third party, of 2026: it quotes the page.
pub(crate) const DURABLE_WRITTEN: Price =
    Price { what: "durable data written", dollars: 0.25, per: 1.0, unit: "GB written", page: LAMBDA };

// A third party, of 2026: it quotes the page.
pub(crate) const DURABLE_RETAINED: Price =
    Price { what: "durable data kept", dollars: 0.15, per: 1.0, unit: "GB-months", page: LAMBDA };

// A third party, undated. The price has been the same for years.
pub(crate) const S3_GET: Price =
    Price { what: "S3 reads", dollars: 0.000_4, per: 1e3, unit: "GET requests, S3 Standard", page: S3 };

// A third party, undated. The price has been the same for years.
pub(crate) const S3_PUT: Price =
    Price { what: "S3 writes", dollars: 0.005, per: 1e3, unit: "PUT requests, S3 Standard", page: S3 };

// A stored copy of the page, undated; and AWS's workshop on Step Functions.
pub(crate) const TRANSITION: Price =
    Price { what: "state transitions", dollars: 0.025, per: 1e3, unit: "transitions, Standard", page: STEP_FUNCTIONS };

// The worked example of a stored copy of the page, undated.
pub(crate) const EXPRESS_REQUEST: Price =
    Price { what: "express requests", dollars: 1.00, per: 1e6, unit: "requests, Express", page: STEP_FUNCTIONS };

// The worked example of a stored copy of the page, undated; the first 1,000 GB-hours of a month.
pub(crate) const EXPRESS_TIME: Price =
    Price { what: "express time", dollars: 0.06, per: 3600.0, unit: "GB-seconds, Express", page: STEP_FUNCTIONS };

// Third parties, of 2026-03 and 2026-04.
pub(crate) const FARGATE_ARM_VCPU: Price =
    Price { what: "Fargate vCPU", dollars: 0.032_38, per: 3600.0, unit: "vCPU-seconds, arm64", page: FARGATE };

// Third parties, of 2026-03 and 2026-04.
pub(crate) const FARGATE_ARM_GB: Price =
    Price { what: "Fargate memory", dollars: 0.003_56, per: 3600.0, unit: "GB-seconds, arm64", page: FARGATE };

// Third parties, of 2026-03 and 2026-04.
pub(crate) const FARGATE_X86_VCPU: Price =
    Price { what: "Fargate vCPU", dollars: 0.040_48, per: 3600.0, unit: "vCPU-seconds, x86_64", page: FARGATE };

// Third parties, of 2026-03 and 2026-04.
pub(crate) const FARGATE_X86_GB: Price =
    Price { what: "Fargate memory", dollars: 0.004_445, per: 3600.0, unit: "GB-seconds, x86_64", page: FARGATE };
