//! S3 through the SDK.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use recursive_lambda_local::Platform;

use crate::support::{platform, s3_client};

pub(crate) async fn with_bucket() -> (Platform, aws_sdk_s3::Client) {
    let platform = platform().start().await.unwrap();
    let client = s3_client(&platform);
    client.create_bucket().bucket("bucket").send().await.unwrap();
    (platform, client)
}

pub(crate) fn status<T, E>(result: &Result<T, SdkError<E>>) -> u16 {
    match result {
        Ok(_) => 200,
        Err(error) => error.raw_response().map_or(0, |response| response.status().as_u16()),
    }
}

pub(crate) fn body(bytes: impl Into<Vec<u8>>) -> ByteStream {
    ByteStream::from(bytes.into())
}

#[tokio::test]
async fn conditions_apply_to_reads_and_writes() {
    let (platform, client) = with_bucket().await;
    let put = client.put_object().bucket("bucket").key("k").body(body("one")).send().await.unwrap();
    let current = put.e_tag().unwrap().to_owned();
    assert!(current.starts_with('"') && current.ends_with('"'), "{current}");
    let other = "\"00000000000000000000000000000000\"";

    // Key, If-Match, If-None-Match; then the statuses of GET, HEAD and PUT.
    let cases = [
        ("k", None, None, 200, 200, 200),
        ("k", Some(current.as_str()), None, 200, 200, 200),
        ("k", Some(other), None, 412, 412, 412),
        ("k", None, Some(current.as_str()), 304, 304, 412),
        ("k", None, Some(other), 200, 200, 200),
        ("k", None, Some("*"), 304, 304, 412),
        ("k", Some("*"), None, 200, 200, 200),
        ("k", Some(current.as_str()), Some(other), 200, 200, 200),
        ("none", None, None, 404, 404, 200),
        ("none", Some(other), None, 404, 404, 404),
        ("none", None, Some("*"), 404, 404, 200),
    ];
    for (key, matches, none_match, get, head, put) in cases {
        let (matches_, none) = (matches.map(str::to_owned), none_match.map(str::to_owned));
        let request = client.get_object().bucket("bucket").key(key);
        let got = request.set_if_match(matches_.clone()).set_if_none_match(none.clone()).send().await;
        let request = client.head_object().bucket("bucket").key(key);
        let headed = request.set_if_match(matches_.clone()).set_if_none_match(none.clone()).send().await;
        let request = client.put_object().bucket("bucket").key(key).body(body("one"));
        let written = request.set_if_match(matches_).set_if_none_match(none).send().await;
        assert_eq!((status(&got), status(&headed), status(&written)), (get, head, put), "{key} {matches:?} {none_match:?}");
        platform.s3().delete("bucket", "none").unwrap();
    }
    assert!(platform.s3().counts_of("bucket", "k").precondition_failed > 0);
}

#[tokio::test]
async fn missing_and_foreign_buckets_are_errors() {
    let (platform, client) = with_bucket().await;
    for (bucket, expected) in [("bucket", "NoSuchKey"), ("nowhere", "NoSuchBucket")] {
        let error = client.get_object().bucket(bucket).key("x").send().await.unwrap_err();
        assert_eq!((error.raw_response().unwrap().status().as_u16(), error.code()), (404, Some(expected)));
    }
    let error = client.head_object().bucket("bucket").key("x").send().await.unwrap_err();
    assert!(error.into_service_error().is_not_found());
    platform.s3().create_bucket_of("999999999999", "foreign").unwrap();
    for (bucket, owner, expected) in [
        ("bucket", "999999999999", 403),
        ("foreign", "123456789012", 403),
        ("foreign", "999999999999", 404),
        ("nowhere", "999999999999", 404),
    ] {
        let got = client.get_object().bucket(bucket).key("x").expected_bucket_owner(owner).send().await;
        assert_eq!(status(&got), expected, "{bucket} of {owner}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_eight_writers_wins() {
    let (_platform, client) = with_bucket().await;
    for round in 0..20 {
        let key = format!("key {round}");
        for swap in [false, true] {
            let etag = if swap {
                let head = client.head_object().bucket("bucket").key(&key).send().await.unwrap();
                head.e_tag().map(str::to_owned)
            } else {
                None
            };
            let writers = (0..8).map(|writer| {
                let request = client.put_object().bucket("bucket").key(&key).body(body(format!("{round} {swap} {writer}")));
                let request = match &etag {
                    Some(etag) => request.if_match(etag),
                    None => request.if_none_match("*"),
                };
                tokio::spawn(request.send())
            });
            let mut statuses = Vec::new();
            for writer in writers.collect::<Vec<_>>() {
                statuses.push(status(&writer.await.unwrap()));
            }
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412], "round {round}, swap {swap}");
        }
    }
}

