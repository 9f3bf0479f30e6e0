const _: () = {
    use ::recursive_lambda as __recursive_lambda;
    impl<
        R: ::core::marker::Send + ::core::marker::Sync + 'static,
    > __recursive_lambda::Job<R> for f {
        fn handler() -> impl __recursive_lambda::Handler<Resources = R> {
            __recursive_lambda::__private::Stub::<R>::new()
        }
    }
};
::core::compile_error! {
    "a type cannot be a job: put the attribute on an `async fn` that takes a batch"
}
