# syntax=docker/dockerfile:1
FROM rust:1-slim-bookworm AS build
# SQLite, libpq, OpenSSL (for libpq) and AWS-LC are compiled from their sources.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev make perl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package claviger \
    && install -m 0755 target/release/claviger /claviger

FROM debian:bookworm-slim
# ca-certificates: to verify a database server. busybox: its wget is the health check's client.
RUN apt-get update \
    && apt-get install -y --no-install-recommends busybox ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin claviger \
    && install -d -o claviger -g claviger -m 0700 /data /keys
COPY --from=build /claviger /usr/local/bin/claviger

# 0.0.0.0 is not loopback, so the server starts only when it is told how the link is protected: CLAVIGER_TLS_CERT and
# CLAVIGER_TLS_KEY, or CLAVIGER_TRUSTED_PROXIES, or (an isolated network only) CLAVIGER_INSECURE_HTTP=true.
ENV CLAVIGER_LISTEN=0.0.0.0:8080 \
    CLAVIGER_DATABASE_URL=sqlite:///data/claviger.db \
    CLAVIGER_KEYS_DIR=/keys \
    HEALTH_URL=http://127.0.0.1:8080/livez
VOLUME ["/data", "/keys"]
EXPOSE 8080
USER claviger
# Alive, not ready: a server whose database is away for a moment still serves its documents and the keys that it knows,
# and restarting it would take that away. Load balancers ask /readyz. With TLS, set HEALTH_URL to https://….
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD busybox wget -q --no-check-certificate -O /dev/null "$HEALTH_URL" || exit 1
ENTRYPOINT ["/usr/local/bin/claviger"]
CMD ["serve"]
