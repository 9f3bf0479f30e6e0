//! Request and response bodies of S3: parts, large files, damaged uploads, faults.

use std::time::Duration;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use recursive_lambda_local::{Fault, Operation};

use crate::s3::{body, status, with_bucket};

#[tokio::test]
async fn parts_make_an_object() {
    let (platform, client) = with_bucket().await;
    let upload = client.create_multipart_upload().bucket("bucket").key("k").send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let mut parts = Vec::new();
    for (number, bytes) in [(2, "world"), (1, "hello ")] {
        let request = client.upload_part().bucket("bucket").key("k").upload_id(id).part_number(number);
        let part = request.body(body(bytes)).send().await.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(part.e_tag().unwrap()).build());
    }
    let complete = async |parts: Vec<CompletedPart>| {
        let upload = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        client.complete_multipart_upload().bucket("bucket").key("k").upload_id(id).multipart_upload(upload).send().await
    };
    assert_eq!(status(&complete(parts.clone()).await), 400, "parts out of order");
    parts.reverse();
    let done = complete(parts).await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-2\""), "{done:?}");
    assert_eq!(platform.s3().get("bucket", "k").unwrap(), "hello world");
    assert_eq!(status(&client.abort_multipart_upload().bucket("bucket").key("k").upload_id(id).send().await), 404);
}

#[tokio::test]
async fn a_large_file_is_read_once() {
    let (platform, client) = with_bucket().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let bytes: Vec<u8> = (0..20_000_000u32).map(|n| (n % 251) as u8).collect();
    std::fs::write(file.path(), &bytes).unwrap();
    platform.s3().put_file("bucket", "big", file.path()).await.unwrap();
    // The SDK verifies the checksum that is returned with the whole object.
    let got = client.get_object().bucket("bucket").key("big").send().await.unwrap();
    assert!(got.body.collect().await.unwrap().into_bytes() == bytes);
    let counts = platform.s3().counts_of("bucket", "big");
    assert_eq!((counts.gets, counts.bytes_read), (1, bytes.len() as u64));
    platform.s3().reset_counts();
    assert_eq!(platform.s3().counts_of("bucket", "big").gets, 0);
}

#[tokio::test]
async fn a_damaged_upload_is_refused() {
    let (platform, client) = with_bucket().await;
    let damaged = client.put_object().bucket("bucket").key("k").body(body("x")).checksum_crc32("AAAAAA==").send().await;
    assert_eq!(status(&damaged), 400);
    let damaged =
        client.put_object().bucket("bucket").key("k").body(body("x")).content_md5("1B2M2Y8AsgTpgAmY7PhCfg==").send().await;
    assert_eq!(status(&damaged), 400);
    assert!(platform.s3().get("bucket", "k").is_err());
}

#[tokio::test]
async fn faults_affect_requests_as_documented() {
    let (platform, client) = with_bucket().await;
    let bytes = vec![7u8; 3_000_000];
    // The fault; then whether the PUT takes effect, and the number of bytes that the GET returns. For a cut body that number is a maximum,
    // because unsent bytes are lost.
    let cases = [
        (Fault::Unavailable, false, None),
        (Fault::Refuse(409, "ConditionalRequestConflict"), false, None),
        (Fault::Moved("eu-west-1"), false, None),
        (Fault::Hangup, false, None),
        (Fault::LoseResponse, true, None),
        (Fault::CutBody(1_000_000), true, Some(1_000_000)),
        (Fault::Delay(Duration::from_millis(30)), true, Some(3_000_000)),
        (Fault::DelayResponse(Duration::from_millis(30)), true, Some(3_000_000)),
    ];
    for (index, (fault, applied, given)) in cases.into_iter().enumerate() {
        let key = format!("{index}");
        platform.set_faults(move |call| matches!(call.operation, Operation::PutObject | Operation::GetObject).then_some(fault));
        let _ = client.put_object().bucket("bucket").key(&key).body(body(bytes.clone())).send().await;
        assert_eq!(platform.s3().head("bucket", &key).is_ok(), applied, "{fault:?}");
        platform.s3().put("bucket", &key, &bytes).unwrap();
        let mut read = None;
        if let Ok(mut got) = client.get_object().bucket("bucket").key(&key).send().await {
            let mut sum = 0;
            while let Some(Ok(piece)) = got.body.next().await {
                sum += piece.len();
            }
            read = Some(sum);
        }
        match fault {
            Fault::CutBody(_) => assert!(read.is_some() && read <= given, "{fault:?}: {read:?}"),
            _ => assert_eq!(read, given, "{fault:?}"),
        }
        platform.clear_faults();
        assert!(client.get_object().bucket("bucket").key(&key).send().await.is_ok());
    }
}
