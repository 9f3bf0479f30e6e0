/// The job of the function [`f`](fn@f), for `run` and `run_with`.
#[allow(non_camel_case_types, reason = "it has the name of its function")]
struct f {}
const _: () = {
    use inner as __recursive_lambda;
    impl<
        R: ::core::marker::Send + ::core::marker::Sync + 'static,
    > __recursive_lambda::Job<R> for f {
        fn handler() -> impl __recursive_lambda::Handler<Resources = R> {
            __recursive_lambda::__private::Stub::<R>::new()
        }
    }
};
::core::compile_error! {
    "`batch` must be at least 1, or a run would make no progress: write `batch = 400`"
}
