//! A server before moto. It answers the calls that moto lacks, in the shapes that AWS documents, and passes the others on.
//!
//! What it adds: the recursion setting and the log format of functions, buckets that announce to EventBridge, IAM's policy simulator,
//! `TestEventPattern`, and CloudWatch in CBOR, the only form that the SDK for Rust speaks. It can refuse services, and forward invocations
//! to a Lambda that runs programs.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the front answers. By default all is well.
#[derive(Default)]
pub(crate) struct Answers {
    /// Functions whose `RecursiveLoop` is `Terminate`.
    pub(crate) terminating: Vec<String>,
    /// Functions whose log is text.
    pub(crate) text: Vec<String>,
    /// Buckets whose events go to EventBridge.
    pub(crate) event_bridge: Vec<String>,
    /// A role's name, an action that it may not do, and why.
    pub(crate) denied: Vec<(&'static str, &'static str, Denial)>,
    /// Services whose calls are refused, as signatures name them.
    pub(crate) refused: Vec<String>,
    /// The Lambda that gets the invocations.
    pub(crate) lambda: Option<String>,
}

/// Why IAM's policy simulator does not allow an action.
#[derive(Clone, Copy)]
pub(crate) enum Denial {
    NotAllowed,
    /// By a statement on line 7 of a policy.
    By(&'static str),
    /// It is allowed only if the request has this condition key.
    Without(&'static str),
}

pub(crate) struct Front {
    pub(crate) url: String,
    _task: JoinSet<()>,
}

impl Front {
    /// `moto`: its URL.
    pub(crate) async fn start(moto: &str, answers: Answers) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new((moto.to_owned(), answers));
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&shared);
                let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
                connections.spawn(server::Builder::new().serve_connection(TokioIo::new(socket), service));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { url, _task: task }
    }
}

/// An object in moto's S3, by its path. moto wants a signature, and does not check it.
pub(crate) async fn fetch(moto: &str, path: &str) -> Bytes {
    let signature = "AWS4-HMAC-SHA256 Credential=dummy/20261127/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
    let headers = [("host", "s3"), ("authorization", signature)]
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
    let call = Call { method: Method::GET, path: path.into(), headers: headers.into_iter().collect(), body: Bytes::new() };
    send(moto, call).await.into_body().collect().await.unwrap().to_bytes()
}

/// A request with its whole body.
struct Call {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

type Answered = Response<Full<Bytes>>;

async fn answer(request: Request<Incoming>, shared: Arc<(String, Answers)>) -> Result<Answered, Infallible> {
    let (moto, answers) = &*shared;
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let body = body.collect().await.unwrap().to_bytes();
    let call = Call { method: head.method, path, headers: head.headers, body };
    let target = call.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let path = call.path.clone();
    Ok(if answers.refused.contains(&service(&call)) && !path.ends_with("/configuration") {
        answered(StatusCode::FORBIDDEN, &json!({ "__type": "AccessDeniedException", "message": "not authorized" }))
    } else if let Some(name) = between(&path, "/2024-08-31/functions/", "/recursion-config") {
        let recursive_loop = if answers.terminating.iter().any(|each| each == name) { "Terminate" } else { "Allow" };
        answered(StatusCode::OK, &json!({ "RecursiveLoop": recursive_loop }))
    } else if target == "AWSEvents.TestEventPattern" {
        answered(StatusCode::OK, &json!({ "Result": matches_bucket(&serde_json::from_slice(&call.body).unwrap()) }))
    } else if call.body.starts_with(b"Action=SimulatePrincipalPolicy&") {
        simulated(&call.body, &answers.denied)
    } else if let Some((_, operation)) = path.split_once("/service/GraniteServiceVersion20100801/operation/") {
        in_cbor(moto, operation, &call).await
    } else if let (Some(lambda), true) = (&answers.lambda, path.ends_with("/invocations")) {
        send(lambda, call).await
    } else if let Some(name) = between(&path, "/2015-03-31/functions/", "/configuration").map(String::from) {
        with_log_format(send(moto, call).await, answers.text.contains(&name)).await
    } else if call.method == Method::GET && path.contains("?notification") {
        let bucket = path.split('?').next().unwrap_or_default().trim_matches('/');
        let is_announced = answers.event_bridge.iter().any(|each| each == bucket);
        with_event_bridge(send(moto, call).await, is_announced).await
    } else {
        send(moto, call).await
    })
}

fn between<'a>(path: &'a str, start: &str, end: &str) -> Option<&'a str> {
    path.split('?').next()?.strip_prefix(start)?.strip_suffix(end)
}

/// The service, as the signature names it.
fn service(call: &Call) -> String {
    let signed = call.headers.get("authorization").and_then(|signed| signed.to_str().ok()).unwrap_or_default();
    signed.split('/').nth(3).unwrap_or_default().to_owned()
}

fn answered(status: StatusCode, body: &Value) -> Answered {
    with(status, "application/json", body.to_string().into())
}

fn with(status: StatusCode, kind: &'static str, body: Bytes) -> Answered {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static(kind));
    response
}

async fn send(to: &str, call: Call) -> Answered {
    let address = to.trim_start_matches("http://").trim_end_matches('/');
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
    let mut driving = JoinSet::new();
    driving.spawn(connection);
    let mut request = Request::builder().method(call.method).uri(call.path).body(Full::new(call.body)).unwrap();
    *request.headers_mut() = call.headers;
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut response = Response::from_parts(head, Full::new(body));
    response.headers_mut().remove("connection");
    response.headers_mut().remove("transfer-encoding");
    response
}

