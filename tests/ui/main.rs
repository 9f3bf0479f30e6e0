//! Misuse, as the user sees it. Each case is one mistake, with its name, and the compiler's complete output.
//!
//! `cargo test -p recursive-lambda-ui-tests -- misuse trybuild=NAME` runs the cases whose names contain NAME. `TRYBUILD=overwrite` saves
//! the current output; review it before you commit it.

#[test]
fn misuse_is_explained() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/*.rs");
}
