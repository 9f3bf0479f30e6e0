use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 0)]
async fn job(batch: Batch<String>, totals: &mut u64, db: &Db) -> Result<(), Error> {
    *totals += batch.len() as u64 + db.0;
    Ok(())
}

struct Db(u64);

// No errors here: the function and a job of its name still exist.
#[allow(dead_code)]
async fn test() -> Result<(), Error> {
    let _: recursive_lambda::Run = recursive_lambda::run::<job>();
    job(Batch::of([]), &mut 0, &Db(1)).await
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run_with::<job>(Db(1)).await
}
