//! A gzip object, member after member, each checked by its length and checksum.

use super::member::header;
use super::resume::{MemberState, ResumePoint, WINDOW, Window};
use super::{Corrupt, Decompressor};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY};
use miniz_oxide::inflate::core::{BlockBoundaryState, DecompressorOxide, decompress};

/// A ring buffer for the text: 32 KiB that a match may refer to, and as much again for new text.
const RING: usize = 2 * WINDOW;

/// Text between two points within a member, in bytes: such a point costs 32 KiB of memory. Every member's start is a point, too.
const SPACING: u64 = 256 << 10;

/// The length and the checksum at a member's end.
const TRAILER: usize = 8;

/// Inflates a gzip object from its start, or from a [`ResumePoint`].
pub(super) struct Gunzip {
    phase: Phase,
    ring: Box<[u8; RING]>,
    /// Where in the ring the next byte of the text goes.
    at: usize,
    /// How much of the ring before `at` is text of this member, at most 32 KiB.
    window: usize,
    crc: crc32fast::Hasher,
    /// Of the member's text, modulo 2^32.
    length: u32,
    compressed: u64,
    text: u64,
    point: Option<ResumePoint>,
    /// The text's offset at the last point.
    last_point: u64,
    /// Text between two points, in bytes.
    spacing: u64,
}

enum Phase {
    /// Before a member, with what is read of its header.
    Header(Vec<u8>),
    Blocks(Box<DecompressorOxide>),
    Trailer(Vec<u8>),
    /// After a member: another member or zeros may follow.
    Between,
    Zeros,
}

/// The result of one step.
enum Step {
    /// The bytes of the input that it used.
    Used(usize),
    NeedsInput,
}

impl Gunzip {
    /// Begins where `point` says; the input then begins at `point.compressed`.
    pub(super) fn new(point: &ResumePoint) -> Self {
        Self::spaced(point, SPACING)
    }

