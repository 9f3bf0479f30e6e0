use recursive_lambda::{Batch, Error, recursive_lambda};

struct Jobs;

impl Jobs {
    #[recursive_lambda(batch = 400)]
    async fn job(&self, _: Batch<String>) -> Result<(), Error> {
        Ok(())
    }
}

fn main() {}
