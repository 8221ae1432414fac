//! The built page.