    pub(super) fn spaced(point: &ResumePoint, spacing: u64) -> Self {
        let mut ring = Box::new([0; RING]);
        let (mut at, mut crc, mut length, mut phase) = (0, crc32fast::Hasher::new(), 0, Phase::Header(Vec::new()));
        if let Some(member) = &point.member {
            for (slot, byte) in ring.iter_mut().zip(member.window.0.iter().take(WINDOW)) {
                *slot = *byte;
                at += 1;
            }
            crc = crc32fast::Hasher::new_with_initial(member.crc);
            length = member.length;
            let state =
                BlockBoundaryState { num_bits: member.bits & 7, bit_buf: member.bit_buffer, ..BlockBoundaryState::default() };
            phase = Phase::Blocks(Box::new(DecompressorOxide::from_block_boundary_state(&state)));
        } else if point.compressed > 0 {
            phase = Phase::Between;
        }
        let (compressed, text) = (point.compressed, point.text);
        Self { phase, ring, at, window: at, crc, length, compressed, text, point: None, last_point: text, spacing }
    }

    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Step, &'static str> {
        // The decompressor may still hold output, so blocks can go on without input; every other phase needs a byte.
        if input.is_empty() && !matches!(self.phase, Phase::Blocks(_)) {
            return Ok(Step::NeedsInput);
        }
        match &mut self.phase {
            Phase::Between => {
                self.phase = if input.first() == Some(&0) { Phase::Zeros } else { Phase::Header(Vec::new()) };
                Ok(Step::Used(0))
            }
            Phase::Zeros => match input.iter().position(|byte| *byte != 0) {
                None => Ok(Step::Used(input.len())),
                Some(_) => Err("bytes follow the gzip data that are not part of it"),
            },
            Phase::Header(read) => {
                let before = read.len();
                read.extend_from_slice(input);
                match header(read)? {
                    None => Ok(Step::Used(input.len())),
                    Some(length) => {
                        self.phase =
                            Phase::Blocks(Box::new(DecompressorOxide::from_block_boundary_state(&BlockBoundaryState::default())));
                        (self.crc, self.length, self.window) = (crc32fast::Hasher::new(), 0, 0);
                        Ok(Step::Used(length - before))
                    }
                }
            }
            Phase::Blocks(_) => self.blocks(input, out),
            Phase::Trailer(read) => {
                let missing = input.get(..TRAILER - read.len()).unwrap_or(input);
                read.extend_from_slice(missing);
                let used = missing.len();
                if let Some([crc, length]) = trailer(read) {
                    if crc != self.crc.clone().finalize() {
                        return Err("the checksum of gzip data is wrong: the object is damaged");
                    }
                    if length != self.length {
                        return Err("the length of gzip data is wrong: the object is damaged");
                    }
                    self.phase = Phase::Between;
                    self.mark(used, None);
                }
                Ok(Step::Used(used))
            }
        }
    }

    fn blocks(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Step, &'static str> {
        let Phase::Blocks(decompressor) = &mut self.phase else { return Ok(Step::NeedsInput) };
        const FLAGS: u32 = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;
        let (status, used, written) = decompress(decompressor, input, &mut self.ring[..], self.at, FLAGS);
        let new = self.ring.get(self.at..self.at + written).unwrap_or_default();
        out.extend_from_slice(new);
        self.crc.update(new);
        self.at = (self.at + written) % RING;
        self.window = (self.window + written).min(WINDOW);
        self.length = self.length.wrapping_add(written as u32);
        self.text += written as u64;
        match status {
            TINFLStatus::Done => self.phase = Phase::Trailer(Vec::with_capacity(TRAILER)),
            TINFLStatus::BlockBoundary => {
                let state = decompressor.block_boundary_state();
                self.mark(used, state);
            }
            TINFLStatus::HasMoreOutput => {}
            TINFLStatus::NeedsMoreInput if used == 0 && written == 0 => return Ok(Step::NeedsInput),
            TINFLStatus::NeedsMoreInput => {}
            _ => return Err("the gzip data is damaged"),
        }
        Ok(Step::Used(used))
    }

    /// The work can be resumed after the next `used` bytes. Between two members no text is needed for that.
    fn mark(&mut self, used: usize, state: Option<BlockBoundaryState>) {
        if state.is_some() && self.text < self.last_point + self.spacing {
            return;
        }
        self.last_point = self.text;
        let member = state.map(|state| MemberState {
            bits: state.num_bits,
            bit_buffer: state.bit_buf,
            crc: self.crc.clone().finalize(),
            length: self.length,
            window: self.copy_of_window(),
        });
        self.point = Some(ResumePoint { compressed: self.compressed + used as u64, text: self.text, member });
    }

    fn copy_of_window(&self) -> Window {
        let (end, start) = self.ring.split_at(self.at);
        let start = start.get(start.len().saturating_sub(self.window.saturating_sub(end.len()))..).unwrap_or_default();
        let end = end.get(end.len().saturating_sub(self.window)..).unwrap_or_default();
        Window([start, end].concat().into())
    }
}

impl Decompressor for Gunzip {
    fn compressed(&self) -> u64 {
        self.compressed
    }

    fn text(&self) -> u64 {
        self.text
    }

    fn take_point(&mut self) -> Option<ResumePoint> {
        self.point.take()
    }

    fn decompress(&mut self, input: &[u8], end: bool, out: &mut Vec<u8>, most: usize) -> Result<usize, Corrupt> {
        let full = out.len().saturating_add(most);
        let mut used = 0;
        while out.len() < full && self.point.is_none() {
            let rest = input.get(used..).unwrap_or_default();
            match self.step(rest, out).map_err(|reason| Corrupt { offset: self.compressed, reason })? {
                Step::Used(bytes) => {
                    used += bytes;
                    self.compressed += bytes as u64;
                }
                Step::NeedsInput if end && !matches!(self.phase, Phase::Between | Phase::Zeros) => {
                    return Err(Corrupt { offset: self.compressed, reason: "the object ends in the middle of gzip data" });
                }
                Step::NeedsInput => break,
            }
        }
        Ok(used)
    }
}

fn trailer(bytes: &[u8]) -> Option<[u32; 2]> {
    let (crc, length) = (bytes.first_chunk::<4>()?, bytes.last_chunk::<4>()?);
    (bytes.len() == TRAILER).then_some([u32::from_le_bytes(*crc), u32::from_le_bytes(*length)])
}
