use recursive_lambda::{Advance, Batch, Error, Flow, Handler, Progress, FileBatch, Config, format::Lines, recursive_lambda};

#[recursive_lambda(batch = 10, is_complete = done)]
async fn by_the_limit(file: FileBatch) -> Result<(), Error> {
    drop(file);
    Ok(())
}

#[recursive_lambda(batch = 10, source = tmp, is_complete = done)]
async fn until_it_says_so(file: FileBatch) -> anyhow_like::Result<Flow> {
    Ok(if file.position() > 5 { Flow::Complete } else { Flow::Continue })
}

#[recursive_lambda(batch = 10, is_complete = never)]
async fn by_a_step_of_its_own(file: FileBatch, steps: &mut u64) -> Result<Advance, std::io::Error> {
    *steps += 1;
    let step = std::fs::metadata(file.path())?.len().min(file.limit() as u64);
    Ok(if step == 0 { Advance::by(0).and_complete() } else { Advance::by(step) })
}

#[recursive_lambda(batch = 10, source = tmp)]
async fn lines_from_the_file(batch: Batch<String>) -> Result<(), Error> {
    drop(batch);
    Ok(())
}

#[recursive_lambda(batch = 10, source = stream)]
async fn lines_from_the_store(batch: Batch<String>) -> Result<(), Error> {
    drop(batch);
    Ok(())
}

mod anyhow_like {
    pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
}

fn done(progress: &Progress) -> bool {
    progress.position() >= 10_000
}

fn never(_: &Progress, _: &u64) -> bool {
    false
}

struct ByHand;

impl Handler for ByHand {
    const NAME: &'static str = "by_hand";
    const CONFIG: Config = Config::new(10);
    type Format = Lines;
    type Input = FileBatch;
    type State = ();
    type Resources = ();

    async fn call(file: FileBatch, (): &mut (), (): &()) -> Result<Advance, Error> {
        Ok(Advance::by(file.limit() as u64).and_complete())
    }
}

fn main() {
    let _ = recursive_lambda::run::<by_the_limit>();
    let _ = recursive_lambda::run::<until_it_says_so>();
    let _ = recursive_lambda::run::<by_a_step_of_its_own>();
    let _ = recursive_lambda::run::<lines_from_the_file>();
    let _ = recursive_lambda::run::<lines_from_the_store>();
    let _ = recursive_lambda::run::<ByHand>();
}
