mod jobs {
    use recursive_lambda::{Batch, Error, recursive_lambda};

    #[recursive_lambda(batch = 400)]
    pub async fn count(_: Batch<String>) -> Result<(), Error> {
        Ok(())
    }
}

// One `use` imports the function and its job.
use jobs::count;
use recursive_lambda::Batch;

fn main() {
    drop(count(Batch::of([])));
    let _ = recursive_lambda::run::<count>();
    let _ = recursive_lambda::run::<jobs::count>();
}
