use recursive_lambda::{Batch, Config, Error, Flow, Handler};

struct Count;

impl Handler for Count {
    const NAME: &'static str = "count";
    const CONFIG: Config = Config::new(400);
    type Format = String;
    type Input = Batch<String>;
    type State = ();
    type Resources = ();

    async fn call(_: Batch<String>, _: &mut (), _: &()) -> Result<Flow, Error> {
        Ok(Flow::Continue)
    }
}

fn main() {}
