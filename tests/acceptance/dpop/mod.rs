//! Tokens that are bound to a client's key by proofs (RFC 9449).

mod at_our_api;
mod nonces;
mod proofs;
mod replay;
mod tokens;
