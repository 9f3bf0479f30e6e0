//! A zstd object, frame after frame, each checked by its length and checksum: <https://www.rfc-editor.org/rfc/rfc8878>.
//!
//! It passes whole blocks to the decoder, and never has more than one block and one window in memory. A frame has no place inside
//! from which it can be resumed: the decoder's state is its whole window.

use super::resume::ResumePoint;
use super::{Corrupt, Decompressor};
use ruzstd::decoding::errors::{FrameDecoderError, FrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::Read as _;

pub(crate) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// How far back in the text a frame may refer, in bytes. That much of the text is kept.
const MOST_WINDOW: u64 = 64 << 20;

/// The largest block, in bytes, compressed or not.
const MOST_BLOCK: usize = 128 << 10;

const CUT: &str = "the object ends in the middle of zstd data";
const DAMAGED: &str = "the zstd data is damaged";

/// Whether a frame begins with these bytes: one with data, or one to be skipped.
pub(super) fn is_magic(bytes: [u8; 4]) -> bool {
    bytes == MAGIC || is_skippable(bytes)
}

fn is_skippable([first, rest @ ..]: [u8; 4]) -> bool {
    first & 0xf0 == 0x50 && rest == [0x2a, 0x4d, 0x18]
}

/// Decompresses a zstd object from its start, or from the start of a frame.
pub(super) struct Unzstd {
    phase: Phase,
    decoder: FrameDecoder,
    frame: Frame,
    /// What is read of the current part: a header or a block.
    part: Vec<u8>,
    compressed: u64,
    text: u64,
    point: Option<ResumePoint>,
}

/// What a frame's header says.
#[derive(Default)]
struct Frame {
    has_checksum: bool,
    /// The length of its text, if that is known.
    length: Option<u64>,
    window: u64,
    /// The text's offset at its start.
    start: u64,
}

/// Which part comes next.
#[derive(Clone, Copy)]
enum Phase {
    Magic,
    /// After the magic bytes of a frame to be skipped.
    SkippedLength,
    Skipped(u64),
    /// The header's first byte says how long the header is.
    Descriptor,
    Header(usize),
    BlockHeader,
    /// With its header, and the checksum after the last one.
    Block {
        length: usize,
        is_last: bool,
    },
    /// The decoder holds text.
    Text {
        is_last: bool,
    },
}

/// The result of one step.
enum Step {
    /// The bytes of the input that it used.
    Used(usize),
    NeedsInput,
}

impl Unzstd {
    /// Begins where `point` says; the input then begins at `point.compressed`.
    pub(super) fn new(point: &ResumePoint) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MOST_WINDOW);
        let (compressed, text) = (point.compressed, point.text);
        Self { phase: Phase::Magic, decoder, frame: Frame::default(), part: Vec::new(), compressed, text, point: None }
    }

    fn step(&mut self, input: &[u8], out: &mut Vec<u8>, most: usize) -> Result<Step, &'static str> {
        let length = match self.phase {
            Phase::Text { is_last } => return self.give(out, most, is_last),
            Phase::Skipped(left) => return Ok(self.skip(input, left)),
            Phase::Magic => 4,
            Phase::SkippedLength => 8,
            Phase::Descriptor => 5,
            Phase::Header(length) | Phase::Block { length, .. } => length,
            Phase::BlockHeader => 3,
        };
        let missing = length.saturating_sub(self.part.len());
        let found = input.get(..missing).unwrap_or(input);
        self.part.extend_from_slice(found);
        self.compressed += found.len() as u64;
        if self.part.len() >= length {
            self.next_phase()?;
        } else if found.is_empty() {
            return Ok(Step::NeedsInput);
        }
        Ok(Step::Used(found.len()))
    }

    /// Handles the part, which is complete.
    fn next_phase(&mut self) -> Result<(), &'static str> {
        self.phase = match (self.phase, self.part.as_slice()) {
            (Phase::Magic, &[a, b, c, d]) if is_skippable([a, b, c, d]) => Phase::SkippedLength,
            (Phase::Magic, magic) if magic == MAGIC => Phase::Descriptor,
            (Phase::Magic, _) => return Err("these bytes are not zstd"),
            (Phase::SkippedLength, &[.., a, b, c, d]) => Phase::Skipped(u32::from_le_bytes([a, b, c, d]).into()),
            (Phase::Descriptor, &[.., descriptor]) => Phase::Header(self.part.len() + header_length(descriptor)?),
            (Phase::Header(_), header) => {
                self.frame = Frame { start: self.text, ..frame(header).ok_or(DAMAGED)? };
                self.decoder.reset(header).map_err(|error| reason(&error))?;
                self.part.clear();
                Phase::BlockHeader
            }
            (Phase::BlockHeader, &[a, b, c]) => {
                let header = u32::from_le_bytes([a, b, c, 0]);
                let (is_last, size) = (header & 1 == 1, (header >> 3) as usize);
                let is_repeated_byte = header >> 1 & 3 == 1;
                if size > MOST_BLOCK {
                    return Err(DAMAGED);
                }
                let checksum = if is_last && self.frame.has_checksum { 4 } else { 0 };
                Phase::Block { length: 3 + if is_repeated_byte { 1 } else { size } + checksum, is_last }
            }
            (Phase::Block { is_last, .. }, block) => {
                self.decoder.decode_blocks(block, BlockDecodingStrategy::UptoBlocks(1)).map_err(|error| reason(&error))?;
                Phase::Text { is_last }
            }
            _ => return Err(DAMAGED),
        };
        Ok(())
    }

    fn skip(&mut self, input: &[u8], left: u64) -> Step {
        let found = left.min(input.len() as u64);
        self.compressed += found;
        if found == left {
            self.end_frame();
        } else if found == 0 {
            return Step::NeedsInput;
        } else {
            self.phase = Phase::Skipped(left - found);
        }
        Step::Used(found as usize)
    }

    /// Passes on the text that no later block of the frame can refer to.
    fn give(&mut self, out: &mut Vec<u8>, most: usize, is_last: bool) -> Result<Step, &'static str> {
        let (before, found) = (out.len(), self.decoder.can_collect().min(most).min(MOST_BLOCK));
        out.resize(before + found, 0);
        self.decoder.read_exact(out.get_mut(before..).unwrap_or_default()).map_err(|_| DAMAGED)?;
        self.text += found as u64;
        if found > 0 {
            return Ok(Step::Used(0));
        }
        if is_last {
            if self.frame.has_checksum && self.decoder.get_checksum_from_data() != self.decoder.get_calculated_checksum() {
                return Err("the checksum of zstd data is wrong: the object is damaged");
            }
            if self.frame.length.is_some_and(|length| length != self.text - self.frame.start) {
                return Err("the length of zstd data is wrong: the object is damaged");
            }
            self.end_frame();
        } else {
            self.phase = Phase::BlockHeader;
            self.part.clear();
        }
        Ok(Step::Used(0))
    }

    /// The work can be resumed here.
    fn end_frame(&mut self) {
        self.phase = Phase::Magic;
        self.part.clear();
        self.point = Some(ResumePoint { compressed: self.compressed, text: self.text, member: None });
    }
}

