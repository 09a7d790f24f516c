//! Pages of signing in.
