//! Where an invocation's bytes come from: the store, or the object's file in /tmp.

use super::held::Held;
use super::{Cache, blocking, folder};
use crate::engine::record::Object;
use crate::ports::{Disk, Objects, SourceError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The object of one invocation as a file, once it is asked for.
pub(crate) struct Local<P> {
    cache: Arc<Cache>,
    platform: Arc<P>,
    object: Object,
    held: OnceCell<Arc<Held>>,
}

impl<P: Objects + Disk> Local<P> {
    pub(crate) fn new(cache: Arc<Cache>, platform: Arc<P>, object: Object) -> Self {
        Self { cache, platform, object, held: OnceCell::new() }
    }

    /// The file. Whoever asks first waits until it is there.
    pub(crate) async fn file(&self) -> Result<&Arc<Held>, SourceError> {
        let hold = || async { self.cache.hold(&self.platform, &self.object).await.map(Arc::new) };
        self.held.get_or_try_init(hold).await
    }
}

/// Removes the file, which this run needs no more; not if somebody else uses it.
pub(crate) async fn discard<P: Objects + Disk>(local: Arc<Local<P>>) {
    if let Some(Local { cache, platform, held, .. }) = Arc::into_inner(local)
        && let Some(held) = held.into_inner()
    {
        cache.discard(&platform, held).await;
    }
}

/// What a reader reads from.
pub(crate) enum Origin<P> {
    Store(Arc<P>),
    File(Arc<Local<P>>),
}

impl<P: Objects + Disk> Objects for Origin<P> {
    async fn head(&self, named: &Object) -> Result<Object, SourceError> {
        match self {
            Self::Store(platform) => platform.head(named).await,
            Self::File(local) => local.platform.head(named).await,
        }
    }

    fn get(&self, object: &Object, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static {
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
