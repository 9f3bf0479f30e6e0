//! One binary for the tests that need more than one crate.
