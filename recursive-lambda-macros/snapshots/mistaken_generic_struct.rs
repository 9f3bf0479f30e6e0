::core::compile_error! {
    "a type is no job, there is nothing to call: put the attribute on an `async fn` that takes a batch"
}
