::core::compile_error! {
    "only a function can be a job: put the attribute on an `async fn` that takes a batch"
}
