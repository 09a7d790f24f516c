//! Stories of certificates, and what other people's tools say of them.

mod cms;
mod issue;
mod ocsp;
mod openssl;
mod path;
mod pyhanko;
mod revocation;
mod rfc;
mod tsp;
mod world;
