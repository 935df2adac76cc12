//! All integration tests in one binary: linking is slow.

mod cli;
mod figures;
mod formats;
mod input;
mod seed;
mod theory;
mod twins;
