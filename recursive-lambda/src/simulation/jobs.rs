//! The jobs under test, written by hand against `Handler`. Each writes to an idempotent sink and to a log of executions.

use super::environment::Environment;
use super::options::{SKIP, WIDTH};
use super::oracle::{NO_DIGEST, digest};
use crate::format::{Csv, Lines};
use crate::{Batch, Config, Error, Flow, Handler, OnError, Progress, Shards, Summary};
use serde::{Deserialize, Serialize};

/// The record at which [`Early`] and [`EarlyWide`] are complete.
pub(super) const EARLY_END: u64 = 37;

/// The state of these jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totals {
    pub(super) rows: u64,
    pub(super) sum: u64,
}

pub(super) struct Plain;

impl Handler for Plain {
    const NAME: &'static str = "plain";
    const CONFIG: Config = Config::new(1);
    type Format = Lines;
    type Input = Batch<String>;
    type State = ();
    type Resources = Environment;

    fn call(batch: Batch<String>, (): &mut (), environment: &Environment) -> impl Future<Output = Result<Flow, Error>> + Send {
        environment.panic_at_once(&batch);
        async move {
            let digest = batch.iter().fold(NO_DIGEST, |sum, line| digest(sum, line));
            environment.execute(&batch, digest).await?;
            Ok(Flow::Continue)
        }
    }
}

pub(super) struct Tally;

impl Handler for Tally {
    const NAME: &'static str = "tally";
    const CONFIG: Config = Config::new(3).on_complete();
    type Format = Lines;
    type Input = Batch<String>;
    type State = Totals;
    type Resources = Environment;

    async fn call(batch: Batch<String>, totals: &mut Totals, environment: &Environment) -> Result<Flow, Error> {
        for line in &batch {
            // Before the batch can fail: its change of the state must be undone.
            totals.rows += 1;
            totals.sum += line.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        let digest = batch.iter().fold(NO_DIGEST, |sum, line| digest(sum, line));
        environment.execute(&batch, digest).await?;
        Ok(Flow::Continue)
    }

    async fn on_complete(summary: &Summary, totals: &Totals, environment: &Environment) -> Result<(), Error> {
        environment.complete(summary, totals).await
    }
}

pub(super) struct Early;

impl Handler for Early {
    const NAME: &'static str = "early";
    const CONFIG: Config = Config::new(4);
    type Format = Lines;
    type Input = Batch<Vec<u8>>;
    type State = Totals;
    type Resources = Environment;

    async fn call(batch: Batch<Vec<u8>>, totals: &mut Totals, environment: &Environment) -> Result<Flow, Error> {
        let mut sum = NO_DIGEST;
        for line in &batch {
            let line = std::str::from_utf8(line)?;
            sum = digest(sum, line);
            totals.rows += 1;
            totals.sum += line.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        environment.execute(&batch, sum).await?;
        Ok(Flow::Continue)
    }

    fn is_complete(progress: &Progress, _: &Totals) -> bool {
        progress.position() >= EARLY_END
    }
}

pub(super) struct Wide;

impl Handler for Wide {
    const NAME: &'static str = "wide";
    const CONFIG: Config = Config::new(2).concurrency(WIDTH);
    type Format = Lines;
    type Input = Batch<String>;
    type State = ();
    type Resources = Environment;

    async fn call(batch: Batch<String>, (): &mut (), environment: &Environment) -> Result<Flow, Error> {
        let digest = batch.iter().fold(NO_DIGEST, |sum, line| digest(sum, line));
        environment.execute(&batch, digest).await?;
        Ok(Flow::Continue)
    }
}

pub(super) struct EarlyWide;

impl Handler for EarlyWide {
    const NAME: &'static str = "early-wide";
    const CONFIG: Config = Config::new(2).concurrency(WIDTH);
    type Format = Lines;
    type Input = Batch<String>;
    type State = ();
    type Resources = Environment;

    async fn call(batch: Batch<String>, (): &mut (), environment: &Environment) -> Result<Flow, Error> {
        Wide::call(batch, &mut (), environment).await
    }

