//! (to follow)
