/// The job of the function [`f`](fn@f), for `run` and `run_with`.
#[allow(non_camel_case_types, reason = "it has the name of its function")]
struct f {}
const _: () = {
    use ::recursive_lambda as __recursive_lambda;
    const _: () = __recursive_lambda::__private::read_by_record::<Batch<String>>();
    struct __Job;
    impl __recursive_lambda::Job<()> for f {
        fn handler() -> impl __recursive_lambda::Handler<Resources = ()> {
            __Job
        }
    }
    impl __recursive_lambda::Handler for __Job {
        const NAME: &'static ::core::primitive::str = "f";
        const CONFIG: __recursive_lambda::Config = __recursive_lambda::Config::new(1)
            .concurrency(8)
            .on_error(__recursive_lambda::OnError::Skip(100));
        type Format = __recursive_lambda::format::Lines;
        type Input = Batch<String>;
        type State = ();
        type Resources = ();
        fn call(
            __input: Self::Input,
            __state: &mut Self::State,
            __resources: &Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<
                __recursive_lambda::FlowOf<Self>,
                __recursive_lambda::Error,
            >,
        > + ::core::marker::Send {
            async move {
                let __outcome = f(__input).await;
                <Done as __recursive_lambda::IntoOutcome<
                    __recursive_lambda::FlowOf<Self>,
                >>::into_outcome(__outcome)
            }
        }
        fn is_complete(
            __progress: &__recursive_lambda::Progress,
            __state: &Self::State,
        ) -> ::core::primitive::bool {
            <Batch<
                String,
            > as __recursive_lambda::__private::EndsWithTheObject>::at_end(__progress)
        }
    }
};
