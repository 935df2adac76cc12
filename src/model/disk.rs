//! Disks that have to move from file to file.
//!
//! # Rule
//! Between two files a disk with heads loses a seek. Write-back goes through the files that have
//! dirty pages and writes a piece of each: what is dirty of it, but no more than the kernel takes
//! at a time. Reads and forced writes of different files lose a seek each.
//! # Assumes
//! Files are written alike, and the next one lies anywhere.
//! # Breaks
//! Disks whose firmware or scheduler orders many small pieces by place.
//! # Source
//! The kernel's `writeback_chunk_size`: half a second of the disk's bandwidth, at least 4 MiB.

use crate::units::SimSpan;

/// Least bytes of one file that the kernel writes back at a time, if they are dirty.
const LEAST_PIECE: f64 = 4.0 * 1024.0 * 1024.0;
/// Seconds of the disk's bandwidth that it writes of one file at a time.
const PIECE_S: f64 = 0.5;

/// Bytes of one file that are written back before the next one's turn; `rate` in bytes/s.
pub fn piece(rate: f64, dirty: f64, files: u32) -> f64 {
    (dirty / f64::from(files.max(1))).min((rate * PIECE_S).max(LEAST_PIECE))
}

/// Bytes per second when every piece of so many bytes costs a seek. A single file costs none.
pub fn with_seeks(rate: f64, seek: SimSpan, piece: f64, files: u32) -> f64 {
    if seek.is_zero() || files < 2 {
        return rate;
    }
    piece / (piece / rate + seek.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_turn_sequential_writes_into_seeks() {
        let seek = SimSpan::from_millis(10);
        let rate = |files: u32| with_seeks(150e6, seek, piece(150e6, 6e9, files), files);
        assert_eq!(rate(1), 150e6);
        // 75 MB of each of ten files: 0.5 s and a seek.
        assert!((rate(10) - 75e6 / 0.51).abs() < 1.0);
        // 1.2 MB of each of 5,000: 8 ms and a seek.
        assert!((rate(5_000) - 1.2e6 / 0.018).abs() < 1.0);
        assert_eq!(with_seeks(150e6, SimSpan::ZERO, 1.0, 5_000), 150e6);
    }
}
