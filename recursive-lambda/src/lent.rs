//! Resources that cannot be shared between threads are one mistake. The compiler should report it once: where their type is
//! named.
//!
//! A future that borrows such resources is not `Send`, which would be reported for every function that takes them. So the
//! attribute passes each future through [`Lent`]: unchanged if the resources can be shared, otherwise as a future that never
//! ends, in a program that does not compile.

use std::future::{Future, Pending, pending};
use std::marker::PhantomData;

/// The resources of a job, as a type.
#[derive(Debug)]
pub struct Lent<R>(PhantomData<fn(&R)>);

impl<R> Lent<R> {
    /// Of this type.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<R> Default for Lent<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// The compiler finds this one first, because it takes `self` by value, if the resources can be shared.
pub trait Shared: Sized {
    /// The future, unchanged.
    fn __lent<F: Future>(self, future: F) -> F;
}

impl<R: Sync> Shared for Lent<R> {
    fn __lent<F: Future>(self, future: F) -> F {
        future
    }
}

/// The compiler finds this one otherwise, in a program that does not compile.
pub trait NotShared {
    /// A future of the same type that never ends.
    fn __lent<F: Future>(&self, future: F) -> Pending<F::Output>;
}

impl<R> NotShared for Lent<R> {
    fn __lent<F: Future>(&self, _: F) -> Pending<F::Output> {
        pending()
    }
}

#[cfg(test)]
mod tests {
    use super::{Lent, NotShared as _, Shared as _};
    use futures_util::FutureExt;

    #[test]
    fn only_shareable_resources_compile() {
        let [shared, not_shared] = [
            Lent::<u8>::new().__lent(async { 7 }).now_or_never(),
            Lent::<std::cell::Cell<u8>>::new().__lent(async { 7 }).now_or_never(),
        ];
        assert_eq!((shared, not_shared), (Some(7), None));
    }
}
