use recursive_lambda::format::{Decode, Format, Split};
use recursive_lambda::{Batch, BoxError, Error, recursive_lambda};

/// Records of `WIDTH` bytes.
struct Fixed<const WIDTH: usize, T>(std::marker::PhantomData<T>);

impl<const WIDTH: usize, T> Default for Fixed<WIDTH, T> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<const WIDTH: usize, T: Send + 'static> Format for Fixed<WIDTH, T> {
    const NAME: &'static str = "fixed";

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        match bytes.len() {
            len if len >= WIDTH => Split::Record { content: WIDTH, next: WIDTH },
            len if end => Split::Record { content: len, next: len },
            _ => Split::More,
        }
    }
}

impl<T: Send + 'static> Decode<u64> for Fixed<8, T> {
    fn decode(&mut self, record: &[u8]) -> Result<u64, BoxError> {
        Ok(u64::from_le_bytes(record.try_into()?))
    }
}

#[recursive_lambda(format = Fixed<8, u8>, batch = 400)]
async fn sum(batch: Batch<u64>, sum: &mut u64) -> Result<(), Error> {
    *sum += batch.iter().sum::<u64>();
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<sum>();
}
