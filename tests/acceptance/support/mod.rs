//! What the tests stand on: a place for data, both databases, the server as a process, raw HTTP, token checks.

pub(crate) mod api;
pub(crate) mod app;
pub(crate) mod browser;
pub(crate) mod clock;
pub(crate) mod foreign_receiver;
pub(crate) mod http;
pub(crate) mod jwt;
pub(crate) mod leaks;
pub(crate) mod people;
pub(crate) mod postgres;
pub(crate) mod proof;
pub(crate) mod rate_limit;
pub(crate) mod receiver;
pub(crate) mod server;
pub(crate) mod site;
pub(crate) mod token;
pub(crate) mod tools;
pub(crate) mod workspace;

pub(crate) use app::{App, DISPUTES, Key, PAYMENTS};
pub(crate) use server::{Options, Server};
pub(crate) use site::{Backend, Output, Site};

/// One test on both databases: `on_both!(a_sentence, |app| { … })`, with flags for the server after the name if it
/// needs any. `on_both!(a_sentence, backend, { … })` leaves starting it to the test.
macro_rules! on_both {
    ($name:ident, |$app:ident| $body:block) => {
        $crate::support::on_both!($name, [], |$app| $body);
    };
    ($name:ident, [$($flag:expr),*], |$app:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn on_one($app: &$crate::support::App) $body

            #[test]
            fn sqlite() {
                on_one(&$crate::support::App::start($crate::support::Backend::Sqlite, &[$($flag),*]));
            }

            #[test]
            fn postgres() {
                on_one(&$crate::support::App::start($crate::support::Backend::Postgres, &[$($flag),*]));
            }
        }
    };
    ($name:ident, $backend:ident, $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn on_one($backend: $crate::support::Backend) $body

            #[test]
            fn sqlite() {
                on_one($crate::support::Backend::Sqlite);
            }

            #[test]
            fn postgres() {
                on_one($crate::support::Backend::Postgres);
            }
        }
    };
}
pub(crate) use on_both;
