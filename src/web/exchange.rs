//! What every handler does around its work: names the request, and tells the watch over connections of it. A plain
//! guard rather than a middleware, whose boxed futures would cost as much as all of this server's parsing.

use actix_web::http::ConnectionType;
use actix_web::{HttpRequest, HttpResponse};

use super::body;
use super::connections::Connections;
use super::request_id::RequestId;
use super::state::State;

/// A request under way.
pub(super) struct Exchange<'a> {
    request: &'a HttpRequest,
    state: &'a State,
    /// The request's name.
    pub(super) id: RequestId,
}

impl<'a> Exchange<'a> {
    /// A request has arrived.
    pub(super) fn begin(request: &'a HttpRequest, state: &'a State) -> Self {
        Connections::request_started(request);
        Self { request, state, id: state.request_ids.of(request.headers()) }
    }

    /// Its answer is ready.
    pub(super) fn end(self, mut response: HttpResponse) -> HttpResponse {
        self.id.attach(&mut response);
        if body::is_taken_for_a_stream(self.request) {
            // No other request can be read from this connection.
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }
}

/// Also when the client went away in the middle.
impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.state.connections.request_finished(self.request);
    }
}
