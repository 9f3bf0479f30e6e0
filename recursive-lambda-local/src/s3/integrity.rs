//! Verifies uploads: checksums in headers and trailers, and `Content-MD5`. Does not use files.

use s3s::checksum::ChecksumHasher;
use s3s::dto::ChecksumAlgorithm;
use s3s::{S3ErrorCode, S3Request, S3Result, TrailingHeaders};

use super::blobs::{Checksums, Finished, hex};

/// The name of the checksum that the client will send after the body.
pub(super) fn promised_trailer<T>(request: &S3Request<T>) -> Option<String> {
    request.headers.get("x-amz-trailer").and_then(|value| value.to_str().ok()).map(|name| name.trim().to_owned())
}

/// The checksums to compute: those that the client sends in a header or in a trailer.
pub(super) fn hasher(algorithm: Option<&ChecksumAlgorithm>, given: &Checksums, trailer: Option<&str>) -> ChecksumHasher {
    let is_sent = |name: &str, header: &str, given: &Option<String>| {
        given.is_some()
            || algorithm.is_some_and(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name))
            || trailer.is_some_and(|trailer| trailer.eq_ignore_ascii_case(header))
    };
    ChecksumHasher {
        crc32: is_sent("CRC32", "x-amz-checksum-crc32", &given.crc32).then(Default::default),
        crc32c: is_sent("CRC32C", "x-amz-checksum-crc32c", &given.crc32c).then(Default::default),
        crc64nvme: is_sent("CRC64NVME", "x-amz-checksum-crc64nvme", &given.crc64nvme).then(Default::default),
        sha1: is_sent("SHA1", "x-amz-checksum-sha1", &given.sha1).then(Default::default),
        sha256: is_sent("SHA256", "x-amz-checksum-sha256", &given.sha256).then(Default::default),
    }
}

/// Checks that the checksums from the client are those of the bytes received.
pub(super) fn verify(
    finished: &Finished,
    given: &Checksums,
    trailers: Option<&TrailingHeaders>,
    md5: Option<&str>,
) -> S3Result<()> {
    let trailer = |name: &str| {
        trailers?.read(|headers| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)).flatten()
    };
    let sums = &finished.checksums;
    for (name, given, computed) in [
        ("x-amz-checksum-crc32", &given.crc32, &sums.crc32),
        ("x-amz-checksum-crc32c", &given.crc32c, &sums.crc32c),
        ("x-amz-checksum-crc64nvme", &given.crc64nvme, &sums.crc64nvme),
        ("x-amz-checksum-sha1", &given.sha1, &sums.sha1),
        ("x-amz-checksum-sha256", &given.sha256, &sums.sha256),
    ] {
        let expected = given.clone().or_else(|| trailer(name));
        if expected.is_some() && expected != *computed {
            return Err(S3ErrorCode::BadDigest.into());
        }
    }
    match md5.map(decode_md5) {
        Some(expected) if expected.as_deref() != Some(&hex(&finished.md5)) => Err(S3ErrorCode::BadDigest.into()),
        _ => Ok(()),
    }
}

/// Converts the base64 of 16 bytes to hexadecimal.
fn decode_md5(text: &str) -> Option<String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0u32;
    let mut count = 0;
    let mut bytes = Vec::new();
    for symbol in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|known| *known == symbol)?).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(hex(&bytes))
}