    fn is_complete(progress: &Progress, (): &()) -> bool {
        progress.position() >= EARLY_END
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Row {
    value: u64,
    note: String,
}

pub(super) struct Table;

impl Handler for Table {
    const NAME: &'static str = "table";
    const CONFIG: Config = Config::new(5).on_complete();
    type Format = Csv;
    type Input = Batch<Row>;
    type State = Totals;
    type Resources = Environment;

    async fn call(batch: Batch<Row>, totals: &mut Totals, environment: &Environment) -> Result<Flow, Error> {
        totals.add(&batch);
        environment.execute(&batch, digest_rows(&batch)).await?;
        Ok(Flow::Continue)
    }

    async fn on_complete(summary: &Summary, totals: &Totals, environment: &Environment) -> Result<(), Error> {
        environment.complete(summary, totals).await
    }
}

pub(super) struct Dialect;

impl Handler for Dialect {
    const NAME: &'static str = "dialect";
    const CONFIG: Config = Table::CONFIG;
    type Format = Csv;
    type Input = Batch<Row>;
    type State = Totals;
    type Resources = Environment;

    fn configure_format(csv: Csv) -> Csv {
        csv.delimiter(b';').quote(b'\'').escape(b'\\').comment(b'#').header_names(["id", "value", "note"])
    }

    async fn call(batch: Batch<Row>, totals: &mut Totals, environment: &Environment) -> Result<Flow, Error> {
        Table::call(batch, totals, environment).await
    }

    async fn on_complete(summary: &Summary, totals: &Totals, environment: &Environment) -> Result<(), Error> {
        environment.complete(summary, totals).await
    }
}

pub(super) struct Picky;

impl Handler for Picky {
    const NAME: &'static str = "picky";
    const CONFIG: Config = Config::new(6).on_error(OnError::Skip(SKIP)).on_complete();
    type Format = Csv;
    type Input = Batch<Row>;
    type State = Totals;
    type Resources = Environment;

    async fn call(batch: Batch<Row>, totals: &mut Totals, environment: &Environment) -> Result<Flow, Error> {
        totals.add(&batch);
        environment.execute(&batch, digest_rows(&batch)).await?;
        Ok(Flow::Continue)
    }

    async fn on_complete(summary: &Summary, totals: &Totals, environment: &Environment) -> Result<(), Error> {
        environment.complete(summary, totals).await
    }
}

pub(super) struct PickyWide;

impl Handler for PickyWide {
    const NAME: &'static str = "picky-wide";
    const CONFIG: Config = Config::new(4).on_error(OnError::Skip(SKIP)).concurrency(WIDTH);
    type Format = Csv;
    type Input = Batch<Row>;
    type State = ();
    type Resources = Environment;

    async fn call(batch: Batch<Row>, (): &mut (), environment: &Environment) -> Result<Flow, Error> {
        environment.execute(&batch, digest_rows(&batch)).await?;
        Ok(Flow::Continue)
    }
}

pub(super) struct Parts;

impl Handler for Parts {
    const NAME: &'static str = "parts";
    const CONFIG: Config = Config::new(3).on_complete().shards(Shards::Exactly(2)).merge();
    type Format = Lines;
    type Input = Batch<String>;
    type State = Totals;
    type Resources = Environment;

    async fn call(batch: Batch<String>, totals: &mut Totals, environment: &Environment) -> Result<Flow, Error> {
        let mut rows = Vec::new();
        for line in &batch {
            let (value, index) = line.split_once(' ').unwrap_or_default();
            totals.rows += 1;
            totals.sum += value.parse::<u64>()?;
            rows.push(index.parse()?);
        }
        environment.execute_part(&batch, &rows).await?;
        Ok(Flow::Continue)
    }

    fn merge(totals: &mut Totals, later: Totals) {
        totals.rows += later.rows;
        totals.sum += later.sum;
    }

    async fn on_complete(summary: &Summary, totals: &Totals, environment: &Environment) -> Result<(), Error> {
        environment.complete(summary, totals).await
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct RowOfPart {
    id: u64,
    value: u64,
}

pub(super) struct PartsOfTable;

impl Handler for PartsOfTable {
    const NAME: &'static str = "parts-of-table";
    const CONFIG: Config = Parts::CONFIG;
    type Format = Csv;
    type Input = Batch<RowOfPart>;
    type State = Totals;
    type Resources = Environment;

    async fn call(batch: Batch<RowOfPart>, totals: &mut Totals, environment: &Environment) -> Result<Flow, Error> {
        totals.rows += batch.len() as u64;
        totals.sum += batch.iter().map(|row| row.value).sum::<u64>();
        let rows: Vec<_> = batch.iter().map(|row| row.id).collect();
        environment.execute_part(&batch, &rows).await?;
        Ok(Flow::Continue)
    }

    fn merge(totals: &mut Totals, later: Totals) {
        Parts::merge(totals, later);
    }

    async fn on_complete(summary: &Summary, totals: &Totals, environment: &Environment) -> Result<(), Error> {
        environment.complete(summary, totals).await
    }
}

impl Totals {
    fn add(&mut self, rows: &[Row]) {
        self.rows += rows.len() as u64;
        self.sum += rows.iter().map(|row| row.value).sum::<u64>();
    }
}

fn digest_rows(rows: &[Row]) -> u64 {
    rows.iter().fold(NO_DIGEST, |sum, row| digest(digest(sum, &row.value.to_string()), &row.note))
}