#[tokio::test]
async fn unusual_keys_are_stored_unchanged() {
    let (platform, client) = with_bucket().await;
    let long = "x".repeat(1024);
    let component = format!("a/{}/b", "ü".repeat(300));
    let keys = [
        "plain",
        "a b",
        "a+b",
        "a%2Bb",
        "a%b",
        "a",
        "a/b",
        "a/b/",
        "a//b",
        "/",
        "/a",
        "//",
        "..",
        ".",
        "../x",
        "a/../../b",
        "../../../../../../etc/passwd",
        "~",
        "*",
        "?q=1&r=2",
        "#f",
        "a\\b",
        "'\"<>&",
        "ü/日本/🦀",
        "e\u{301}",
        "é",
        "a\u{a0}",
        "CON",
        ".hidden",
        "a:b",
        "a;b=c",
        "a\tb",
        long.as_str(),
        component.as_str(),
    ];
    for (index, key) in keys.iter().enumerate() {
        client
            .put_object()
            .bucket("bucket")
            .key(*key)
            .body(body(index.to_string()))
            .send()
            .await
            .unwrap_or_else(|e| panic!("{key:?} {e:?}"));
    }
    for (index, key) in keys.iter().enumerate() {
        let got = client.get_object().bucket("bucket").key(*key).send().await.unwrap_or_else(|e| panic!("{key:?} {e:?}"));
        assert_eq!(got.body.collect().await.unwrap().into_bytes(), index.to_string(), "{key:?}");
    }
    let mut listed = Vec::new();
    let mut pages = client.list_objects_v2().bucket("bucket").max_keys(7).into_paginator().send();
    while let Some(page) = pages.next().await {
        listed.extend(page.unwrap().contents().iter().map(|object| object.key().unwrap().to_owned()));
    }
    let sorted: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(listed, sorted);
    let too_long = client.put_object().bucket("bucket").key("x".repeat(1025)).body(body("x")).send().await;
    assert_eq!(status(&too_long), 400);
    for key in keys {
        client.delete_object().bucket("bucket").key(key).send().await.unwrap();
    }
    assert!(platform.s3().list("bucket", "").unwrap().is_empty());
}

#[tokio::test]
async fn listings_group_by_delimiter() {
    let (platform, client) = with_bucket().await;
    for key in ["a/1", "a/2", "b", "c/1", "c/2/3", "d"] {
        platform.s3().put("bucket", key, "x").unwrap();
    }
    // Prefix, delimiter and page size; then the listed keys and prefixes.
    let cases = [
        ("", "", 2, vec!["a/1", "a/2", "b", "c/1", "c/2/3", "d"]),
        ("", "/", 1, vec!["a/|", "b", "c/|", "d"]),
        ("", "/", 1000, vec!["a/|", "b", "c/|", "d"]),
        ("c/", "/", 1, vec!["c/1", "c/2/|"]),
        ("c", "", 1, vec!["c/1", "c/2/3"]),
        ("x", "/", 1, vec![]),
    ];
    for (prefix, delimiter, size, expected) in cases {
        let mut listed = Vec::new();
        let request = client.list_objects_v2().bucket("bucket").prefix(prefix).max_keys(size);
        let request = if delimiter.is_empty() { request } else { request.delimiter(delimiter) };
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            listed.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
            listed.extend(page.common_prefixes().iter().map(|group| format!("{}|", group.prefix().unwrap())));
        }
        listed.sort();
        assert_eq!(listed, expected, "{prefix:?} {delimiter:?} {size}");
    }
}

