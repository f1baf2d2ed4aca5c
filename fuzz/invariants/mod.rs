//! What must hold of every input of the strict parsers.
//!
//! Each file checks one parser against a second, deliberately naive one that shares no code with it, and panics when
//! they disagree. The fuzz targets call these, and so do the crate's own tests: on generated inputs (`proptest`) and
//! on the committed corpora, so that whatever fuzzing has found stays found without the nightly toolchain.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, unreachable_pub)]

mod addresses;
pub mod assertion;
mod base64;
pub mod basic_header;
pub mod cidr;
pub mod client_jwks;
pub mod cursor;
pub mod dpop_proof;
pub mod foreign_hash;
pub mod form;
pub mod forwarded;
pub mod import_line;
pub mod media_type;
pub mod scope;
pub mod session_cookie;
pub mod status_list;
pub mod webhook_url;

#[cfg(test)]
mod corpora {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    fn corpora() -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus"))
    }

    macro_rules! replay {
        ($($test:ident: $target:ident,)*) => {
            $(#[test]
            fn $test() {
                let mut count = 0;
                for file in corpora().join(stringify!($target)).read_dir().unwrap() {
                    let path = file.unwrap().path();
                    // Shown when the check fails.
                    println!("{}", path.display());
                    super::$target::check(&std::fs::read(&path).unwrap());
                    count += 1;
                }
                assert!(count > 0);
            })*

            #[test]
            fn every_corpus_is_replayed() {
                let found: BTreeSet<_> = corpora().read_dir().unwrap().map(|d| d.unwrap().file_name().into_string().unwrap()).collect();
                assert_eq!(found, BTreeSet::from([$(stringify!($target).to_owned()),*]));
            }
        };
    }

    replay! {
        ca3_the_corpus_of_basic_header: basic_header,
        ca15_the_corpus_of_cidr: cidr,
        gt4_the_corpus_of_form: form,
        xff_the_corpus_of_forwarded: forwarded,
        sc5_the_corpus_of_scope: scope,
        mg8_the_corpus_of_cursor: cursor,
        mg5_the_corpus_of_session_cookie: session_cookie,
        dp2_the_corpus_of_dpop_proof: dpop_proof,
        sl1_the_corpus_of_status_list: status_list,
        pk8_the_corpus_of_assertion: assertion,
        pk1_the_corpus_of_client_jwks: client_jwks,
        the_corpus_of_foreign_hash: foreign_hash,
        the_corpus_of_import_line: import_line,
        the_corpus_of_webhook_url: webhook_url,
    }
}
