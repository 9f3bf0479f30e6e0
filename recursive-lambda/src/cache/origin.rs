//! The source of an invocation's bytes: the store, or the object's file in /tmp.

use super::cached_file::CachedFile;
use super::{Cache, blocking, folder};
use crate::ports::{Disk, Objects, SourceError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use recursive_lambda_core::object::PinnedObject;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The object of one invocation as a file, fetched on demand.
pub(crate) struct Local<P> {
    cache: Arc<Cache>,
    platform: Arc<P>,
    object: PinnedObject,
    cached_file: OnceCell<Arc<CachedFile>>,
}

impl<P: Objects + Disk> Local<P> {
    pub(crate) fn new(cache: Arc<Cache>, platform: Arc<P>, object: PinnedObject) -> Self {
        Self { cache, platform, object, cached_file: OnceCell::new() }
    }

    /// The file. The first caller waits until it is there.
    pub(crate) async fn file(&self) -> Result<&Arc<CachedFile>, SourceError> {
        let hold = || async { self.cache.hold(&self.platform, &self.object).await.map(Arc::new) };
        self.cached_file.get_or_try_init(hold).await
    }
}

/// Removes the file, which this run no longer needs, unless it is in use.
pub(crate) async fn discard<P: Objects + Disk>(local: Arc<Local<P>>) {
    if let Some(Local { cache, platform, cached_file, .. }) = Arc::into_inner(local)
        && let Some(cached_file) = cached_file.into_inner()
    {
        cache.discard(&platform, cached_file).await;
    }
}

/// What a reader reads from.
pub(crate) enum Origin<P> {
    Store(Arc<P>),
    File(Arc<Local<P>>),
}

impl<P: Objects + Disk> Objects for Origin<P> {
    async fn head(&self, named: &PinnedObject) -> Result<PinnedObject, SourceError> {
        match self {
            Self::Store(platform) => platform.head(named).await,
            Self::File(local) => local.platform.head(named).await,
        }
    }

    fn get(&self, object: &PinnedObject, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static {
        let get: BoxFuture<'static, _> = match self {
            Self::Store(platform) => Box::pin(platform.get(object, range)),
            Self::File(local) => {
                let local = Arc::clone(local);
                Box::pin(async move {
                    let path = local.file().await?.path().to_owned();
                    let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
                    blocking(&local.platform, move || folder::read(&path, range.start, length)).await.map(Bytes::from)
                })
            }
        };
        get
    }
}
