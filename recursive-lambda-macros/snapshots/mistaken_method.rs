::core::compile_error! {
    "a job cannot be a method, because nothing could pass it a `self`: move the function out of the `impl`, and take shared resources by `&`"
}
