//! Which bytes of a block can matter to any state, as bits: they are found once for all states, many bytes at a time.

use super::state::RowRules;

/// One bit for each byte of a block: a line end, a quote or an escape.
#[derive(Debug)]
pub(super) struct Marks {
    words: Vec<u64>,
    length: usize,
}

const WORD: usize = 64;

impl Marks {
    pub(super) fn of(rules: &RowRules, block: &[u8]) -> Self {
        let (chunks, rest) = block.as_chunks::<WORD>();
        let mut words: Vec<u64> = chunks.iter().map(|chunk| word(rules, chunk)).collect();
        if !rest.is_empty() {
            let mut last = [0; WORD];
            last.iter_mut().zip(rest).for_each(|(byte, from)| *byte = *from);
            // If zeros are marked, the first one after the end is where the block ends.
            words.push(word(rules, &last));
        }
        Self { words, length: block.len() }
    }

    /// The first marked byte at or after this one; the length of the block if there is none.
    pub(super) fn next(&self, at: usize) -> usize {
        let mut index = at / WORD;
        let mut word = self.words.get(index).map_or(0, |word| word & (u64::MAX << (at % WORD)));
        while word == 0 {
            index += 1;
            match self.words.get(index) {
                Some(next) => word = *next,
                None => return self.length,
            }
        }
        index * WORD + word.trailing_zeros() as usize
    }
}

/// The comparisons become vector instructions. The multiplication moves the lowest bit of each of eight bytes into the highest byte.
fn word(rules: &RowRules, chunk: &[u8; WORD]) -> u64 {
    let (quote, escape) = (rules.quote, rules.escape.unwrap_or(rules.quote));
    let marked = chunk.map(|byte| u8::from((byte == b'\n') | (byte == b'\r') | (byte == quote) | (byte == escape)));
    let (eights, _) = marked.as_chunks::<8>();
    eights.iter().rev().fold(0, |word, eight| word << 8 | u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56)
}
