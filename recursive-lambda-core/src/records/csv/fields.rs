//! The fields of one row, in buffers that are reused for the next row.
//!
//! csv-core splits rows with quotes. The fields of all others are the bytes between two delimiters.

use super::dialect::Dialect;
use csv::ByteRecord;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

#[derive(Debug, Default)]
pub(super) struct Fields {
    reader: Reader,
    delimiter: u8,
    /// What ends a row or makes it one for csv-core.
    special: [u8; 3],
    /// The fields without quotes, if csv-core split the row.
    bytes: Vec<u8>,
    /// Where each field ends: in `bytes`, or in the row.
    ends: Vec<usize>,
    /// How many fields the row has.
    count: usize,
    is_plain: bool,
}

impl Fields {
    /// Reads rows of this dialect. At its start a csv-core reader drops a byte order mark; it is made to read something first,
    /// because a row may begin with such bytes.
    pub(super) fn new(dialect: &Dialect) -> Self {
        let mut builder = ReaderBuilder::new();
        builder.delimiter(dialect.delimiter).escape(dialect.escape).comment(dialect.comment);
        match dialect.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        let special = [b'\n', b'\r', dialect.quote.unwrap_or(b'\n')];
        let mut fields = Self { reader: builder.build(), delimiter: dialect.delimiter, special, ..Self::default() };
        fields.split_by_csv(b"\n");
        fields
    }

    /// Splits a row. Bytes after its end are ignored. True: it has no quotes.
    pub(super) fn split(&mut self, row: &[u8]) -> bool {
        let [first, second, third] = self.special;
        self.is_plain = memchr::memchr3(first, second, third, row).is_none();
        if self.is_plain {
            self.ends.clear();
            if !row.is_empty() {
                self.ends.extend(memchr::memchr_iter(self.delimiter, row));
                self.ends.push(row.len());
            }
            self.count = self.ends.len();
        } else {
            self.split_by_csv(row);
        }
        self.is_plain
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Replaces the contents of `record` by these fields of the row that was split, or by all of them.
    pub(super) fn fill(&self, row: &[u8], only: Option<&[usize]>, record: &mut ByteRecord) {
        record.clear();
        match only {
            Some(indices) => indices.iter().map_while(|index| self.get(row, *index)).for_each(|field| record.push_field(field)),
            None => (0..self.count).map_while(|index| self.get(row, index)).for_each(|field| record.push_field(field)),
        }
    }

    fn get<'a>(&'a self, row: &'a [u8], index: usize) -> Option<&'a [u8]> {
        let end = *self.ends.get(index).filter(|_| index < self.count)?;
        let before = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        match (self.is_plain, before) {
            (true, Some(before)) => row.get(before + 1..end),
            (true, None) => row.get(..end),
            (false, before) => self.bytes.get(before.unwrap_or_default()..end),
        }
    }

    fn split_by_csv(&mut self, row: &[u8]) {
        // One more than can be written, because with a full buffer csv-core asks for a larger one before it looks at the rest.
        if self.bytes.len() <= row.len() {
            self.bytes.resize(row.len() + 1, 0);
        }
        self.ends.resize(self.ends.capacity().max(16), 0);
        let (mut rest, mut written, mut ended) = (row, 0, 0);
        loop {
            let (result, read, wrote, ends) = self.reader.read_record(
                rest,
                self.bytes.get_mut(written..).unwrap_or_default(),
                self.ends.get_mut(ended..).unwrap_or_default(),
            );
            rest = rest.get(read..).unwrap_or_default();
            written += wrote;
            ended += ends;
            match result {
                // The remaining empty input says that the row ends here.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.bytes.resize(self.bytes.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End => break,
            }
        }
        (self.count, self.is_plain) = (ended, false);
    }
}
