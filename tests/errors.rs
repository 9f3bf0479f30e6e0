//! The errors that `?` converts in a job that returns `recursive_lambda::Error`, and other return types of jobs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use recursive_lambda::{Batch, BoxError, Error, Flow, Terminal, recursive_lambda};

#[recursive_lambda(batch = 1, format = jsonl)]
async fn converts(batch: Batch<u8>) -> Result<(), Error> {
    match batch[0] {
        0 => Err(std::io::Error::other("std"))?,
        1 => Err(anyhow::anyhow!("anyhow").context("its context"))?,
        2 => Err(BoxError::from("boxed"))?,
        3 => Err("text")?,
        4 => Err(String::from("owned text"))?,
        _ => Err(anyhow::anyhow!("anyhow")).terminal()?,
    }
    Ok(())
}

mod returned {
    use super::*;

    #[recursive_lambda(batch = 1)]
    pub(super) async fn nothing(batch: Batch<String>) -> anyhow::Result<()> {
        anyhow::ensure!(batch.len() > 1, "too few");
        Ok(())
    }

    #[recursive_lambda(batch = 1)]
    pub(super) async fn flow(batch: Batch<String>) -> anyhow::Result<Flow> {
        anyhow::ensure!(batch.len() > 1, "too few");
        Ok(Flow::Complete)
    }
}

#[tokio::test]
async fn errors_convert_like_boxed_ones() {
    let cases = [
        ("std", false),
        ("its context\n  because: anyhow", false),
        ("boxed", false),
        ("text", false),
        ("owned text", false),
        ("anyhow", true),
    ];
    for (index, (text, terminal)) in (0..).zip(cases) {
        let error = converts(Batch::of([index])).await.unwrap_err();
        assert_eq!((format!("{error:?}").as_str(), error.is_terminal()), (text, terminal));
    }
}

#[tokio::test]
async fn a_job_may_return_anyhows_result() {
    let few = || Batch::of(["one".to_owned()]);
    assert_eq!(returned::nothing(few()).await.unwrap_err().to_string(), "too few");
    assert_eq!(returned::flow(few()).await.unwrap_err().to_string(), "too few");
}