/// moto forgets a function's `LoggingConfig`.
async fn with_log_format(answer: Answered, is_text: bool) -> Answered {
    let (head, body) = answer.into_parts();
    let mut body: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
    if head.status == StatusCode::OK {
        body["LoggingConfig"] = json!({ "LogFormat": if is_text { "Text" } else { "JSON" } });
    }
    let mut answer = answered(head.status, &body);
    if let Some(error) = head.headers.get("x-amzn-errortype") {
        answer.headers_mut().insert("x-amzn-errortype", error.clone());
    }
    answer
}

/// moto forgets `EventBridgeConfiguration`, and without any configuration its element has the name of the call.
async fn with_event_bridge(answer: Answered, is_announced: bool) -> Answered {
    let (head, body) = answer.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().into()).unwrap();
    let text = text.replace("GetBucketNotificationResponse", "NotificationConfiguration");
    let added = "><EventBridgeConfiguration/></NotificationConfiguration>";
    with(head.status, "application/xml", if is_announced { text.replace("/>", added) } else { text }.into())
}

/// Whether the pattern's buckets have the event's.
fn matches_bucket(request: &Value) -> bool {
    let parsed = |name: &str| -> Value { serde_json::from_str(request[name].as_str().unwrap()).unwrap() };
    let (pattern, event) = (parsed("EventPattern"), parsed("Event"));
    let is_kind = pattern["detail-type"].as_array().is_none_or(|kinds| kinds.contains(&event["detail-type"]));
    is_kind
        && pattern["detail"]["bucket"]["name"].as_array().is_some_and(|names| names.contains(&event["detail"]["bucket"]["name"]))
}

/// Each action, with the decision on each resource inside, in IAM's newer form.
fn simulated(body: &Bytes, denied: &[(&str, &str, Denial)]) -> Answered {
    let decoded = |text: &str| text.replace("%3A", ":").replace("%2F", "/").replace("%2A", "*").replace('+', " ");
    let text = String::from_utf8_lossy(body);
    let fields: Vec<(&str, String)> =
        text.split('&').filter_map(|field| field.split_once('=')).map(|(name, value)| (name, decoded(value))).collect();
    let all = |prefix: &str| {
        fields.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let (role, context) = (all("PolicySourceArn").remove(0), all("ContextEntries.member."));
    let mut results = String::new();
    for action in all("ActionNames.member.") {
        let denial = denied.iter().find(|(name, each, _)| role.ends_with(&format!("/{name}")) && *each == action);
        let (decision, why) = match denial.map(|(.., denial)| denial) {
            None => ("allowed", String::new()),
            Some(Denial::NotAllowed) => ("implicitDeny", String::new()),
            Some(Denial::Without(key)) if context.iter().any(|given| given == key) => ("allowed", String::new()),
            Some(Denial::Without(key)) => {
                ("implicitDeny", format!("<MissingContextValues><member>{key}</member></MissingContextValues>"))
            }
            Some(Denial::By(policy)) => (
                "explicitDeny",
                format!(
                    "<MatchedStatements><member><SourcePolicyId>{policy}</SourcePolicyId><SourcePolicyType>IAM Policy</SourcePolicyType>\
                     <StartPosition><Line>7</Line><Column>5</Column></StartPosition></member></MatchedStatements>"
                ),
            ),
        };
        let each = all("ResourceArns.member.").into_iter().map(|resource| {
            format!(
                "<member><EvalResourceName>{resource}</EvalResourceName><EvalResourceDecision>{decision}</EvalResourceDecision>\
                 {why}</member>"
            )
        });
        results += &format!(
            "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>arn:${{Partition}}:a:::${{Name}}</EvalResourceName>\
             <EvalDecision>{decision}</EvalDecision><ResourceSpecificResults>{}</ResourceSpecificResults></member>",
            each.collect::<String>()
        );
    }
    let body = format!(
        "<SimulatePrincipalPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><SimulatePrincipalPolicyResult>\
         <IsTruncated>false</IsTruncated><EvaluationResults>{results}</EvaluationResults></SimulatePrincipalPolicyResult>\
         <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>"
    );
    with(StatusCode::OK, "text/xml", body.into())
}

/// moto speaks CloudWatch's JSON, with the same names.
async fn in_cbor(moto: &str, operation: &str, call: &Call) -> Answered {
    let body: Value = ciborium::from_reader(&*call.body).unwrap();
    let mut headers = HeaderMap::new();
    for name in ["authorization", "host", "x-amz-date"] {
        headers.extend(call.headers.get(name).map(|value| (hyper::header::HeaderName::from_static(name), value.clone())));
    }
    headers.insert("content-type", HeaderValue::from_static("application/x-amz-json-1.0"));
    headers.insert("x-amz-target", HeaderValue::from_str(&format!("GraniteServiceVersion20100801.{operation}")).unwrap());
    let asked = Call { method: Method::POST, path: "/".into(), headers, body: body.to_string().into() };
    let (head, answer) = send(moto, asked).await.into_parts();
    let mut answer: Value = serde_json::from_slice(&answer.collect().await.unwrap().to_bytes()).unwrap();
    without_times(&mut answer);
    let mut body = Vec::new();
    ciborium::into_writer(&answer, &mut body).unwrap();
    let mut answer = with(head.status, "application/cbor", body.into());
    answer.headers_mut().insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    answer
}

/// In CBOR a time has a tag, which JSON cannot give it.
fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| !name.ends_with("Timestamp") && !value.is_null());
            fields.values_mut().for_each(without_times);
        }
        Value::Array(parts) => parts.iter_mut().for_each(without_times),
        _ => {}
    }
}
