use recursive_lambda::{Batch, Config, Error, Flow, Handler, Progress, Summary, format::Lines};

struct Count;

impl Handler for Count {
    const NAME: &'static str = "count";
    const CONFIG: Config = Config::new(400).reserve_ms(20_000).on_complete();
    type Format = Lines;
    type Input = Batch<String>;
    type State = u64;
    type Resources = u8;

    async fn call(batch: Batch<String>, rows: &mut u64, _: &u8) -> Result<Flow, Error> {
        *rows += batch.len() as u64;
        Ok(Flow::Continue)
    }

    fn is_complete(_: &Progress, rows: &u64) -> bool {
        *rows > 10
    }

    async fn on_complete(_: &Summary, _: &u64, _: &u8) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {
    let _ = recursive_lambda::run_with::<Count>(1);
}
