//! Fetches an object into the folder: concurrent ranges, written in order. It makes room if the disk is full.
//!
//! Memory is limited to the ranges in flight. A fetch leaves the whole file or nothing.

use super::folder::{Folder, Part};
use super::name::Name;
use super::{Cache, blocking};
use crate::ports::{Disk, Objects, SourceError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use recursive_lambda_core::object::PinnedObject;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;

/// The size of one request, and the number in flight. One stream of S3 does not fill the network of a large function, but four
/// do, and 16 MiB fit into the smallest function.
const RANGE: u64 = 4 << 20;
const IN_FLIGHT: usize = 4;

pub(super) async fn fetch<P: Objects + Disk>(
    cache: &Arc<Cache>,
    platform: &Arc<P>,
    folder: &Folder,
    object: &PinnedObject,
    name: &Name,
) -> Result<(), SourceError> {
    let path = folder.part(name, RandomState::new().hash_one(name));
    let mut part = blocking(platform, move || Part::create(path)).await?;
    let mut flying: VecDeque<BoxFuture<'static, Result<Bytes, SourceError>>> = VecDeque::new();
    let mut asked = 0;
    while part.length < object.size {
        while flying.len() < IN_FLIGHT && asked < object.size {
            let end = (asked + RANGE).min(object.size);
            flying.push_back(Box::pin(platform.get(object, asked..end)));
            asked = end;
        }
        let Some(next) = flying.pop_front() else { break };
        part = append(cache, platform, folder, object, part, next.await?).await?;
    }
    let (path, size) = (folder.path(name), object.size);
    blocking(platform, move || part.finish(&path, size)).await
}

/// Writes. If the disk is full, unused files are removed, the least recently used first.
async fn append<P: Disk>(
    cache: &Arc<Cache>,
    platform: &Arc<P>,
    folder: &Folder,
    object: &PinnedObject,
    mut part: Part,
    bytes: Bytes,
) -> Result<Part, SourceError> {
    loop {
        let (writer, bytes) = (Arc::clone(platform), bytes.clone());
        let (written, returned) = blocking(platform, move || {
            let written = match writer.write(&mut part.file, &bytes) {
                Ok(()) => {
                    part.length += bytes.len() as u64;
                    Ok(())
                }
                Err(error) => part.cut().and(Err(error)),
            };
            Ok((written, part))
        })
        .await?;
        part = returned;
        match written {
            Ok(()) => return Ok(part),
            Err(error) if !is_full(&error) => return Err(SourceError::Disk(error.to_string())),
            Err(_) if cache.evict(platform, folder).await => {}
            Err(_) => return Err(SourceError::NoSpace { needed: object.size + cache.index().bytes_in_use() }),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
