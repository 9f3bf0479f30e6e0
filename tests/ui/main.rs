//! Misuse, as the user sees it: each case is one mistake, named after it, with every word the compiler then says.
//!
//! `cargo test -p recursive-lambda-ui-tests -- misuse trybuild=name` runs the cases whose name contains it. With `TRYBUILD=overwrite`
//! what is said now is written down, to be read before it is kept.

#[test]
fn misuse_is_explained() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/*.rs");
}
