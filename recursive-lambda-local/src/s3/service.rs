//! Serves the store through s3s: the operations that jobs, tests and the AWS command line use. It only translates between the two.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use s3s::checksum::ChecksumHasher;
use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::blobs::{About, Checksums, Finished, Label, hex};
use super::integrity::{hasher, promised_trailer, verify};
use super::listing::{self, Page};
use super::store::{Conditions, Store};
use crate::{ACCOUNT, REGION};

pub(crate) struct Service(pub(crate) Arc<Store>);

fn tag(label: &Label) -> Option<ETag> {
    Some(ETag::Strong(label.etag.clone()))
}

fn length(size: u64) -> Option<i64> {
    i64::try_from(size).ok()
}

/// Bytes `start..end` of a file, read in pieces on the blocking threads.
fn body(file: File, start: u64, end: u64) -> StreamingBlob {
    const PIECE: u64 = 256 << 10;
    let pieces = stream::try_unfold((Arc::new(file), start), move |(file, at)| async move {
        if at >= end {
            return Ok::<_, std::io::Error>(None);
        }
        let mut piece = vec![0; usize::try_from(PIECE.min(end - at)).unwrap_or(0)];
        let reader = Arc::clone(&file);
        let piece = tokio::task::spawn_blocking(move || reader.read_exact_at(&mut piece, at).map(|()| piece)).await??;
        let next = at + piece.len() as u64;
        Ok(Some((Bytes::from(piece), (file, next))))
    });
    StreamingBlob::wrap(pieces)
}

impl Service {
    async fn receive(&self, blob: Option<StreamingBlob>, hasher: ChecksumHasher) -> S3Result<Finished> {
        let mut draft = self.0.draft(hasher)?;
        if let Some(mut blob) = blob {
            while let Some(bytes) = blob.next().await {
                let bytes = bytes.map_err(|error| S3Error::with_source(S3ErrorCode::IncompleteBody, error))?;
                draft.write(&bytes).map_err(S3Error::internal_error)?;
            }
        }
        Ok(draft.finish())
    }
}

