//! `/operator/catalogue`: the resource servers and their scopes.

pub(in crate::web::dashboard) mod resource_server;
pub(in crate::web::dashboard) mod scope;

use askama::Template;
use serde::Deserialize;

use super::listing::read_all;
use super::require;
use crate::domain::scope::Level;
use crate::web::api::Method;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::Visit;

const PATH: &str = "/operator/catalogue";

/// A resource server.
#[derive(Debug, Deserialize)]
struct Server {
    id: String,
    identifier: String,
    name: String,
    builtin: bool,
}

/// A scope.
#[derive(Debug, Deserialize)]
struct Scope {
    id: String,
    name: String,
    resource_server: String,
    level: Level,
    description: String,
    implies: Vec<String>,
}

impl Scope {
    /// The level as people say it.
    const fn level_in_words(&self) -> &'static str {
        match self.level {
            Level::Organization => "Organization",
            Level::Account => "Account",
            Level::Platform => "Platform",
        }
    }
}

/// A resource server and its scopes.
#[derive(Debug)]
struct Group {
    server: Server,
    scopes: Vec<Scope>,
}

#[derive(Template)]
#[template(path = "dashboard/operator/catalogue.html")]
struct CataloguePage {
    shell: Shell,
    groups: Vec<Group>,
    scopes: usize,
    may_write: bool,
}

/// `GET /operator/catalogue`
pub(in crate::web::dashboard) fn list(visit: &Visit) -> Result<Reply, PageError> {
    // Everybody may read the catalogue; this page is the operators'.
    require(visit, Method::Get, "/organizations")?;
    let servers: Vec<Server> = read_all(visit, "/resource-servers")?;
    let mut scopes: Vec<Scope> = read_all(visit, "/scopes")?;
    let count = scopes.len();
    let mut groups: Vec<Group> = Vec::with_capacity(servers.len());
    for server in servers {
        let (own, others) = scopes.into_iter().partition(|scope: &Scope| scope.resource_server == server.identifier);
        scopes = others;
        groups.push(Group { server, scopes: own });
    }
    // This server's own stands last: nobody comes here for it.
    groups.sort_by_key(|group| group.server.builtin);
    Reply::page(&CataloguePage {
        shell: Shell::new(visit, "Catalogue", Section::Catalogue),
        groups,
        scopes: count,
        may_write: visit.may(Method::Post, "/scopes"),
    })
}
