//! Signals: the function invokes itself, asynchronously, under the qualifier it was invoked with.
//!
//! It never hides from recursion detection: the trace header is passed on unchanged.

use super::clients::Aws;
use super::sdk_error::why;
use crate::invocation::Invocation;
use crate::ports::Signals;
#[cfg(feature = "metrics")]
use crate::ports::Work;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use recursive_lambda_core::engine::messages::Signalled;

/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>
const TRACE_HEADER: &str = "X-Amzn-Trace-Id";

impl Signals for Aws {
    async fn signal(&self, invocation: &Invocation, payload: String) -> (Signalled, Option<String>) {
        let function = invocation.function_arn.clone();
        let request = self.lambda.invoke().function_name(&function).invocation_type(InvocationType::Event);
        let request = request.payload(Blob::new(payload)).set_tenant_id(invocation.tenant.clone());
        let trace = invocation.trace_header.clone();
        let invoke = async move {
            let request = request.customize().mutate_request(move |request| {
                if let Some(trace) = &trace {
                    // Not a legal header value, so Lambda did not send it.
                    let _ = request.headers_mut().try_insert(TRACE_HEADER, trace.clone());
                }
            });
            match request.send().await {
                Ok(_) => (Signalled::Accepted, None),
                Err(error) => not_accepted(&error, &function),
            }
        };
        self.call(invoke).await.unwrap_or_else(|| (Signalled::Silence, Some("the process is shutting down".into())))
    }

    #[cfg(feature = "metrics")]
    fn measured(&self, invocation: &Invocation, job: &'static str, work: &Work) {
        super::metrics::print(&invocation.function_arn, job, work);
    }
}

fn not_accepted(error: &SdkError<InvokeError>, function: &str) -> (Signalled, Option<String>) {
    let status = error.raw_response().map(|response| response.status().as_u16());
    let because = why(error);
    let (signalled, what) = match (status, error.code()) {
        (_, Some("RecursiveInvocationException")) => (
            Signalled::Refused,
            "Lambda stopped the run as a recursive loop; set `RecursiveLoop: Allow` on the function; this crate has its own limits"
                .into(),
        ),
        (Some(403), _) => {
            (Signalled::Refused, format!("the function is not allowed to invoke itself: its role needs lambda:InvokeFunction on {function}"))
        }
        // Throttled: the next try may be accepted.
        (Some(429), _) => (Signalled::Silence, format!("Lambda throttles {function}: is its concurrency reserved, and too low?")),
        (Some(400..500), _) => (Signalled::Refused, format!("Lambda refused to invoke {function}")),
        _ => (Signalled::Silence, format!("Lambda did not answer the request to invoke {function}")),
    };
    (signalled, Some(format!("{what}\n  because: {because}")))
}