#[async_trait::async_trait]
impl S3 for Service {
    async fn create_bucket(&self, request: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        if self.0.create_bucket(&request.input.bucket, ACCOUNT)? {
            let location = Some(format!("/{}", request.input.bucket));
            Ok(S3Response::new(CreateBucketOutput { location }))
        } else {
            Err(S3ErrorCode::BucketAlreadyOwnedByYou.into())
        }
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.0.check_owner(&request.input.bucket, request.input.expected_bucket_owner.as_ref())?;
        self.0.has_bucket(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput { bucket_region: Some(REGION.to_owned()), ..Default::default() }))
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let buckets = self.0.buckets().into_iter().map(|(name, created)| Bucket {
            name: Some(name),
            creation_date: Some(created.into()),
            ..Default::default()
        });
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(buckets.collect()), ..Default::default() }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        self.0.check_owner(&input.bucket, input.expected_bucket_owner.as_ref())?;
        let conditions = Conditions { if_match: input.if_match, if_none_match: input.if_none_match };
        let (label, file) = self.0.read(&input.bucket, &input.key, &conditions)?;
        let range = input.range.map(|range| range.check(label.size)).transpose()?;
        let (start, end) = range.as_ref().map_or((0, label.size), |range| (range.start, range.end));
        // As on S3, the checksum covers the whole object, so it is returned only with the whole object.
        let sums = if range.is_none() && input.checksum_mode.is_some() { label.checksums.clone() } else { Checksums::default() };
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(body(file, start, end)),
            content_length: length(end - start),
            content_range: range.map(|range| format!("bytes {}-{}/{}", range.start, range.end - 1, label.size)),
            content_type: label.content_type.clone(),
            e_tag: tag(&label),
            last_modified: Some(label.modified().into()),
            metadata: Some(label.metadata.clone()),
            checksum_crc32: sums.crc32,
            checksum_crc32c: sums.crc32c,
            checksum_crc64nvme: sums.crc64nvme,
            checksum_sha1: sums.sha1,
            checksum_sha256: sums.sha256,
            ..Default::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        self.0.check_owner(&input.bucket, input.expected_bucket_owner.as_ref())?;
        let conditions = Conditions { if_match: input.if_match, if_none_match: input.if_none_match };
        let (label, _) = self.0.read(&input.bucket, &input.key, &conditions)?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: length(label.size),
            content_type: label.content_type.clone(),
            e_tag: tag(&label),
            last_modified: Some(label.modified().into()),
            metadata: Some(label.metadata.clone()),
            ..Default::default()
        }))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let trailer = promised_trailer(&request);
        let (input, trailers) = (request.input, request.trailing_headers);
        self.0.check_owner(&input.bucket, input.expected_bucket_owner.as_ref())?;
        self.0.has_bucket(&input.bucket)?;
        let given = Checksums {
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        };
        let hasher = hasher(input.checksum_algorithm.as_ref(), &given, trailer.as_deref());
        let finished = self.receive(input.body, hasher).await?;
        verify(&finished, &given, trailers.as_ref(), input.content_md5.as_deref())?;
        let about = About { content_type: input.content_type, metadata: input.metadata.unwrap_or_default() };
        let conditions = Conditions { if_match: input.if_match, if_none_match: input.if_none_match };
        let label = self.0.commit(&input.bucket, &input.key, finished, about, &conditions)?;
        let sums = label.checksums.clone();
        Ok(S3Response::new(PutObjectOutput {
            e_tag: tag(&label),
            checksum_crc32: sums.crc32,
            checksum_crc32c: sums.crc32c,
            checksum_crc64nvme: sums.crc64nvme,
            checksum_sha1: sums.sha1,
            checksum_sha256: sums.sha256,
            ..Default::default()
        }))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        self.0.check_owner(&input.bucket, input.expected_bucket_owner.as_ref())?;
        self.0.delete(&input.bucket, &input.key, input.if_match.as_ref())?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn list_objects_v2(&self, request: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        self.0.check_owner(&input.bucket, input.expected_bucket_owner.as_ref())?;
        let after = match &input.continuation_token {
            Some(token) => listing::decode_token(token)?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let page = Page::of(&self.0, &input.bucket, input.prefix.as_deref(), input.delimiter.as_deref(), &after, input.max_keys)?;
        let encoded = listing::Encoding::of(input.encoding_type.as_ref());
        Ok(S3Response::new(ListObjectsV2Output {
            key_count: i32::try_from(page.objects.len() + page.prefixes.len()).ok(),
            max_keys: Some(page.max_keys),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.as_deref().map(listing::encode_token),
            contents: Some(encoded.objects(&page.objects)),
            common_prefixes: Some(encoded.prefixes(&page.prefixes)),
            name: Some(input.bucket),
            prefix: input.prefix.map(|prefix| encoded.text(&prefix)),
            delimiter: input.delimiter,
            continuation_token: input.continuation_token,
            start_after: input.start_after.map(|key| encoded.text(&key)),
            encoding_type: input.encoding_type,
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        let id = hex(&fastrand::u128(..).to_be_bytes());
        let about = About { content_type: input.content_type, metadata: input.metadata.unwrap_or_default() };
        self.0.start_upload(id.clone(), &input.bucket, &input.key, about)?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..Default::default()
        }))
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let trailer = promised_trailer(&request);
        let (input, trailers) = (request.input, request.trailing_headers);
        if !(1..=10_000).contains(&input.part_number) {
            return Err(S3ErrorCode::InvalidArgument.into());
        }
        let given = Checksums {
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        };
        let hasher = hasher(input.checksum_algorithm.as_ref(), &given, trailer.as_deref());
        let part = self.receive(input.body, hasher).await?;
        verify(&part, &given, trailers.as_ref(), input.content_md5.as_deref())?;
        let output = UploadPartOutput {
            e_tag: Some(ETag::Strong(hex(&part.md5))),
            checksum_crc32: part.checksums.crc32.clone(),
            ..Default::default()
        };
        self.0.add_part(&input.upload_id, input.part_number, part)?;
        Ok(S3Response::new(output))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let parts = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let listed = parts.into_iter().map(|part| {
            let etag = part.e_tag.ok_or(S3ErrorCode::InvalidPart)?;
            Ok((part.part_number.ok_or(S3ErrorCode::InvalidPart)?, etag.into_value()))
        });
        let listed = listed.collect::<S3Result<Vec<_>>>()?;
        let conditions = Conditions { if_match: input.if_match, if_none_match: input.if_none_match };
        let store = Arc::clone(&self.0);
        let label = tokio::task::spawn_blocking(move || store.complete_upload(&input.upload_id, &listed, &conditions))
            .await
            .map_err(S3Error::internal_error)??;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(label.bucket.clone()),
            key: Some(label.key.clone()),
            e_tag: tag(&label),
            ..Default::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.0.abort_upload(&request.input.upload_id)?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}
