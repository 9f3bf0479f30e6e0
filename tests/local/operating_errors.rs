//! What each of the operator's commands says when it cannot do its work: one clear line.

use super::command::text;
use super::operating::built;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

const ID: &str = "0123456789abcdef0123456789abcdef";

/// The commands that call AWS.
const COMMANDS: [&[&str]; 11] = [
    &["list", "-f", "tally"],
    &["list", "--store", "s3://state/runs"],
    &["status", ID, "-f", "tally"],
    &["pause", ID, "-f", "tally", "--yes"],
    &["resume", "--all", "-f", "tally", "--yes"],
    &["cancel", ID, "-f", "tally", "--yes"],
    &["skipped", ID, "-f", "tally"],
    &["redrive", ID, "-f", "tally", "--yes"],
    &["start", "s3://uploads/k", "-f", "tally"],
    &["doctor", "tally:live"],
    &["plan", "s3://uploads/k"],
];

/// A server that refuses all.
fn forbidding() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let head = BufReader::new(socket.try_clone().unwrap()).lines();
            let _read = head.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).count();
            // The command may be gone.
            let _ = socket.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    url
}

#[test]
fn each_command_says_in_one_line_what_is_wrong() {
    let (url, closed) = (forbidding(), "http://127.0.0.1:9");
    let (region, key, secret) = (("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s"));
    let troubles = [
        (&[region, ("AWS_ENDPOINT_URL", url.as_str())][..], "there are no AWS credentials: set AWS_PROFILE, or sign in"),
        (&[key, secret], "there is no AWS region: set AWS_REGION"),
        (&[region, key, secret, ("AWS_ENDPOINT_URL", url.as_str())], "these credentials may not do that (403"),
        (&[region, key, secret, ("AWS_ENDPOINT_URL", closed)], "the endpoint cannot be reached"),
    ];
    for (variables, expected) in troubles {
        for arguments in COMMANDS {
            let mut command = built();
            for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
                command.env_remove(name);
            }
            command.env("HOME", "/nowhere").env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_MAX_ATTEMPTS", "1");
            let output = command.envs(variables.iter().copied()).arg("recursive-lambda").args(arguments).output().unwrap();
            let said = text(&output);
            assert!(said.starts_with("error: cannot ") && said.contains(expected), "{arguments:?}: {said}");
            assert_eq!((said.lines().count(), output.status.code()), (1, Some(2)), "{arguments:?}: {said}");
        }
    }
}
