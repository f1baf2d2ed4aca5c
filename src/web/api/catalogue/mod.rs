//! `/scopes` and `/resource-servers`

mod resource_servers;
mod scopes;

pub(super) use resource_servers::{
    create as create_server, delete as delete_server, edit as edit_server, list as list_servers, show as show_server,
};
pub(super) use scopes::{create, delete, edit, list, show};

use super::call::Call;
use super::problem::ApiError;
use super::query::bad_cursor;

/// The page of `all` that a request asks for, in an order in which the text of `key` goes up, and where the next begins.
fn page<T>(call: &Call, all: Vec<T>, key: impl Fn(&T) -> &str) -> Result<(Vec<T>, Option<String>), ApiError> {
    let limit = usize::try_from(call.query.limit()?).map_err(|_| bad_cursor())?;
    let after = call.query.after()?;
    let mut rest: Vec<T> = all.into_iter().filter(|one| after.as_deref().is_none_or(|after| key(one) > after)).collect();
    let has_more = rest.len() > limit;
    rest.truncate(limit);
    let next = rest.last().filter(|_| has_more).map(|last| super::cursor::encode(key(last)));
    Ok((rest, next))
}
