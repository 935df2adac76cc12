//! Compression: what a codec makes of a batch, and what it costs.
//!
//! # Equation
//! A record of b bytes takes b·r bytes of its batch, on every wire, disk and cache. The producer's
//! application thread spends b·c on it, the leader b·d (it reads every record of a batch to check
//! it, also when it stores the batch unchanged), a consumer b·d. Followers, fetches and the network
//! see b·r bytes and nothing else. The producer closes a batch when its own estimate, 1.05·r,
//! says that it is full. A leader whose topic asks for another codec (`compression.type`) spends
//! b·c of that codec on it as well, and stores and hands on b times that codec's ratio.
//! # Assumes
//! Ratio and speed depend on the kind of data and the codec, not on the size of the batch.
//! # Breaks
//! Batches of a few records compress worse than the ratio says.
//! # Source
//! Kafka's `MemoryRecordsBuilder.append` (compression record by record, on the thread that calls
//! `send`), `CompressionRatioEstimator`, `LogValidator` (which compares kinds of codecs, not their
//! levels); the values are on the cards in `models/codecs/`.

/// What compression does to a producer's records.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Codec {
    /// Bytes in a batch per byte of a record, above 0.
    pub ratio: f64,
    /// CPU per byte of a record when it is compressed, on a core of speed 1, in nanoseconds.
    pub compress_ns_per_byte: f64,
    /// The same when it is decompressed.
    pub decompress_ns_per_byte: f64,
}

/// What a leader makes of a batch whose topic asks for another codec than the producer's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recoding {
    /// Bytes that are stored per byte that was sent.
    pub size: f64,
    /// CPU of compressing anew per byte that was sent, in nanoseconds.
    pub ns_per_sent_byte: f64,
}

impl Recoding {
    /// Batches are stored as they come.
    pub const NONE: Self = Self { size: 1.0, ns_per_sent_byte: 0.0 };

    /// Bytes in the log of a batch of so many bytes.
    pub fn stored(&self, bytes: u64) -> u64 {
        if *self == Self::NONE { bytes } else { ((bytes as f64 * self.size) as u64).max(1) }
    }
}

/// By how much a producer overestimates a compressed batch, `COMPRESSION_RATE_ESTIMATION_FACTOR`.
const OVERESTIMATE: f64 = 1.05;

impl Codec {
    /// `compression.type=none`.
    pub const NONE: Self =
        Self { ratio: 1.0, compress_ns_per_byte: 0.0, decompress_ns_per_byte: 0.0 };

    /// Whether records are compressed at all.
    pub fn compresses(&self) -> bool {
        self.compress_ns_per_byte > 0.0
    }

    /// Bytes that a producer counts towards `batch.size` per byte of a record.
    pub fn estimate(&self) -> f64 {
        if self.compresses() { self.ratio * OVERESTIMATE } else { 1.0 }
    }

    /// What it takes to store, as `other`, batches that come in this codec.
    pub fn recode(&self, other: &Self) -> Recoding {
        if self == other {
            return Recoding::NONE;
        }
        let ns_per_sent_byte = other.compress_ns_per_byte / self.ratio;
        Recoding { size: other.ratio / self.ratio, ns_per_sent_byte }
    }

    /// CPU of decompressing one byte of a batch as it is stored, in nanoseconds.
    pub fn unpack_ns_per_stored_byte(&self) -> f64 {
        self.decompress_ns_per_byte / self.ratio
    }
}
