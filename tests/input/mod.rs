//! Bad input is refused before any work, with a message a tired operator can act on.
