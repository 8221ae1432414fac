# docker build -t escucha .
# docker run -p 7070:7070 -v ./escucha.toml:/etc/escucha/escucha.toml:ro -v escucha:/var/lib/escucha escucha
# In escucha.toml: [server] bind = "0.0.0.0:7070" (which needs a [[token]]), [store] path = "/var/lib/escucha/escucha.db".

FROM node:22-bookworm-slim AS node

FROM rust:1.90-slim-bookworm AS build
COPY --from=node /usr/local /usr/local/node
ENV PATH=/usr/local/node/bin:$PATH ESCUCHA_WALL=required
WORKDIR /src
COPY . .
RUN cargo build --release --locked && install -d -m 0700 /var/lib/escucha-empty

# Only the C library, authorities and time zones: no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/escucha /usr/bin/escucha
COPY --from=build --chown=nonroot:nonroot /var/lib/escucha-empty /var/lib/escucha
USER nonroot:nonroot
WORKDIR /var/lib/escucha
VOLUME /var/lib/escucha
EXPOSE 7070
# The binary asks itself: there is nothing else in here that could.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/bin/escucha", "health", "--url", "http://127.0.0.1:7070"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/escucha"]
CMD ["run", "-c", "/etc/escucha/escucha.toml"]
