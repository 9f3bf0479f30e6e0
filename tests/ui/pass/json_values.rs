use recursive_lambda::{Batch, Error, recursive_lambda};

#[derive(serde::Deserialize)]
struct Event {
    #[serde(rename = "eventName")]
    name: String,
}

#[recursive_lambda(batch = 400, format = json(at = "Records"))]
async fn trail(batch: Batch<Event>) -> Result<(), Error> {
    for event in &batch {
        println!("{}", event.name);
    }
    Ok(())
}

#[recursive_lambda(batch = 400, format = json)]
async fn values(batch: Batch<(u64, String)>) -> Result<(), Error> {
    println!("{}", batch.len());
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<trail>();
    let _ = recursive_lambda::run::<values>();
}
