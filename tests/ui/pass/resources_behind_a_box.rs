use recursive_lambda::{Batch, Error, recursive_lambda};

trait Db: Send + Sync {}

impl Db for u8 {}

#[recursive_lambda(batch = 400)]
async fn import(_: Batch<String>, _: &Box<dyn Db>) -> Result<(), Error> {
    Ok(())
}

type Transform = Box<dyn Fn(&str) -> String + Send + Sync>;

#[recursive_lambda(batch = 400)]
async fn transform(batch: Batch<String>, (first, second): &(Transform, Box<dyn Fn(&str) -> String + Send + Sync>)) -> Result<(), Error> {
    batch.iter().for_each(|line| println!("{} {}", first(line), second(line)));
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run_with::<import>(Box::new(1u8) as Box<dyn Db>);
    let _ = recursive_lambda::run_with::<transform>((Box::new(str::to_uppercase) as Transform, Box::new(str::to_lowercase) as Transform));
}
