//! One page of a listing: prefix, delimiter, continuation. Keys are listed exactly as they were written.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::dto::{CommonPrefix, ETag, EncodingType, Object};
use s3s::{S3ErrorCode, S3Result};

use super::blobs::Label;
use super::store::Store;

/// The maximum and default number of keys on a page.
const MAX_KEYS: i32 = 1000;

pub(crate) struct Page {
    pub(crate) objects: Vec<Arc<Label>>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) max_keys: i32,
    /// The text after which the next page starts: it lists the keys that sort after this text.
    pub(crate) next: Option<String>,
}

/// Appended to a prefix, it sorts after every key that starts with that prefix.
const BEYOND: char = char::MAX;

impl Page {
    pub(crate) fn of(
        store: &Store,
        bucket: &str,
        prefix: Option<&str>,
        delimiter: Option<&str>,
        after: &str,
        max_keys: Option<i32>,
    ) -> S3Result<Self> {
        let prefix = prefix.unwrap_or_default();
        let max_keys = max_keys.unwrap_or(MAX_KEYS).clamp(0, MAX_KEYS);
        let room = usize::try_from(max_keys).unwrap_or(0);
        let mut page = Self { objects: Vec::new(), prefixes: Vec::new(), max_keys, next: None };
        let mut last = String::new();
        for label in store.list(bucket, prefix, after)? {
            let group = delimiter.filter(|delimiter| !delimiter.is_empty()).and_then(|delimiter| {
                let rest = label.key.get(prefix.len()..)?;
                let end = prefix.len() + rest.find(delimiter)? + delimiter.len();
                label.key.get(..end).map(str::to_owned)
            });
            if group.is_some() && group.as_ref() == page.prefixes.last() {
                continue;
            }
            if page.objects.len() + page.prefixes.len() == room {
                page.next = (room > 0).then_some(last);
                break;
            }
            match group {
                Some(group) => {
                    last = format!("{group}{BEYOND}");
                    page.prefixes.push(group);
                }
                None => {
                    last.clone_from(&label.key);
                    page.objects.push(label);
                }
            }
        }
        Ok(page)
    }
}

pub(crate) fn encode_token(after: &str) -> String {
    utf8_percent_encode(after, NON_ALPHANUMERIC).to_string()
}

pub(crate) fn decode_token(token: &str) -> S3Result<String> {
    let key = percent_decode_str(token).decode_utf8().map_err(|_| S3ErrorCode::InvalidArgument)?;
    Ok(key.into_owned())
}

/// How keys are encoded in the XML.
pub(crate) enum Encoding {
    Raw,
    Url,
}

const URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*');

impl Encoding {
    pub(crate) fn of(requested: Option<&EncodingType>) -> Self {
        if requested.is_some_and(|requested| requested.as_str() == EncodingType::URL) { Self::Url } else { Self::Raw }
    }

    pub(crate) fn text(&self, key: &str) -> String {
        match self {
            Self::Raw => key.to_owned(),
            Self::Url => utf8_percent_encode(key, URL).to_string(),
        }
    }

    pub(crate) fn objects(&self, labels: &[Arc<Label>]) -> Vec<Object> {
        let objects = labels.iter().map(|label| Object {
            key: Some(self.text(&label.key)),
            size: i64::try_from(label.size).ok(),
            e_tag: Some(ETag::Strong(label.etag.clone())),
            last_modified: Some(label.modified().into()),
            ..Default::default()
        });
        objects.collect()
    }

    pub(crate) fn prefixes(&self, prefixes: &[String]) -> Vec<CommonPrefix> {
        prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(self.text(prefix)) }).collect()
    }
}
