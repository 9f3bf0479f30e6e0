#[cfg(unix)]
#[deprecated]
/// The job of the function [`r#type`](fn@r#type), for `run` and `run_with`.
#[allow(non_camel_case_types, reason = "it has the name of its function")]
pub(crate) struct r#type {}
#[cfg(unix)]
#[allow(clippy::unused_async, reason = "not yet")]
#[allow(deprecated, reason = "the job is the function, so a call of it would be unused")]
const _: () = {
    use crate::inner as __recursive_lambda;
    use __recursive_lambda::__private::{NotShared as _, Shared as _};
    const _: () = ::core::assert!(sizes::BATCH >= 1, "`batch` must be at least 1");
    struct __Job;
    impl __recursive_lambda::Job<Db> for r#type {
        fn handler() -> impl __recursive_lambda::Handler<Resources = Db> {
            __Job
        }
    }
    impl __recursive_lambda::Handler for __Job {
        const NAME: &'static ::core::primitive::str = "type";
        const CONFIG: __recursive_lambda::Config = __recursive_lambda::Config::new(
                sizes::BATCH,
            )
            .reserve_ms(80000u64)
            .batches_per_invocation(1)
            .on_complete();
        type Format = __recursive_lambda::format::Csv;
        type Input = Batch<Order>;
        type State = Totals;
        type Resources = Db;
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
            __recursive_lambda::__private::Lent::<Db>::new()
                .__lent(async move {
                    let __outcome = r#type(__resources, __state, __input).await;
                    <anyhow::Result<
                        Flow,
                    > as __recursive_lambda::IntoOutcome<
                        __recursive_lambda::FlowOf<Self>,
                    >>::into_outcome(__outcome)
                })
        }
        fn is_complete(
            __progress: &__recursive_lambda::Progress,
            __state: &Self::State,
        ) -> ::core::primitive::bool {
            enough(__progress, __state)
        }
        fn on_complete(
            __summary: &__recursive_lambda::Summary,
            __state: &Self::State,
            __resources: &Self::Resources,
        ) -> impl ::core::future::Future<
            Output = ::core::result::Result<(), __recursive_lambda::Error>,
        > + ::core::marker::Send {
            __recursive_lambda::__private::Lent::<Db>::new()
                .__lent(async move {
                    let __outcome = report(__summary, __state, __resources).await;
                    __recursive_lambda::IntoFinished::into_finished(__outcome)
                })
        }
    }
};