#[tokio::test]
async fn ranges_return_the_right_bytes() {
    let (platform, client) = with_bucket().await;
    platform.s3().put("bucket", "k", "0123456789").unwrap();
    platform.s3().put("bucket", "empty", "").unwrap();
    let cases = [
        ("k", "bytes=0-3", 206, "0123", Some("bytes 0-3/10")),
        ("k", "bytes=8-", 206, "89", Some("bytes 8-9/10")),
        ("k", "bytes=5-99", 206, "56789", Some("bytes 5-9/10")),
        ("k", "bytes=-2", 206, "89", Some("bytes 8-9/10")),
        ("k", "bytes=10-", 416, "", None),
        ("k", "bytes=11-12", 416, "", None),
        ("empty", "bytes=0-", 416, "", None),
    ];
    for (key, range, expected, bytes, place) in cases {
        let got = client.get_object().bucket("bucket").key(key).range(range).send().await;
        match got {
            Ok(got) => {
                assert_eq!((got.content_range(), got.content_length()), (place, Some(bytes.len() as i64)), "{range}");
                assert_eq!(got.body.collect().await.unwrap().into_bytes(), bytes, "{range}");
            }
            Err(_) => assert_eq!(status(&got), expected, "{range}"),
        }
    }
    assert_eq!(platform.s3().counts_of("bucket", "k").bytes_read, 4 + 2 + 5 + 2);
    assert_eq!(platform.s3().counts().range_not_satisfiable, 3);
}

#[tokio::test]
async fn all_dates_come_from_one_clock() {
    let (platform, client) = with_bucket().await;
    let put = async |bytes: &str| {
        let put = client.put_object().bucket("bucket").key("k").body(body(bytes)).send().await.unwrap();
        put.e_tag().unwrap().to_owned()
    };
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64;
    let before = now();
    let (one, two, repeated) = (put("one").await, put("two").await, put("one").await);
    let put = now();
    assert!(one != two && one == repeated);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let dates = std::sync::Arc::new(std::sync::Mutex::new(None));
    let _ = platform;
    let asked = now();
    let response = client.get_object().bucket("bucket").key("k").customize().interceptor(TakeDate(dates.clone())).send().await;
    let modified = response.unwrap().last_modified().unwrap().secs();
    let date = dates.lock().unwrap().unwrap();
    let seen = now();
    let story = format!("put {before} to {put}, modified {modified}; asked {asked} to {seen}, dated {date}");
    assert!((before..=put).contains(&modified) && (asked..=seen).contains(&date) && date > modified, "{story}");
}

#[derive(Debug)]
struct TakeDate(std::sync::Arc<std::sync::Mutex<Option<i64>>>);

impl aws_sdk_s3::config::Intercept for TakeDate {
    fn name(&self) -> &'static str {
        "TakeDate"
    }

    fn read_after_transmit(
        &self,
        context: &aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef<'_>,
        _: &aws_sdk_s3::config::RuntimeComponents,
        _: &mut aws_sdk_s3::config::ConfigBag,
    ) -> Result<(), aws_sdk_s3::error::BoxError> {
        let date = context.response().headers().get("date").unwrap_or_default();
        let format = aws_sdk_s3::primitives::DateTimeFormat::HttpDate;
        *self.0.lock().unwrap() = Some(aws_sdk_s3::primitives::DateTime::from_str(date, format)?.secs());
        Ok(())
    }
}
