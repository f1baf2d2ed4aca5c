//! `/metrics` on its own port: what is counted is not for strangers.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::app::issue_token::TokenIssuer;

struct Exporter {
    recorder: PrometheusHandle,
    issuer: Arc<TokenIssuer>,
}

/// The server of the metrics.
pub(super) fn server(listener: TcpListener, recorder: PrometheusHandle, issuer: Arc<TokenIssuer>) -> std::io::Result<Server> {
    let exporter = web::Data::new(Exporter { recorder, issuer });
    let app = move || App::new().app_data(exporter.clone()).route("/metrics", web::get().to(render));
    Ok(HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}

async fn render(exporter: web::Data<Exporter>) -> HttpResponse {
    exporter.issuer.metrics.observe(&exporter.issuer.directory, &exporter.issuer.limits);
    HttpResponse::Ok().insert_header(("content-type", "text/plain; version=0.0.4")).body(exporter.recorder.render())
}
