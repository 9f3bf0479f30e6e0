/// The job of the function [`f`](fn@f), for `run` and `run_with`.
#[allow(non_camel_case_types, reason = "it has the name of its function")]
struct f {}
const _: () = {
    use ::recursive_lambda as __recursive_lambda;
    struct __Job;
    impl __recursive_lambda::Job<()> for f {
        fn handler() -> impl __recursive_lambda::Handler<Resources = ()> {
            __Job
        }
    }
    impl __recursive_lambda::Handler for __Job {
        const NAME: &'static ::core::primitive::str = "f";
        const CONFIG: __recursive_lambda::Config = __recursive_lambda::Config::new(1)
            .on_complete();
        type Format = __recursive_lambda::format::Lines;
        type Input = Batch<String>;
        type State = (u64, u64);
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
                let __outcome = f(__input, __state).await;
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
        fn on_complete(
            __summary: &__recursive_lambda::Summary,
            __state: &Self::State,
            __resources: &Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<(), __recursive_lambda::Error>,
        > + ::core::marker::Send {
            async move {
                let __outcome = Totals::report(__summary, __state).await;
                __recursive_lambda::IntoFinished::into_finished(__outcome)
            }
        }
    }
};
