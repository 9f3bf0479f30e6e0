//! Checkpoints on S3: create with `If-None-Match`, swap with `If-Match`.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>

use super::clients::Aws;
use super::sdk_error::{elsewhere, why};
use super::store_clock::StoreDate;
use crate::ports::{Listed, Page, RunKey, Store};
use crate::{Error, ErrorKind};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::types::Object;
use recursive_lambda_core::checkpoint::{Checkpoint, Stage};
use recursive_lambda_core::engine::save::{Condition, Read, Stored, Written};
use recursive_lambda_core::event::is_run_name;
use recursive_lambda_core::layout::{checkpoint_key, function_folder, job_folder, mark_folder, mark_key, skipped_key};
use std::sync::Arc;

/// Checkpoints below `s3://bucket/prefix/function/`.
pub(super) struct S3Store {
    aws: Arc<Aws>,
    bucket: String,
    folder: String,
}

impl S3Store {
    pub(super) fn new(aws: Arc<Aws>, bucket: &str, prefix: &str, function: &str) -> Self {
        Self { aws, bucket: bucket.into(), folder: function_folder(prefix, function) }
    }

    fn key(&self, id: &RunKey) -> String {
        checkpoint_key(&job_folder(&self.folder, id.job), &id.run)
    }
}

impl Store for S3Store {
    async fn read(&self, id: &RunKey) -> Read {
        let (client, bucket, key) = (self.aws.s3.clone(), self.bucket.clone(), self.key(id));
        let read = async move {
            let date = StoreDate::default();
            let request = client.get_object().bucket(&bucket).key(&key).customize().interceptor(date.clone());
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) => return not_read(&error, &bucket, &key),
            };
            let etag = answer.e_tag().unwrap_or_default().to_string();
            let age = date.since(answer.last_modified());
            match answer.body.collect().await {
                Err(error) => Read::Failed(DisplayErrorContext(error).to_string()),
                Ok(body) => match Checkpoint::from_json(&body.into_bytes()) {
                    Ok(checkpoint) => Read::Found(Box::new(Stored { checkpoint, etag, age })),
                    Err(unreadable) => Read::Unreadable(unreadable),
                },
            }
        };
        self.aws.call(read).await.unwrap_or_else(|| Read::Failed("the process is shutting down".into()))
    }

    async fn list(&self, job: &'static str, page: Option<String>) -> Result<Page, Error> {
        let (bucket, place, date) = (self.bucket.clone(), job_folder(&self.folder, job), StoreDate::default());
        // A file in a folder below belongs to a run and is not a checkpoint.
        let request = self.aws.s3.list_objects_v2().bucket(&bucket).prefix(&place).delimiter("/").set_continuation_token(page);
        let request = request.customize().interceptor(date.clone());
        let list = async move {
            let answer = request.send().await.map_err(|error| not_listed(&error, &bucket, &place))?;
            let listed = |object: &Object| {
                let run = object.key()?.strip_prefix(&place)?.strip_suffix(".json")?;
                is_run_name(run).then(|| Listed { run: run.into(), age: date.since(object.last_modified()) })
            };
            let runs = answer.contents().iter().filter_map(listed).collect();
            Ok(Page { runs, next: answer.next_continuation_token.filter(|_| answer.is_truncated == Some(true)) })
        };
        let ending = || Err(Error::new(ErrorKind::Store, "the process is shutting down"));
        self.aws.call(list).await.unwrap_or_else(ending)
    }

    async fn write(&self, id: &RunKey, body: Vec<u8>, condition: &Condition) -> Written {
        let request = self.aws.s3_once.put_object().bucket(&self.bucket).key(self.key(id));
        let request = request.content_type("application/json").body(body.into());
        let request = match condition {
            Condition::Absent => request.if_none_match("*"),
            Condition::Matches(etag) => request.if_match(etag),
        };
        let (bucket, key) = (self.bucket.clone(), self.key(id));
        let write = async move {
            match request.send().await {
                Ok(written) => Written::Applied { etag: written.e_tag().unwrap_or_default().into() },
                Err(error) => not_written(&error, &bucket, &key),
            }
        };
        self.aws.call(write).await.unwrap_or_else(|| Written::Unknown("the process is shutting down".into()))
    }

    async fn write_skipped(&self, id: &RunKey, index: u64, body: Vec<u8>) -> Result<(), String> {
        let key = skipped_key(&job_folder(&self.folder, id.job), &id.run, index);
        let place = format!("s3://{}/{key}", self.bucket);
        let request = self.aws.s3.put_object().bucket(&self.bucket).key(key);
        let request = request.content_type("application/json").body(body.into());
        let write = async move {
            match request.send().await {
                Ok(_) => Ok(()),
                Err(error) => Err(format!("{place}: {}", why(&error))),
            }
        };
        self.aws.call(write).await.unwrap_or_else(|| Err("the process is shutting down".into()))
    }

    async fn mark(&self, run: &RunKey, stage: Stage, shard: u32) -> Result<(), String> {
        let key = mark_key(&job_folder(&self.folder, run.job), &run.run, stage, shard);
        let place = format!("s3://{}/{key}", self.bucket);
        let request = self.aws.s3.put_object().bucket(&self.bucket).key(key);
        let mark = async move {
            match request.send().await {
                Ok(_) => Ok(()),
                Err(error) => Err(format!("{place}: {}", why(&error))),
            }
        };
        self.aws.call(mark).await.unwrap_or_else(|| Err("the process is shutting down".into()))
    }

    async fn marks(&self, run: &RunKey, stage: Stage) -> Result<u32, String> {
        let folder = mark_folder(&job_folder(&self.folder, run.job), &run.run, stage);
        let place = format!("s3://{}/{folder}", self.bucket);
        // One list has all of them: see `MOST_SHARDS`.
        let request = self.aws.s3.list_objects_v2().bucket(&self.bucket).prefix(folder);
        let list = async move {
            match request.send().await {
                Ok(answer) => Ok(answer.contents().len() as u32),
                Err(error) => Err(format!("{place}: {}", why(&error))),
            }
        };
        self.aws.call(list).await.unwrap_or_else(|| Err("the process is shutting down".into()))
    }
}

