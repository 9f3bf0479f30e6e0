//! Checkpoints and skipped records in the store.

use super::Place;
use super::trouble::trouble;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::DateTime;
use futures_util::{StreamExt, TryStreamExt, stream};
use recursive_lambda_core::checkpoint::{Checkpoint, Shards};
use recursive_lambda_core::engine::save::{Condition, Read, Stored, Written};
use recursive_lambda_core::identity::shard_name;
use recursive_lambda_core::layout::{StoreFile, checkpoint_key, function_folder, job_folder, skipped_folder, skipped_key};
use recursive_lambda_core::skipped_record::SkippedRecord;
use std::time::{Duration, SystemTime};

/// How many files are read at the same time.
const AT_ONCE: usize = 64;

#[derive(Clone)]
pub(crate) struct Checkpoints {
    s3: Client,
    place: Place,
    /// `None`: those of all functions.
    function: Option<String>,
}

/// A checkpoint that was listed.
#[derive(Clone, Debug)]
pub(crate) struct RunFile {
    key: String,
    pub(crate) function: String,
    pub(crate) job: String,
    pub(crate) run: String,
    pub(crate) written: SystemTime,
    pub(crate) bytes: i64,
}

/// A checkpoint that was read. An unreadable one says why.
pub(crate) struct Found {
    pub(crate) file: RunFile,
    pub(crate) checkpoint: Result<Checkpoint, String>,
}

#[cfg(test)]
impl RunFile {
    pub(crate) fn for_tests(run: &str, written: SystemTime) -> Self {
        Self { key: format!("f/j/{run}.json"), function: "f".into(), job: "j".into(), run: run.into(), written, bytes: 0 }
    }
}

impl Checkpoints {
    pub(crate) fn new(s3: Client, place: Place, function: Option<String>) -> Self {
        Self { s3, place, function }
    }

    pub(crate) fn shown(&self) -> String {
        let Place { bucket, prefix } = &self.place;
        let folder = self.function.as_ref().map(|function| function_folder(prefix, function));
        format!("s3://{bucket}/{}", folder.as_deref().unwrap_or(prefix).trim_end_matches('/'))
    }

    /// All checkpoints, the newest first.
    pub(crate) async fn files(&self) -> Result<Vec<RunFile>, String> {
        let functions = match &self.function {
            Some(function) => vec![function_folder(&self.place.prefix, function)],
            None => {
                self.folders(&if self.place.prefix.is_empty() { String::new() } else { format!("{}/", self.place.prefix) })
                    .await?
            }
        };
        let mut files = Vec::new();
        for function in functions {
            for job in self.folders(&function).await? {
                self.list(&job, |key, written, bytes| {
                    let file = StoreFile::parse(&self.place.prefix, key).filter(StoreFile::is_run);
                    if let Some(StoreFile { function, job, run, .. }) = file {
                        let [function, job, run] = [function, job, run].map(String::from);
                        files.push(RunFile { key: key.into(), function, job, run, written, bytes });
                    }
                })
                .await?;
            }
        }
        files.sort_by(|one, other| other.written.cmp(&one.written).then_with(|| one.key.cmp(&other.key)));
        Ok(files)
    }

    /// Reads these checkpoints, in order. `each` is told after each one.
    pub(crate) async fn read_all(&self, files: Vec<RunFile>, mut each: impl FnMut()) -> Result<Vec<Found>, String> {
        // A request costs a quarter of a millisecond of computing: a task for each one, so that all cores share in it.
        let reads = stream::iter(files.into_iter().map(|file| {
            let reading = tokio::spawn(self.clone().read_one(file));
            async move { reading.await.map_err(|error| error.to_string())? }
        }));
        let found = reads.buffered(AT_ONCE).inspect(|_| each()).try_filter_map(|found| async move { Ok(found) });
        found.try_collect().await
    }

    /// `None`: it has expired since it was listed.
    async fn read_one(self, file: RunFile) -> Result<Option<Found>, String> {
        match self.read(&file).await {
            Read::Found(stored) => Ok(Some(Found { file, checkpoint: Ok(stored.checkpoint) })),
            Read::Absent => Ok(None),
            Read::Unreadable(why) => Ok(Some(Found { file, checkpoint: Err(format!("{why:?}")) })),
            Read::Failed(why) => Err(why),
        }
    }

