//! The attribute of `recursive-lambda`.
