//! One binding resource at a time.