    pub(crate) async fn read(&self, file: &RunFile) -> Read {
        let answer = match self.s3.get_object().bucket(&self.place.bucket).key(&file.key).send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Read::Absent,
            Err(error) => return Read::Failed(trouble(&format!("read s3://{}/{}", self.place.bucket, file.key), &error)),
        };
        let etag = answer.e_tag().unwrap_or_default().to_string();
        // By this machine's clock: only for people, and for the choice whether a resumed run is signalled again.
        let age = answer.last_modified().map(|written| age(time(written))).unwrap_or_default();
        match answer.body.collect().await {
            Err(error) => Read::Failed(error.to_string()),
            Ok(body) => match Checkpoint::from_json(&body.into_bytes()) {
                Ok(checkpoint) => Read::Found(Box::new(Stored { checkpoint, etag, age })),
                Err(unreadable) => Read::Unreadable(unreadable),
            },
        }
    }

    pub(crate) async fn write(&self, file: &RunFile, body: Vec<u8>, condition: &Condition) -> Written {
        let request = self.s3.put_object().bucket(&self.place.bucket).key(&file.key).content_type("application/json");
        let request = match condition {
            Condition::Absent => request.if_none_match("*"),
            Condition::Matches(etag) => request.if_match(etag),
        };
        match request.body(body.into()).send().await {
            Ok(written) => Written::Applied { etag: written.e_tag().unwrap_or_default().into() },
            Err(error) => match error.raw_response().map(|response| response.status().as_u16()) {
                Some(404 | 409 | 412) => Written::Conflict,
                Some(status @ 400..=499) if status != 408 && status != 429 => {
                    Written::Refused(trouble(&format!("write s3://{}/{}", self.place.bucket, file.key), &error))
                }
                _ => Written::Unknown(trouble(&format!("write s3://{}/{}", self.place.bucket, file.key), &error)),
            },
        }
    }

    /// The checkpoint of a shard of this run, with this name.
    pub(crate) fn shard(&self, file: &RunFile, name: String) -> RunFile {
        let job = job_folder(&function_folder(&self.place.prefix, &file.function), &file.job);
        RunFile { key: checkpoint_key(&job, &name), run: name, ..file.clone() }
    }

    /// The shards of a run's present stage that have a checkpoint, in their order.
    pub(crate) async fn shards(&self, Found { file, checkpoint }: &Found) -> Result<Vec<Found>, String> {
        let Ok(Checkpoint { shards: Some(Shards { count, stage, .. }), .. }) = checkpoint else { return Ok(Vec::new()) };
        let files = (0..*count).map(|index| self.shard(file, shard_name(&file.run, *stage, index)));
        self.read_all(files.collect(), || ()).await
    }

    /// The records that a run and its shards skipped, in order.
    pub(crate) async fn skipped(&self, found: &Found) -> Result<Vec<SkippedRecord>, String> {
        let mut records = self.skipped_by(&found.file).await?;
        for shard in self.shards(found).await? {
            records.extend(self.skipped_by(&shard.file).await?);
        }
        Ok(records)
    }

    async fn skipped_by(&self, file: &RunFile) -> Result<Vec<SkippedRecord>, String> {
        let job = job_folder(&function_folder(&self.place.prefix, &file.function), &file.job);
        debug_assert_eq!(file.key, checkpoint_key(&job, &file.run));
        let mut records = Vec::new();
        self.list(&skipped_folder(&job, &file.run), |key, _, _| {
            records.extend(StoreFile::parse(&self.place.prefix, key).and_then(|file| file.skipped()));
        })
        .await?;
        records.sort_unstable();
        let read = |record: u64| {
            let key = skipped_key(&job, &file.run, record);
            async move {
                let doing = format!("read s3://{}/{key}", self.place.bucket);
                let answer = self.s3.get_object().bucket(&self.place.bucket).key(&key).send().await;
                let body = answer.map_err(|error| trouble(&doing, &error))?.body.collect().await;
                let body = body.map_err(|error| format!("cannot {doing}: {error}"))?.into_bytes();
                SkippedRecord::from_json(&body).map_err(|error| format!("cannot {doing}: {error}"))
            }
        };
        stream::iter(records.into_iter().map(read)).buffered(AT_ONCE).try_collect().await
    }

    /// Where the skipped records of a run are put, to be processed again: not where checkpoints are looked for.
    pub(crate) fn redrive_place(&self, file: &RunFile) -> Place {
        let folder = function_folder(&self.place.prefix, &file.function);
        Place { bucket: self.place.bucket.clone(), prefix: format!("{folder}redrive/{}", file.run) }
    }

    pub(crate) async fn put(&self, place: &Place, body: Vec<u8>) -> Result<(), String> {
        let put = self.s3.put_object().bucket(&place.bucket).key(&place.prefix).body(body.into()).send().await;
        put.map(|_| ()).map_err(|error| trouble(&format!("write s3://{}/{}", place.bucket, place.prefix), &error))
    }

    /// The objects below a prefix of any bucket.
    pub(crate) async fn objects(&self, place: &Place) -> Result<Vec<String>, String> {
        let mut pages = self.s3.list_objects_v2().bucket(&place.bucket).prefix(&place.prefix).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| trouble(&format!("list s3://{}/{}", place.bucket, place.prefix), &error))?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    async fn folders(&self, prefix: &str) -> Result<Vec<String>, String> {
        let request = self.s3.list_objects_v2().bucket(&self.place.bucket).prefix(prefix).delimiter("/");
        let mut pages = request.into_paginator().send();
        let mut folders = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| trouble(&format!("list s3://{}/{prefix}", self.place.bucket), &error))?;
            folders.extend(page.common_prefixes.unwrap_or_default().into_iter().filter_map(|folder| folder.prefix));
        }
        Ok(folders)
    }

    async fn list(&self, folder: &str, mut each: impl FnMut(&str, SystemTime, i64)) -> Result<(), String> {
        let request = self.s3.list_objects_v2().bucket(&self.place.bucket).prefix(folder).delimiter("/");
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| trouble(&format!("list s3://{}/{folder}", self.place.bucket), &error))?;
            for object in page.contents() {
                if let (Some(key), Some(written)) = (object.key(), object.last_modified()) {
                    each(key, time(written), object.size().unwrap_or_default());
                }
            }
        }
        Ok(())
    }
}

fn time(time: &DateTime) -> SystemTime {
    SystemTime::try_from(*time).unwrap_or(SystemTime::UNIX_EPOCH)
}

pub(crate) fn age(written: SystemTime) -> Duration {
    SystemTime::now().duration_since(written).unwrap_or_default()
}
