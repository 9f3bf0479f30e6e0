//! The size and the number of records of what is planned: of a local file, of an object in S3, or as the options say. A file is read once
//! from start to end, and never held in memory; of an object only the beginning is read.

use crate::remote::{s3_client, sdk_config, trouble};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// The first bytes of gzip and zstd.
const COMPRESSED: [&[u8]; 2] = [&[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd]];

/// An object and how its records were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    pub(crate) counted: Counted,
}

/// What `records` are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Given,
    /// The lines of the file.
    Lines,
    /// As many lines as its size holds if all are as long as those at its beginning.
    Sampled,
}

/// The bytes at the beginning of an object that are read.
const SAMPLE: u64 = 4 << 20;

impl Object {
    /// Measures a local file, and counts its lines unless the number of its records is known.
    pub(crate) fn of_file(path: &Path, records: Option<u64>) -> Result<Self, String> {
        let shown = path.display();
        if !path.is_file() {
            return Err(format!("{shown} is not a file"));
        }
        let failed = |error| format!("{shown} cannot be read: {error}");
        let mut file = File::open(path).map_err(failed)?;
        if let Some(records) = records {
            return Ok(Self { bytes: file.metadata().map_err(failed)?.len(), records, counted: Counted::Given });
        }
        match lines(&mut file).map_err(failed)? {
            Some((bytes, records)) => Ok(Self { bytes, records, counted: Counted::Lines }),
            None => Err(format!("{shown} is compressed, so its lines cannot be counted: add `--records`")),
        }
    }

    /// Asks S3 for the size of an object, and estimates its lines unless the number of its records is known.
    pub(crate) async fn in_s3(name: &str, records: Option<u64>) -> Result<Self, String> {
        let (bucket, key) = match name.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => (bucket, key),
            _ => return Err("write the object as `s3://BUCKET/KEY`".into()),
        };
        let shown = format!("s3://{}", name.escape_debug());
        let s3 = s3_client(&sdk_config().await);
        let head = s3.head_object().bucket(bucket).key(key).send().await;
        let head = head.map_err(|error| trouble(&format!("read {shown}"), &error))?;
        let bytes = head.content_length().unwrap_or_default().try_into().unwrap_or_default();
        if let Some(records) = records {
            return Ok(Self { bytes, records, counted: Counted::Given });
        }
        // An empty object has no range.
        if bytes == 0 {
            return Ok(Self { bytes, records: 0, counted: Counted::Lines });
        }
        let sample = s3.get_object().bucket(bucket).key(key).range(format!("bytes=0-{}", SAMPLE - 1)).send().await;
        let sample = sample.map_err(|error| trouble(&format!("read {shown}"), &error))?.body.collect().await;
        let sample = sample.map_err(|error| format!("cannot read {shown}: {error}"))?.into_bytes();
        Self::sampled(bytes, &sample).map_err(|why| format!("{shown} {why}: add `--records`"))
    }

    /// An object of this size that begins so.
    fn sampled(bytes: u64, mut beginning: &[u8]) -> Result<Self, &'static str> {
        let read = lines(&mut beginning).map_err(|_| "cannot be read")?;
        match read.ok_or("is compressed, so its lines cannot be counted")? {
            (read, records) if read >= bytes => Ok(Self { bytes, records, counted: Counted::Lines }),
            (_, 0 | 1) => Err("has no short lines that could be counted"),
            (read, lines) => {
                let records = u128::from(bytes) * u128::from(lines) / u128::from(read);
                Ok(Self { bytes, records: records.try_into().unwrap_or(u64::MAX), counted: Counted::Sampled })
            }
        }
    }
}