impl Decompressor for Unzstd {
    fn compressed(&self) -> u64 {
        self.compressed
    }

    fn text(&self) -> u64 {
        self.text
    }

    fn ratio(&self) -> Option<f64> {
        // The decoder holds a full window once it gives text before the frame's end.
        let is_inside = self.text > self.frame.start && !matches!(self.phase, Phase::Magic | Phase::Text { is_last: true });
        let decoded = self.text + if is_inside { self.frame.window } else { 0 };
        (self.text > 0).then(|| self.compressed as f64 / decoded as f64)
    }

    fn take_point(&mut self) -> Option<ResumePoint> {
        self.point.take()
    }

    fn decompress(&mut self, input: &[u8], end: bool, out: &mut Vec<u8>, most: usize) -> Result<usize, Corrupt> {
        let full = out.len().saturating_add(most);
        let mut used = 0;
        while out.len() < full && self.point.is_none() {
            let rest = input.get(used..).unwrap_or_default();
            let step = self.step(rest, out, full - out.len());
            match step.map_err(|reason| Corrupt { offset: self.compressed - self.part.len() as u64, reason })? {
                Step::Used(bytes) => used += bytes,
                Step::NeedsInput => {
                    let between = matches!(self.phase, Phase::Magic) && self.part.is_empty() && self.compressed > 0;
                    if end && !between {
                        return Err(Corrupt { offset: self.compressed, reason: CUT });
                    }
                    break;
                }
            }
        }
        Ok(used)
    }
}

/// How long the rest of a frame's header is.
fn header_length(descriptor: u8) -> Result<usize, &'static str> {
    if descriptor & 8 != 0 {
        return Err("a zstd header is not one that RFC 8878 knows");
    }
    let is_single_segment = descriptor & 32 != 0;
    let dictionary = [0, 1, 2, 4];
    let dictionary = dictionary.get(usize::from(descriptor & 3)).copied().unwrap_or_default();
    Ok(usize::from(!is_single_segment) + dictionary + length_bytes(descriptor))
}

/// How many bytes say the length of the text.
fn length_bytes(descriptor: u8) -> usize {
    match descriptor >> 6 {
        0 => usize::from(descriptor & 32 != 0),
        flag => 1 << flag,
    }
}

/// Of a header that is as long as [`header_length`] says.
fn frame(header: &[u8]) -> Option<Frame> {
    let descriptor = *header.get(MAGIC.len())?;
    let bytes = header.get(header.len().checked_sub(length_bytes(descriptor))?..)?;
    let length = bytes.iter().rev().fold(0, |length, byte| length << 8 | u64::from(*byte));
    let length = match bytes.len() {
        0 => None,
        2 => Some(length + 256),
        _ => Some(length),
    };
    let window = *header.get(MAGIC.len() + 1)?;
    let base = 1_u64 << (10 + (window >> 3));
    let window = length.filter(|_| descriptor & 32 != 0).unwrap_or(base + base / 8 * u64::from(window & 7));
    Some(Frame { has_checksum: descriptor & 4 != 0, length, window, start: 0 })
}

fn reason(error: &FrameDecoderError) -> &'static str {
    match error {
        FrameDecoderError::WindowSizeTooBig { .. }
        | FrameDecoderError::FrameHeaderError(FrameHeaderError::WindowTooBig { .. }) => {
            "a zstd frame needs a window of more than 64 MiB: compress the object again, without `--long` and with a level of at most 21"
        }
        FrameDecoderError::DictNotProvided { .. } => "a zstd frame needs a dictionary: compress the object again, without one",
        _ => DAMAGED,
    }
}
