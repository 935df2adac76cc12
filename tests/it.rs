//! All integration tests in one binary: linking is slow.

#![expect(unreachable_pub, reason = "test modules share helpers; nothing leaves the binary")]
#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

mod cli;
mod des;
mod figures;
mod formats;
mod input;
mod planning;
mod policies;
mod seed;
mod study;
mod support;
mod sweep;
mod theory;
mod twins;