/// The bytes and lines of a text; `None` if it is compressed. A last line without a newline counts.
fn lines(text: &mut impl Read) -> std::io::Result<Option<(u64, u64)>> {
    let mut buffer = vec![0; 1 << 20];
    let (mut bytes, mut newlines, mut last) = (0_u64, 0, b'\n');
    loop {
        let read = match text.read(&mut buffer) {
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let Some(end) = read.last() else { break };
        if bytes == 0 && COMPRESSED.iter().any(|start| read.starts_with(start)) {
            return Ok(None);
        }
        bytes += read.len() as u64;
        newlines += read.iter().filter(|byte| **byte == b'\n').count() as u64;
        last = *end;
    }
    Ok(Some((bytes, newlines + u64::from(last != b'\n'))))
}

/// A size such as `100GB`, `1.5 GiB` or `4096`, in bytes.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, f64); 10] = [
        ("", 1.0),
        ("b", 1.0),
        ("kb", 1e3),
        ("mb", 1e6),
        ("gb", 1e9),
        ("tb", 1e12),
        ("kib", 1024.0),
        ("mib", 1_048_576.0),
        ("gib", 1_073_741_824.0),
        ("tib", 1_099_511_627_776.0),
    ];
    let text = text.trim();
    let digits = text.trim_end_matches(char::is_alphabetic);
    let unit = text.strip_prefix(digits).unwrap_or_default().to_lowercase();
    let number = digits.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    let unit = UNITS.iter().find(|(name, _)| *name == unit);
    match (number, unit) {
        (Some(number), Some((_, unit))) if number * unit < 1e18 => Ok((number * unit).round() as u64),
        _ => Err("write a size such as `4096`, `500MB` or `1.5GiB`".into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, expected) in [
            ("4096", Some(4_096)),
            ("0", Some(0)),
            ("100GB", Some(100_000_000_000)),
            ("1.5 GiB", Some(1_610_612_736)),
            ("2tib", Some(2_199_023_255_552)),
            ("7 b", Some(7)),
            ("GB", None),
            ("-1GB", None),
            ("1 parsec", None),
            ("1e300TB", None),
            ("", None),
        ] {
            assert_eq!(size(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn lines_are_counted() {
        /// Hands out one byte at a time.
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.0.read(&mut buffer[..1])
            }
        }
        for (text, expected) in [
            (&b""[..], Some((0, 0))),
            (b"\n", Some((1, 1))),
            (b"a\nb\n", Some((4, 2))),
            (b"a\nb", Some((3, 2))),
            (b"\"a\nb\"\n", Some((6, 2))),
        ] {
            assert_eq!(lines(&mut &text[..]).unwrap(), expected, "{text:?}");
            assert_eq!(lines(&mut Slow(text)).unwrap(), expected, "{text:?}, slowly");
        }
        for compressed in [&b"\x1f\x8b\x08\n"[..], b"\x28\xb5\x2f\xfd\n"] {
            assert_eq!(lines(&mut &compressed[..]).unwrap(), None);
        }
    }

    #[test]
    fn an_object_is_measured_by_its_beginning() {
        let found = |bytes, records, counted| Ok(Object { bytes, records, counted });
        for (bytes, beginning, expected) in [
            (4, &b"a\nb\n"[..], found(4, 2, Counted::Lines)),
            (3, b"a\nb", found(3, 2, Counted::Lines)),
            (4_000_000_000_000, b"a\nb\n", found(4_000_000_000_000, 2_000_000_000_000, Counted::Sampled)),
            (9, b"a\nbc", found(9, 4, Counted::Sampled)),
            (9, b"abc", Err("has no short lines")),
            (9, b"abc\n", Err("has no short lines")),
            (9, b"\x1f\x8b\x08\n", Err("is compressed")),
        ] {
            match (Object::sampled(bytes, beginning), expected) {
                (Err(message), Err(words)) => assert!(message.starts_with(words), "{message}"),
                (measured, expected) => assert_eq!(measured, expected, "{beginning:?}"),
            }
        }
    }

    #[test]
    fn a_file_is_measured_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [text, packed, absent] = ["a.csv", "a.gz", "absent"].map(|name| folder.path().join(name));
        std::fs::write(&text, "id\n1\n2").unwrap();
        std::fs::write(&packed, b"\x1f\x8b\x08").unwrap();
        for (path, records, expected) in [
            (&*text, None, Ok(Object { bytes: 6, records: 3, counted: Counted::Lines })),
            (&text, Some(2), Ok(Object { bytes: 6, records: 2, counted: Counted::Given })),
            (&packed, Some(9), Ok(Object { bytes: 3, records: 9, counted: Counted::Given })),
            (&packed, None, Err("is compressed, so its lines cannot be counted: add `--records`")),
            (&absent, None, Err("is not a file")),
            (folder.path(), None, Err("is not a file")),
        ] {
            match (Object::of_file(path, records), expected) {
                (Err(message), Err(words)) => assert!(message.contains(words), "{message}"),
                (measured, expected) => assert_eq!(measured, expected.map_err(String::from), "{}", path.display()),
            }
        }
    }
}
