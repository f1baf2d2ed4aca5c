//! `claviger signing-keys`

use std::path::PathBuf;

use clap::Subcommand;

use super::context::Context;
use super::{Failure, output};
use crate::app::AppError;
use crate::app::signing_keys::{self, Takeover};
use crate::clock;
use crate::domain::signing_key::SigningAlgorithm;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the signing keys with their states
    List,
    /// Make a new signing key; it signs once every verifier has had time to fetch it
    Rotate {
        /// For a compromise: it signs at once, and every other key leaves the JWKS at once
        #[arg(long)]
        now: bool,
        /// RS256, PS256, ES256 or EdDSA [default: that of the key that signs now]
        #[arg(long, value_name = "ALG")]
        alg: Option<SigningAlgorithm>,
    },
    /// Add a key from a PEM file (PKCS#8)
    Import {
        /// The file
        file: PathBuf,
        /// RS256 or PS256, for RSA keys [default: RS256]
        #[arg(long, value_name = "ALG")]
        alg: Option<SigningAlgorithm>,
    },
}

pub(super) fn run(context: Context, command: Command) -> Result<(), Failure> {
    let opened = context.open()?;
    let db = &opened.db;
    let max_age = opened.settings.jwks_max_age_seconds;
    match command {
        Command::List => {
            let keys = signing_keys::list(db, clock::now())?;
            output::list(context.json, &keys, &["kid", "algorithm", "state", "created_at", "signs_from", "revoked_at"])
        }
        Command::Rotate { now, alg } => {
            let takeover = if now { Takeover::AtOnce } else { Takeover::AfterPublication };
            let alg = alg.or(opened.settings.signing_algorithm);
            let new = signing_keys::generate(db, alg)?;
            output::object(context.json, &opened.change(|work| signing_keys::add(work, &new, takeover, max_age))?)
        }
        Command::Import { file, alg } => {
            let pem = std::fs::read_to_string(&file)
                .map(zeroize::Zeroizing::new)
                .map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
            let new = signing_keys::read_pem(&pem, alg).map_err(|error| match error {
                AppError::Invalid(invalid) => Failure::Failed(format!("{}: {}", file.display(), invalid.detail)),
                other => other.into(),
            })?;
            let key = opened.change(|work| signing_keys::add(work, &new, Takeover::AfterPublication, max_age))?;
            output::object(context.json, &key)
        }
    }
}
