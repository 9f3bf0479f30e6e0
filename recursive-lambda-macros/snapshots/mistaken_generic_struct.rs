::core::compile_error! {
    "a type cannot be a job: put the attribute on an `async fn` that takes a batch"
}
