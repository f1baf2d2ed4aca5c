#![doc = include_str!("../README.md")]
//!
//! # Map
//!
//! Without any feature, no network and no cryptography:
//! - [`authorization`]: the token of an `Authorization` header;
//! - [`access_token`]: what a verified token says; scopes, account, payout limit;
//! - [`challenge`]: `WWW-Authenticate`; [`refusal`]: every answer that refuses, with its status and body;
//! - [`metadata`]: the document of RFC 9728;
//! - [`strict_json`]: JSON in which no member appears twice.
//!
//! With `verifier` (part of `actix` and of `tower`): [`verifier`], which finds the keys, verifies tokens and asks status lists.
//! Then [`actix`] and [`tower`], thin adapters.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod access_token;
#[cfg(feature = "actix")]
pub mod actix;
pub mod authorization;
pub mod challenge;
pub mod metadata;
pub mod refusal;
pub mod strict_json;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "verifier")]
pub mod verifier;

pub use access_token::AccessToken;
pub use metadata::ResourceMetadata;
pub use refusal::{Reason, Refusal};
#[cfg(feature = "verifier")]
pub use verifier::{Algorithm, ClientCertificate, StatusCheck, Verifier};
