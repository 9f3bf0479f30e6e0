//! The fields of one row, by csv-core, in buffers that are reused for the next row.

use super::dialect::Dialect;
use csv::ByteRecord;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

#[derive(Debug, Default)]
pub(super) struct Fields {
    reader: Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
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
        let mut fields = Self { reader: builder.build(), bytes: Vec::new(), ends: vec![0; 16] };
        fields.read(b"\n", &mut ByteRecord::new());
        fields
    }

    /// Replaces the contents of `row` by the fields of the row in `bytes`. Bytes after the row's end are ignored.
    pub(super) fn read(&mut self, bytes: &[u8], row: &mut ByteRecord) {
        // One more than can be written, because with a full buffer csv-core asks for a larger one before it looks at the rest.
        if self.bytes.len() <= bytes.len() {
            self.bytes.resize(bytes.len() + 1, 0);
        }
        let (mut rest, mut written, mut ended) = (bytes, 0, 0);
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
        row.clear();
        let mut start = 0;
        for &end in self.ends.iter().take(ended) {
            row.push_field(self.bytes.get(start..end).unwrap_or_default());
            start = end;
        }
    }
}
