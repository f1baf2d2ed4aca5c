//! `/resource-servers`

use super::page;
use crate::app::catalogue::create_resource_server;
use crate::app::delete_from_catalogue::delete_resource_server;
use crate::app::rename::rename_resource_server;
use crate::app::show_catalogue::list_resource_servers;
use crate::domain::id::ResourceServerId;
use crate::web::api::answer::Answer;
use crate::web::api::call::Call;
use crate::web::api::input::{present, text};
use crate::web::api::problem::ApiError;

/// `GET /resource-servers`, in order of identifier
pub(in crate::web::api) fn list(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&["limit", "cursor"])?;
    let (servers, next) = page(call, list_resource_servers(&call.management.db)?, |server| server.identifier.as_str())?;
    Answer::page(&servers, next)
}

/// `GET /resource-servers/{resource_server_id}`
pub(in crate::web::api) fn show(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    let id: ResourceServerId = call.id("resource_server_id")?;
    let found = list_resource_servers(&call.management.db)?.into_iter().find(|server| server.id == id);
    Answer::ok(&found.ok_or_else(ApiError::not_found)?)
}

/// `POST /resource-servers`
pub(in crate::web::api) fn create(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let identifier = input.required("identifier", text);
    let name = input.optional("name", text);
    input.finish()?;
    let identifier = present(identifier)?;
    call.change(|work| {
        let server = create_resource_server(work, identifier, name)?;
        Answer::created(format!("/api/v1/resource-servers/{}", server.id), &server)
    })
}

/// `PATCH /resource-servers/{resource_server_id}`
pub(in crate::web::api) fn edit(call: &Call) -> Result<Answer, ApiError> {
    let id = call.id("resource_server_id")?;
    let mut input = call.input();
    let name = input.optional("name", text);
    input.fixed(&["id", "identifier", "builtin", "created_at"], "is fixed when the resource server is made");
    input.finish()?;
    call.change(|work| Answer::ok(&rename_resource_server(work, id, name)?))
}

/// `DELETE /resource-servers/{resource_server_id}`
pub(in crate::web::api) fn delete(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let id = call.id("resource_server_id")?;
    call.change(|work| {
        delete_resource_server(work, id)?;
        Ok(Answer::no_content())
    })
}