fn not_read(error: &SdkError<GetObjectError>, bucket: &str, key: &str) -> Read {
    let status = error.raw_response().map(|response| response.status().as_u16());
    let because = format!("\n  because: {}", why(error));
    match (status, error.code()) {
        (_, Some("NoSuchBucket")) => Read::Failed(no_such_bucket(bucket)),
        (Some(404), _) => Read::Absent,
        (Some(301), _) => Read::Failed(in_another_region(bucket, elsewhere(error))),
        (Some(403), _) => {
            Read::Failed(format!("the function's role needs s3:GetObject and s3:ListBucket for s3://{bucket}/{key}{because}"))
        }
        _ => Read::Failed(format!("S3 failed on s3://{bucket}/{key}, which will be tried again{because}")),
    }
}

fn not_listed<E>(error: &SdkError<E>, bucket: &str, place: &str) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let why = why(error);
    let message = match (status, error.code()) {
        (_, Some("NoSuchBucket")) => no_such_bucket(bucket),
        (Some(403), _) => {
            format!("the function may not list s3://{bucket}/{place}; its role needs s3:ListBucket on the bucket: {why}")
        }
        _ => format!("the runs in s3://{bucket}/{place} could not be listed: {why}"),
    };
    Error::new(ErrorKind::Store, message)
}

fn not_written<E>(error: &SdkError<E>, bucket: &str, key: &str) -> Written
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let because = format!("\n  because: {}", why(error));
    let trouble = format!("S3 failed on s3://{bucket}/{key}, which will be tried again{because}");
    match (status, error.code()) {
        (_, Some("NoSuchBucket")) => Written::Refused(no_such_bucket(bucket)),
        (Some(404 | 409 | 412), _) => Written::Conflict,
        (Some(301), _) => Written::Refused(in_another_region(bucket, elsewhere(error))),
        (_, Some("RequestTimeout" | "RequestTimeTooSkewed")) => Written::Unknown(trouble),
        (Some(403), _) => {
            Written::Refused(format!("the function's role needs s3:PutObject and s3:GetObject for s3://{bucket}/{key}{because}"))
        }
        (Some(status), _) if (300..500).contains(&status) && status != 408 && status != 429 => Written::Refused(trouble),
        _ => Written::Unknown(trouble),
    }
}

fn no_such_bucket(bucket: &str) -> String {
    format!("bucket `{bucket}`, which RECURSIVE_LAMBDA_STATE names, does not exist; create it in the function's region")
}

fn in_another_region(bucket: &str, region: Option<String>) -> String {
    let region = region.unwrap_or_default();
    format!("bucket `{bucket}`, which RECURSIVE_LAMBDA_STATE names, is in {region}; name one in the function's region")
}
