::core::compile_error! {
    "a job is no method, nothing could hand it a `self`: move the function out of the `impl`, and take shared resources by `&`"
}
