//! `sluice cost`: an estimate at AWS's list prices, for an idle month and per million uploads.

mod usage;

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use usage::Usage;

const PRICES: &str = include_str!("../prices.json");

/// The policy that the functions embed.
const POLICY: &str = include_str!("../../policy.json");

/// What to estimate.
#[derive(Debug, Clone)]
pub struct Options {
    /// Uploads a month.
    pub uploads: u64,
    /// The size of each, in bytes.
    pub size: u64,
    /// The parts of a multipart upload; 0 for single-request uploads.
    pub parts: u32,
    /// Whether `GuardDuty` scans each object.
    pub scan: bool,
    /// Whether each verdict is published on an event bus.
    pub announce: bool,
    /// Webhook endpoints that hear of every verdict.
    pub webhooks: u32,
    /// Status requests per upload.
    pub polls: u32,
    /// Months that each object is stored.
    pub months: f64,
}

impl Options {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn gigabytes(&self) -> f64 {
        self.size as f64 / 1e9
    }

    /// Takes the class's scan from the shipped policy, and checks that the class allows the way of uploading.
    ///
    /// # Errors
    /// When there is no such class, or it does not allow the size in one request.
    pub fn of_class(mut self, name: &str) -> Result<Self> {
        let policy: Value = serde_json::from_str(POLICY)?;
        let classes = policy["classes"].as_object().context("policy.json has no classes")?;
        let names = || classes.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let class = classes.get(name).with_context(|| format!("policy.json has no class {name:?}: use {}", names()))?;
        if let Some(max) = class["singleRequestMax"].as_str().filter(|_| self.parts == 0) {
            let max_bytes = parse_size::parse_size(max).ok().with_context(|| format!("{max} is not a size"))?;
            ensure!(self.size <= max_bytes, "the class {name:?} takes at most {max} in one request: set --parts");
        }
        self.scan |= class["scan"] == "required";
        Ok(self)
    }
}

#[derive(Debug, Clone, Deserialize)]
struct PriceList {
    region: String,
    date: String,
    prices: BTreeMap<String, Price>,
}

#[derive(Debug, Clone, Deserialize)]
struct Price {
    service: String,
    name: String,
    usd: f64,
    per: f64,
    source: String,
}

/// One line of the estimate, in US dollars.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    service: String,
    name: String,
    price: f64,
    per: f64,
    source: String,
    idle_quantity: f64,
    quantity_per_upload: f64,
    idle: f64,
    per_million: f64,
    uploads: f64,
}

/// An estimate for a month, in US dollars.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    region: String,
    date: String,
    uploads_per_month: u64,
    lines: Vec<Line>,
    idle: f64,
    per_million: f64,
    uploads: f64,
    total: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    of_webhooks: Option<Share>,
    #[serde(skip)]
    idle_only: bool,
}

/// The part of an estimate that one feature causes, in US dollars.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Share {
    idle: f64,
    per_million: f64,
    uploads: f64,
}

/// Estimates a month. With `idle_only` it has no uploads.
///
/// # Errors
/// When the list has no price for something that is used.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub fn estimate(options: &Options, idle_only: bool) -> Result<Estimate> {
    let list: PriceList = serde_json::from_str(PRICES).context("prices.json")?;
    let idle = usage::idle(options);
    let upload = if idle_only { Usage::new() } else { usage::upload(options) };
    if let Some(key) = idle.keys().chain(upload.keys()).find(|key| !list.prices.contains_key(**key)) {
        bail!("prices.json has no price {key}");
    }
    let uploads = options.uploads as f64;
    let line = |(key, price): (&String, &Price)| {
        let quantity = |usage: &Usage| usage.get(key.as_str()).copied().unwrap_or_default();
        let (idle_quantity, quantity_per_upload) = (quantity(&idle), quantity(&upload));
        let cost = |quantity: f64| quantity / price.per * price.usd;
        let used = idle_quantity + quantity_per_upload > 0.0;
        used.then(|| Line {
            service: price.service.clone(),
            name: price.name.clone(),
            price: price.usd,
            per: price.per,
            source: price.source.clone(),
            idle_quantity,
            quantity_per_upload,
            idle: cost(idle_quantity),
            per_million: cost(quantity_per_upload * 1e6),
            uploads: cost(quantity_per_upload * uploads),
        })
    };
    let mut lines: Vec<Line> = list.prices.iter().filter_map(line).collect();
    lines.sort_by(|a, b| a.service.cmp(&b.service));
    let sum = |part: fn(&Line) -> f64| lines.iter().map(part).sum::<f64>();
    let (idle, per_million, uploads) = (sum(|line| line.idle), sum(|line| line.per_million), sum(|line| line.uploads));
    let of_webhooks = if options.webhooks == 0 {
        None
    } else {
        let without = estimate(&Options { webhooks: 0, ..options.clone() }, idle_only)?;
        Some(Share {
            idle: idle - without.idle,
            per_million: per_million - without.per_million,
            uploads: uploads - without.uploads,
        })
    };
    Ok(Estimate {
        region: list.region,
        date: list.date,
        uploads_per_month: options.uploads,
        idle,
        per_million,
        uploads,
        total: idle + uploads,
        lines,
        of_webhooks,
        idle_only,
    })
}

impl Estimate {
    fn row(&self, f: &mut Formatter<'_>, name: &str, idle: f64, per_million: f64, uploads: f64) -> fmt::Result {
        if self.idle_only {
            writeln!(f, "{name:<56} {idle:>12.2}")
        } else {
            writeln!(f, "{name:<56} {idle:>12.2} {per_million:>14.2} {uploads:>14.2}")
        }
    }
}

impl Display for Estimate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "US dollars at list prices of {}, {}, without free tiers, taxes and data transfer",
            self.region, self.date
        )?;
        let head = if self.idle_only {
            format!("{:<56} {:>12}", "", "idle, month")
        } else {
            let uploads = format!("{} uploads", self.uploads_per_month);
            format!("{:<56} {:>12} {:>14} {:>14}", "", "idle, month", "per million", uploads)
        };
        writeln!(f, "\n{head}")?;
        for lines in self.lines.chunk_by(|a, b| a.service == b.service) {
            let sum = |part: fn(&Line) -> f64| lines.iter().map(part).sum::<f64>();
            let service = lines.first().map(|line| line.service.as_str()).unwrap_or_default();
            self.row(f, service, sum(|line| line.idle), sum(|line| line.per_million), sum(|line| line.uploads))?;
            for line in lines {
                self.row(f, &format!("  {}", line.name), line.idle, line.per_million, line.uploads)?;
            }
        }
        self.row(f, "Total", self.idle, self.per_million, self.uploads)?;
        if let Some(share) = &self.of_webhooks {
            self.row(f, "  of this, the webhooks", share.idle, share.per_million, share.uploads)?;
        }
        if self.idle_only { Ok(()) } else { write!(f, "\nA month costs {:.2}: idle and uploads.", self.total) }
    }
}

#[cfg(test)]
mod tests;
